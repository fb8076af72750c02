"""Planned doses, dose days and their status (rules, section 4)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple

from .cycles import CycleRun, cycle_runs, run_of
from .history import ONE_DAY, History
from .protocol import Dosing
from .versions import Period, version_on

_NOT_TAKEN: Any = object()


class Span(NamedTuple):
    """Days, both ends included, on which the plan is the same: one version, one planned dose (mg), held or not."""

    starts_on: date
    ends_on: date
    dosing: Dosing
    planned_mg: float
    held: bool
    run: CycleRun

    def rests(self, cycle_day: int) -> bool:
        """Whether this day of the cycle is none of the protocol's dosing days."""
        return self.dosing.dosing_days is not None and cycle_day not in self.dosing.dosing_days


def planned_mg(plan: tuple[Period, ...], history: History, day: date) -> float:
    """The planned dose (mg) on a day: the latest change from that day or before, never above the protocol's dose."""
    most = version_on(plan, day).dosing.dose_mg
    for change in reversed(history.dose_changes):
        if change.from_on <= day:
            return min(change.dose_mg, most)
    return most


class Course:
    """The course of treatment: C1D1 through the end of treatment, as spans of one plan each."""

    def __init__(self, plan: tuple[Period, ...], history: History) -> None:
        self.plan = plan
        self.history = history
        self.runs = cycle_runs(plan, history)
        self.starts_on = history.c1d1
        self.ends_on = history.last_treatment_day

    def holds_day(self, day: date) -> bool:
        """Whether doses and cycles exist on a day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def spans(self, first: date, last: date) -> Iterator[Span]:
        """The spans of the course that meet `first`…`last`, cut to it, in order of days."""
        first = max(first, self.starts_on)
        last = last if self.ends_on is None else min(last, self.ends_on)
        if last < first:
            return
        history = self.history
        cuts = {run.starts_on for run in self.runs}
        cuts.update(period.from_on for period in self.plan if period.from_on)
        cuts.update(change.from_on for change in history.dose_changes)
        for hold in history.holds:
            cuts.add(hold.from_on)
            if hold.resumes_on is not None:
                cuts.add(hold.resumes_on)
        starts = [first, *sorted(day for day in cuts if first < day <= last)]
        for start, following in zip(starts, [*starts[1:], last + ONE_DAY], strict=True):
            yield Span(
                start,
                following - ONE_DAY,
                version_on(self.plan, start).dosing,
                planned_mg(self.plan, history, start),
                history.is_held(start),
                run_of(self.runs, start),
            )

    @cached_property
    def _taken(self) -> tuple[list[date], list[float | None]]:
        return [*self.history.taken], [*self.history.taken.values()]

    def taken(self, first: date, last: date) -> tuple[list[date], list[float | None]]:
        """The days recorded taken in `first`…`last`, in order, and the mg of each (None: as planned)."""
        days, amounts = self._taken
        here = slice(bisect_left(days, first), bisect_right(days, last))
        return days[here], amounts[here]

    def place(self, day: date) -> tuple[int, int] | None:
        """Cycle and cycle day of a day; None outside the course."""
        return run_of(self.runs, day).place(day) if self.holds_day(day) else None

    def status(self, day: date, today: date) -> str | None:
        """The status of one dose day on a given `today`; None if the day is no dose day."""
        for row in self.rows(today, day, day):
            return str(row["status"])
        return None

    def rows(self, today: date, first: date, last: date) -> list[dict[str, Any]]:
        """The dose days in `first`…`last` as the calendar shows them, in order of days.

        A day recorded taken outside the course is listed too; before C1D1 it has no cycle.
        """
        rows: list[dict[str, Any]] = []
        for day in takewhile(lambda day: day < self.starts_on, self.history.taken):
            if first <= day <= last:
                rows.append(self._outside(day))
        for span in self.spans(first, last):
            self._add_rows(rows, span, today)
        if (ends_on := self.ends_on) is not None:
            late = [*takewhile(lambda day: day > ends_on, reversed(self.history.taken))]
            rows += [self._outside(day) for day in reversed(late) if first <= day <= last and day >= self.starts_on]
        return rows

    def _add_rows(self, rows: list[dict[str, Any]], span: Span, today: date) -> None:
        missed, begun, taken_on = self.history.missed, self.history.begun, self.history.taken.get
        planned, held, dosing_days = span.planned_mg, span.held, span.dosing.dosing_days
        number, cycle_day = span.run.place(span.starts_on)
        stands_still, cycle_days = held and bool(span.run.holds), span.run.cycle_days
        for day in map(date.fromordinal, range(span.starts_on.toordinal(), span.ends_on.toordinal() + 1)):
            taken_mg = taken_on(day, _NOT_TAKEN)
            if taken_mg is not _NOT_TAKEN:
                status = "taken"
                if taken_mg is None:
                    taken_mg = planned
            else:
                taken_mg = None
                if held:
                    status = "held"
                elif dosing_days is not None and cycle_day not in dosing_days:
                    status = "rest"
                elif not begun:
                    status = "planned"
                elif day in missed:
                    status = "missed"
                elif day > today:
                    status = "planned"
                else:
                    status = "due" if day == today else "unrecorded"
            rows.append(
                {
                    "dose_on": day,
                    "cycle": number,
                    "cycle_day": cycle_day,
                    "dose_mg": planned,
                    "taken_mg": taken_mg,
                    "status": status,
                }
            )
            if not stands_still:
                cycle_day += 1
                if cycle_day > cycle_days:
                    number, cycle_day = number + 1, 1

    def _outside(self, day: date) -> dict[str, Any]:
        before = day < self.starts_on
        number, cycle_day = (None, None) if before else run_of(self.runs, day).place(day)
        planned = planned_mg(self.plan, self.history, day)
        recorded = self.history.taken[day]
        return {
            "dose_on": day,
            "cycle": number,
            "cycle_day": cycle_day,
            "dose_mg": planned,
            "taken_mg": planned if recorded is None else recorded,
            "status": "taken",
        }
