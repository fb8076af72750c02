"""Where the visits of a series stand: targets and windows, before anything happened (rules, section 2; section 9)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

from .cycles import CycleRun, cycles_from
from .dates import add_months, plural
from .protocol import Series, Stretch, stretch_limit

_UNITS = {"d": "day", "w": "week", "m": "month"}


class AnchorDay(NamedTuple):
    """The day a series is counted from, whether it may still move for lack of a record, and its words."""

    day: date
    provisional: bool
    because: str


class Slot(NamedTuple):
    """One visit of a series as planned. `exists` is False for the one reckoned beyond the last (section 5)."""

    target_on: date
    opens_on: date
    closes_on: date
    name: str
    label: str
    anchor: AnchorDay
    offset: str
    exists: bool

    @property
    def because(self) -> str:
        """Why the target is that day."""
        return f"{self.anchor.because}{self.offset}"


_by_target = attrgetter("target_on")


def slots_of(series: Series, anchor: AnchorDay, runs: tuple[CycleRun, ...]) -> Iterator[Slot]:
    """The visits of a series in order of target, then the one that would follow the last."""
    if series.anchor == "cycle":
        return _cycle_slots(series, anchor, runs)
    if len(series.stretches) == 1:
        return _stretch_slots(series, series.stretches[0], anchor)
    return _whole(merge(*(_stretch_slots(series, s, anchor) for s in series.stretches), key=_by_target))


def _whole(slots: Iterator[Slot]) -> Iterator[Slot]:
    """Stretches in one line: what is reckoned beyond a stretch counts only after the last visit of all."""
    beyond = None
    for slot in slots:
        if slot.exists:
            beyond = None
            yield slot
        elif beyond is None:
            beyond = slot
    if beyond:
        yield beyond


def _stretch_slots(series: Series, stretch: Stretch, anchor: AnchorDay) -> Iterator[Slot]:
    before, after = timedelta(stretch.before_days), timedelta(stretch.after_days)
    unit, limit = stretch.unit, stretch_limit(stretch)
    per_unit = 7 if unit == "w" else 1
    start, origin = anchor.day, anchor.day.toordinal()
    offset, k = stretch.first, 1
    while offset <= limit:
        target = add_months(start, offset) if unit == "m" else date.fromordinal(origin + offset)
        number = offset // per_unit
        yield Slot(
            target,
            target - before,
            target + after,
            series.name if stretch.every is None else f"{series.name}-{unit}{number}",
            stretch.label.replace("{n}", str(number)),
            anchor,
            _offset(number, _UNITS[unit]),
            stretch.count is None or k <= stretch.count,
        )
        if stretch.every is None or (stretch.count is not None and k > stretch.count):
            return
        offset += stretch.every
        k += 1


def _cycle_slots(series: Series, anchor: AnchorDay, runs: tuple[CycleRun, ...]) -> Iterator[Slot]:
    stretches = sorted(series.stretches, key=attrgetter("on_day"))
    for cycle in cycles_from(runs, anchor.day):
        exists = False
        for stretch in stretches:
            target = cycle.day(stretch.on_day)
            if target is None:
                continue
            here = stretch.count is None or cycle.number <= stretch.count
            exists = exists or here
            yield Slot(
                target,
                target - timedelta(stretch.before_days),
                target + timedelta(stretch.after_days),
                f"{series.name}-c{cycle.number}d{stretch.on_day}",
                stretch.label.replace("{n}", str(cycle.number)).replace("{day}", str(stretch.on_day)),
                anchor,
                f" + {plural((target - anchor.day).days, 'day')} = cycle {cycle.number} day {stretch.on_day}",
                here,
            )
        if not exists or cycle.starts_on.year - anchor.day.year > 100:
            return


def _offset(number: int, unit: str) -> str:
    if number == 0:
        return ""
    return f" {'+' if number > 0 else '-'} {plural(abs(number), unit)}"


class Line:
    """The slots of one series as far as anyone has asked; reading further never changes what was read.

    `slots` come in order of target with windows that do not overlap; the last may be one that does not exist.
    """

    def __init__(self, slots: Iterator[Slot]) -> None:
        self._source = slots
        self._read: list[Slot] = []
        self._index: dict[str, int] = {}

    def at(self, index: int) -> Slot | None:
        """The slot at an index, the one reckoned beyond the last included; None after it."""
        while len(self._read) <= index:
            slot = next(self._source, None)
            if slot is None:
                return None
            if slot.exists:
                self._index[slot.name] = len(self._read)
            self._read.append(slot)
        return self._read[index]

    def visit(self, index: int) -> Slot | None:
        """The visit at an index, if it exists."""
        slot = self.at(index) if index >= 0 else None
        return slot if slot and slot.exists else None

    def closing_from(self, day: date) -> int:
        """The index of the first slot whose window closes on `day` or later (of the end, if none does)."""
        while not self._read or self._read[-1].closes_on < day:
            if self.at(len(self._read)) is None:
                return len(self._read)
        return bisect_left(self._read, day, key=attrgetter("closes_on"))

    def named(self, name: str) -> int | None:
        """The index of the visit of that name, if it exists."""
        while name not in self._index and self.at(len(self._read)) is not None:
            pass
        return self._index.get(name)


def overlapping(slots: Iterator[Slot]) -> tuple[Slot, Slot] | None:
    """The first two of some slots (in order of target) whose windows overlap or whose names are equal, if any."""
    seen: dict[str, Slot] = {}
    previous = None
    for slot in slots:
        if previous is not None and slot.opens_on <= previous.closes_on:
            return previous, slot
        if slot.name in seen:
            return seen[slot.name], slot
        seen[slot.name] = previous = slot
    return None
