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
    if history.enrolled is None:
        return _never_enrolled(history, today)
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


def _never_enrolled(history: History, today: date) -> dict[str, Any]:
    """Return the contraception of a patient who was never enrolled, and so never dosed (section 3)."""
    off_on = history.off_study_on
    if off_on is None:
        return _document("not_required", None, None, None, False, Reason("not_enrolled"))
    status = "released" if off_on <= today else "not_required"
    return _document(status, None, None, None, False, Reason("never_enrolled", base=history.off_study_because))


def _why_never(history: History) -> Reason:
    changes = history.fertility_changes
    basis = changes[-1].basis if changes else history.registered.basis
    return Reason("never_fertile", day=history.enrolled_on, basis=Reason(basis or ""))


def _through(plan: tuple[Period, ...], history: History) -> tuple[date | None, Reason, bool]:
    """Return the last day required by the end of treatment or study, why, and whether it is provisional."""
    ended, off, last = history.treatment_ended, history.off_study_on, history.last_dose_on
    if ended is None and off is None:
        return None, history.last_dose_because, False
    if ended is not None and last is None:
        # The end of treatment says that nobody was dosed.
        released = [(off, Reason("never_dosed", base=history.off_study_because))] if off else []
        released.append((ended.decided_on, Reason("never_dosed", base=Reason("treatment_ended", day=ended.decided_on))))
        day, because = min(released, key=itemgetter(0))
        return day - ONE_DAY, because, False
    if last is not None and (ended is not None or off is None or last > off):
        why, provisional = history.last_dose_because, ended is None or history.last_dose_is_provisional
        return *_months_after(plan, history, last, why), provisional
    assert off is not None
    why = Reason("end_not_recorded", base=history.off_study_because)
    return *_months_after(plan, history, off, why), True


def _earliest_through(plan: tuple[Period, ...], history: History, today: date) -> tuple[date, Reason]:
    last = history.last_dose_on
    base, why = today, Reason("today", day=today)
    if last is not None and last >= today:
        base, why = last, history.last_dose_because
    through_on, because = _months_after(plan, history, base, why)
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
    """Return `base` plus the longest months of all versions in force on a day on which contraception was required.

    A version that comes into force after `base` counts too, if contraception is still required then (section 7).
    """
    months = plan[0].protocol.months_after_last_dose
    if len(plan) > 1:
        # Where it was required on no day up to `base`, the version of that day says how long it will be.
        was_required = any(_is_required_in(period, history, base) for period in plan)
        months = 0 if was_required else version_on(plan, base).months_after_last_dose
        for period in plan:
            if _is_required_in(period, history, max(base, add_months(base, months))):
                months = max(months, period.protocol.months_after_last_dose)
    return add_months(base, months), Reason("after", base=why, count=count(months, "month"))


def _is_required_in(period: Period, history: History, through: date) -> bool:
    """Return whether the patient is fertile on a day through `through`, and alive, on which a version is in force."""
    first = max(period.from_on or date.min, history.enrolled_on or date.min)
    last = min(period.to_on - ONE_DAY if period.to_on else date.max, through)
    if history.died_on is not None:
        last = min(last, history.died_on - ONE_DAY)
    return any(max(one.from_on, first) <= min(one.through_on or last, last) for one in fertile_periods(history))
