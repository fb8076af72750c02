"""When the visits of a series are planned: targets and windows, before anything happened (rules, sections 5 and 9)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from functools import cached_property, lru_cache
from heapq import merge
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from scheduler_api.engine.dates import add_months
from scheduler_api.engine.model.protocol import Recurrence, Regimen, Series, on_day, recurrence_limit
from scheduler_api.engine.model.records import Hold
from scheduler_api.engine.reason import Reason, count
from scheduler_api.engine.treatment.cycles import Cycle, CycleCourse, cycles_from
from scheduler_api.engine.treatment.milestones import AnchorDay, Reached

_UNITS = {"d": "day", "w": "week", "m": "month"}


class InCycles(NamedTuple):
    """The anchor and E of the visits of a series on days of the cycles of one regimen.

    `ends` has the E of each recurrence; `ends_for_done` is the same as if nobody had said that the regimen ended.
    """

    regimen: str
    anchor: AnchorDay
    ends: tuple[Reached | None, ...]
    ends_for_done: tuple[Reached | None, ...]


class SeriesPlan(NamedTuple):
    """What all visits of a series under one version of the protocol share: their anchor, and E.

    `ends` has the E of each recurrence; `ends_for_done` is the same as if nobody had said that a regimen ended (None:
    nobody has). `in_cycles` has anchor and E on days of the cycles of regimens which begin or end otherwise. `is_last`:
    no later version has the series. `holds` are those of the regimen of which the visits are doses, none if they are no
    doses. A series that is counted from each response is counted from `more_anchors` too, each with its E; `response`
    is the number of the one that `anchor` is.
    """

    series: Series
    anchor: AnchorDay
    ends: tuple[Reached | None, ...]
    is_last: bool = True
    holds: tuple[Hold, ...] = ()
    in_cycles: tuple[InCycles, ...] = ()
    more_anchors: tuple[tuple[AnchorDay, tuple[Reached | None, ...]], ...] = ()
    response: int = 1
    ends_for_done: tuple[Reached | None, ...] | None = None

    @property
    def ends_on(self) -> date | None:
        """Return the day after which no visit opens any more; None while nothing ended all of them."""
        others = [*(one.ends for one in self.in_cycles), *(ends for _, ends in self.more_anchors)]
        ends = [*self.ends, *chain.from_iterable(others)]
        days = [end.on for end in ends if end is not None]
        return max(days) if len(days) == len(ends) else None

    @property
    def for_done(self) -> SeriesPlan:
        """Return the same as if nobody had said that a regimen ended."""
        if self.ends_for_done is None:
            return self
        in_cycles = tuple(one._replace(ends=one.ends_for_done) for one in self.in_cycles)
        return self._replace(ends=self.ends_for_done, in_cycles=in_cycles)

    def within(self, regimen: str) -> SeriesPlan:
        """Return the same for the visits on days of the cycles of a regimen: with its start, and the E of those."""
        for one in self.in_cycles:
            if one.regimen == regimen:
                # The others stay, so that it is known when all have ended.
                first = InCycles("", self.anchor, self.ends, self.ends_for_done or self.ends)
                own = None if self.ends_for_done is None else one.ends_for_done
                others = (*self.in_cycles, first)
                return self._replace(anchor=one.anchor, ends=one.ends, ends_for_done=own, in_cycles=others)
        return self


class PlannedVisit(NamedTuple):
    """One visit of a series as planned.

    `number` is its position in the series: weeks, days or months from the anchor, or the cycle. One that is not for the
    patient is here only because it was booked, or done, by its name.
    """

    target_on: date
    opens_on: date
    closes_on: date
    plan: SeriesPlan
    recurrence: Recurrence
    number: int
    is_for_patient: bool = True

    @property
    def series(self) -> str:
        """Return the name of its series."""
        return self.plan.series.name

    @property
    def anchor(self) -> AnchorDay:
        """Return the day it is counted from."""
        return self.plan.anchor

    @property
    def is_single(self) -> bool:
        """Return whether it is the only one of its entry of the protocol."""
        recurrence = self.recurrence
        return (recurrence.every is None or recurrence.count == 1) and not recurrence.on_day

    @property
    def is_dose(self) -> bool:
        """Return whether it is a dose given at the site."""
        return self.plan.series.gives is not None

    @property
    def own_amount(self) -> float | None:
        """Return the protocol's amount of the dose that it is; None if it is none."""
        gives = self.plan.series.gives
        return None if gives is None else gives.amount_of(gives.entries[self.recurrence.place])

    @property
    def is_held(self) -> bool:
        """Return whether it is a dose, and all days of its window are held: then nothing is to be given."""
        day = self.opens_on
        for hold in self.plan.holds:
            if not hold.covers(day):
                continue
            if hold.resumes_on is None or hold.resumes_on > self.closes_on:
                return True
            day = hold.resumes_on
        return False

    @property
    def end(self) -> Reached | None:
        """Return its E."""
        return self.plan.ends[self.recurrence.place]

    @property
    def is_past_end(self) -> bool:
        """Return whether it opens after E."""
        end = self.plan.ends[self.recurrence.place]
        return end is not None and self.opens_on > end.on

    @property
    def in_plan(self) -> bool:
        """Return whether it is for the patient, who is enrolled if need be, and does not open after E."""
        return self.is_for_patient and not self.is_past_end and not self.needs_enrolment

    @property
    def for_done(self) -> PlannedVisit:
        """Return the visit as it is for what was done: as if nobody had said that the regimen ended whose day it is."""
        plan = self.plan.for_done
        return self if plan is self.plan else self._replace(plan=plan)

    @property
    def none_follows(self) -> bool:
        """Return whether neither it nor any later visit is in the plan without being held, as far as can be said."""
        if self.needs_enrolment:
            return True
        plan = self.plan
        earliest = self.target_on - timedelta(plan.series.most_before_days)
        has_ended = plan.ends_on is not None and earliest > plan.ends_on
        is_held = any(hold.resumes_on is None and hold.from_on <= earliest for hold in plan.holds)
        return plan.is_last and (has_ended or is_held)

    @property
    def needs_enrolment(self) -> bool:
        """Return whether it aims at or after a day that is planned for a patient who is not enrolled (section 5)."""
        return self.anchor.enrolment_from is not None and self.anchor.enrolment_from <= self.target_on

    @property
    def awaits_start(self) -> bool:
        """Return whether it aims at or after a C1D1 that is only planned (section 4)."""
        return self.anchor.planned_start is not None and self.anchor.planned_start <= self.target_on

    @property
    def ends_first(self) -> bool:
        """Return whether E may come before its window is over."""
        end = self.end
        return end is not None and end.first_on <= self.closes_on

    @property
    def interval_days(self) -> int | None:
        """Return its `every` in days, back to where the visit before it would be; None for what has no `every`."""
        recurrence = self.recurrence
        if recurrence.every is None:
            return None
        if recurrence.unit != "m":
            return recurrence.every
        return (self.target_on - add_months(self.anchor.day, self.number - recurrence.every)).days

    @property
    def name(self) -> str:
        """Return the visit's name, which says its place in the series."""
        return self.plan.series.name_of(self.recurrence, self.number, self.plan.response)

    @property
    def label(self) -> Reason:
        """Return the visit's label: the protocol's, with {n} for its number and {day} for the day of the cycle."""
        return _label_of(self.plan.series, self.recurrence, self.number)

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


def label_of(series: Series, visit: str) -> Reason | None:
    """Return the label of the visit of a series with a name, whether or not it is planned; None for another name."""
    located = series.locate(visit)
    if located is None:
        return None
    recurrence, number = located
    if not recurrence.on_day:
        number = (recurrence.first + (number - 1) * (recurrence.every or 0)) // (7 if recurrence.unit == "w" else 1)
    return _label_of(series, recurrence, number)


def _label_of(series: Series, recurrence: Recurrence, number: int) -> Reason:
    if series.gives is not None:
        return Reason("dose_visit", drug=series.gives.drug_name, number=number, number2=recurrence.on_day)
    return _label(recurrence.label, recurrence.labels, number, recurrence.on_day)


# The same few labels for every patient of a protocol: put together once.
@lru_cache(maxsize=1024)
def _label(text: str, labels: tuple[tuple[str, str], ...], number: int, on_day: int) -> Reason:
    more: dict[str, object] = {"labels": labels} if labels else {}
    return Reason("label", text=text, n=number, day=on_day, **more)


#: In this order, whichever recurrence a protocol lists first.
_in_order = attrgetter("target_on", "opens_on", "closes_on")


def planned_visits_of(
    plan: SeriesPlan, recurrences: Sequence[Recurrence], courses: Sequence[CycleCourse]
) -> Iterator[PlannedVisit]:
    """Yield the visits of some recurrences of a series in order of target; on days of cycles, of those of `courses`.

    Doses given at the site are those of all recurrences.
    """
    if (gives := plan.series.gives) is not None:
        doses = (_doses_by_cycle(plan, gives, course) for course in courses if course.runs)
        return merge(sorted(_doses_before_day_1(plan, gives), key=_in_order), *doses, key=_in_order)
    if plan.series.anchor.is_cycle:
        before = [_before_day_1(plan, recurrence) for recurrence in recurrences if recurrence.on_day < 1]
        within = [recurrence for recurrence in recurrences if recurrence.on_day > 0]
        # A dose taken before the start that was planned moves day 1, and not the days before it.
        by_cycle = (
            _visits_by_cycle(plan.within(course.regimen), within, course)
            for course in courses
            if within and course.runs
        )
        return merge(sorted(before, key=_in_order), *by_cycle, key=_in_order)
    if plan.more_anchors:
        more = enumerate(plan.more_anchors, 2)
        plans = [plan, *(plan._replace(anchor=day, ends=ends, response=number) for number, (day, ends) in more)]
        visits = (_visits_of_recurrence(one, recurrence) for one in plans for recurrence in recurrences)
        # Of those that fall together the earlier response's come first, whichever recurrence the protocol lists first.
        return merge(*visits, key=attrgetter("target_on", "plan.response"))
    return merge(*(_visits_of_recurrence(plan, recurrence) for recurrence in recurrences), key=_in_order)


def _visits_of_recurrence(plan: SeriesPlan, recurrence: Recurrence) -> Iterator[PlannedVisit]:
    anchor = plan.anchor
    before, after = timedelta(recurrence.before_days), timedelta(recurrence.after_days)
    per_unit = 7 if recurrence.unit == "w" else 1
    offset, k = recurrence.first, 1
    while offset <= recurrence_limit(recurrence):
        target = add_months(anchor.day, offset) if recurrence.unit == "m" else anchor.day + timedelta(offset)
        yield PlannedVisit(target, target - before, target + after, plan, recurrence, offset // per_unit)
        if recurrence.every is None or k == recurrence.count:
            return
        offset += recurrence.every
        k += 1


def _visits_by_cycle(plan: SeriesPlan, of_series: Sequence[Recurrence], course: CycleCourse) -> Iterator[PlannedVisit]:
    recurrences, runs = sorted(of_series, key=attrgetter("on_day")), course.runs
    lasts = [recurrence.cycles.last for recurrence in recurrences]
    last = None if None in lasts else max((number for number in lasts if number is not None), default=0)
    start, last_on = runs[0].starts_on, course.last_on
    for cycle in cycles_from(runs, max(start, course.spans[0][0])):
        if (last is not None and cycle.number > last) or (last_on is not None and cycle.starts_on > last_on):
            return
        for recurrence in recurrences:
            target = cycle.day(recurrence.on_day) if cycle.number in recurrence.cycles else None
            if target is not None and course.has(target):
                yield _on(target, plan, recurrence, cycle.number)
        # A cycle too short to have its day is followed by others that may have it.
        never_again = cycle.run is runs[-1] and recurrences[0].on_day > cycle.run.cycle_days
        if never_again or cycle.starts_on.year - start.year > 100:
            return


def _doses_by_cycle(plan: SeriesPlan, gives: Regimen, course: CycleCourse) -> Iterator[PlannedVisit]:
    """Yield the doses of a regimen on days of its cycles, in order of target.

    The target of a day-1 dose stays when another day becomes day 1, so that it may lie after the days of its cycle, or
    of later ones.
    """
    latest = max((run.target_on for run in course.runs if run.target_on is not None), default=date.min)
    last, start = course.runs[-1].first_number, course.runs[0].starts_on
    waiting: list[PlannedVisit] = []
    for cycle in cycles_from(course.runs, start):
        if course.through_on is not None and cycle.starts_on > course.through_on:
            break
        if cycle.number > last and cycle.starts_on > latest:
            # All that is waiting lies before this cycle and those after it.
            yield from sorted(waiting, key=_in_order)
            waiting = []
        waiting += _doses_of_cycle(plan, gives, cycle)
        if cycle.starts_on.year - start.year > 100:
            break
    yield from sorted(waiting, key=_in_order)


def _doses_of_cycle(plan: SeriesPlan, gives: Regimen, cycle: Cycle) -> Iterator[PlannedVisit]:
    for day in gives.days_listed(cycle.run.cycle_days):
        target = cycle.target_on if day == 1 else cycle.day(day) if day > 1 else None
        if target is not None and (dose := _dose_on(target, plan, gives, cycle.number, day)) is not None:
            yield dose


def _doses_before_day_1(plan: SeriesPlan, gives: Regimen) -> Iterator[PlannedVisit]:
    start = plan.anchor.stated_start or plan.anchor.day
    for day in gives.days_listed(1):
        if day < 1 and (dose := _dose_on(start + timedelta(day), plan, gives, 1, day)) is not None:
            yield dose


def _dose_on(target: date, plan: SeriesPlan, gives: Regimen, cycle: int, day: int) -> PlannedVisit | None:
    """Return the dose of a day of a cycle, by the first entry of the regimen's `when` that holds it."""
    entry = gives.entry_on(target, cycle, day)
    if entry is None:
        return None
    recurrence = plan.series.recurrences[gives.entries.index(entry)]
    return _on(target, plan, on_day(recurrence, day), cycle)


def _before_day_1(plan: SeriesPlan, recurrence: Recurrence) -> PlannedVisit:
    """Return the visit on a day before day 1. Day -1 is the day before it: there is no day 0.

    Day 1 is here the start as it was recorded or planned, whatever was taken before (section 4).
    """
    start = plan.anchor.stated_start or plan.anchor.day
    return _on(start + timedelta(recurrence.on_day), plan, recurrence, 1)


def _on(target: date, plan: SeriesPlan, recurrence: Recurrence, number: int) -> PlannedVisit:
    opens_on, closes_on = target - timedelta(recurrence.before_days), target + timedelta(recurrence.after_days)
    return PlannedVisit(target, opens_on, closes_on, plan, recurrence, number)


def _done_after(index: int, done: Collection[int]) -> int:
    """Return the index of the first visit after one that was done; -1 if there is none."""
    return min((later for later in done if later > index), default=-1)


class PlannedVisits:
    """The planned visits of one series, computed only as far as they are read; those already read never change.

    They come in order of target. Windows may overlap, and after an amendment one may even close before an earlier one.
    `most_before`: so many days before its target any opens at most.
    """

    #: No visit is more days after the one before it than this.
    longest_interval = 2 * 36525

    def __init__(self, planned_visits: Iterator[PlannedVisit], most_before: int = 0) -> None:
        self._source = planned_visits
        self._most_before = timedelta(most_before)
        self._read: list[PlannedVisit] = []
        #: The index of the first visit of each name, of so many visits.
        self._indexes: dict[str, int] = {}
        self._indexed = 0
        #: For each visit read the latest day on which it or an earlier one closes.
        self._all_closed: list[date] = []

    def visit(self, index: int) -> PlannedVisit | None:
        """Return the visit at an index (from 0); None before the first and after the last."""
        while len(self._read) <= index:
            planned = next(self._source, None)
            if planned is None:
                return None
            self._read.append(planned)
            latest = self._all_closed[-1] if self._all_closed else date.min
            self._all_closed.append(max(planned.closes_on, latest))
        return self._read[index] if index >= 0 else None

    def existing(self, index: int, step: int, done: Collection[int], held: bool = False, for_done: bool = False) -> int:
        """Return the first index, from one on in steps of 1 or -1, of a visit that was done or is in the plan.

        One that is held all the time only if `held` says so; `for_done`: in the plan as it is for what was done. There
        is no visit at the index if there is none.
        """
        while index not in done and (planned := self.visit(index)) is not None:
            planned = planned.for_done if for_done else planned
            if planned.in_plan and (held or not planned.is_held):
                break
            if step > 0 and planned.none_follows:
                return _done_after(index, done)
            index += step
        return index

    def closing_from(self, day: date) -> int:
        """Return the index of the first visit whose window closes on `day` or later (of the end, if none does)."""
        while not self._all_closed or self._all_closed[-1] < day:
            if self.visit(len(self._read)) is None:
                return len(self._read)
        return bisect_left(self._all_closed, day)

    def closed_before(self, day: date) -> int:
        """Return the index of the last visit whose window closed before `day`; -1 if none had."""
        index = self.closing_from(day)
        found = index - 1
        while (planned := self.visit(index)) is not None and planned.target_on < day:
            if planned.closes_on < day:
                found = index
            index += 1
        return found

    def meeting(self, first: date, last: date) -> Iterator[tuple[int, PlannedVisit]]:
        """Yield the visits whose windows meet `first`…`last`, each with its index."""
        index = self.closing_from(first)
        while (planned := self.visit(index)) is not None and planned.target_on - self._most_before <= last:
            if planned.opens_on <= last and first <= planned.closes_on:
                yield index, planned
            index += 1

    def open_on(self, day: date) -> list[int]:
        """Return the indexes of the visits whose window holds a day: the nearest target first, then the earlier."""
        found = [(abs((planned.target_on - day).days), index) for index, planned in self.meeting(day, day)]
        return [index for _, index in sorted(found)]

    def named(self, name: str) -> int | None:
        """Return the index of the visit of that name, if there is one."""
        while name not in self._indexes and (planned := self.visit(self._indexed)) is not None:
            self._indexes.setdefault(planned.name, self._indexed)
            self._indexed += 1
        return self._indexes.get(name)


class EvenlySpacedVisits(PlannedVisits):
    """The planned visits of a series with one recurrence at even steps, each computed without those before it.

    Nearly every series is even, and most requests are about today: nothing before it needs to be computed.
    """

    def __init__(self, plan: SeriesPlan) -> None:
        self._plan = plan
        self._recurrence = recurrence = plan.series.recurrences[0]
        self._every = every = recurrence.every or 1
        self._monthly = recurrence.unit == "m"
        self._first = plan.anchor.day.toordinal() + recurrence.first
        self._most_before = timedelta(recurrence.before_days)
        self.longest_interval = 31 * every if self._monthly else every
        reachable = (recurrence_limit(recurrence) - recurrence.first) // every + 1
        self._visits = reachable if recurrence.count is None else min(recurrence.count, reachable)
        self._made: dict[int, PlannedVisit] = {}

    @staticmethod
    def fits(series: Series) -> bool:
        """Return whether a series is evenly spaced."""
        anchor, recurrences = series.anchor, series.recurrences
        return len(recurrences) == 1 and recurrences[0].every is not None and not anchor.is_cycle and not anchor.each

    def visit(self, index: int) -> PlannedVisit | None:
        planned = self._made.get(index)
        if planned is None and 0 <= index < self._visits:
            recurrence, target = self._recurrence, self._target(index)
            planned = self._made[index] = PlannedVisit(
                date.fromordinal(target),
                date.fromordinal(target - recurrence.before_days),
                date.fromordinal(target + recurrence.after_days),
                self._plan,
                recurrence,
                (recurrence.first + index * self._every) // (7 if recurrence.unit == "w" else 1),
            )
        return planned

    def existing(self, index: int, step: int, done: Collection[int], held: bool = False, for_done: bool = False) -> int:
        planned = self.visit(index)
        if planned is None or index in done or planned.in_plan:
            return index
        # All are for the patient: what is not in the plan lies after E or enrolment, and so does all that follows.
        if step > 0:
            return _done_after(index, done)
        return max(self._in_plan - 1, *(earlier for earlier in done if earlier < index), -1)

    @cached_property
    def _in_plan(self) -> int:
        """Return how many visits are in the plan."""
        end, enrolment_from, found = self._plan.ends[0], self._plan.anchor.enrolment_from, self._visits
        if end is not None:
            found = self._aiming_from(end.on.toordinal() + self._recurrence.before_days + 1)
        if enrolment_from is not None:
            found = min(found, self._aiming_from(enrolment_from.toordinal()))
        return found

    def closing_from(self, day: date) -> int:
        return self._aiming_from(day.toordinal() - self._recurrence.after_days)

    def closed_before(self, day: date) -> int:
        return self.closing_from(day) - 1

    def _aiming_from(self, day: int) -> int:
        """Return the index of the first visit with its target on a day or later, given as an ordinal."""
        if self._monthly:
            return bisect_left(range(self._visits), day, key=self._target)
        return min(max(-((self._first - day) // self._every), 0), self._visits)

    def open_on(self, day: date) -> list[int]:
        # They open in the order of their targets, so that what is not open yet need not be made.
        index, today = self.closing_from(day), day.toordinal()
        latest, found = today + self._recurrence.before_days, []
        while index < self._visits and (target := self._target(index)) <= latest:
            found.append((abs(target - today), index))
            index += 1
        return [index for _, index in sorted(found)]

    def named(self, name: str) -> int | None:
        located = self._plan.series.locate(name)
        return located[1] - 1 if located else None

    def _target(self, index: int) -> int:
        """Return the target of the visit at an index, as the ordinal of its day."""
        if self._monthly:
            return add_months(self._plan.anchor.day, self._recurrence.first + index * self._every).toordinal()
        return self._first + index * self._every


def overlapping(planned_visits: Iterator[PlannedVisit]) -> tuple[PlannedVisit, PlannedVisit] | None:
    """Return the first two visits with one name or one target, or one whose window lies in that of the other, if any.

    They come in order of target.
    """
    seen: dict[str, PlannedVisit] = {}
    previous = None
    for planned in planned_visits:
        if previous is not None and (
            planned.target_on == previous.target_on
            or planned.opens_on < previous.opens_on
            or planned.closes_on < previous.closes_on
        ):
            return previous, planned
        if planned.name in seen:
            return seen[planned.name], planned
        seen[planned.name] = previous = planned
    return None
