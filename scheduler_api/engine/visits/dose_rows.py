"""List the doses of a patient: those that the patient takes, and those given at the site (rules, section 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from operator import itemgetter
from typing import Any

from scheduler_api.engine.dates import study_day
from scheduler_api.engine.model.facts import UNSCHEDULED
from scheduler_api.engine.treatment.capsules import pieces
from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.engine.treatment.doses import TreatmentPlan

from .recurrence import PlannedVisit
from .schedule import VisitSchedule
from .series import VisitSeries

#: What becomes of a dose at the site that was not given, by the status of its visit: it is missed once its window is
#: over, as adherence counts it. One that is not required is none.
_NOT_GIVEN = {"upcoming": "planned", "open": "due", "overdue": "missed", "missed": "missed"}


def dose_rows(
    treatment_plan: TreatmentPlan, visit_schedule: VisitSchedule, today: date, first: date, last: date
) -> list[dict[str, Any]]:
    """Return the doses in `first`…`last` as the calendar shows dose days, in order of days.

    Each also has `regimen`, `slot` and `visit`. A dose given at the site is of the day on which it was given, else of
    its target; its name (`dose_id`) is None, since it is recorded as a visit, and its slot counts those of that day.
    """
    rows = [
        {**row, "regimen": dose.regimen, "slot": dose.slot, "visit": None}
        for row in treatment_plan.rows(today, first, last)
        for dose in [parse_dose_id(row["dose_id"])]
    ]
    for name in visit_schedule.names_of_doses:
        rows += _given_rows(visit_schedule.series(name), today, first, last)
    return sorted(rows, key=itemgetter("dose_on"))


def _given_rows(series: VisitSeries, today: date, first: date, last: date) -> Iterator[dict[str, Any]]:
    """Yield the doses of a regimen given at the site that are of the days `first`…`last`, in order of days."""
    given = [*_given(series), *_not_given(series, today, first, last)]
    slots = Counter[date]()
    for row in sorted(given, key=itemgetter("dose_on")):
        if first <= row["dose_on"] <= last:
            slots[row["dose_on"]] += 1
            yield {**row, "slot": slots[row["dose_on"]]}


def _given(series: VisitSeries) -> Iterator[dict[str, Any]]:
    for planned, done in series.all_performed():
        record = done.records[0]
        amount = series.planned_amount(planned, record.done_on)
        yield _row(series, planned.name, record.done_on, "taken", amount, record.amount)
    for record, _ in series.unscheduled:
        yield _row(series, UNSCHEDULED, record.done_on, "taken", None, record.amount)


def _not_given(series: VisitSeries, today: date, first: date, last: date) -> Iterator[dict[str, Any]]:
    """Yield the doses whose windows meet `first`…`last`, and that were not given."""
    index = series.planned_visits.closing_from(first)
    while (dose := series.planned_visits.visit(index)) is not None and dose.opens_on <= last:
        index += 1
        if series.performed(dose.name) is None and (status := _status(series, dose, today)) is not None:
            day = dose.target_on
            amount = None if status == "held" else series.planned_amount(dose, day)
            yield _row(series, dose.name, day, status, amount, None)


def _status(series: VisitSeries, dose: PlannedVisit, today: date) -> str | None:
    """Return what became of a dose that was not given; None if it was not to be."""
    if dose.is_held:
        return "held" if dose.in_plan else None
    visit = series.visit(dose.name)
    return None if visit is None else _NOT_GIVEN.get(visit.status(today))


def _row(
    series: VisitSeries, visit: str, day: date, status: str, amount: float | None, given: float | None
) -> dict[str, Any]:
    assert series.regimen is not None, "visits that are doses have a regimen"
    regimen = series.regimen.regimen_on(day)
    cycle, cycle_day = series.regimen.place(day) or (None, None)
    return {
        "dose_id": None,
        "dose_on": day,
        "study_day": study_day(series.regimen.history.known_c1d1, day),
        "cycle": cycle,
        "cycle_day": cycle_day,
        "amount": amount,
        "taken_amount": given,
        "unit": regimen.unit,
        "status": status,
        "drug": regimen.drug_name,
        "pieces": pieces(None, regimen.strengths),
        "regimen": series.name,
        "visit": visit,
    }
