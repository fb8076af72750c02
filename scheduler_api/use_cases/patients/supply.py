"""Compute how many capsules a patient needs until a visit."""

from __future__ import annotations

from datetime import date
from operator import attrgetter
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.doses.supply import supply
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.views.calendar import LONGEST_RANGE, PatientSchedule
from scheduler_api.engine.visits.series import Visit
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.session import Session, patient_row
from scheduler_api.use_cases.sites.protocols import versions_named


def supply_document(session: Session, patient_id: str, visit: str | None, first: date | None) -> dict[str, Any]:
    """Return the capsules for the planned doses from a day until the window of a visit closes.

    The day is today by default, the visit the next. Raises NotFound, or ValidationFailed for a visit the patient does
    not have, or whose window has closed or is too far ahead.
    """
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    today = civil_date(session.now, history.time_zone)
    start = first or today
    until = _next(schedule, start) if visit is None else schedule.visit_schedule.visit(visit)
    if until is None:
        raise ValidationFailed(
            [
                FieldError(
                    "/visit",
                    "The patient has no such visit." if visit else "No visit is ahead: name one.",
                    "not_found",
                )
            ]
        )
    end = until.closes_on
    if end < start:
        raise ValidationFailed(
            [
                FieldError(
                    "/from",
                    f"After {end}, when the window of {until.visit} closes.",
                    "order_reversed",
                )
            ]
        )
    if (end - start).days >= LONGEST_RANGE:
        raise ValidationFailed(
            [
                FieldError(
                    "/from",
                    f"More than {LONGEST_RANGE} days before the window of {until.visit} closes.",
                    "range_too_long",
                )
            ]
        )
    return {
        "patient_id": patient_id,
        "visit": until.visit,
        "today": today,
        "from": start,
        "to": end,
        "regimens": supply(schedule.treatment_plan, start, end),
    }


def _next(schedule: PatientSchedule, day: date) -> Visit | None:
    """Return the visit, open or to come on a day, whose window closes first."""
    current = (schedule.visit_schedule.series(name).current(day) for name in schedule.visit_schedule.names)
    ahead = [visit for visit in current if visit is not None and visit.closes_on >= day]
    return min(ahead, key=attrgetter("closes_on"), default=None)
