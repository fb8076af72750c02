"""Cycle and cycle day of a day, and back (rules, section 4; section 9 for amendments)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from scheduler_api.engine.model.history import ONE_DAY, Hold
from scheduler_api.engine.model.protocol import Regimen


class CycleRun(NamedTuple):
    """Cycles of one length, counted one way, from `starts_on` (day 1 of cycle `first_number`) on.

    Cycle `last_number` goes on until the next run starts, None: all further cycles are counted so.
    """

    first_number: int
    last_number: int | None
    starts_on: date
    cycle_days: int
    holds: tuple[Hold, ...]
    """The holds that stop the count: all under `extend`, none under `continue`."""

    def place(self, day: date) -> tuple[int, int | None]:
        """Return cycle number and cycle day of a day of this run.

        The cycle day is None on a day that does not count: it belongs to the cycle that was running before it.
        """
        counted = (day - self.starts_on).days - self._held_before(day)
        if any(hold.covers(day) for hold in self.holds):
            return self.first_number + max(counted - 1, 0) // self.cycle_days, None
        number = self.first_number + counted // self.cycle_days
        if self.last_number is not None and number > self.last_number:
            return self.last_number, None
        return number, counted % self.cycle_days + 1

    def day_of(self, number: int, cycle_day: int) -> date | None:
        """Return the date of this day of this cycle; None when an open hold comes before it."""
        wanted = self.starts_on + timedelta((number - self.first_number) * self.cycle_days + cycle_day - 1)
        for hold in self.holds:
            held_from = max(hold.from_on, self.starts_on)
            if held_from > wanted:
                break
            if hold.resumes_on is None:
                return None
            if hold.resumes_on > held_from:
                wanted += hold.resumes_on - held_from
        return wanted

    def start_of(self, number: int) -> date | None:
        """Return the first day of a cycle; None when it has none in this run."""
        if number == self.first_number:
            # Also when C1D1 is held, and day 1 comes later.
            return self.starts_on
        return None if self.last_number is not None and number > self.last_number else self.day_of(number, 1)

    def _held_before(self, day: date) -> int:
        held = 0
        for hold in self.holds:
            held_from = max(hold.from_on, self.starts_on)
            held_to = day if hold.resumes_on is None else min(hold.resumes_on, day)
            held += max((held_to - held_from).days, 0)
        return held


def protocol_amount(regimen: Regimen, own_days: Collection[int] | None, run: CycleRun, day: date) -> float | None:
    """Return the protocol's amount of one intake on a day of a run; None on a day without a dose.

    `own_days` are the cycle days that a change of the dose named instead of the protocol's (section 4).
    """
    number, cycle_day = run.place(day)
    if own_days is not None and cycle_day is not None:
        return regimen.amount if cycle_day in own_days else None
    return regimen.amount_on(day, number, cycle_day)


class Cycle(NamedTuple):
    """A cycle; `ends_on` None while an open hold keeps it from ending."""

    number: int
    starts_on: date
    ends_on: date | None
    run: CycleRun

    def day(self, cycle_day: int) -> date | None:
        """Return the date of this day of the cycle; None after an open hold or in a shorter cycle."""
        return self.run.day_of(self.number, cycle_day) if cycle_day <= self.run.cycle_days else None


class CycleCourse(NamedTuple):
    """The cycles of a regimen through its own end (None: it has none), as far as `counts` says that a day counts.

    `decides` is what that answer follows from.
    """

    runs: tuple[CycleRun, ...]
    through_on: date | None = None
    counts: Callable[[date], bool] | None = None
    decides: object = None

    def has(self, day: date) -> bool:
        """Return whether a day of one of the cycles is one that counts."""
        return (self.through_on is None or day <= self.through_on) and (self.counts is None or self.counts(day))


class Stage(NamedTuple):
    """From `from_on` (None: from the beginning) a regimen is as one version of the protocol has it."""

    from_on: date | None
    regimen: Regimen


def cycle_runs(stages: Sequence[Stage], start: date | None, holds: tuple[Hold, ...]) -> tuple[CycleRun, ...]:
    """Return how the cycles of a regimen that is held by these holds are counted, from its start on.

    After an amendment the current cycle keeps its length and its way of counting, and the next has the new version's:
    also its first day is one that the version counts which is then in force. There are none while the start has no
    date.
    """
    if start is None:
        return ()
    begun = [stage for stage in stages if stage.from_on is None or stage.from_on <= start] or [*stages[:1]]
    runs = [_run(start, begun[-1].regimen, holds)]
    for stage in stages:
        change = stage.from_on
        if change is None or change <= start:
            continue
        # A run that has not begun by then never does. The cycle before it stays the last of its kind.
        while runs[-1].starts_on >= change:
            runs.pop()
        last, new = runs[-1], _run(start, stage.regimen, holds)
        if last.last_number is None and (new.cycle_days, new.holds) == (last.cycle_days, last.holds):
            continue
        number, _ = last.place(change - ONE_DAY)
        runs[-1] = last._replace(last_number=number)
        ends_on = last.day_of(number, last.cycle_days)
        following = None if ends_on is None else _first_counted(max(ends_on + ONE_DAY, change), new.holds)
        if following is not None:
            runs.append(new._replace(first_number=number + 1, starts_on=following))
    return tuple(runs)


def _run(start: date, regimen: Regimen, holds: tuple[Hold, ...]) -> CycleRun:
    return CycleRun(regimen.first_cycle, None, start, regimen.cycle_days, holds if regimen.extend_on_hold else ())


def _first_counted(day: date, holds: tuple[Hold, ...]) -> date | None:
    """Return the first day from `day` on that is in none of these holds; None after an open one."""
    for hold in holds:
        if hold.covers(day):
            if hold.resumes_on is None:
                return None
            day = hold.resumes_on
    return day


def run_of(runs: tuple[CycleRun, ...], day: date) -> CycleRun:
    """Return the run that a day (C1D1 or later) belongs to."""
    for run in reversed(runs):
        if run.starts_on <= day:
            return run
    return runs[0]


def cycles_from(runs: tuple[CycleRun, ...], day: date) -> Iterator[Cycle]:
    """Yield all cycles from the one that holds `day` (or cycle 1) on, without end unless an open hold stops them."""
    index = max((i for i, run in enumerate(runs) if run.starts_on <= day), default=0)
    number = runs[index].place(max(day, runs[0].starts_on))[0]
    starts_on = runs[index].start_of(number)
    while starts_on is not None:
        run = runs[index]
        if index + 1 < len(runs) and runs[index + 1].first_number == number + 1:
            index += 1
        following = runs[index].start_of(number + 1)
        yield Cycle(number, starts_on, following - ONE_DAY if following else None, run)
        number, starts_on = number + 1, following
