"""Sum up the doses given at the site, for adherence and dose intensity (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scheduler_api.engine.doses.adherence import DoseSums
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.regimens import RegimenPlan

from .recurrence import PlannedVisit
from .schedule import VisitSchedule
from .series import VisitSeries, visit_end


def given_sums(treatment_plan: TreatmentPlan, visit_schedule: VisitSchedule, regimen: str, today: date) -> DoseSums:
    """Return what was planned and given of a regimen through `today`.

    A dose counts once it was given, or its window is over. Of the full amount those count that there would have been
    without any hold.
    """
    plan = treatment_plan.regimen(regimen)
    if plan is None or not plan.begun:
        return DoseSums()
    series = visit_schedule.series(regimen)
    planned = missed = held = 0
    taken_amount = 0.0
    given = {dose.name: done.records[0].amount or 0.0 for dose, done in series.all_performed()}
    for dose in _counting(series, plan, today):
        if dose.name in given:
            planned += 1
            taken_amount += given[dose.name]
        elif dose.is_held:
            held += 1
        else:
            planned += 1
            missed += 1
    of_plan = _without_holds(treatment_plan, series, regimen)
    full = sum(_full_amount(plan, dose) for dose in _counting(of_plan, plan, today))
    return DoseSums(planned, planned - missed, missed, held, taken_amount, full)


def _without_holds(treatment_plan: TreatmentPlan, series: VisitSeries, regimen: str) -> VisitSeries:
    has_holds = bool(treatment_plan.history.holds)
    return VisitSchedule(treatment_plan.without_holds).series(regimen) if has_holds else series


def _counting(series: VisitSeries, plan: RegimenPlan, today: date) -> Iterator[PlannedVisit]:
    """Yield the doses that were given, or were required and are over."""
    given = {dose.name for dose, _ in series.all_performed()}
    last = max((dose.target_on for dose, _ in series.all_performed()), default=today)
    index = 0
    while (dose := series.planned_visits.visit(index)) is not None and dose.target_on <= max(last, today):
        index += 1
        if dose.name in given:
            yield dose
        elif dose.closes_on < today and dose.in_plan:
            end = visit_end(plan.history, dose)
            if end is None or end.first_on > dose.closes_on:
                yield dose


def _full_amount(plan: RegimenPlan, dose: PlannedVisit) -> float:
    """Return the protocol's amount of a dose; of one that is calculated for each patient, the first that was set."""
    if plan.regimen_on(dose.target_on).per is None:
        return dose.own_amount or 0.0
    return plan.changes[0].amount if plan.changes else 0.0
