"""Find the doses taken otherwise than planned, and among them those that could hurt (rules, section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.dose_log import NOT_TAKEN
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.doses import DosePlan, Span

#: The kinds of dose that could hurt: more than planned, or taken on a day on which none should be.
HARMFUL = ("dose_above_plan", "dose_while_held", "dose_on_rest_day", "dose_not_planned", "dose_after_end")


class OffPlanDose(NamedTuple):
    """A dose that was not taken as planned. Amounts are in `unit`; `planned` is None where no dose was planned.

    `by_patient`: the patient says so, and that word does not stand (section 8).
    """

    kind: str
    day: date
    planned: float | None
    taken: float
    unit: str
    by_patient: bool = False


class HarmfulDoses(NamedTuple):
    """Doses that could hurt on the days `first_on`…`last_on`, on each for the same reason and of the same amounts."""

    kind: str
    first_on: date
    last_on: date
    planned: float | None
    taken: float
    unit: str
    by_patient: bool = False

    @property
    def because(self) -> Reason:
        """Return what is wrong with them."""
        days = {"day": self.first_on} if self.first_on == self.last_on else {"day": self.first_on, "day2": self.last_on}
        base = Reason("on_day" if len(days) == 1 else "on_days", **days)
        amounts = {"amount": with_unit(self.taken, self.unit)}
        if self.planned is not None:
            amounts["amount2"] = with_unit(self.planned, self.unit)
        because = Reason(self.kind, base=base, **amounts)
        return Reason("by_the_patients_word", base=because) if self.by_patient else because


def harmful_dose(plan: DosePlan, day: date, taken: float, at: datetime) -> HarmfulDoses | None:
    """Return what could hurt in taking an amount on a day, whatever is recorded; None if nothing.

    `at` is the instant at which it was taken, or else said to be.
    """
    harmful = (one for one in _differences_on(plan, day, taken, at) if one.kind in HARMFUL)
    return next((HarmfulDoses(one.kind, day, day, one.planned, taken, one.unit) for one in harmful), None)


def off_plan_doses(plan: DosePlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield each way in which a dose taken in `first`…`last` differs from the plan, in order of days.

    A dose above the planned amount differs in two: it is another amount, and it could hurt. So could what the patient
    says was taken, also where another word stands; if that one says as much of the same kind, it says nothing new.
    """
    standing = _standing(plan, first, last)
    doses = plan.log
    if not doses.set_aside and not doses.to_confirm:
        yield from standing
        return
    found = [*standing]
    known = {(one.day, one.kind): one.taken for one in found}
    found += [one for one in _by_patient(plan, first, last) if one.taken > known.get((one.day, one.kind), 0)]
    yield from sorted(found, key=attrgetter("day"))


def harmful_doses(plan: DosePlan, first: date, last: date) -> list[HarmfulDoses]:
    """Return the doses taken in `first`…`last` that could hurt, consecutive days alike in one, in order of days."""
    harmful = [one for one in off_plan_doses(plan, first, last) if one.kind in HARMFUL]
    runs = [*_runs(one for one in harmful if not one.by_patient), *_runs(one for one in harmful if one.by_patient)]
    return sorted(runs, key=attrgetter("first_on"))


def _runs(doses: Iterable[OffPlanDose]) -> Iterator[HarmfulDoses]:
    run: HarmfulDoses | None = None
    for one in doses:
        if run is not None and run == (one.kind, run.first_on, one.day - ONE_DAY, *one[2:]):
            run = run._replace(last_on=one.day)
            continue
        if run is not None:
            yield run
        run = HarmfulDoses(one.kind, one.day, *one[1:])
    if run is not None:
        yield run


def _standing(plan: DosePlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield how the doses that count as taken differ from the plan, in order of days."""
    log = plan.log
    if log.first_taken_on is None or log.last_taken_on is None:
        return
    first, last = max(first, log.first_taken_on), min(last, log.last_taken_on)
    for begin, end, span in plan.parts(first, last):
        yield from _outside(plan, begin, end) if span is None else _in_span(plan, span)


def _by_patient(plan: DosePlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield how what the patient says was taken, and does not stand, could hurt.

    Days after the end of the study are left out: of those the site is asked whether they can be true at all.
    """
    history = plan.history
    for day, word in plan.log.taken_by_patient():
        is_asked = history.off_study_on is not None and day > history.off_study_on
        if word.amount is None or is_asked or not first <= day <= last:
            continue
        for one in _differences_on(plan, day, word.amount, word.taken_at or word.said_at):
            if one.kind in HARMFUL:
                yield one._replace(by_patient=True)


def _in_span(plan: DosePlan, span: Span) -> Iterator[OffPlanDose]:
    doses, first = plan.log, span.starts_on
    known_later = plan.regimen.is_known_later(first)
    if not span.held and not known_later:
        # Nearly always: no dose was taken on a day of rest, and each had the amount planned.
        letters = doses.between(first, span.ends_on)
        resting = (letter for letter, own in zip(letters, span.own_amounts(), strict=True) if own is None)
        amounts = map(doses.amount_of, set(letters).difference(NOT_TAKEN))
        if all(amount == span.planned_amount for amount in amounts) and not set(resting).difference(NOT_TAKEN):
            return
    for day, amount in doses.taken(first, span.ends_on):
        if day == first and known_later and (word := doses.words_of(day).standing) is not None:
            yield from _differences_on(plan, day, amount, word.taken_at or word.said_at)
        else:
            yield from _differences(span, day, amount)


def _differences_on(plan: DosePlan, day: date, taken: float, at: datetime) -> Iterator[OffPlanDose]:
    """Yield how an amount taken on a day, at an instant, differs from the plan as it was known at that instant.

    That matters on the first day of a hold or change which was recorded on that very day (section 8).
    """
    span, regimen = plan.span_on(day), plan.regimen
    if span is None:
        yield OffPlanDose(_kind_outside(plan, day), day, None, taken, plan.regimen.regimen_on(day).unit)
        return
    if regimen.is_known_later(day):
        before = regimen.as_known(day, at)
        span = span._replace(held=before.is_held(day), planned_amount=before.planned_amount(day))
    yield from _differences(span, day, taken)


def _differences(span: Span, day: date, taken: float) -> Iterator[OffPlanDose]:
    planned, unit = span.planned_amount, span.regimen.unit
    if span.held:
        yield OffPlanDose("dose_while_held", day, None, taken, unit)
    elif span.rests(day):
        yield OffPlanDose("dose_on_rest_day", day, None, taken, unit)
    elif planned is not None and taken != planned:
        yield OffPlanDose("dose_amount", day, planned, taken, unit)
        if taken > planned:
            yield OffPlanDose("dose_above_plan", day, planned, taken, unit)


def _outside(plan: DosePlan, first: date, last: date) -> Iterator[OffPlanDose]:
    for day, amount in plan.log.taken(first, last):
        yield OffPlanDose(_kind_outside(plan, day), day, None, amount, plan.regimen.regimen_on(day).unit)


def _kind_outside(plan: DosePlan, day: date) -> str:
    """Return what is wrong with a dose on a day that has none by this plan."""
    history, regimen = plan.history, plan.regimen
    if (history.c1d1 is None or day < history.c1d1) and not regimen.holds_day(day):
        return "dose_before_start"
    last = regimen.last_treatment_day
    if last is not None and day > last:
        return "dose_after_end"
    if regimen.holds_day(day) and regimen.is_held(day):
        return "dose_while_held"
    return "dose_on_rest_day" if regimen.holds_day(day) and regimen.own_amount(day) is None else "dose_not_planned"
