"""Adherence and relative dose intensity (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.dose_log import MISSED, NOT_TAKEN, SILENT
from scheduler_api.engine.treatment.cycles import CycleRun, cycles_from
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

    @property
    def adherence(self) -> float | None:
        """Return the share of the planned doses that was taken; None if none was planned."""
        return round(self.taken / self.planned, 4) if self.planned else None

    def document(self) -> dict[str, Any]:
        """Return the counts of days and the two ratios (None if nothing was planned)."""
        return {
            "planned": self.planned,
            "taken": self.taken,
            "missed": self.missed,
            "unrecorded": self.planned - self.taken - self.missed,
            "held": self.held,
            "adherence": self.adherence,
            "relative_dose_intensity": (
                round(self.taken_amount / self.full_amount, 4) if self.planned and self.full_amount else None
            ),
        }


def dose_sums(plans: Iterable[DosePlan], today: date) -> DoseSums:
    """Sum up what was planned and taken of some intakes, from the first day of each through yesterday.

    Today counts once it is recorded; days before treatment begins and after it ends do not count.
    """
    return reduce(DoseSums.plus, (_sums(plan, today) for plan in plans), DoseSums())


def cycle_sums(plans: Iterable[DosePlan], today: date) -> dict[int, DoseSums]:
    """Return the same by the number of the cycle, in order.

    They have no full amount: that is counted as if there had been no hold, and then the cycles are others.
    """
    sums: dict[int, DoseSums] = {}
    for plan in plans:
        for span in _spans(plan, today):
            for number, part in _by_cycle(span, plan.runs):
                sums[number] = sums.get(number, DoseSums()).plus(_of_span(plan, part))
    return {number: sums[number]._replace(full_amount=0.0) for number in sorted(sums)}


def _by_cycle(span: Span, runs: tuple[CycleRun, ...]) -> Iterator[tuple[int, Span]]:
    """Yield the parts of a span that lie in one cycle each, with its number; days before the first are of that."""
    begin = span.starts_on
    for cycle in cycles_from(runs, begin):
        end = span.ends_on if cycle.ends_on is None else min(cycle.ends_on, span.ends_on)
        yield cycle.number, span._replace(starts_on=begin, ends_on=end)
        if end == span.ends_on:
            return
        begin = end + ONE_DAY


def _sums(plan: DosePlan, today: date) -> DoseSums:
    sums = reduce(DoseSums.plus, (_of_span(plan, span) for span in _spans(plan, today)), DoseSums())
    if plan.regimen.holds or plan.regimen.changes or plan.overlapped_by:
        return sums._replace(full_amount=_full_amount(plan.by_protocol(), today))
    return sums


def _spans(plan: DosePlan, today: date) -> Iterator[Span]:
    """Yield the spans of a plan that count."""
    last = today - ONE_DAY if plan.log.status(today) is None else today
    return plan.spans(plan.starts_on, last) if plan.regimen.begun else iter(())


def _of_span(plan: DosePlan, span: Span) -> DoseSums:
    log = plan.log
    letters = log.between(span.starts_on, span.ends_on)
    not_taken = letters.count(SILENT) + letters.count(MISSED)
    taken = len(letters) - not_taken
    amounts = (letters.count(letter) * log.amount_of(letter) for letter in set(letters).difference(NOT_TAKEN))
    occasions, taken_then, full_amount = _occasions(plan, span, letters)
    if span.held:
        return DoseSums(taken, taken, 0, not_taken, sum(amounts), full_amount)
    return DoseSums(taken + occasions - taken_then, taken, len(plan.missed(span)), 0, sum(amounts), full_amount)


def _full_amount(plan: DosePlan, today: date) -> float:
    """Return the protocol's dose on all occasions of a plan that count, in the regimen's unit."""
    return sum(
        _occasions(plan, span, plan.log.between(span.starts_on, span.ends_on))[2] for span in _spans(plan, today)
    )


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
