"""Determine from when and through when contraception is required, and why (rules, section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY, add_months, day_before
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import ContraceptionRule
from scheduler_api.engine.model.versions import Period
from scheduler_api.engine.reason import Reason, count

from .doses import TreatmentPlan
from .fertility import FertilePeriod, fertile_periods
from .last_dose import concerns, has_ended, last_dose_of, last_taken_of


def contraception(treatment_plan: TreatmentPlan, today: date) -> dict[str, Any]:
    """Return the status on `today`, the first and the last day on which contraception is required, and why.

    `through_on` is None during treatment; then `earliest_through_on` is the earliest day it can become. `provisional`
    means that the study ended and nobody recorded the end of treatment, so there may be a later dose not on record, or
    that it rests on a day that is not exactly known.
    """
    history = treatment_plan.history
    if history.enrolled is None:
        return _not_enrolled(treatment_plan, today)
    fitting = [
        rule
        for period in treatment_plan.plan
        for rule in period.protocol.contraception
        if history.may_fit(rule.who) and _concerns(rule, treatment_plan, date.max)
    ]
    through_on, because, provisional, counting = _through(treatment_plan)
    begins = min((_from(rule, history) for rule in counting or fitting), default=date.max)
    periods = fertile_periods(history, begins)
    if fitting and not periods:
        return _document("not_required", None, None, None, False, _why_never(history))
    if not counting:
        return _document("not_required", None, None, None, False, Reason("no_contraception_rule"))
    earliest = None
    if through_on is None:
        earliest, because = _earliest_through(treatment_plan, today)
    for cap, why, is_vague in _caps(periods, history):
        if cap <= (through_on or earliest or cap):
            through_on, earliest, because, provisional = cap, None, why, is_vague
    if today < begins:
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


def _not_enrolled(treatment_plan: TreatmentPlan, today: date) -> dict[str, Any]:
    """Return the contraception of a patient who is not enrolled: required if a rule begins with consent (section 6).

    Whoever left without having been enrolled was never dosed (section 3), and is released from that day.
    """
    history = treatment_plan.history
    off_on, consented_on = history.off_study_on, history.registered.consented_on
    why = Reason("not_enrolled") if off_on is None else Reason("never_enrolled", base=history.off_study_because)
    if off_on is not None and off_on <= today:
        return _document("released", None, None, None, False, why)
    through_on = day_before(off_on)
    last = through_on or date.max
    counts = any(rule.since == "consent" for rule in _counting(treatment_plan, last, last))
    if not counts or consented_on is None or today < consented_on:
        return _document("not_required", None, None, None, False, why)
    from_on = fertile_periods(history, consented_on)[0].from_on
    status = "required" if history.is_fertile(today) else "released"
    if off_on is None:
        return _document(status, from_on, None, None, True, Reason("consent", day=consented_on))
    is_vague = history.off_study is not None and history.off_study.is_vague
    return _document(status, from_on, through_on, None, is_vague, why)


def _why_never(history: History) -> Reason:
    changes = history.fertility_changes
    basis = changes[-1].basis if changes else history.registered.basis
    return Reason("never_fertile", day=history.enrolled_on, basis=Reason(basis or ""))


class _End(NamedTuple):
    """The last day required by the end of treatment or study, why, whether it is provisional, and what rules count."""

    through_on: date | None
    because: Reason
    provisional: bool
    counting: list[ContraceptionRule]


def _through(treatment_plan: TreatmentPlan) -> _End:
    history = treatment_plan.history
    ended, off, last = history.treatment_ended, history.off_study_on, history.last_dose_on
    if ended is None and off is None:
        return _End(None, history.last_dose_because, False, _counting(treatment_plan, date.max, date.max))
    if ended is not None and last is None:
        # The end of treatment says that nobody was dosed.
        released = [(history.off_study, history.off_study_because)] if history.off_study is not None else []
        released.append((ended.decided, ended.because))
        day, because = min(released, key=lambda one: one[0].on)
        through_on, is_vague = day.on - ONE_DAY, any(one.first_on < day.on for one, _ in released)
        counting = _counting(treatment_plan, through_on, through_on)
        return _End(through_on, Reason("never_dosed", base=because), is_vague, counting)
    if last is not None and (ended is not None or off is None or last > off):
        longest = _longest_after(treatment_plan, last, history.last_dose_because)
        return longest._replace(provisional=ended is None or history.last_dose_is_provisional)
    assert off is not None
    longest = _longest_after(treatment_plan, off, Reason("end_not_recorded", base=history.off_study_because))
    return longest._replace(provisional=True)


def _earliest_through(treatment_plan: TreatmentPlan, today: date) -> tuple[date | None, Reason]:
    history, last = treatment_plan.history, treatment_plan.history.last_dose_on
    base, why = today, Reason("today", day=today)
    if last is not None and last >= today:
        base, why = last, history.last_dose_because
    longest = _longest_after(treatment_plan, base, why, today)
    return longest.through_on, Reason("treatment_goes_on", base=longest.because)


def _caps(periods: tuple[FertilePeriod, ...], history: History) -> list[tuple[date, Reason, bool]]:
    """Return what releases a patient earlier: becoming not fertile for good, and death.

    Each comes with the last day on which contraception is required, why, and whether that is not exactly known.
    """
    caps = []
    if (change := periods[-1].ended_by) is not None:
        because = Reason("not_fertile_for", day=change.from_on, basis=Reason(change.basis or ""))
        caps.append((change.from_on - ONE_DAY, because, False))
    if history.died is not None:
        caps.append((history.died.on - ONE_DAY, history.died_because, history.died.is_vague))
    return caps


class _Base(NamedTuple):
    """The day from which a rule counts, and why it is that day."""

    on: date
    because: Reason


def _longest_after(treatment_plan: TreatmentPlan, base: date, why: Reason, today: date | None = None) -> _End:
    """Return the latest end of all rules that count, after the last dose `base`; `today` while treatment goes on.

    A rule counts whose patients were ever this one since it began, and whose version was in force on a day on which
    contraception was required; also one that comes into force after `base`, if contraception is still required then, or
    again.
    """

    def latest(through: date) -> tuple[date, _End]:
        """Return the latest end by what was so through a day."""
        # While treatment goes on, what is still to start counts too.
        drugs_through = through if today is None else date.max
        counting = _counting(treatment_plan, through, drugs_through, base)
        ends = [
            (_end(rule, one.on), rule, one)
            for rule in counting
            for one in _bases(rule, treatment_plan, base, why, today)
        ]
        if not ends:
            return base, _End(base, Reason("no_contraception_rule"), False, counting)
        latest_on, longest, counted_from = max(ends, key=itemgetter(0))
        unit = "month" if longest.unit == "m" else "day"
        because = Reason("after", base=counted_from.because, count=count(longest.length, unit))
        return latest_on, _End(latest_on, because, False, counting)

    through = base
    while True:
        latest_on, end = latest(through)
        if latest_on > through:
            through = latest_on
            continue
        again_on = _fertile_again_on(treatment_plan.history, latest_on)
        if again_on is None or again_on <= through or latest(again_on)[0] < again_on:
            return end
        through = again_on


def _fertile_again_on(history: History, through: date) -> date | None:
    """Return the first day of fertility after an end on whose next day the patient was not fertile; else None.

    A patient who is fertile on the day after the end is released by it.
    """
    periods = fertile_periods(history, through + ONE_DAY)
    return periods[0].from_on if periods and periods[0].from_on > through + ONE_DAY else None


def _bases(
    rule: ContraceptionRule, treatment_plan: TreatmentPlan, base: date, why: Reason, today: date | None
) -> Iterator[_Base]:
    """Yield the days from which a rule counts: `base`, the last dose of all, or the last dose of each of its drugs.

    While treatment goes on, a drug counts from its last dose once its regimens have ended, else from `today`. Where the
    study ended and nobody said when the drug did, it counts from `base` (section 6).
    """
    if not rule.of:
        yield _Base(base, why)
    history = treatment_plan.history
    for name in sorted(rule.of):
        is_over = has_ended(treatment_plan, name, today or base)
        # What is only planned of a drug that goes on is no dose yet.
        goes_on = today is not None and not is_over
        last = last_taken_of(treatment_plan, name) if goes_on else last_dose_of(treatment_plan, name)
        if today is not None and (last is None or (goes_on and last <= today)):
            yield _Base(today, Reason("today", day=today))
        elif today is None and history.treatment_ended is None and not is_over:
            yield _Base(base, why)
        elif last is not None:
            yield _Base(last, Reason("last_dose_of", text=name, day=last))


def _concerns(rule: ContraceptionRule, treatment_plan: TreatmentPlan, through: date) -> bool:
    """Return whether a rule is of a drug of this patient, or of all."""
    return not rule.of or any(concerns(treatment_plan, name, through) for name in rule.of)


def _end(rule: ContraceptionRule, base: date) -> date:
    return add_months(base, rule.length) if rule.unit == "m" else base + timedelta(rule.length)


def _counting(
    treatment_plan: TreatmentPlan, through: date, drugs_through: date, base: date | None = None
) -> list[ContraceptionRule]:
    """Return the rules that count by what was so through a day, of drugs that concern the patient through a day.

    Where contraception was required on no day up to `base`, the version of that day says how long it will be.
    """
    history = treatment_plan.history
    return [
        rule
        for period in treatment_plan.plan
        for rule in period.protocol.contraception
        if _fitted(rule, history, through)
        and (
            _is_required_in(period, rule, history, through)
            or (base is not None and _is_not_required_yet(period, rule, history, base))
        )
        and _concerns(rule, treatment_plan, max(drugs_through, _from(rule, history)))
    ]


def _fitted(rule: ContraceptionRule, history: History, through: date) -> bool:
    """Return whether a rule was for this patient on any day since it began, through a day."""
    begins = _from(rule, history)
    days = [begins, *(day for day in history.changes_of(rule.who) if begins <= day <= through)]
    return any(history.fits(rule.who, day) for day in days)


def _is_required_in(period: Period, rule: ContraceptionRule, history: History, through: date) -> bool:
    """Return whether the patient is fertile, and alive, on a day since a rule began on which its version is in force.

    Only days through `through` count, and the first of the rule.
    """
    begins = _from(rule, history)
    through = max(through, begins)
    first = max(period.from_on or date.min, begins)
    last = min(period.to_on - ONE_DAY if period.to_on else date.max, through)
    if history.died_on is not None:
        last = min(last, history.died_on - ONE_DAY)
    periods = fertile_periods(history, begins)
    return any(max(one.from_on, first) <= min(one.through_on or last, last) for one in periods)


def _is_not_required_yet(period: Period, rule: ContraceptionRule, history: History, base: date) -> bool:
    """Return whether a version is in force on a day up to which, since a rule began, the patient was not fertile."""
    is_in_force = (period.from_on or date.min) <= base < (period.to_on or date.max)
    return is_in_force and not any(one.from_on <= base for one in fertile_periods(history, _from(rule, history)))
