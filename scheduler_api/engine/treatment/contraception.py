"""Determine from when and through when contraception is required, and why (rules, section 6)."""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from typing import Any

from scheduler_api.engine.dates import add_months
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.model.versions import Period, version_on
from scheduler_api.engine.reason import Reason, count

from .fertility import FertilePeriod, fertile_periods


def contraception(plan: tuple[Period, ...], history: History, today: date) -> dict[str, Any]:
    """Return the status on `today`, the first and the last day on which contraception is required, and why.

    `through_on` is None during treatment; then `earliest_through_on` is the earliest day it can become. `provisional`
    means that the study ended and nobody recorded the end of treatment, so there may be a later dose not on record.
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
    status: str,
    from_on: date | None,
    through_on: date | None,
    earliest: date | None,
    provisional: bool,
    because: Reason,
) -> dict[str, Any]:
    return {
        "status": status,
        "from_on": from_on,
        "through_on": through_on,
        "earliest_through_on": earliest,
        "provisional": provisional,
        "because": because,
    }


def _why_never(history: History) -> Reason:
    changes = history.fertility_changes
    basis = changes[-1].basis if changes else history.enrolled.basis
    return Reason("never_fertile", day=history.enrolled.enrolled_on, basis=Reason(basis or ""))


def _through(plan: tuple[Period, ...], history: History) -> tuple[date | None, Reason, bool]:
    """Return the last day required by the end of treatment or study, why, and whether it is provisional."""
    ended, off, last = history.treatment_ended, history.off_study_on, history.last_dose_on
    if ended is None and off is None:
        return None, Reason("last_dose", day=last), False
    if last is None:
        released = [(off, Reason("never_dosed", base=history.off_study_because))] if off else []
        if ended is not None:
            why = Reason("never_dosed", base=Reason("treatment_ended", day=ended.decided_on))
            released.append((ended.decided_on, why))
        day, because = min(released, key=itemgetter(0))
        return day - ONE_DAY, because, False
    if ended is not None:
        return *_months_after(plan, history, last, Reason("last_dose", day=last)), False
    base = last if off is None else max(off, last)
    why = Reason("last_dose", day=last)
    if base == off:
        why = Reason("end_not_recorded", base=history.off_study_because)
    return *_months_after(plan, history, base, why), True


def _earliest_through(plan: tuple[Period, ...], history: History, today: date) -> tuple[date, Reason]:
    last = history.last_dose_on
    base, rule = (last, "last_dose") if last is not None and last >= today else (today, "today")
    through_on, because = _months_after(plan, history, base, Reason(rule, day=base))
    return through_on, Reason("treatment_goes_on", base=because)


def _caps(periods: tuple[FertilePeriod, ...], history: History) -> list[tuple[date, Reason]]:
    """Return what releases a patient earlier: becoming not fertile for good, and death.

    Each comes with the last day on which contraception is required, and why.
    """
    caps = []
    if (change := periods[-1].ended_by) is not None:
        caps.append(
            (change.from_on - ONE_DAY, Reason("not_fertile_for", day=change.from_on, basis=Reason(change.basis or "")))
        )
    if history.died_on is not None:
        caps.append((history.died_on - ONE_DAY, Reason("died", day=history.died_on)))
    return caps


def _months_after(plan: tuple[Period, ...], history: History, base: date, why: Reason) -> tuple[date, Reason]:
    """Return `base` plus the longest months of all versions under which a dose was taken, or may be on `base`."""
    months = plan[0].protocol.months_after_last_dose
    if len(plan) > 1:
        ended = history.treatment_ended.last_dose_on if history.treatment_ended else None
        taken = (day for day, _ in history.doses.taken(date.min, date.max))
        days = [day for day in (base, history.first_dose_on, ended, *taken) if day is not None]
        months = max(version_on(plan, day).months_after_last_dose for day in days)
    return add_months(base, months), Reason("after", base=why, count=count(months, "month"))
