"""Adherence and relative dose intensity (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from scheduler_api.engine.model.dose_log import MISSED, NOT_TAKEN, SILENT
from scheduler_api.engine.model.history import ONE_DAY
from scheduler_api.engine.treatment.doses import DosePlan, Span


class DoseSums(NamedTuple):
    """Doses from the first on, and their amounts in one unit, which can be added up over patients.

    `full_amount` is at the protocol's full dose.
    """

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


def dose_sums(plans: Iterable[DosePlan], today: date) -> DoseSums:
    """Sum up what was planned and taken of some intakes, from the first day of each through yesterday.

    Today counts once it is recorded; days before treatment begins and after it ends do not count.
    """
    return reduce(DoseSums.plus, (_sums(plan, today) for plan in plans), DoseSums())


def _sums(plan: DosePlan, today: date) -> DoseSums:
    if not plan.regimen.begun:
        return DoseSums()
    log = plan.log
    last = today - ONE_DAY if log.status(today) is None else today
    planned = taken = missed = held = 0
    taken_amount = full_amount = 0.0
    for span in plan.spans(plan.starts_on, last):
        letters = log.between(span.starts_on, span.ends_on)
        length, not_taken = len(letters), letters.count(SILENT) + letters.count(MISSED)
        here = length - not_taken
        taken += here
        for letter in set(letters).difference(NOT_TAKEN):
            taken_amount += letters.count(letter) * log.amount_of(letter)
        occasions, taken_then, full = _occasions(plan, span, letters)
        full_amount += full
        planned += here
        if span.held:
            held += not_taken
        else:
            planned += occasions - taken_then
            missed += len(plan.missed(span))
    if plan.regimen.holds or plan.regimen.changes or plan.overlapped_by:
        full_amount = _full_amount(plan.by_protocol(), last)
    return DoseSums(planned, taken, missed, held, taken_amount, full_amount)


def _full_amount(plan: DosePlan, last: date) -> float:
    """Return the protocol's dose on all occasions of a plan through a day, in the regimen's unit."""
    spans = plan.spans(plan.starts_on, last)
    return sum(_occasions(plan, span, plan.log.between(span.starts_on, span.ends_on))[2] for span in spans)


def _occasions(plan: DosePlan, span: Span, letters: str) -> tuple[int, int, float]:
    """Return how many days of a span have a dose by the protocol, how many of those were taken, and their full amount.

    Where the amount is to be calculated for each patient, the first that was set is the full one.
    """
    if span.regimen.per is not None:
        changes = plan.regimen.changes
        # Of two from that day the one that stands.
        change = plan.regimen.change_on(changes[0].from_on) if changes else None
        first = change.amount if change is not None else 0.0
        full = [None if own is None else first for own in span.own_amounts()]
    elif span.is_daily:
        return (
            len(letters),
            len(letters) - letters.count(SILENT) - letters.count(MISSED),
            len(letters) * span.regimen.amount,
        )
    else:
        full = [*span.own_amounts()]
    taken = sum(amount is not None and letter not in NOT_TAKEN for amount, letter in zip(full, letters, strict=True))
    amounts = [amount for amount in full if amount is not None]
    return len(amounts), taken, sum(amounts)
