"""Explain why a date or a status is what it is after a fact: the reasons of its consequences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import reduce
from typing import Any

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import Hold, TreatmentEnd
from scheduler_api.engine.reason import Reason, both
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.doses import DosePlan, Span
from scheduler_api.engine.treatment.milestones import Reached
from scheduler_api.engine.treatment.regimens import RegimenPlan
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.visits.off_plan_given import GivenDose
from scheduler_api.engine.visits.series import Visit

from .calendar import PatientSchedule


def why_status(history: History, today: date) -> Reason:
    """Return why the patient has the status of a day."""
    match patient_status(history, today):
        case "off_study":
            return history.off_study_because
        case "follow_up":
            return _why_ended(history)
        case "on_treatment":
            return history.c1d1_because if history.reopened is None else history.reopened.because
        case "screening":
            return Reason("registered")
    return history.c1d1_because if history.begun else history.enrolment_because


def why_treatment(schedule: PatientSchedule, today: date, changed: Collection[str]) -> Reason:
    """Return why the fields of `treatment` that changed are what they are.

    For a new patient (no field changed), return why treatment starts when it does.
    """
    history = schedule.history
    reasons = [history.c1d1_because] if "first_dose_on" in changed else []
    if "ended" in changed:
        reasons.append(_why_ended(history))
    elif "last_dose_on" in changed:
        reasons.append(history.last_dose_because if history.last_dose_on else Reason("no_dose"))
    regimen = schedule.treatment_plan.regimen_of_day(today)
    if "on_hold" in changed and regimen is not None:
        reasons.append(_held(regimen.holds, today))
    if "amount" in changed and regimen is not None:
        reasons.append(_amount(schedule, regimen, today))
    last = history.last_treatment_day
    if not reasons and last is not None and today > last:
        reasons.append(why_no_more_treatment(history))
    return reduce(both, dict.fromkeys(reasons)) if reasons else history.c1d1_because


def why_doses(schedule: PatientSchedule, plan: DosePlan, span: Span) -> Reason:
    """Return why doses are planned, or held, as they are from the first day of a span on."""
    day, regimen = span.starts_on, plan.regimen
    if span.held:
        return _held(regimen.holds, day)
    reasons = [regimen.started.because] if regimen.started is not None and day == regimen.started.on else []
    if any(hold.resumes_on == day for hold in regimen.holds):
        reasons.append(_held(regimen.holds, day))
    return reduce(both, [*reasons, _amount(schedule, regimen, day)])


def why_given(schedule: PatientSchedule, given: GivenDose) -> Reason:
    """Return why a dose given at the site differs from the plan."""
    day, regimen = given.record.done_on, schedule.treatment_plan.regimen(given.record.series)
    assert regimen is not None, "what is given is a dose of a regimen"
    if "dose_after_end" in given.kinds:
        return why_no_more_treatment(schedule.history, regimen)
    if "dose_while_held" in given.kinds:
        return _held(regimen.holds, day)
    return Reason("of_no_visit", day=day) if given.visit is None else _amount(schedule, regimen, day)


def why_cycle(schedule: PatientSchedule, row: Mapping[str, Any], changed: Collection[str]) -> Reason:
    """Return why a cycle begins or ends when it does."""
    because: Reason = row["because"]
    regimens = schedule.treatment_plan.regimens
    ended = [one for one in regimens if row["ends_on"] is not None and one.last_treatment_day == row["ends_on"]]
    if "ends_on" in changed and "starts_on" not in changed and ended:
        return why_no_more_treatment(schedule.history, ended[0])
    if changed and any(run.holds for one in regimens for run in one.runs):
        return Reason("held_days_not_counted", base=because)
    return because


def why_visit(visit: Visit, end: Reached | None, changed: Collection[str]) -> Reason:
    """Return why a visit is as it is: what was done or booked if only that changed, else why it is planned then."""
    if [*changed] == ["status"] and end is not None and end.first_on > visit.closes_on:
        return end.because
    if not changed or not {"target_on", "opens_on", "closes_on", "provisional"}.isdisjoint(changed):
        return visit.because
    if "done_on" in changed and visit.done_on is None:
        return Reason("nothing_belongs")
    if "done_on" in changed:
        return Reason(f"done_{visit.assigned or 'named'}", day=visit.done_on)
    if "response" in changed:
        return Reason("response", response=visit.response) if visit.response else Reason("response_taken_back")
    if "booked_on" in changed:
        return Reason("booked", day=visit.booked_on) if visit.booked_on else Reason("booking_cancelled")
    return visit.because


def why_no_more_treatment(history: History, regimen: RegimenPlan | None = None) -> Reason:
    """Return why there are no doses and no cycles after the last day of treatment, or of a regimen."""
    ended = history.treatment_ended if regimen is None else regimen.treatment_end
    if ended is not None and history.died_on is None:
        return _ended(ended)
    return Reason("regimen_over") if history.off_study is None else history.off_study_because


def _why_ended(history: History) -> Reason:
    """Return why treatment has ended, or why it has not, though it was said to."""
    if history.reopened is not None:
        return history.reopened.because
    return Reason("end_taken_back") if history.treatment_ended is None else _ended(history.treatment_ended)


def _ended(ended: TreatmentEnd) -> Reason:
    if ended.last_dose_on is None:
        return ended.said.decided.in_words(Reason("ended_never_dosed", reason=ended.reason, day=ended.decided_on))
    if ended.said.last_dose is None:
        return ended.said.decided.in_words(Reason("ended_unknown", reason=ended.reason, day=ended.decided_on))
    return ended.said.last_dose.in_words(Reason("ended", reason=ended.reason, day=ended.last_dose_on))


def _held(holds: tuple[Hold, ...], day: date) -> Reason:
    """Return why a day is held, or no longer held."""
    for hold in holds:
        if hold.covers(day):
            if hold.resumes_on is None:
                return Reason("held_open", day=hold.from_on)
            return Reason("held", day=hold.from_on, day2=hold.resumes_on)
    resumed = [hold.resumes_on for hold in holds if hold.resumes_on is not None and hold.resumes_on <= day]
    return Reason("resumed", day=max(resumed)) if resumed else Reason("no_hold")


def _amount(schedule: PatientSchedule, regimen: RegimenPlan, day: date) -> Reason:
    """Return why this amount is planned on a day."""
    planned, change = regimen.planned_amount(day), regimen.change_on(day)
    if planned is None:
        return Reason("amount_to_calculate")
    amount = with_unit(planned, regimen.regimen_on(day).unit)
    if change is not None and change.amount == planned:
        return Reason("amount_changed", amount=amount, day=change.from_on)
    return Reason("amount_of_protocol", amount=amount, number=schedule.protocol_on(day).version)
