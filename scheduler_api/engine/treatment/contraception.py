"""Determine from when and through when contraception is required, and why (rules, section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

from scheduler_api.engine.dates import add_months
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.model.protocol import ContraceptionRule
from scheduler_api.engine.model.versions import Period, version_on
from scheduler_api.engine.reason import Reason, count

from .fertility import FertilePeriod, fertile_periods


def contraception(plan: tuple[Period, ...], history: History, today: date) -> dict[str, Any]:
    """Return the status on `today`, the first and the last day on which contraception is required, and why.

    `through_on` is None during treatment; then `earliest_through_on` is the earliest day it can become. `provisional`
    means that the study ended and nobody recorded the end of treatment, so there may be a later dose not on record.
    """
    fitting = [(period, rule) for period in plan for rule in period.protocol.contraception if history.may_fit(rule.who)]
    if history.enrolled is None:
        return _not_enrolled([rule for _, rule in fitting], history, today)
    # A version that another one replaced before its rules began has none for this patient.
    rules = [rule for period, rule in fitting if period.to_on is None or _from(rule, history) < period.to_on]
    if not rules:
        return _document("not_required", None, None, None, False, Reason("no_contraception_rule"))
    since = min(_from(rule, history) for rule in rules)
    periods = fertile_periods(history, since)
    if not periods:
        return _document("not_required", None, None, None, False, _why_never(history))
    through_on, because, provisional = _through(plan, history)
    earliest = None
    if through_on is None:
        earliest, because = _earliest_through(plan, history, today)
    for cap, why in _caps(periods, history):
        if cap <= (through_on or earliest or cap):
            through_on, earliest, because, provisional = cap, None, why, False
    if today < since:
        status = "not_required"
    elif history.is_fertile(today) and (through_on is None or today <= through_on):
        status = "required"
    else:
        status = "released"
    return _document(status, periods[0].from_on, through_on, earliest, provisional, because)


def _from(rule: ContraceptionRule, history: History) -> date:
    """Return from when a rule asks an enrolled patient for contraception; consent without a day counts as enrolment."""
    consented_on = history.registered.consented_on if rule.since == "consent" else None
    started_on = history.c1d1 if rule.since == "first_dose" else None
    return consented_on or started_on or history.enrolled_on or date.max


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


def _not_enrolled(rules: Iterable[ContraceptionRule], history: History, today: date) -> dict[str, Any]:
    """Return the contraception of a patient who is not enrolled: required if a rule begins with consent (section 7).

    Whoever left without having been enrolled was never dosed (section 3).
    """
    off_on, consented_on = history.off_study_on, history.registered.consented_on
    if off_on is not None:
        status = "released" if off_on <= today else "not_required"
        return _document(status, None, None, None, False, Reason("never_enrolled", base=history.off_study_because))
    begins = consented_on if any(rule.since == "consent" for rule in rules) else None
    periods = fertile_periods(history, begins) if begins is not None else ()
    if not periods or today < periods[0].from_on:
        return _document("not_required", None, None, None, False, Reason("not_enrolled"))
    status = "required" if history.is_fertile(today) else "released"
    return _document(status, periods[0].from_on, None, None, True, Reason("consent", day=begins))


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
        return *_longest_after(plan, history, last, why), provisional
    assert off is not None
    why = Reason("end_not_recorded", base=history.off_study_because)
    return *_longest_after(plan, history, off, why), True


def _earliest_through(plan: tuple[Period, ...], history: History, today: date) -> tuple[date, Reason]:
    last = history.last_dose_on
    base, why = today, Reason("today", day=today)
    if last is not None and last >= today:
        base, why = last, history.last_dose_because
    through_on, because = _longest_after(plan, history, base, why)
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


def _longest_after(plan: tuple[Period, ...], history: History, base: date, why: Reason) -> tuple[date, Reason]:
    """Return the latest end of all rules that count, after the last dose `base`.

    A rule counts whose patients were ever this one since it began, and whose version was in force on a day on which
    contraception was required; also one that comes into force after `base`, if contraception is still required then.
    """
    through_on, because = base, Reason("no_contraception_rule")
    counting = _counting(plan, history, through_on)
    if not counting:
        # Where it was required on no day up to `base`, the version of that day says how long it will be.
        rules = version_on(plan, base).contraception
        counting = [rule for rule in rules if history.may_fit(rule.who)]
    while counting:
        ends = ((_end(rule, base), rule) for rule in counting)
        latest, longest = max(ends, key=itemgetter(0))
        unit = "month" if longest.unit == "m" else "day"
        because = Reason("after", base=why, count=count(longest.length, unit))
        if latest <= through_on:
            break
        through_on = latest
        counting += _counting(plan, history, through_on)
    return through_on, because


def _end(rule: ContraceptionRule, base: date) -> date:
    return add_months(base, rule.length) if rule.unit == "m" else base + timedelta(rule.length)


def _counting(plan: tuple[Period, ...], history: History, through: date) -> list[ContraceptionRule]:
    """Return the rules that count by what was so on the days through a day."""
    return [
        rule
        for period in plan
        for rule in period.protocol.contraception
        if _fitted(rule, history, through) and _is_required_in(period, rule, history, through)
    ]


def _fitted(rule: ContraceptionRule, history: History, through: date) -> bool:
    """Return whether a rule was for this patient on any day since it began, through a day."""
    begins = _from(rule, history)
    days = [begins, *(day for day in history.changes_of(rule.who) if begins <= day <= through)]
    return any(history.fits(rule.who, day) for day in days)


def _is_required_in(period: Period, rule: ContraceptionRule, history: History, through: date) -> bool:
    """Return whether the patient is fertile, and alive, on a day since a rule began on which its version is in force.

    Only days through `through` count.
    """
    begins = _from(rule, history)
    first = max(period.from_on or date.min, begins)
    last = min(period.to_on - ONE_DAY if period.to_on else date.max, through)
    if history.died_on is not None:
        last = min(last, history.died_on - ONE_DAY)
    periods = fertile_periods(history, begins)
    return any(max(one.from_on, first) <= min(one.through_on or last, last) for one in periods)
