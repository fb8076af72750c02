"""Tell whether everything that a patient takes is held or has ended (rules, section 12)."""

from __future__ import annotations

from datetime import date

from scheduler_api.engine.dates import ONE_DAY

from .doses import TreatmentPlan
from .regimens import RegimenPlan


def is_stopped(treatment_plan: TreatmentPlan, day: date) -> bool:
    """Return whether everything that a patient takes, or is to take by the plan, is held on a day or ended by then."""
    if not treatment_plan.history.is_enrolled:
        # Nobody who is not enrolled is dosed.
        return True
    return all(_is_held(one, day) or _has_ended(one, day) for one in _taken(treatment_plan))


def changes_of_stopping(treatment_plan: TreatmentPlan) -> set[date]:
    """Return the days on which `is_stopped` may change."""
    days: set[date] = set()
    for one in _taken(treatment_plan):
        days.update(day for hold in one.holds for day in (hold.from_on, hold.resumes_on) if day is not None)
        days.update(one.days_said_to_end)
        days.update([one.own_end + ONE_DAY] if one.own_end is not None else [])
        days.update([one.treatment_end.decided_on] if one.treatment_end is not None else [])
    return days


def _taken(treatment_plan: TreatmentPlan) -> list[RegimenPlan]:
    """Return the regimens that are for the patient and have a day to start on; where none has, all that may start."""
    plans = treatment_plan.regimens
    taken = [one for one in plans if one.started is not None and any(one.stretches(one.starts_on))]
    return taken or [one for one in plans if one.exists_on(date.max)]


def _is_held(regimen: RegimenPlan, day: date) -> bool:
    """Return whether a regimen is held on a day, or on the day on which it starts, if that is later."""
    return regimen.is_held(day if regimen.started is None else max(day, regimen.started.on))


def _has_ended(regimen: RegimenPlan, day: date) -> bool:
    """Return whether a regimen has ended by a day: that was decided or said by then, or its own last day is over."""
    end = regimen.treatment_end
    if end is not None and end.decided_on <= day:
        return True
    return any(said <= day for said in regimen.days_said_to_end) or (regimen.own_end or day) < day
