"""Find the doses taken otherwise than planned, and among them those that could hurt (rules, section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.model.dose_log import NOT_TAKEN
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.reason import Reason

from .doses import Span, TreatmentPlan, planned_amount

#: The kinds of dose that could hurt: more than planned, or taken on a day on which none should be.
HARMFUL = ("dose_above_plan", "dose_while_held", "dose_on_rest_day", "dose_after_end")


class OffPlanDose(NamedTuple):
    """A dose that was not taken as planned. Amounts are in mg; `planned` is None where no dose was planned.

    `by_patient`: the patient says so, and that word does not stand (section 5).
    """

    kind: str
    day: date
    planned: float | None
    taken: float
    by_patient: bool = False


class HarmfulDoses(NamedTuple):
    """Doses that could hurt on the days `first_on`…`last_on`, on each for the same reason and of the same amounts."""

    kind: str
    first_on: date
    last_on: date
    planned: float | None
    taken: float
    by_patient: bool = False

    @property
    def because(self) -> Reason:
        """Return what is wrong with them."""
        days = {"day": self.first_on} if self.first_on == self.last_on else {"day": self.first_on, "day2": self.last_on}
        base = Reason("on_day" if len(days) == 1 else "on_days", **days)
        amounts = {"mg": f"{self.taken:g}"} | ({} if self.planned is None else {"mg2": f"{self.planned:g}"})
        because = Reason(self.kind, base=base, **amounts)
        return Reason("by_the_patients_word", base=because) if self.by_patient else because


def harmful_dose(treatment_plan: TreatmentPlan, day: date, taken: float, at: datetime) -> HarmfulDoses | None:
    """Return what could hurt in taking an amount on a day, whatever is recorded; None if nothing.

    `at` is the instant at which it was taken, or else said to be.
    """
    if day < treatment_plan.starts_on:
        return None
    harmful = (one for one in _differences_on(treatment_plan, day, taken, at) if one.kind in HARMFUL)
    return next((HarmfulDoses(one.kind, day, day, one.planned, taken) for one in harmful), None)


def off_plan_doses(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield each way in which a dose taken in `first`…`last` differs from the plan, in order of days.

    A dose above the planned amount differs in two: it is another amount, and it could hurt. So could what the patient
    says was taken, also where another word stands.
    """
    standing = _standing(treatment_plan, first, last)
    doses = treatment_plan.history.doses
    if not doses.set_aside and not doses.to_confirm:
        yield from standing
        return
    found = [*standing]
    kinds = {(one.day, one.kind) for one in found}
    found += [one for one in _by_patient(treatment_plan, first, last) if (one.day, one.kind) not in kinds]
    yield from sorted(found, key=attrgetter("day"))


def harmful_doses(treatment_plan: TreatmentPlan, first: date, last: date) -> list[HarmfulDoses]:
    """Return the doses taken in `first`…`last` that could hurt, consecutive days alike in one, in order of days."""
    harmful = [one for one in off_plan_doses(treatment_plan, first, last) if one.kind in HARMFUL]
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


def _standing(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield how the doses that count as taken differ from the plan."""
    doses, starts_on, ends_on = treatment_plan.history.doses, treatment_plan.starts_on, treatment_plan.ends_on
    if doses.first_taken_on is None or doses.last_taken_on is None:
        return
    first, last = max(first, doses.first_taken_on), min(last, doses.last_taken_on)
    yield from _outside(treatment_plan, "dose_before_start", first, min(last, starts_on - ONE_DAY))
    for span in treatment_plan.spans(first, last):
        yield from _in_span(treatment_plan, span)
    if ends_on is not None:
        yield from _outside(treatment_plan, "dose_after_end", max(first, ends_on + ONE_DAY, starts_on), last)


def _by_patient(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield how what the patient says was taken, and does not stand, could hurt.

    Days after the end of the study are left out: of those the site is asked whether they can be true at all.
    """
    history = treatment_plan.history
    for day, word in history.doses.taken_by_patient():
        is_asked = history.off_study_on is not None and day > history.off_study_on
        if word.amount is None or is_asked or not max(first, treatment_plan.starts_on) <= day <= last:
            continue
        for one in _differences_on(treatment_plan, day, word.amount, word.taken_at or word.said_at):
            if one.kind in HARMFUL:
                yield one._replace(by_patient=True)


def _in_span(treatment_plan: TreatmentPlan, span: Span) -> Iterator[OffPlanDose]:
    doses, first = treatment_plan.history.doses, span.starts_on
    known_later = _is_known_later(treatment_plan.history, first)
    if not span.held and span.regimen.days is None and not known_later:
        # Nearly always: only other amounts than planned can differ, and mostly there are none.
        letters = set(doses.between(span.starts_on, span.ends_on)).difference(NOT_TAKEN)
        if all(doses.amount_of(letter) == span.planned_amount for letter in letters):
            return
    for day, amount in doses.taken(first, span.ends_on):
        if day == first and known_later and (word := doses.words_of(day).standing) is not None:
            yield from _differences_on(treatment_plan, day, amount, word.taken_at or word.said_at)
        else:
            yield from _differences(span, day, amount)


def _differences_on(treatment_plan: TreatmentPlan, day: date, taken: float, at: datetime) -> Iterator[OffPlanDose]:
    """Yield how an amount taken on a day, at an instant, differs from the plan as it was known at that instant.

    That matters on the first day of a hold or change which was recorded on that very day (section 5).
    """
    history, span = treatment_plan.history, treatment_plan.span_on(day)
    if span is None:
        yield OffPlanDose("dose_after_end", day, None, taken)
        return
    if _is_known_later(history, day):
        holds = tuple(hold for hold in history.holds if hold.from_on != day or hold.recorded_at <= at)
        changes = tuple(change for change in history.dose_changes if change.from_on != day or change.recorded_at <= at)
        before = replace(history, holds=holds, dose_changes=changes)
        amount = planned_amount(treatment_plan.plan, before, day)
        span = span._replace(held=before.is_held(day), planned_amount=amount)
    yield from _differences(span, day, taken)


def _is_known_later(history: History, day: date) -> bool:
    """Return whether a hold or change from that day on was recorded on that very day."""
    recorded = [hold.recorded_at for hold in history.holds if hold.from_on == day]
    recorded += [change.recorded_at for change in history.dose_changes if change.from_on == day]
    return any(civil_date(instant, history.time_zone) == day for instant in recorded)


def _differences(span: Span, day: date, taken: float) -> Iterator[OffPlanDose]:
    planned = span.planned_amount
    if span.held:
        yield OffPlanDose("dose_while_held", day, None, taken)
    elif span.rests(day):
        yield OffPlanDose("dose_on_rest_day", day, None, taken)
    elif taken != planned:
        yield OffPlanDose("dose_amount", day, planned, taken)
        if taken > planned:
            yield OffPlanDose("dose_above_plan", day, planned, taken)


def _outside(treatment_plan: TreatmentPlan, kind: str, first: date, last: date) -> Iterator[OffPlanDose]:
    for day, amount in treatment_plan.history.doses.taken(first, last):
        yield OffPlanDose(kind, day, None, amount)
