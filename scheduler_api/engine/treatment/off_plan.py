"""Find the doses taken otherwise than planned, and among them those that could hurt (rules, section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.dose_log import NOT_TAKEN
from scheduler_api.engine.model.history import ONE_DAY
from scheduler_api.engine.reason import Reason

from .doses import Span, TreatmentPlan

#: The kinds of dose that could hurt: more than planned, or taken on a day on which none should be.
HARMFUL = ("dose_above_plan", "dose_while_held", "dose_on_rest_day", "dose_after_end")


class OffPlanDose(NamedTuple):
    """A dose that was not taken as planned. Amounts are in mg; `planned` is None where no dose was planned."""

    kind: str
    day: date
    planned: float | None
    taken: float


class HarmfulDoses(NamedTuple):
    """Doses that could hurt on the days `first_on`…`last_on`, on each for the same reason and of the same amounts."""

    kind: str
    first_on: date
    last_on: date
    planned: float | None
    taken: float

    @property
    def because(self) -> Reason:
        """Return what is wrong with them."""
        days = {"day": self.first_on} if self.first_on == self.last_on else {"day": self.first_on, "day2": self.last_on}
        base = Reason("on_day" if len(days) == 1 else "on_days", **days)
        taken = f"{self.taken:g}"
        if self.planned is None:
            return Reason(self.kind, base=base, mg=taken)
        return Reason(self.kind, base=base, mg=taken, mg2=f"{self.planned:g}")


def harmful_dose(treatment_plan: TreatmentPlan, day: date, taken: float) -> HarmfulDoses | None:
    """Return what could hurt in taking an amount on a day, whatever is recorded; None if nothing."""
    if day < treatment_plan.starts_on:
        return None
    span = treatment_plan.span_on(day)
    if span is None:
        return HarmfulDoses("dose_after_end", day, day, None, taken)
    harmful = (one for one in _differences(span, day, taken) if one.kind in HARMFUL)
    return next((HarmfulDoses(one.kind, day, day, one.planned, taken) for one in harmful), None)


def off_plan_doses(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[OffPlanDose]:
    """Yield each way in which a dose taken in `first`…`last` differs from the plan.

    A dose above the planned amount differs in two: it is another amount, and it could hurt.
    """
    doses, starts_on, ends_on = treatment_plan.history.doses, treatment_plan.starts_on, treatment_plan.ends_on
    if doses.first_taken_on is None or doses.last_taken_on is None:
        return
    first, last = max(first, doses.first_taken_on), min(last, doses.last_taken_on)
    yield from _outside(treatment_plan, "dose_before_start", first, min(last, starts_on - ONE_DAY))
    for span in treatment_plan.spans(first, last):
        yield from _in_span(treatment_plan, span)
    if ends_on is not None:
        yield from _outside(treatment_plan, "dose_after_end", max(first, ends_on + ONE_DAY, starts_on), last)


def harmful_doses(treatment_plan: TreatmentPlan, first: date, last: date) -> list[HarmfulDoses]:
    """Return the doses taken in `first`…`last` that could hurt, consecutive days alike in one, in order of days."""
    return [*_runs(one for one in off_plan_doses(treatment_plan, first, last) if one.kind in HARMFUL)]


def _runs(doses: Iterable[OffPlanDose]) -> Iterator[HarmfulDoses]:
    run: HarmfulDoses | None = None
    for one in doses:
        if run is not None and run == (one.kind, run.first_on, one.day - ONE_DAY, one.planned, one.taken):
            run = run._replace(last_on=one.day)
            continue
        if run is not None:
            yield run
        run = HarmfulDoses(one.kind, one.day, one.day, one.planned, one.taken)
    if run is not None:
        yield run


def _in_span(treatment_plan: TreatmentPlan, span: Span) -> Iterator[OffPlanDose]:
    doses = treatment_plan.history.doses
    if not span.held and span.dosing.dosing_days is None:
        # Nearly always: only other amounts than planned can differ, and mostly there are none.
        letters = set(doses.between(span.starts_on, span.ends_on)).difference(NOT_TAKEN)
        if all(doses.amount_of(letter) == span.planned_amount for letter in letters):
            return
    for day, amount in doses.taken(span.starts_on, span.ends_on):
        yield from _differences(span, day, amount)


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
