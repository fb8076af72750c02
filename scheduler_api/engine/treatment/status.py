"""The phase a patient is in (rules, section 7)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.history import ONE_DAY, History

PHASES = ("enrolled", "on_treatment", "follow_up", "off_study")


class PhaseDays(NamedTuple):
    """The day from which each later phase counts; None while it is not known. The latest in this list wins."""

    on_treatment_from: date | None
    follow_up_from: date | None
    off_study_from: date | None


def phase_days(history: History) -> PhaseDays:
    """Return from which day each status counts: facts only, so that the status on any day is a comparison of dates."""
    follow_up = None
    if history.treatment_ended is not None:
        last = history.last_dose_on
        follow_up = history.treatment_ended.decided_on if last is None else last + ONE_DAY
    return PhaseDays(history.c1d1 if history.begun else None, follow_up, history.off_study_on)


def phase(history: History, today: date) -> str:
    """Return the patient's status on a day."""
    days = phase_days(history)
    if days.off_study_from is not None and days.off_study_from <= today:
        return "off_study"
    if days.follow_up_from is not None and days.follow_up_from <= today:
        return "follow_up"
    if days.on_treatment_from is not None and days.on_treatment_from <= today:
        return "on_treatment"
    return "enrolled"
