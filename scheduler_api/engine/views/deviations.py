"""What differs between plan and record: derived, never stored (rules, section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.model.dose_log import NOT_TAKEN, DoseLog
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.doses import Span, TreatmentPlan
from scheduler_api.engine.visits.series import Visit

#: What stands in the place of an amount where none was planned, or taken.
_HELD, _REST, _MISSED = Reason("held_day"), Reason("rest_day"), Reason("missed_day")


def deviations(
    treatment_plan: TreatmentPlan,
    visits: Iterable[Visit],
    unscheduled: Iterable[Mapping[str, Any]],
    today: date,
    first: date,
    last: date,
) -> list[dict[str, Any]]:
    """Return the deviations that happened in `first`…`last`, by day.

    `visits` and the rows of `unscheduled` are all that may have one in that range. What was `planned` and what is
    `actual` are amounts and days as text, or reasons where words are needed.
    """
    history = treatment_plan.history
    found = [*_dose_deviations(treatment_plan, first, last)]
    for visit in visits:
        found += visit_deviations(visit, today, history)
    found += [
        _after_end(row["visit"], row["done_on"], history)
        for row in unscheduled
        if _is_after_end(row["done_on"], history)
    ]
    found = [deviation for deviation in found if first <= deviation["on"] <= last]
    return sorted(found, key=lambda deviation: (deviation["on"], deviation["kind"], deviation["visit"] or ""))


def _dose_deviations(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[dict[str, Any]]:
    doses, planned = treatment_plan.history.doses, Reason("first_dose", day=treatment_plan.starts_on)
    for day, amount in doses.taken(first, min(last, treatment_plan.starts_on - ONE_DAY)):
        yield _dose("dose_before_start", day, planned, _mg(amount))
    for span in treatment_plan.spans(first, last):
        yield from _taken_in(span, doses)
        for day in treatment_plan.missed(span) if treatment_plan.history.begun else ():
            yield _dose("dose_missed", day, _mg(span.planned_amount), _MISSED)
    if treatment_plan.ends_on is not None:
        planned = Reason("last_day_of_treatment", day=treatment_plan.ends_on)
        for day, amount in doses.taken(max(first, treatment_plan.ends_on + ONE_DAY, treatment_plan.starts_on), last):
            yield _dose("dose_after_end", day, planned, _mg(amount))


def _taken_in(span: Span, doses: DoseLog) -> Iterator[dict[str, Any]]:
    if not span.held and span.dosing.dosing_days is None:
        # Nearly always: only other amounts than planned can differ, and mostly there are none.
        letters = set(doses.between(span.starts_on, span.ends_on)).difference(NOT_TAKEN)
        if all(doses.amount_of(letter) == span.planned_amount for letter in letters):
            return
    for day, amount in doses.taken(span.starts_on, span.ends_on):
        if span.held:
            yield _dose("dose_during_hold", day, _HELD, _mg(amount))
        elif span.rests(day):
            yield _dose("dose_on_rest_day", day, _REST, _mg(amount))
        elif amount != span.planned_amount:
            yield _dose("dose_amount", day, _mg(span.planned_amount), _mg(amount))


def visit_deviations(visit: Visit, today: date, history: History) -> Iterator[dict[str, Any]]:
    """Yield the deviations of a visit as seen on a day: outside its window, after the end of the study, or missed.

    No deviation rests on a day that is not exactly known, or only planned (sections 1 and 4).
    """
    name, done_on, window = visit.visit, visit.done_on, f"{visit.opens_on}/{visit.closes_on}"
    if done_on is not None and _is_after_end(done_on, history):
        yield _after_end(name, done_on, history)
    if visit.provisional:
        return
    if done_on is not None and visit.days_off:
        kind = "visit_early" if visit.days_off < 0 else "visit_late"
        yield _visit(kind, name, done_on, window, str(done_on), visit.days_off)
    status = visit.status(today)
    if status in ("overdue", "missed"):
        yield _visit("visit_missed", name, visit.closes_on + ONE_DAY, window, None)
    booked = visit.booked_on
    if booked and status not in ("done", "not_required") and not visit.opens_on <= booked <= visit.closes_on:
        days_off = (booked - (visit.opens_on if booked < visit.opens_on else visit.closes_on)).days
        yield _visit("booking_out_of_window", name, booked, window, str(booked), days_off)


def _is_after_end(done_on: date, history: History) -> bool:
    off = history.off_study
    return off is not None and off.first_on == off.on < done_on


def _after_end(visit: str | None, done_on: date, history: History) -> dict[str, Any]:
    return _visit("visit_after_end", visit, done_on, history.off_study_because, str(done_on))


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


def _visit(
    kind: str, visit: str | None, day: date, planned: str | Reason, actual: str | None, days_off: int | None = None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": day,
        "visit": visit,
        "dose_on": None,
        "planned": planned,
        "actual": actual,
        "days_off": days_off,
    }


def _mg(amount: float) -> str:
    return f"{amount:g} mg"
