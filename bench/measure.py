"""Measuring two things in turn, and the figure that comes of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

#: How many pairs a ratio is the median of, and for how long each side of a pair runs, in seconds.
PAIRS = 61
SIDE = 0.012


@dataclass(frozen=True)
class Figure:
    """One line of the report: what was measured against what, and the most, or least, it may be (None: only told)."""

    name: str
    ours: str
    reference: str
    value: float
    limit: float | None = None
    unit: str = "×"
    least: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the figure is above its limit, or below the least it may be."""
        above = self.limit is not None and self.value > self.limit
        return above or (self.least is not None and self.value < self.least)


def ratio(ours: Callable[[], object], reference: Callable[[], object]) -> float:
    """How often `reference` could have run while `ours` ran once: the median over pairs measured in turn.

    Each side of a pair repeats its call for about `SIDE` seconds; within a pair the two take turns in going first, so
    that neither gains from what the other leaves behind.
    """
    many, few = repetitions(ours), repetitions(reference)
    found = []
    for pair in range(PAIRS):
        if pair % 2:
            one, other = seconds(ours, many), seconds(reference, few)
        else:
            other, one = seconds(reference, few), seconds(ours, many)
        found.append(one / other)
    return statistics.median(found)


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """How long a call takes, on average over so many."""
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times


def repetitions(call: Callable[[], object]) -> int:
    """How many calls take about `SIDE` seconds; the calls made to find out let the interpreter get used to them."""
    usual = statistics.median(seconds(call) for _ in range(20))
    return max(1, round(SIDE / usual))
