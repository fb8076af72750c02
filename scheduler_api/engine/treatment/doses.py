"""Planned doses, dose days and their status (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from scheduler_api.engine.dates import days
from scheduler_api.engine.model.dose_log import MISSED, NOT_TAKEN
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.model.protocol import Regimen
from scheduler_api.engine.model.versions import Period, version_on

from .capsules import pieces
from .cycles import CycleRun, cycle_runs, run_of
from .dose_ids import dose_id
from .study_day import study_day


class Span(NamedTuple):
    """Days, both ends included, on which the plan is the same: one version, one planned dose (mg), held or not."""

    starts_on: date
    ends_on: date
    regimen: Regimen
    planned_amount: float
    held: bool
    run: CycleRun

    def rests(self, day: date) -> bool:
        """Return whether the protocol has no dose on this day of the cycle; False on a day that does not count."""
        if self.regimen.days is None:
            return False
        _, cycle_day = self.run.place(day)
        return cycle_day is not None and cycle_day not in self.regimen.days


def planned_amount(plan: tuple[Period, ...], history: History, day: date) -> float:
    """Return the planned dose (mg) on a day.

    It is that of the latest change from that day or before; once an amendment asks for it again, never above the
    protocol's own.
    """
    regimen = version_on(plan, day).regimen
    for change in reversed(history.dose_changes):
        if change.from_on <= day:
            before = version_on(plan, change.from_on).regimen
            return min(change.amount, regimen.amount) if asks_again(before, regimen) else change.amount
    return regimen.amount


def asks_again(before: Regimen, now: Regimen) -> bool:
    """Return whether an amount that was set under one version has to be set again under another (sections 4 and 10).

    The protocol's own amount is another one, or its highest is lower.
    """
    return now.amount != before.amount or now.highest < before.highest


def _cuts(plan: tuple[Period, ...], history: History, runs: tuple[CycleRun, ...]) -> list[date]:
    """Return the days after C1D1 on which the plan may change, in order."""
    cuts: set[date | None] = set()
    for run in runs[1:]:
        cuts.add(run.starts_on)
    for period in plan[1:]:
        cuts.add(period.from_on)
    for change in history.dose_changes:
        cuts.add(change.from_on)
    for hold in history.holds:
        cuts.update((hold.from_on, hold.resumes_on))
    return sorted(filter(None, cuts))


class TreatmentPlan:
    """The treatment plan, from C1D1 through the end of treatment, as spans in which the same is planned.

    For a patient who is not enrolled it holds no day.
    """

    def __init__(self, plan: tuple[Period, ...], history: History) -> None:
        self.plan = plan
        self.history = history
        self.runs = cycle_runs(plan, history) if history.is_enrolled else ()
        start = history.c1d1 if history.is_enrolled else None
        self.starts_on = date.max if start is None else start
        self.ends_on = history.last_treatment_day
        self.last_dose_day = history.last_dose_day
        self._cuts = _cuts(plan, history, self.runs)

    def holds_day(self, day: date) -> bool:
        """Return whether a day lies in treatment, the day of its end included."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def spans(self, first: date, last: date) -> Iterator[Span]:
        """Yield the spans of the plan that meet `first`…`last`, cut to that range, in order of days."""
        first = max(first, self.starts_on)
        last = last if self.last_dose_day is None else min(last, self.last_dose_day)
        if last < first:
            return
        cuts = [day for day in self._cuts if first < day <= last]
        for start, following in pairwise([first, *cuts, last + ONE_DAY]):
            yield self._span(start, following - ONE_DAY)

    def span_on(self, day: date) -> Span | None:
        """Return what is planned for a day of treatment, the day of its end included; None on any other."""
        return self._span(day, day) if self.holds_day(day) else None

    def _span(self, starts_on: date, ends_on: date) -> Span:
        plan, history = self.plan, self.history
        return Span(
            starts_on,
            ends_on,
            version_on(plan, starts_on).regimen,
            planned_amount(plan, history, starts_on),
            history.is_held(starts_on),
            run_of(self.runs, starts_on),
        )

    def missed(self, span: Span) -> list[date]:
        """Return the days of a span recorded missed on which a dose was planned, in order."""
        if span.held:
            return []
        missed = self.history.doses.missed(span.starts_on, span.ends_on)
        return [*missed] if span.regimen.days is None else [day for day in missed if not span.rests(day)]

    def without_holds(self) -> TreatmentPlan:
        """Return the plan as it would be had there been no hold."""
        return TreatmentPlan(self.plan, replace(self.history, holds=()))

    def place(self, day: date) -> tuple[int, int | None] | None:
        """Return cycle and cycle day of a day, the latter None on one that does not count; None outside the plan."""
        return run_of(self.runs, day).place(day) if self.holds_day(day) else None

    def planned_on(self, day: date) -> float | None:
        """Return the amount planned on a day; None where nothing is: held, at rest, or outside treatment."""
        span = self.span_on(day)
        return None if span is None or span.held or span.rests(day) else span.planned_amount

    def rows(self, today: date, first: date, last: date) -> list[dict[str, Any]]:
        """Return the dose days in `first`…`last` as the calendar shows them, in order of days.

        Each has its name, its drug and its pieces. A day recorded taken outside the plan is listed too; before C1D1 it
        has no cycle.
        """
        rows: list[dict[str, Any]] = []
        if first < self.starts_on:
            rows += self._outside(first, min(last, self.starts_on - ONE_DAY))
        for span in self.spans(first, last):
            self._add_rows(rows, span, today)
        if self.ends_on is not None:
            rows += self._outside(max(first, self.starts_on, self.ends_on + ONE_DAY), last)
        return rows

    def _add_rows(self, rows: list[dict[str, Any]], span: Span, today: date) -> None:
        doses, begun, started_on = self.history.doses, self.history.begun, self.history.known_c1d1
        held, dose_days = span.held, span.regimen.days
        number, cycle_day = span.run.place(span.starts_on)
        cycle_days, last_number = span.run.cycle_days, span.run.last_number
        drug, of_plan = span.regimen.drug, pieces(span.planned_amount, span.regimen.strengths)
        of_none = pieces(None, span.regimen.strengths)
        # Each day is computed from the one before.
        letters = doses.between(span.starts_on, span.ends_on)
        for day, letter in zip(days(span.starts_on, span.ends_on), letters, strict=True):
            rests = dose_days is not None and cycle_day is not None and cycle_day not in dose_days
            if letter not in NOT_TAKEN:
                status, taken_amount = "taken", doses.amount_of(letter)
            else:
                taken_amount = None
                if held:
                    status = "held"
                elif rests:
                    status = "rest"
                elif not begun:
                    status = "planned"
                elif letter == MISSED:
                    status = "missed"
                elif day > today:
                    status = "planned"
                else:
                    status = "due" if day == today else "unrecorded"
            is_planned = not (held or rests)
            rows.append(
                {
                    "dose_id": dose_id(day, span.regimen),
                    "dose_on": day,
                    "study_day": study_day(started_on, day),
                    "cycle": number,
                    "cycle_day": cycle_day,
                    "amount": span.planned_amount if is_planned else None,
                    "taken_amount": taken_amount,
                    "status": status,
                    "drug": drug,
                    "pieces": of_plan if is_planned else of_none,
                }
            )
            # On days that do not count the cycle stands still.
            if cycle_day is not None:
                cycle_day += 1
                if cycle_day > cycle_days:
                    number, cycle_day = (number, None) if number == last_number else (number + 1, 1)

    def _outside(self, first: date, last: date) -> Iterator[dict[str, Any]]:
        """Yield days taken outside the plan; before C1D1 they have no cycle."""
        for day, amount in self.history.doses.taken(first, last):
            before = day < self.starts_on
            number, cycle_day = (None, None) if before else run_of(self.runs, day).place(day)
            regimen = version_on(self.plan, day).regimen
            yield {
                "dose_id": dose_id(day, regimen),
                "dose_on": day,
                "study_day": study_day(self.history.known_c1d1, day),
                "cycle": number,
                "cycle_day": cycle_day,
                "amount": None,
                "taken_amount": amount,
                "status": "taken",
                "drug": regimen.drug,
                "pieces": pieces(None, regimen.strengths),
            }
