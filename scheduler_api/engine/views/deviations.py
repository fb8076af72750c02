"""What differs between plan and record: derived, never stored (rules, section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from scheduler_api.engine.model.dose_log import NOT_TAKEN, DoseLog
from scheduler_api.engine.model.history import ONE_DAY
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.doses import Span, TreatmentPlan, planned_amount
from scheduler_api.engine.visits.series import Visit

#: What stands in the place of an amount where none was planned, or taken.
_HELD, _REST, _MISSED = Reason("held_day"), Reason("rest_day"), Reason("missed_day")


def deviations(
    treatment_plan: TreatmentPlan, visits: Iterable[Visit], today: date, first: date, last: date
) -> list[dict[str, Any]]:
    """Return the deviations that happened in `first`…`last`, by day.

    `visits` are all that may have one in that range. What was `planned` and what is `actual` are amounts and days as
    text, or reasons where words are needed.
    """
    found = [*_dose_deviations(treatment_plan, first, last)]
    for visit in visits:
        found += visit_deviations(visit, today)
    found = [deviation for deviation in found if first <= deviation["on"] <= last]
    return sorted(found, key=lambda deviation: (deviation["on"], deviation["kind"], deviation["visit"] or ""))


def _dose_deviations(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[dict[str, Any]]:
    doses, planned = treatment_plan.history.doses, Reason("first_dose", day=treatment_plan.starts_on)
    for day, amount in doses.taken(first, min(last, treatment_plan.starts_on - ONE_DAY)):
        yield from _outside(treatment_plan, day, amount, "dose_before_start", planned)
    for span in treatment_plan.spans(first, last):
        yield from _taken_in(span, doses)
        for day in treatment_plan.missed(span) if treatment_plan.history.begun else ():
            yield _dose("dose_missed", day, _mg(span.planned_amount), _MISSED)
    if treatment_plan.ends_on is not None:
        planned = Reason("last_day_of_treatment", day=treatment_plan.ends_on)
        for day, amount in doses.taken(max(first, treatment_plan.ends_on + ONE_DAY, treatment_plan.starts_on), last):
            yield from _outside(treatment_plan, day, amount, "dose_after_end", planned)


def _taken_in(span: Span, doses: DoseLog) -> Iterator[dict[str, Any]]:
    if not span.held and span.dosing.dosing_days is None:
        # Nearly always: only other amounts than planned can differ, and mostly there are none.
        letters = set(doses.between(span.starts_on, span.ends_on)).difference(NOT_TAKEN)
        if all(doses.amount_of(letter) in (None, span.planned_amount) for letter in letters):
            return
    for day, amount in doses.taken(span.starts_on, span.ends_on):
        mg = span.planned_amount if amount is None else amount
        if span.held:
            yield _dose("dose_during_hold", day, _HELD, _mg(mg))
        elif span.rests(day):
            yield _dose("dose_on_rest_day", day, _REST, _mg(mg))
        elif mg != span.planned_amount:
            yield _dose("dose_amount", day, _mg(span.planned_amount), _mg(mg))


def _outside(
    treatment_plan: TreatmentPlan, day: date, amount: float | None, kind: str, planned: Reason
) -> Iterator[dict[str, Any]]:
    if amount is None:
        amount = planned_amount(treatment_plan.plan, treatment_plan.history, day)
    yield _dose(kind, day, planned, _mg(amount))


def visit_deviations(visit: Visit, today: date) -> Iterator[dict[str, Any]]:
    """Yield the deviations of a visit as seen on a day: done or booked outside its window, or missed.

    No deviation rests on a day that is not exactly known, or only planned (sections 1 and 4).
    """
    if visit.provisional:
        return
    if visit.done_on is not None and visit.days_off:
        kind = "visit_early" if visit.days_off < 0 else "visit_late"
        yield _visit(kind, visit, visit.done_on, str(visit.done_on), visit.days_off)
    status = visit.status(today)
    if status in ("overdue", "missed"):
        yield _visit("visit_missed", visit, visit.closes_on + ONE_DAY, None, None)
    booked = visit.booked_on
    if booked and status not in ("done", "not_required") and not visit.opens_on <= booked <= visit.closes_on:
        days_off = (booked - (visit.opens_on if booked < visit.opens_on else visit.closes_on)).days
        yield _visit("booking_out_of_window", visit, booked, str(booked), days_off)


def _dose(kind: str, day: date, planned: str | Reason, actual: str | Reason) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": day,
        "visit": None,
        "dose_on": day,
        "planned": planned,
        "actual": actual,
        "days_off": None,
    }


def _visit(kind: str, visit: Visit, day: date, actual: str | None, days_off: int | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": day,
        "visit": visit.visit,
        "dose_on": None,
        "planned": f"{visit.opens_on}/{visit.closes_on}",
        "actual": actual,
        "days_off": days_off,
    }


def _mg(amount: float) -> str:
    return f"{amount:g} mg"
