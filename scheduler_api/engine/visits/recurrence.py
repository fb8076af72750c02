"""Where the visits of a series stand: targets and windows, before anything happened (rules, section 2; section 9)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

from scheduler_api.engine.dates import add_months
from scheduler_api.engine.model.protocol import Recurrence, Series, recurrence_limit
from scheduler_api.engine.reason import Reason, count
from scheduler_api.engine.treatment.cycles import CycleRun, cycles_from

_UNITS = {"d": "day", "w": "week", "m": "month"}


class AnchorDay(NamedTuple):
    """The day a series is counted from, whether it may still move for lack of a record, and its words."""

    day: date
    provisional: bool
    because: Reason


class PlannedVisit(NamedTuple):
    """One visit of a series as planned.

    `number` is its place on the series: weeks, days or months from the anchor, or the cycle. `exists` is False for the
    one reckoned beyond the last (section 5).
    """

    target_on: date
    opens_on: date
    closes_on: date
    series: str
    recurrence: Recurrence
    number: int
    anchor: AnchorDay
    exists: bool

    @property
    def name(self) -> str:
        """Return the visit's name, which says its place in the series."""
        recurrence = self.recurrence
        if recurrence.on_day:
            return f"{self.series}-c{self.number}d{recurrence.on_day}"
        return self.series if recurrence.every is None else f"{self.series}-{recurrence.unit}{self.number}"

    @property
    def label(self) -> Reason:
        """Return the visit's label: the protocol's, with {n} for its number and {day} for the day of the cycle."""
        recurrence = self.recurrence
        return _label(recurrence.label, recurrence.labels, self.number, recurrence.on_day)

    @property
    def because(self) -> Reason:
        """Return why the target is that day."""
        base, recurrence, number = self.anchor.because, self.recurrence, self.number
        if recurrence.on_day:
            days = count((self.target_on - self.anchor.day).days, "day")
            return Reason("cycle_day", base=base, days=days, number=number, number2=recurrence.on_day)
        if number == 0:
            return base
        return Reason("after" if number > 0 else "before", base=base, count=count(abs(number), _UNITS[recurrence.unit]))


# The same few labels for every patient of a protocol: put together once.
@lru_cache(maxsize=1024)
def _label(text: str, labels: tuple[tuple[str, str], ...], number: int, on_day: int) -> Reason:
    more: dict[str, object] = {"labels": labels} if labels else {}
    return Reason("label", text=text, n=number, day=on_day, **more)


_by_target = attrgetter("target_on")


def planned_visits_of(series: Series, anchor: AnchorDay, runs: tuple[CycleRun, ...]) -> Iterator[PlannedVisit]:
    """Yield the visits of a series in order of target, then the one that would follow the last."""
    if series.anchor == "cycle":
        return _whole(_cycle_slots(series, anchor, runs))
    return _whole(merge(*(_stretch_slots(series.name, s, anchor) for s in series.recurrences), key=_by_target))


def _whole(slots: Iterator[PlannedVisit]) -> Iterator[PlannedVisit]:
    """Merge recurrences: what is computed beyond one counts only after the last visit of all."""
    beyond = None
    for planned in slots:
        if planned.exists:
            beyond = None
            yield planned
        elif beyond is None:
            beyond = planned
    if beyond:
        yield beyond


def _stretch_slots(series: str, recurrence: Recurrence, anchor: AnchorDay) -> Iterator[PlannedVisit]:
    before, after = timedelta(recurrence.before_days), timedelta(recurrence.after_days)
    per_unit = 7 if recurrence.unit == "w" else 1
    offset, k = recurrence.first, 1
    while offset <= recurrence_limit(recurrence):
        target = add_months(anchor.day, offset) if recurrence.unit == "m" else anchor.day + timedelta(offset)
        exists = recurrence.count is None or k <= recurrence.count
        yield PlannedVisit(
            target, target - before, target + after, series, recurrence, offset // per_unit, anchor, exists
        )
        if recurrence.every is None or not exists:
            return
        offset += recurrence.every
        k += 1


def _cycle_slots(series: Series, anchor: AnchorDay, runs: tuple[CycleRun, ...]) -> Iterator[PlannedVisit]:
    recurrences = sorted(series.recurrences, key=attrgetter("on_day"))
    for cycle in cycles_from(runs, anchor.day):
        exists = False
        for recurrence in recurrences:
            target = cycle.day(recurrence.on_day)
            if target is None:
                continue
            here = recurrence.count is None or cycle.number <= recurrence.count
            exists = exists or here
            opens_on, closes_on = target - timedelta(recurrence.before_days), target + timedelta(recurrence.after_days)
            yield PlannedVisit(target, opens_on, closes_on, series.name, recurrence, cycle.number, anchor, here)
        if not exists or cycle.starts_on.year - anchor.day.year > 100:
            return


class PlannedVisits:
    """The slots of one series as far as anyone has asked; reading further never changes what was read.

    They come in order of target, with windows that do not overlap; the last may be one that does not exist.
    """

    def __init__(self, slots: Iterator[PlannedVisit]) -> None:
        self._source = slots
        self._read: list[PlannedVisit] = []

    def at(self, index: int) -> PlannedVisit | None:
        """Return the visit at an index (from 0), also the one computed beyond the last; None after it."""
        while len(self._read) <= index:
            planned = next(self._source, None)
            if planned is None:
                return None
            self._read.append(planned)
        return self._read[index]

    @property
    def is_empty(self) -> bool:
        """Return whether there is no visit at all."""
        return self.at(0) is None

    def visit(self, index: int) -> PlannedVisit | None:
        """Return the visit at an index, if it exists."""
        planned = self.at(index) if index >= 0 else None
        return planned if planned and planned.exists else None

    def opens_on(self, index: int) -> date | None:
        """Return when the visit at an index opens; None after the last."""
        planned = self.at(index)
        return planned.opens_on if planned else None

    def closing_from(self, day: date) -> int:
        """Return the index of the first visit whose window closes on `day` or later (of the end, if none does)."""
        while not self._read or self._read[-1].closes_on < day:
            if self.at(len(self._read)) is None:
                return len(self._read)
        return bisect_left(self._read, day, key=attrgetter("closes_on"))

    def within(self, days: Sequence[int]) -> list[int | None]:
        """Return for each day, given as its ordinal, the index of the visit whose window holds it, if there is one."""
        found: list[int | None] = []
        for day in map(date.fromordinal, days):
            index = self.closing_from(day)
            planned = self.visit(index)
            found.append(index if planned and planned.opens_on <= day else None)
        return found

    def named(self, name: str) -> int | None:
        """Return the index of the visit of that name, if it exists."""
        index = 0
        while (planned := self.at(index)) is not None:
            if planned.exists and planned.name == name:
                return index
            index += 1
        return None


class EvenlySpacedVisits(PlannedVisits):
    """The line of a series of one stretch at even steps: the same slots, each reckoned by itself.

    Nearly every series is even, and most questions are about today: nothing before it need be written out.
    """

    def __init__(self, series: Series, anchor: AnchorDay) -> None:
        self._series, self._anchor = series, anchor
        self._stretch = recurrence = series.recurrences[0]
        self._every = every = recurrence.every or 1
        self._monthly = recurrence.unit == "m"
        self._first = anchor.day.toordinal() + recurrence.first
        reachable = (recurrence_limit(recurrence) - recurrence.first) // every + 1
        self._visits = reachable if recurrence.count is None else min(recurrence.count, reachable)
        self._slots = reachable if recurrence.count is None else min(recurrence.count + 1, reachable)
        self._made: dict[int, PlannedVisit] = {}

    @property
    def is_empty(self) -> bool:
        return self._slots == 0

    @staticmethod
    def fits(series: Series) -> bool:
        """Return whether a series is evenly spaced."""
        return len(series.recurrences) == 1 and series.anchor != "cycle" and series.recurrences[0].every is not None

    def at(self, index: int) -> PlannedVisit | None:
        planned = self._made.get(index)
        if planned is None and index < self._slots:
            recurrence, target = self._stretch, self._target(index)
            planned = self._made[index] = PlannedVisit(
                date.fromordinal(target),
                date.fromordinal(target - recurrence.before_days),
                date.fromordinal(target + recurrence.after_days),
                self._series.name,
                recurrence,
                (recurrence.first + index * self._every) // (7 if recurrence.unit == "w" else 1),
                self._anchor,
                index < self._visits,
            )
        return planned

    def opens_on(self, index: int) -> date | None:
        return date.fromordinal(self._target(index) - self._stretch.before_days) if index < self._slots else None

    def closing_from(self, day: date) -> int:
        earliest = day.toordinal() - self._stretch.after_days
        if self._monthly:
            return bisect_left(range(self._slots), earliest, key=self._target)
        return min(max(-((self._first - earliest) // self._every), 0), self._slots)

    def within(self, days: Sequence[int]) -> list[int | None]:
        if self._monthly:
            return super().within(days)
        opens, every, visits = self._first - self._stretch.before_days, self._every, self._visits
        open_days = self._stretch.before_days + self._stretch.after_days
        return [
            index if (day - opens) % every <= open_days and 0 <= (index := (day - opens) // every) < visits else None
            for day in days
        ]

    def named(self, name: str) -> int | None:
        found = self._series.locate(name)
        return found[1] - 1 if found else None

    def _target(self, index: int) -> int:
        """Return the target of the visit at an index, as the ordinal of its day."""
        if self._monthly:
            return add_months(self._anchor.day, self._stretch.first + index * self._every).toordinal()
        return self._first + index * self._every


def overlapping(slots: Iterator[PlannedVisit]) -> tuple[PlannedVisit, PlannedVisit] | None:
    """Return the first two of some visits (in order of target) with overlapping windows or equal names, if any."""
    seen: dict[str, PlannedVisit] = {}
    previous = None
    for planned in slots:
        if previous is not None and planned.opens_on <= previous.closes_on:
            return previous, planned
        if planned.name in seen:
            return seen[planned.name], planned
        seen[planned.name] = previous = planned
    return None
