"""Adherence and relative dose intensity (rules, section 4)."""

from __future__ import annotations

from datetime import date
from operator import add
from typing import Any, NamedTuple

from scheduler_api.engine.model.dose_log import MISSED, NOT_TAKEN, SILENT
from scheduler_api.engine.model.history import ONE_DAY

from .doses import Span, TreatmentPlan


class DoseSums(NamedTuple):
    """Days and mg from C1D1 on, which can be added up over patients; `full_amount` is at the protocol's full dose."""

    planned: int = 0
    taken: int = 0
    missed: int = 0
    held: int = 0
    taken_amount: float = 0.0
    full_amount: float = 0.0

    def plus(self, other: DoseSums) -> DoseSums:
        """Return the sums of both."""
        return DoseSums(*map(add, self, other))

    def document(self) -> dict[str, Any]:
        """Return the counts of days and the two ratios (None if nothing was planned)."""
        return {
            "planned": self.planned,
            "taken": self.taken,
            "missed": self.missed,
            "unrecorded": self.planned - self.taken - self.missed,
            "held": self.held,
            "adherence": round(self.taken / self.planned, 4) if self.planned else None,
            "relative_dose_intensity": (
                round(self.taken_amount / self.full_amount, 4) if self.planned and self.full_amount else None
            ),
        }


def dose_sums(treatment_plan: TreatmentPlan, today: date) -> DoseSums:
    """Sum up what was planned and taken from C1D1 through yesterday.

    Today counts once it is recorded; days before treatment begins and after it ends do not count.
    """
    history = treatment_plan.history
    doses = history.doses
    last = today - ONE_DAY if doses.status(today) is None else today
    planned = taken = missed = held = 0
    taken_amount = full_amount = 0.0
    stopped = any(run.holds for run in treatment_plan.runs)
    for span in treatment_plan.spans(treatment_plan.starts_on, last) if history.begun else ():
        letters = doses.between(span.starts_on, span.ends_on)
        length, not_taken = len(letters), letters.count(SILENT) + letters.count(MISSED)
        here = length - not_taken
        taken += here
        for letter in set(letters).difference(NOT_TAKEN):
            taken_amount += letters.count(letter) * doses.amount_of(letter)
        occasions, taken_then = _occasions(span, letters)
        full_amount += occasions * span.regimen.amount
        planned += here
        if span.held:
            held += not_taken
        else:
            planned += occasions - taken_then
            missed += len(treatment_plan.missed(span))
    if stopped and history.begun:
        full_amount = _full_amount(treatment_plan.without_holds(), last)
    return DoseSums(planned, taken, missed, held, taken_amount, full_amount)


def _full_amount(treatment_plan: TreatmentPlan, last: date) -> float:
    """Return the protocol's dose on all occasions of a plan through a day (mg)."""
    letters = treatment_plan.history.doses.between
    spans = treatment_plan.spans(treatment_plan.starts_on, last)
    return sum(_occasions(span, letters(span.starts_on, span.ends_on))[0] * span.regimen.amount for span in spans)


def _occasions(span: Span, letters: str) -> tuple[int, int]:
    """Return how many days of a span have a dose by the protocol, and how many of those were taken."""
    if span.regimen.days is None:
        return len(letters), len(letters) - letters.count(SILENT) - letters.count(MISSED)
    first = span.starts_on.toordinal()
    there = [letter for place, letter in enumerate(letters, first) if not span.rests(date.fromordinal(place))]
    return len(there), sum(1 for letter in there if letter not in NOT_TAKEN)
