"""When the visits of a series are planned: targets and windows, before anything happened (rules, sections 2 and 9)."""

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
    """The day a series is counted from, whether it may still move for lack of a record, and why it is that day."""

    day: date
    provisional: bool
    because: Reason


class PlannedVisit(NamedTuple):
    """One visit of a series as planned.

    `number` is its position in the series: weeks, days or months from the anchor, or the cycle. `exists` is False for
    the one computed beyond the last (section 5).
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
        return _with_one_end(_visits_by_cycle(series, anchor, runs))
    return _with_one_end(
        merge(*(_visits_of_recurrence(series.name, s, anchor) for s in series.recurrences), key=_by_target)
    )


def _with_one_end(planned_visits: Iterator[PlannedVisit]) -> Iterator[PlannedVisit]:
    """Yield the visits; of those computed beyond the end of a recurrence only the first after the last visit of all."""
    beyond = None
    for planned in planned_visits:
        if planned.exists:
            beyond = None
            yield planned
        elif beyond is None:
            beyond = planned
    if beyond:
        yield beyond


def _visits_of_recurrence(series: str, recurrence: Recurrence, anchor: AnchorDay) -> Iterator[PlannedVisit]:
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


def _visits_by_cycle(series: Series, anchor: AnchorDay, runs: tuple[CycleRun, ...]) -> Iterator[PlannedVisit]:
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
    """The planned visits of one series, computed only as far as they are read; those already read never change.

    They come in order of target, with windows that do not overlap; the last may be one that does not exist.
    """

    def __init__(self, planned_visits: Iterator[PlannedVisit]) -> None:
        self._source = planned_visits
        self._read: list[PlannedVisit] = []

    def at(self, index: int) -> PlannedVisit | None:
        """Return the visit at an index (from 0), including the one computed beyond the last; None after that."""
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
        indexes: list[int | None] = []
        for day in map(date.fromordinal, days):
            index = self.closing_from(day)
            planned = self.visit(index)
            indexes.append(index if planned and planned.opens_on <= day else None)
        return indexes

    def named(self, name: str) -> int | None:
        """Return the index of the visit of that name, if it exists."""
        index = 0
        while (planned := self.at(index)) is not None:
            if planned.exists and planned.name == name:
                return index
            index += 1
        return None


class EvenlySpacedVisits(PlannedVisits):
    """The planned visits of a series with one recurrence at even steps, each computed without those before it.

    Nearly every series is even, and most requests are about today: nothing before it needs to be computed.
    """

    def __init__(self, series: Series, anchor: AnchorDay) -> None:
        self._series, self._anchor = series, anchor
        self._recurrence = recurrence = series.recurrences[0]
        self._every = every = recurrence.every or 1
        self._monthly = recurrence.unit == "m"
        self._first = anchor.day.toordinal() + recurrence.first
        reachable = (recurrence_limit(recurrence) - recurrence.first) // every + 1
        self._visits = reachable if recurrence.count is None else min(recurrence.count, reachable)
        self._planned = reachable if recurrence.count is None else min(recurrence.count + 1, reachable)
        self._made: dict[int, PlannedVisit] = {}

    @property
    def is_empty(self) -> bool:
        return self._planned == 0

    @staticmethod
    def fits(series: Series) -> bool:
        """Return whether a series is evenly spaced."""
        return len(series.recurrences) == 1 and series.anchor != "cycle" and series.recurrences[0].every is not None

    def at(self, index: int) -> PlannedVisit | None:
        planned = self._made.get(index)
        if planned is None and index < self._planned:
            recurrence, target = self._recurrence, self._target(index)
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
        return date.fromordinal(self._target(index) - self._recurrence.before_days) if index < self._planned else None

    def closing_from(self, day: date) -> int:
        earliest = day.toordinal() - self._recurrence.after_days
        if self._monthly:
            return bisect_left(range(self._planned), earliest, key=self._target)
        return min(max(-((self._first - earliest) // self._every), 0), self._planned)

    def within(self, days: Sequence[int]) -> list[int | None]:
        if self._monthly:
            return super().within(days)
        opens, every, visits = self._first - self._recurrence.before_days, self._every, self._visits
        open_days = self._recurrence.before_days + self._recurrence.after_days
        return [
            index if (day - opens) % every <= open_days and 0 <= (index := (day - opens) // every) < visits else None
            for day in days
        ]

    def named(self, name: str) -> int | None:
        located = self._series.locate(name)
        return located[1] - 1 if located else None

    def _target(self, index: int) -> int:
        """Return the target of the visit at an index, as the ordinal of its day."""
        if self._monthly:
            return add_months(self._anchor.day, self._recurrence.first + index * self._every).toordinal()
        return self._first + index * self._every


def overlapping(planned_visits: Iterator[PlannedVisit]) -> tuple[PlannedVisit, PlannedVisit] | None:
    """Return the first two visits with overlapping windows or equal names, if any; they come in order of target."""
    seen: dict[str, PlannedVisit] = {}
    previous = None
    for planned in planned_visits:
        if previous is not None and planned.opens_on <= previous.closes_on:
            return previous, planned
        if planned.name in seen:
            return seen[planned.name], planned
        seen[planned.name] = previous = planned
    return None
