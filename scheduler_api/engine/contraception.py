"""From when and through when contraception is required, and why (rules, section 6)."""

from __future__ import annotations

from datetime import date
from typing import Any

from .dates import add_months, plural
from .fertility import FertilePeriod, fertile_periods
from .history import ONE_DAY, History
from .versions import Period, version_on


def contraception(plan: tuple[Period, ...], history: History, today: date) -> dict[str, Any]:
    """Status on `today`, the first and the last day required, and why.

    `through_on` is None while treatment goes on; then `earliest_through_on` is the earliest it can become.
    `provisional`: the study ended and nobody recorded the end of treatment, so a later dose may not be known.
    """
    periods = fertile_periods(history)
    if not periods:
        return _document("not_required", None, None, None, False, _why_never(history))
    through_on, because, provisional = _through(plan, history)
    earliest = None
    if through_on is None:
        earliest, because = _earliest_through(plan, history, today)
    for cap, why in _caps(periods, history):
        if cap <= (through_on or earliest or cap):
            through_on, earliest, because, provisional = cap, None, why, False
    if today < history.enrolled.enrolled_on:
        status = "not_required"
    elif history.is_fertile(today) and (through_on is None or today <= through_on):
        status = "required"
    else:
        status = "released"
    return _document(status, periods[0].from_on, through_on, earliest, provisional, because)


def _document(
    status: str, from_on: date | None, through_on: date | None, earliest: date | None, provisional: bool, because: str
) -> dict[str, Any]:
    return {
        "status": status,
        "from_on": from_on,
        "through_on": through_on,
        "earliest_through_on": earliest,
        "provisional": provisional,
        "because": because,
    }


def _why_never(history: History) -> str:
    changes = history.fertility_changes
    basis = changes[-1].basis if changes else history.enrolled.basis
    return f"not fertile since enrolment {history.enrolled.enrolled_on} ({basis})"


def _through(plan: tuple[Period, ...], history: History) -> tuple[date | None, str, bool]:
    """The last day required by the end of treatment or study, why, and whether it is provisional."""
    ended, off, last = history.treatment_ended, history.off_study_on, history.last_dose_on
    if ended is None and off is None:
        return None, "", False
    if last is None:
        released = [(off, f"never dosed; {history.off_study_because}")] if off else []
        if ended is not None:
            released.append((ended.decided_on, f"never dosed; treatment ended {ended.decided_on}"))
        day, because = min(released)
        return day - ONE_DAY, because, False
    if ended is not None:
        return *_months_after(plan, history, last, f"last dose {last}"), False
    base = last if off is None else max(off, last)
    words = f"{history.off_study_because}, end of treatment not recorded" if base == off else f"last dose {last}"
    return *_months_after(plan, history, base, words), True


def _earliest_through(plan: tuple[Period, ...], history: History, today: date) -> tuple[date, str]:
    last = history.last_dose_on
    base, words = (last, f"last dose {last}") if last is not None and last >= today else (today, f"today {today}")
    return _months_after(plan, history, base, f"treatment goes on; at the earliest {words}")


def _caps(periods: tuple[FertilePeriod, ...], history: History) -> list[tuple[date, str]]:
    """What releases a patient earlier: becoming not fertile for good, and death; each the last day required."""
    caps = []
    if (change := periods[-1].ended_by) is not None:
        caps.append((change.from_on - ONE_DAY, f"not fertile from {change.from_on} ({change.basis})"))
    if history.died_on is not None:
        caps.append((history.died_on - ONE_DAY, f"died {history.died_on}"))
    return caps


def _months_after(plan: tuple[Period, ...], history: History, base: date, words: str) -> tuple[date, str]:
    """`base` plus the longest months of all versions under which a dose was taken, or may be on `base`."""
    months = plan[0].protocol.months_after_last_dose
    if len(plan) > 1:
        ended = history.treatment_ended.last_dose_on if history.treatment_ended else None
        taken = (day for day, _ in history.doses.taken(date.min, date.max))
        days = [day for day in (base, history.first_dose_on, ended, *taken) if day is not None]
        months = max(version_on(plan, day).months_after_last_dose for day in days)
    return add_months(base, months), f"{words} + {plural(months, 'month')}"
