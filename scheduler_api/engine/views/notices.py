"""Tell a patient what there is to know on a day, and to act on, beyond the day's doses and visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from scheduler_api.engine.model.history import ONE_DAY
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.engine.visits.series import IN_VAIN, Visit

from .calendar import PatientSchedule

CALL_SITE = "call_site_before_dose"
"""The patient takes no dose before having called the site."""

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
        yield from _changed_amounts(schedule, today, doses)
    for visit in schedule.visit_schedule.booked():
        if visit.booking is not None and visit.booked_on is not None and visit.booked_on >= today:
            yield from _doubts(schedule, visit, today)


def _changed_amounts(schedule: PatientSchedule, today: date, doses: Iterable[dict[str, Any]]) -> Iterator[Notice]:
    """Yield that another amount is planned than on the day on which the patient took the last dose.

    So it stands until the new amount was taken once, also if a hold lies between, or nobody looked at the phone on the
    first day. If no dose is recorded, the day before counts.
    """
    for dose in doses:
        plan = schedule.treatment_plan.named(parse_dose_id(dose["dose_id"]))
        if plan is None or dose["status"] != "due":
            continue
        before, now = plan.span_on(plan.log.last_taken_before(today) or today - ONE_DAY), plan.span_on(today)
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


def _doubts(schedule: PatientSchedule, visit: Visit, today: date) -> Iterator[Notice]:
    """Yield that the patient should ask the site before coming to what is booked, if the record speaks against it."""
    off_on = schedule.history.off_study_on
    has_left = off_on is not None and visit.booked_on is not None and off_on < visit.booked_on
    if has_left or visit.booking == IN_VAIN:
        yield Notice("ask_before_coming", visit.visit, Reason("booked_in_vain", day=visit.booked_on))
    elif visit.is_booked_elsewhere(schedule.history):
        yield Notice("ask_before_coming", visit.visit, Reason("booked_elsewhere", day=visit.booked_on))
