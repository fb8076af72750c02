"""Cycle and cycle day of a day, and back (rules, section 4; section 9 for amendments)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from scheduler_api.engine.model.history import ONE_DAY, History, Hold
from scheduler_api.engine.model.versions import Period, version_on
from scheduler_api.engine.reason import Reason, count


class CycleRun(NamedTuple):
    """Cycles of one length, counted one way, from `starts_on` (day 1 of cycle `first_number`) on."""

    first_number: int
    starts_on: date
    cycle_days: int
    holds: tuple[Hold, ...]
    """The holds that stop the count: all under `extend`, none under `continue`."""

    def place(self, day: date) -> tuple[int, int]:
        """Return cycle number and cycle day of a day of this run."""
        days = (day - self.starts_on).days - self._held_before(day)
        return self.first_number + days // self.cycle_days, days % self.cycle_days + 1

    def first_day_of(self, number: int, cycle_day: int) -> date | None:
        """Return the first date that is this day of this cycle; None when an open hold comes before it."""
        wanted = self.starts_on + timedelta((number - self.first_number) * self.cycle_days + cycle_day - 1)
        for hold in self.holds:
            held_from = max(hold.from_on, self.starts_on)
            if held_from >= wanted:
                break
            if hold.resumes_on is None:
                return None
            if hold.resumes_on > held_from:
                wanted += hold.resumes_on - held_from
        return wanted

    def _held_before(self, day: date) -> int:
        held = 0
        for hold in self.holds:
            held_from = max(hold.from_on, self.starts_on)
            held_to = day if hold.resumes_on is None else min(hold.resumes_on, day)
            held += max((held_to - held_from).days, 0)
        return held


class Cycle(NamedTuple):
    """A cycle; `ends_on` None while an open hold keeps it from ending."""

    number: int
    starts_on: date
    ends_on: date | None
    run: CycleRun

    def day(self, cycle_day: int) -> date | None:
        """Return the first date that is this day of the cycle; None after an open hold or in a shorter cycle."""
        return self.run.first_day_of(self.number, cycle_day) if cycle_day <= self.run.cycle_days else None


def cycle_runs(plan: tuple[Period, ...], history: History) -> tuple[CycleRun, ...]:
    """Return how cycles are counted from C1D1 on.

    After an amendment the current cycle keeps its length, and the next has the new version's.
    """
    start = history.c1d1
    runs = [_run(1, start, version_on(plan, start), history)]
    for period in plan[1:]:
        last, change = runs[-1], period.from_on
        if change is None or change <= start:
            continue
        new = _run(1, start, period.protocol, history)
        if (new.cycle_days, new.holds) == (last.cycle_days, last.holds):
            continue
        number, starts_on = _first_cycle_from(last, change)
        if starts_on is None:
            break
        run = new._replace(first_number=number, starts_on=starts_on)
        # Two amendments within one cycle: only the later has a cycle of its own.
        runs[-1:] = [run] if starts_on == last.starts_on else [last, run]
    return tuple(runs)


def _run(number: int, start: date, protocol: Any, history: History) -> CycleRun:
    holds = history.holds if protocol.dosing.extend_on_hold else ()
    return CycleRun(number, start, protocol.dosing.cycle_days, holds)


def _first_cycle_from(run: CycleRun, day: date) -> tuple[int, date | None]:
    """Return the first cycle of a run that starts on `day` or later."""
    if day <= run.starts_on:
        return run.first_number, run.starts_on
    number, _ = run.place(day)
    if run.first_day_of(number, 1) == day:
        return number, day
    return number + 1, run.first_day_of(number + 1, 1)


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
    starts_on = runs[index].first_day_of(number, 1)
    while starts_on is not None:
        run = runs[index]
        following = run.first_day_of(number + 1, 1)
        if index + 1 < len(runs) and runs[index + 1].first_number == number + 1:
            index += 1
        yield Cycle(number, starts_on, following - ONE_DAY if following else None, run)
        number, starts_on = number + 1, following


def cycle_rows(
    runs: tuple[CycleRun, ...], history: History, today: date, first: date, last: date
) -> list[dict[str, Any]]:
    """Return the cycles that meet `first`…`last`, as the calendar shows them.

    None starts after the end of treatment.
    """
    end, begun, because = history.last_treatment_day, history.begun, history.c1d1_because
    rows = []
    for cycle in cycles_from(runs, first):
        if cycle.starts_on > last or (end is not None and cycle.starts_on > end):
            break
        ends_on = cycle.ends_on
        if end is not None and (ends_on is None or ends_on > end):
            ends_on = end
        if ends_on is not None and ends_on < first:
            continue
        if not begun or today < cycle.starts_on:
            status = "upcoming"
        else:
            status = "completed" if ends_on is not None and ends_on < today else "current"
        days = (cycle.starts_on - runs[0].starts_on).days
        rows.append(
            {
                "number": cycle.number,
                "starts_on": cycle.starts_on,
                "ends_on": ends_on,
                "status": status,
                "provisional": history.first_dose_on is None,
                "because": Reason("after", base=because, count=count(days, "day")),
            }
        )
    return rows
