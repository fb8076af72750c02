"""Find the cycle and cycle day of a date, and the date of a cycle day (rules, section 4; amendments: section 9)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY, days, earliest_of
from scheduler_api.engine.model.protocol import Regimen
from scheduler_api.engine.model.records import Hold


class CycleRun(NamedTuple):
    """Cycles of one length, counted one way, from `starts_on` (day 1 of cycle `first_number`) on.

    Cycle `last_number` goes on until the next run starts, None: all further cycles are counted so. `target_on` is the
    day on which the day-1 dose of the first cycle was due, if the run counts from the day on which it was given.
    """

    first_number: int
    last_number: int | None
    starts_on: date
    cycle_days: int
    holds: tuple[Hold, ...]
    """The holds that stop the count: all under `extend`, none under `continue`."""
    target_on: date | None = None

    def place(self, day: date) -> tuple[int, int | None]:
        """Return cycle number and cycle day of a day of this run, or before the first.

        The cycle day is None on a day that does not count: it belongs to the cycle that was running before it.
        """
        if day < self.starts_on:
            return self.first_number, None
        counted = (day - self.starts_on).days - self._held_before(day)
        if any(hold.covers(day) for hold in self.holds):
            return self.first_number + max(counted - 1, 0) // self.cycle_days, None
        number = self.first_number + counted // self.cycle_days
        if self.last_number is not None and number > self.last_number:
            return self.last_number, None
        return number, counted % self.cycle_days + 1

    def places(self, first: date, last: date) -> Iterator[tuple[int, int | None]]:
        """Yield cycle number and cycle day of each day of `first`…`last`, between which no hold begins or ends."""
        number, cycle_day = self.place(first)
        for _ in range((last - first).days + 1):
            yield number, cycle_day
            # On days that do not count the cycle stands still.
            if cycle_day is not None:
                cycle_day += 1
                if cycle_day > self.cycle_days:
                    number, cycle_day = (number, None) if number == self.last_number else (number + 1, 1)

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


def protocol_amount(
    regimen: Regimen, own_days: Collection[int] | None, place: tuple[int, int | None], day: date
) -> float | None:
    """Return the protocol's amount of one intake on a day at a place in the cycles; None on a day without a dose.

    `own_days` are the only cycle days on which a change of the dose leaves one (section 4).
    """
    number, cycle_day = place
    if own_days is not None and cycle_day is not None and cycle_day not in own_days:
        return None
    return regimen.amount_on(day, number, cycle_day)


class Cycle(NamedTuple):
    """A cycle; `ends_on` None while an open hold keeps it from ending."""

    number: int
    starts_on: date
    ends_on: date | None
    run: CycleRun

    def day(self, cycle_day: int) -> date | None:
        """Return the date of this day of the cycle; None after an open hold, in a shorter cycle, or after its end."""
        day = self.run.day_of(self.number, cycle_day) if cycle_day <= self.run.cycle_days else None
        return None if day is None or (self.ends_on is not None and day > self.ends_on) else day

    @property
    def target_on(self) -> date | None:
        """Return the day on which its day-1 dose is due, or was; None after an open hold."""
        is_given = self.number == self.run.first_number and self.run.target_on is not None
        return self.run.target_on if is_given else self.day(1)


class CycleCourse(NamedTuple):
    """The cycles of a `regimen` through its own end (None: it has none), of which the days in one of `spans` count.

    Each span is its first day and its last (None: it has none); they are in order of days.
    """

    regimen: str
    runs: tuple[CycleRun, ...]
    through_on: date | None = None
    spans: tuple[tuple[date, date | None], ...] = ((date.min, None),)

    @property
    def last_on(self) -> date | None:
        """Return the last day that counts; None if that goes on."""
        return earliest_of(self.through_on, self.spans[-1][1])

    def has(self, day: date) -> bool:
        """Return whether a day of one of the cycles is one that counts."""
        if self.through_on is not None and day > self.through_on:
            return False
        return any(first <= day and (last is None or day <= last) for first, last in self.spans)


class Stage(NamedTuple):
    """From `from_on` (None: from the beginning) a regimen is as one version of the protocol has it."""

    from_on: date | None
    regimen: Regimen


class GivenDays(NamedTuple):
    """Holds the days of doses given at the site that cycles count from.

    `day_1` are the days from which a cycle, by its number, is counted: that of its day-1 dose. `in_hold` are the days
    of doses that may be day 1 of a cycle, each with the number of the cycle that its record names (None: it names no
    visit), in order; they count only on a held day that would be day 1 of the next cycle, were it not for the hold.
    `holds` are the holds of the regimen, each as it was recorded.
    """

    day_1: Mapping[int, date] = {}
    in_hold: tuple[tuple[date, int | None], ...] = ()
    holds: tuple[Hold, ...] = ()


NONE_GIVEN = GivenDays()


def cycle_runs(
    stages: Sequence[Stage], start: date | None, holds: tuple[Hold, ...], given: GivenDays = NONE_GIVEN
) -> tuple[CycleRun, ...]:
    """Return how the cycles of a regimen that is held by these holds are counted, from its start on.

    After an amendment the current cycle keeps its length and its way of counting, and the next has the new version's:
    also its first day is one that the version counts which is then in force. From each day `given` cycles are counted
    anew, though the target of that cycle stays. There are none while the start has no date.
    """
    if start is None:
        return ()
    runs = _planned_runs(stages, start, holds)
    day_1, in_hold = dict(given.day_1), [*given.in_hold]
    number = runs[0].first_number
    if _stage_on(stages, start).regimen.extend_on_hold and any((start, named) in in_hold for named in (None, number)):
        # Day 1 of the first cycle would be the start, were it not for the hold.
        runs = _counted_from(runs, stages, holds, number, start, start)
        day_1.pop(number, None)
    elif number in day_1:
        runs = _counted_from(runs, stages, holds, number, day_1.pop(number))
    waiting = sorted(day_1.items())
    while waiting or in_hold:
        if in_hold and (not waiting or in_hold[0][0] <= waiting[0][1]):
            held_on, named = in_hold.pop(0)
            following = _next_in_hold(runs, stages, given.holds, held_on, waiting[0][0] if waiting else None)
            if following is not None and named in (None, following):
                runs = _counted_from(runs, stages, holds, following, held_on, held_on)
                waiting = [one for one in waiting if one[0] > following]
        else:
            number, day = waiting.pop(0)
            before = start_of(runs, number - 1) if number > runs[0].first_number else None
            if before is not None and before < day:
                runs = _counted_from(runs, stages, holds, number, day)
    return runs


def _counted_from(
    runs: tuple[CycleRun, ...],
    stages: Sequence[Stage],
    holds: tuple[Hold, ...],
    number: int,
    day: date,
    target_on: date | None = None,
) -> tuple[CycleRun, ...]:
    """Return the runs with a cycle, and all that follow, counted from a day; its target stays unless it is given."""
    target_on = target_on or _target_of(runs, number) or day
    earlier = [run for run in runs if run.first_number < number]
    if earlier:
        earlier[-1] = earlier[-1]._replace(last_number=number - 1)
    first, *later = _planned_runs(stages, day, holds, is_given=True)
    shift = number - first.first_number
    return (*earlier, *(_numbered(run, shift) for run in (first._replace(target_on=target_on), *later)))


def _numbered(run: CycleRun, shift: int) -> CycleRun:
    last = None if run.last_number is None else run.last_number + shift
    return run._replace(first_number=run.first_number + shift, last_number=last)


def _next_in_hold(
    runs: tuple[CycleRun, ...], stages: Sequence[Stage], holds: tuple[Hold, ...], day: date, waiting: int | None
) -> int | None:
    """Return the number of the cycle whose day 1 a held day would be, were it not for the holds that cover it.

    None if it would be no day 1, or is not held. `waiting` is the next cycle that begins on another day (None: none
    does).
    """
    regimen = _stage_on(stages, day).regimen
    if not regimen.extend_on_hold or day <= runs[0].starts_on or not any(hold.covers(day) for hold in holds):
        return None
    run = run_of(runs, day)
    number = run.place(day)[0] if waiting is None else min(run.place(day)[0], waiting - 1)
    began = start_of(runs, number)
    if began is None or began >= day:
        return None
    others = [hold for hold in holds if not hold.covers(day)]
    counted = sum(not any(hold.covers(one) for hold in others) for one in days(began, day - ONE_DAY))
    has_next = regimen.cycles is None or number + 1 - runs[0].first_number < regimen.cycles
    return number + 1 if counted == _run_of_cycle(runs, number).cycle_days and has_next else None


def _stage_on(stages: Sequence[Stage], day: date) -> Stage:
    """Return the stage of a day; before the first, that one."""
    begun = [stage for stage in stages if stage.from_on is None or stage.from_on <= day]
    return begun[-1] if begun else stages[0]


def _run_of_cycle(runs: tuple[CycleRun, ...], number: int) -> CycleRun:
    return next((run for run in reversed(runs) if run.first_number <= number), runs[0])


def start_of(runs: tuple[CycleRun, ...], number: int) -> date | None:
    """Return the first day of a cycle; None when an open hold comes before it."""
    return _run_of_cycle(runs, number).start_of(number)


def _target_of(runs: tuple[CycleRun, ...], number: int) -> date | None:
    """Return the day on which the day-1 dose of a cycle is due; None when an open hold comes before it."""
    run = _run_of_cycle(runs, number)
    return run.day_of(number, 1) if number == run.first_number else run.start_of(number)


def _planned_runs(
    stages: Sequence[Stage], start: date, holds: tuple[Hold, ...], is_given: bool = False
) -> tuple[CycleRun, ...]:
    """Return how cycles are counted from a day on, by what the versions of the protocol say of them.

    A day on which a dose `is_given` counts, held or not; a hold goes on with the next.
    """
    runs = [_run(start, _stage_on(stages, start).regimen, holds)]
    if is_given and any(hold.covers(start) for hold in runs[0].holds):
        later = (hold._replace(from_on=max(hold.from_on, start + ONE_DAY)) for hold in runs[0].holds)
        own = tuple(hold for hold in later if hold.resumes_on is None or hold.resumes_on > hold.from_on)
        runs = [runs[0]._replace(holds=own)]
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
