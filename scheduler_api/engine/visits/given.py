"""Doses given at the site: the cycles that count from them, and what is fixed when they are recorded (section 4)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from operator import attrgetter

from scheduler_api.engine.model.facts import VisitDone
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import place_in_cycles
from scheduler_api.engine.model.records import DoneVisit
from scheduler_api.engine.model.versions import Period
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.regimens import RegimenPlan

from .recurrence import PlannedVisits
from .schedule import VisitSchedule


def settled_plan(plan: tuple[Period, ...], history: History) -> TreatmentPlan:
    """Return the treatment plan of a patient whose doses at the site are on record.

    Which visit a dose belongs to follows from the cycles, and with `cycles_count_from: actual` the cycles from the
    day-1 doses. So what was given is laid on the visits that there are if no later day-1 dose was given; the first that
    was given on another day than its target is then fixed, and everything after it is counted anew.
    """
    treatment_plan = TreatmentPlan(plan, history)
    if not history.given:
        return treatment_plan
    given_on: dict[str, Mapping[int, date]] = {}
    for name in _counting_from_given(treatment_plan):
        last = 0
        while True:
            given = VisitSchedule(treatment_plan).day_1_given(name)
            moved = (number for number, (day, target) in given.items() if number > last and day != target)
            number = min(moved, default=None)
            if number is None:
                break
            last = number
            given_on[name] = {**given_on.get(name, {}), number: given[number][0]}
            treatment_plan = TreatmentPlan(plan, history, given_on)
    return treatment_plan


def as_given(body: VisitDone, treatment_plan: TreatmentPlan, replaces: str | None) -> VisitDone:
    """Return what is said of a dose given at the site as it is to be recorded, by what is known when it is received.

    Where nobody says how much was given, it is the amount planned for the visit that it belongs to; of a dose that
    belongs to none the amount stays open. `replaces` is the fact that it corrects, whose amount it keeps. A dose of a
    day before day 1 starts no treatment: it names such a day, is given in its window, or its regimen has no others.
    """
    history, name = treatment_plan.history, body.series
    earlier = [one for one in history.visits_done if one.fact_id != replaces]
    before = settled_plan(treatment_plan.plan, replace(history, visits_done=tuple(earlier)))
    early = _is_before_start(body, VisitSchedule(before).series(name).planned_visits, before.regimen(name))
    amount = body.amount
    if amount is None and replaces is not None:
        amount = next((one.amount for one in history.given if one.fact_id == replaces), None)
    if amount is None:
        dose = DoneVisit(name, body.done_on, body.visit, None, False, "", len(earlier) + 1, False, 0.0, early)
        insort(earlier, dose, key=attrgetter("done_on"))
        plan = settled_plan(treatment_plan.plan, replace(history, visits_done=tuple(earlier)))
        series = VisitSchedule(plan).series(name)
        visit = next((visit for visit, done in series.all_performed() if dose in done.records), None)
        amount = None if visit is None else series.planned_amount(visit, body.done_on)
    return replace(body, amount=amount, before_start=early)


def _is_before_start(body: VisitDone, doses: PlannedVisits, regimen: RegimenPlan | None) -> bool:
    """Return whether a dose is one of a day before day 1."""
    if (place := place_in_cycles(body.series, body.visit or "")) is not None:
        return place[1] < 1
    if regimen is not None and all(one.days and max(one.days) < 1 for one in regimen.regimen_on(body.done_on).entries):
        return True
    near = (doses.visit(index) for index in doses.open_on(body.done_on))
    return body.visit is None and any(dose is not None and dose.recurrence.on_day < 1 for dose in near)


def _counting_from_given(treatment_plan: TreatmentPlan) -> list[str]:
    """Return the regimens whose cycles count from given doses.

    Each comes after the one that it follows, and after those of its drug that are planned in place of it.
    """
    found: list[str] = []
    seen: set[str] = set()

    def add(regimen: RegimenPlan) -> None:
        if regimen.name in seen:
            return
        seen.add(regimen.name)
        if regimen.after is not None and (before := treatment_plan.regimen(regimen.after)) is not None:
            add(before)
        for other in treatment_plan.overlapping(regimen):
            add(other)
        if regimen.first.counts_actual:
            found.append(regimen.name)

    for one in treatment_plan.regimens:
        add(one)
    return found
