"""What differs between plan and record: derived, never stored (rules, section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.doses.off_plan import OffPlanDose, off_plan_doses
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.doses import DosePlan, TreatmentPlan
from scheduler_api.engine.visits.off_plan_given import OffPlanGiven
from scheduler_api.engine.visits.series import Visit, days_off

#: What stands in the place of an amount where none was planned, or taken.
_HELD, _REST, _MISSED = Reason("held_day"), Reason("rest_day"), Reason("missed_day")
_NO_DOSE, _TO_CALCULATE = Reason("not_planned_day"), Reason("amount_to_calculate")


def deviations(
    treatment_plan: TreatmentPlan,
    given: Iterable[OffPlanGiven],
    visits: Iterable[Visit],
    unscheduled: Iterable[Mapping[str, Any]],
    today: date,
    first: date,
    last: date,
) -> list[dict[str, Any]]:
    """Return the deviations that happened in `first`…`last`, by day.

    `visits` and the rows of `unscheduled` are all that may have one in that range; `given` are the doses that were not
    given as planned. What was `planned` and what is `actual` are amounts and days as text, or reasons where words are
    needed.
    """
    history = treatment_plan.history
    found = [*_dose_deviations(treatment_plan, first, last)]
    found += [_given(one, treatment_plan) for one in given]
    for visit in visits:
        found += _visit_deviations(visit, today, history)
    found += [
        _after_end(row["visit"], row["done_on"], history)
        for row in unscheduled
        if _is_after_end(row["done_on"], history) and "unit" not in row
    ]
    return _in_order((deviation for deviation in found if first <= deviation["on"] <= last), history)


def dose_deviations(treatment_plan: TreatmentPlan, first: date, last: date) -> list[dict[str, Any]]:
    """Return the deviations of doses in `first`…`last`, by day."""
    return _in_order(_dose_deviations(treatment_plan, first, last), treatment_plan.history)


def _in_order(found: Iterable[dict[str, Any]], history: History) -> list[dict[str, Any]]:
    """Return deviations by day, each with its site."""
    at_sites = [_at_site(deviation, history) for deviation in found]
    return sorted(
        at_sites,
        key=lambda deviation: (deviation["on"], deviation["kind"], deviation["visit"] or deviation["dose_id"] or ""),
    )


def _dose_deviations(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[dict[str, Any]]:
    for plan in treatment_plan.doses:
        yield from _deviations_of(plan, first, last)


def _deviations_of(plan: DosePlan, first: date, last: date) -> Iterator[dict[str, Any]]:
    for one in off_plan_doses(plan, first, last):
        planned = _planned(one, plan.history, plan.regimen.last_treatment_day)
        taken = with_unit(one.taken, one.unit)
        actual = Reason("by_the_patients_word", base=taken) if one.by_patient else taken
        yield _dose(one.kind, plan, one.day, planned, actual)
    for span in plan.spans(first, last) if plan.regimen.begun else ():
        amount = span.planned_amount
        planned = _TO_CALCULATE if amount is None else with_unit(amount, span.regimen.unit)
        for day in plan.missed(span):
            yield _dose("dose_missed", plan, day, planned, _MISSED)


def _given(one: OffPlanGiven, treatment_plan: TreatmentPlan) -> dict[str, Any]:
    """Return the deviation of a dose that was not given as planned."""
    regimen = treatment_plan.regimen(one.record.series)
    assert regimen is not None, "what is given is a dose of a regimen"
    planned = _planned(one, treatment_plan.history, regimen.treatment_ended_on)
    about = one.visit or one.record.visit or one.record.series
    return _visit(one.kind, about, one.record.done_on, planned, with_unit(one.given, one.unit))


def _planned(one: OffPlanDose | OffPlanGiven, history: History, end: date | None) -> str | Reason:
    """Return what was planned where a dose was taken or given; `end` is the last day on which one could be."""
    if one.planned is not None:
        return with_unit(one.planned, one.unit)
    match one.kind:
        case "dose_before_start":
            return Reason("first_dose", day=history.c1d1)
        case "dose_after_end":
            return Reason("last_day_of_treatment", day=end)
        case "dose_while_held":
            return _HELD
        case "dose_not_planned":
            return _NO_DOSE
    return _REST


def _at_site(deviation: dict[str, Any], history: History) -> dict[str, Any]:
    """Return a deviation with the site to which it belongs: the one that had the patient on its day."""
    return {**deviation, "site": history.site_on(deviation["on"])}


def _visit_deviations(visit: Visit, today: date, history: History) -> Iterator[dict[str, Any]]:
    """Yield the deviations of a visit as seen on a day: outside its window, after the end of the study, or missed.

    No deviation rests on a day that is not exactly known, or only planned (sections 1 and 4).
    """
    if visit.appointment is not None:
        return
    name, done_on, window = visit.visit, visit.done_on, f"{visit.opens_on}/{visit.closes_on}"
    is_dose = visit.unit is not None
    if done_on is not None and _is_after_end(done_on, history) and not is_dose:
        yield _after_end(name, done_on, history)
    if visit.is_vague:
        return
    if done_on is not None and visit.days_off:
        kind = "dose_out_of_window" if is_dose else "visit_early" if visit.days_off < 0 else "visit_late"
        yield _visit(kind, name, done_on, window, str(done_on), visit.days_off)
    status = visit.status(today)
    if status in ("overdue", "missed"):
        kind = "dose_missed" if is_dose else "visit_missed"
        yield _visit(kind, name, visit.closes_on + ONE_DAY, window, None)
    booked = visit.booked_on
    if booked and status not in ("done", "not_required") and (off := days_off(visit, booked)):
        yield _visit("booking_out_of_window", name, booked, window, str(booked), off)


def _is_after_end(done_on: date, history: History) -> bool:
    off = history.off_study
    return off is not None and off.first_on == off.on < done_on


def _after_end(visit: str | None, done_on: date, history: History) -> dict[str, Any]:
    return _visit("visit_after_end", visit, done_on, history.off_study_because, str(done_on))


def _dose(kind: str, plan: DosePlan, day: date, planned: str | Reason, actual: str | Reason) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": day,
        "visit": None,
        "dose_on": day,
        "dose_id": plan.dose_id(day),
        "planned": planned,
        "actual": actual,
        "days_off": None,
    }


def _visit(
    kind: str,
    visit: str | None,
    day: date,
    planned: str | Reason,
    actual: str | Reason | None,
    days_off: int | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": day,
        "visit": visit,
        "dose_on": None,
        "dose_id": None,
        "planned": planned,
        "actual": actual,
        "days_off": days_off,
    }
