"""Measure two things in turn, and hold the figure that comes of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

#: How many pairs a ratio is the median of, and for how long each side of a pair runs, in seconds.
PAIRS = 61
SIDE = 0.012

Call = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """Holds one row of the report: what was measured against what, and the most or least it may be (None: no limit)."""

    name: str
    measured: str
    against: str
    value: float
    limit: float | None = None
    unit: str = "×"
    least: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the figure is above its limit, or below the least it may be."""
        above = self.limit is not None and self.value > self.limit
        return above or (self.least is not None and self.value < self.least)

    @property
    def limit_in_words(self) -> str:
        """The most, or the least, it may be."""
        if self.least is not None:
            return f"at least {self.least:,.0f}"
        return "" if self.limit is None else f"at most {self.limit:g}"


def ratio(ours: Call, reference: Call) -> float:
    """Return how often `reference` could have run while `ours` ran once: the median over pairs measured in turn.

    Each side of a pair repeats its call for about `SIDE` seconds, so that a machine that is busy for a while slows
    both; the sides take turns in going first, so that neither gains from what the other leaves behind.
    """
    many, few = repetitions(ours), repetitions(reference)
    ratios = []
    for pair in range(PAIRS):
        if pair % 2:
            one, other = seconds(ours, many), seconds(reference, few)
        else:
            other, one = seconds(reference, few), seconds(ours, many)
        ratios.append(one / other)
    return statistics.median(ratios)


def seconds(call: Call, times: int = 1) -> float:
    """Return how long a call takes, in seconds, on average over so many."""
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times


def repetitions(call: Call) -> int:
    """Return how many calls take about `SIDE` seconds; the calls made to find out warm the call up."""
    usual = statistics.median(seconds(call) for _ in range(20))
    return max(1, round(SIDE / usual))
