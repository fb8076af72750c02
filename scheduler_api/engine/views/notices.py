"""Tell a patient what there is to know on a day, and to act on, beyond the day's doses and visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.engine.treatment.doses import DosePlan, Span, TreatmentPlan
from scheduler_api.engine.visits.series import IN_VAIN, Visit

from .calendar import PatientSchedule

CALL_SITE = "call_site_before_dose"
"""The patient takes no dose, or not the one that it is about, before having called the site."""

NOTICES = (CALL_SITE, "amount_changed", "ask_before_coming", "dose_reminders_stopped", "messages_stopped")
"""All codes, the most urgent first. The last two follow from what the site set, not from the history."""


class Notice(NamedTuple):
    """Something that the patient needs to know. `about` is the dose (`dose_id`) or the visit that it is about, if any.

    `detail` says what, for the patient to read.
    """

    code: str
    about: str | None
    detail: Reason


def notices(schedule: PatientSchedule, today: date, doses: Iterable[dict[str, Any]]) -> Iterator[Notice]:
    """Yield what follows from the history and a patient needs to know on a day, of which `doses` are the rows.

    Of nobody who died or left, and is not to be contacted, is anything asked.
    """
    if schedule.history.is_left_alone(today):
        return
    if schedule.awaits_site(today):
        yield Notice(CALL_SITE, None, Reason("call_site_before_dose"))
    else:
        due = [dose for dose in doses if dose["status"] == "due"]
        unknown = (dose["dose_id"] for dose in due if calls_first(schedule, dose))
        yield from (Notice(CALL_SITE, dose_id, Reason("call_site_before_dose")) for dose_id in unknown)
        yield from _changed_amounts(schedule, today, due)
    for visit in schedule.visit_schedule.booked():
        if visit.booking is not None and visit.booked_on is not None and visit.booked_on >= today:
            yield from _doubts(schedule, visit, today)


def calls_first(schedule: PatientSchedule, dose: Mapping[str, Any]) -> bool:
    """Return whether the patient is to call the site before taking a dose of today or of a later day, given its row."""
    if dose["status"] not in ("due", "planned"):
        return False
    # Nobody knows how much to take of what the site has not calculated yet (section 4).
    return dose["amount"] is None or schedule.awaits_site(parse_dose_id(dose["dose_id"]).day)


def _changed_amounts(schedule: PatientSchedule, today: date, doses: Iterable[dict[str, Any]]) -> Iterator[Notice]:
    """Yield for doses that are due that another amount is planned than on the day of the last dose taken.

    So it stands until the new amount was taken once, also if a hold lies between, or nobody looked at the phone on the
    first day. If no dose is recorded, the day before counts. Of a regimen that goes on from another of its drug, what
    that one planned counts.
    """
    for dose in doses:
        plan = schedule.treatment_plan.named(parse_dose_id(dose["dose_id"]))
        if plan is None or not schedule.treatment_plan.is_to_take(dose):
            continue
        before, now = _span_before(schedule.treatment_plan, plan, today), plan.span_on(today)
        if before is None or now is None or before.planned_amount is None or now.planned_amount is None:
            continue
        if before.planned_amount != now.planned_amount:
            unit, unit_before = now.regimen.unit, before.regimen.unit
            detail = Reason(
                "amount_differs",
                amount=with_unit(now.planned_amount, unit),
                amount2=with_unit(before.planned_amount, unit_before),
            )
            yield Notice("amount_changed", dose["dose_id"], detail)


def _span_before(treatment_plan: TreatmentPlan, plan: DosePlan, today: date) -> Span | None:
    """Return what was planned of the drug of an intake on the day of its last dose taken, else on the day before."""
    of_drug = [one.name for one in treatment_plan.of_drug(plan.regimen.name) if one is not plan.regimen]
    others = [one for one in treatment_plan.doses if one.regimen.name in of_drug]
    for plans in ([plan], others):
        taken = [(day, one) for one in plans if (day := one.log.last_taken_before(today)) is not None]
        if taken:
            day, one = max(taken, key=itemgetter(0))
            return one.span_on(day)
    spans = (one.span_on(today - ONE_DAY) for one in [plan, *others])
    return next((span for span in spans if span is not None), None)


def _doubts(schedule: PatientSchedule, visit: Visit, today: date) -> Iterator[Notice]:
    """Yield that the patient should ask the site before coming to what is booked, if the record speaks against it."""
    off_on = schedule.history.off_study_on
    has_left = off_on is not None and visit.booked_on is not None and off_on < visit.booked_on
    if has_left or visit.booking == IN_VAIN:
        yield Notice("ask_before_coming", visit.visit, Reason("booked_in_vain", day=visit.booked_on))
    elif visit.is_booked_elsewhere(schedule.history):
        yield Notice("ask_before_coming", visit.visit, Reason("booked_elsewhere", day=visit.booked_on))
