"""Tell the status of a patient on a day (rules, section 7)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.history import History

PATIENT_STATUSES = ("screening", "enrolled", "on_treatment", "follow_up", "off_study")


class StatusDays(NamedTuple):
    """The day from which each later status applies; None while there is none. Of several, the last listed applies."""

    enrolled_from: date | None
    on_treatment_from: date | None
    follow_up_from: date | None
    off_study_from: date | None


def status_days(history: History) -> StatusDays:
    """Return from which day each status applies: facts only, so that the status on any day is a comparison of dates."""
    follow_up = None
    if history.treatment_ended is not None:
        last = history.last_dose_on
        follow_up = history.treatment_ended.decided_on if last is None else last + ONE_DAY
    return StatusDays(history.enrolled_on, history.c1d1 if history.begun else None, follow_up, history.off_study_on)


def patient_status(history: History, today: date) -> str:
    """Return the patient's status on a day."""
    days = status_days(history)
    if days.off_study_from is not None and days.off_study_from <= today:
        return "off_study"
    if days.follow_up_from is not None and days.follow_up_from <= today:
        return "follow_up"
    if days.on_treatment_from is not None and days.on_treatment_from <= today:
        return "on_treatment"
    return "enrolled" if days.enrolled_from is not None and days.enrolled_from <= today else "screening"
