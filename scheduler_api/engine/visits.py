"""Visits: which done one belongs where, when a series ends, what a visit's status is (rules, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from .cycles import CycleRun, cycle_runs
from .facts import VisitDone
from .fertility import fertile_periods
from .history import Done, History
from .protocol import Series
from .slots import AnchorDay, EvenLine, Line, Slot, slots_of
from .versions import Period


class SeriesEnd(NamedTuple):
    """The day E on which a series ends, and why."""

    on: date
    because: str


class Visit(NamedTuple):
    """A visit with what happened to it. Dates and facts only: its status follows from them and `today`.

    `next_opens_on` is when the following visit opens; `ends_on` is E, the day its series ends; `days_off` are days
    outside the window (negative: early).
    """

    visit: str
    series: str
    label: str
    target_on: date
    opens_on: date
    closes_on: date
    next_opens_on: date | None
    ends_on: date | None
    booked_on: date | None
    booked_time: str | None
    booked_place: str | None
    done_on: date | None
    days_off: int | None
    assigned: str | None
    response: str | None
    provisional: bool
    because: str

    def meets(self, first: date, last: date) -> bool:
        """Whether it can be done in `first`…`last`, or was done or is booked then."""
        if self.opens_on <= last and first <= self.closes_on:
            return True
        return any(day is not None and first <= day <= last for day in (self.done_on, self.booked_on))

    def status(self, today: date) -> str:
        """The visit's status on a day: the first line of section 5's table that fits."""
        if self.done_on is not None:
            return "done"
        if self.ends_on is not None and self.ends_on <= self.closes_on:
            return "not_required"
        if today < self.opens_on:
            return "upcoming"
        if today <= self.closes_on:
            return "open"
        return "overdue" if self.next_opens_on is None or today < self.next_opens_on else "missed"

    def row(self, today: date) -> dict[str, Any]:
        """The visit as the calendar shows it on a day."""
        return {
            "visit": self.visit,
            "series": self.series,
            "label": self.label,
            "target_on": self.target_on,
            "opens_on": self.opens_on,
            "closes_on": self.closes_on,
            "status": self.status(today),
            "booked_on": self.booked_on,
            "booked_time": self.booked_time,
            "booked_place": self.booked_place,
            "done_on": self.done_on,
            "days_off": self.days_off,
            "assigned": self.assigned,
            "response": self.response,
            "provisional": self.provisional,
            "because": self.because,
        }


class VisitBook:
    """The visits of one patient; each series is reckoned when it is first asked for, and no further than asked."""

    def __init__(self, plan: tuple[Period, ...], history: History) -> None:
        self._plan = plan
        self._history = history
        self._series: dict[str, SeriesBook] = {}
        self._inputs: dict[str, tuple[object, ...]] = {}
        #: The names of all series, in the order the protocol lists them.
        self.names = tuple(dict.fromkeys([s.name for period in plan for s in period.protocol.series]))

    @cached_property
    def _runs(self) -> tuple[CycleRun, ...]:
        return cycle_runs(self._plan, self._history)

    def series(self, name: str) -> SeriesBook:
        """The visits of one series (of a name in `names`)."""
        book = self._series.get(name)
        if book is None:
            rules = [(period, period.protocol.find_series(name)) for period in self._plan]
            latest = [series for _, series in rules if series is not None][-1]
            line = Line(_amended(rules, self._slots)) if len(rules) > 1 else self._line(latest)
            book = self._series[name] = SeriesBook(latest, line, self._history)
        return book

    def visit(self, name: str) -> Visit | None:
        """The visit of a name, wherever it lies; None if the plan has none of this name, or it was cut."""
        return next((found for series in self.names if (found := self.series(series).visit(name)) is not None), None)

    def inputs(self, name: str) -> tuple[object, ...]:
        """All that the visits of a series follow from: of equal inputs come equal visits."""
        if name not in self._inputs:
            self._inputs[name] = self._inputs_of(name)
        return self._inputs[name]

    def _inputs_of(self, name: str) -> tuple[object, ...]:
        history = self._history
        rules = [(period.from_on, period.to_on, period.protocol.find_series(name)) for period in self._plan]
        stretches = [series for *_, series in rules if series is not None]
        return (
            rules,
            [self._anchor(series) for series in stretches],
            self._runs if any(series.anchor == "cycle" for series in stretches) else (),
            series_end(stretches[-1], history) if stretches else None,
            history.done_of_series.get(name),
            {visit: booking for visit, booking in history.bookings.items() if visit.startswith(name)},
        )

    def _line(self, series: Series) -> Line:
        anchor = self._anchor(series)
        if anchor is None:
            return Line(iter(()))
        return EvenLine(series, anchor) if EvenLine.fits(series) else Line(slots_of(series, anchor, self._runs))

    def _slots(self, series: Series) -> Iterator[Slot]:
        anchor = self._anchor(series)
        return iter(()) if anchor is None else slots_of(series, anchor, self._runs)

    def _anchor(self, series: Series) -> AnchorDay | None:
        """The day a series is counted from; None while nobody knows it, or if the series is not for this patient."""
        history = self._history
        if not _applies(series, history):
            return None
        match series.anchor:
            case "enrolment":
                enrolled_on = history.enrolled.enrolled_on
                return AnchorDay(enrolled_on, False, f"enrolment {enrolled_on}")
            case "first_dose" | "cycle":
                return AnchorDay(history.c1d1, history.first_dose_on is None, history.c1d1_because)
            case "last_dose":
                last = history.last_dose_on if history.treatment_ended else None
                return AnchorDay(last, False, f"last dose {last}") if last else None
            case "visit":
                return self._visit_anchor(series.anchor_visit or "")

    def _visit_anchor(self, visit: str) -> AnchorDay | None:
        for name in self.names:
            if any(s.name == name and s.has_visit(visit) for p in self._plan for s in p.protocol.series):
                return self.series(name).anchor_at(visit)
        return None


class SeriesBook:
    """One series of one patient: what was done is assigned to its visits, then the series is cut at its end."""

    def __init__(self, series: Series, line: Line, history: History) -> None:
        self.name = series.name
        self.end = None if line.is_empty else series_end(series, history)
        self._line = line
        self._bookings = history.bookings
        # What was done for a visit, by its index; and how it was assigned, if not by its window.
        self._done: dict[int, VisitDone] = {}
        self._assigned: dict[int, str] = {}
        self._visits: dict[int, Visit | None] = {}
        self.unscheduled: list[VisitDone] = []
        if series.name in history.done_of_series:
            self._assign(history.done_of_series[series.name])

    def _assign(self, done: Done) -> None:
        """The three passes of section 5, each in order of day, then of receipt."""
        assigned, rest = self._done, []
        for visit in done.named:
            self._claim(self._line.named(visit.visit or ""), visit, "named")
        for visit, index in zip(done.unnamed, self._line.within(done.days), strict=True):
            if index is not None and index not in assigned:
                assigned[index] = visit
            else:
                rest.append(visit)
        for visit in rest:
            self._claim(self._nearest(visit.done_on), visit, "nearest")

    def _claim(self, index: int | None, visit: VisitDone, how: str) -> None:
        slot = None if index is None or index in self._done else self._line.visit(index)
        # A visit planned before its anchor (screening) can be done before it too, from the day its window opens.
        if index is None or slot is None or visit.done_on < min(slot.anchor.day, slot.opens_on):
            self.unscheduled.append(visit)
        else:
            self._done[index], self._assigned[index] = visit, how

    def _nearest(self, day: date) -> int | None:
        """The visit, not done, whose target is nearest to a day and at most half an interval away."""
        right = self._line.closing_from(day)
        left = right - 1
        while left in self._done:
            left -= 1
        while right in self._done:
            right += 1
        found: tuple[int, int] | None = None
        for index in (left, right):
            slot = self._line.visit(index)
            if slot is not None:
                distance = abs((slot.target_on - day).days)
                if found is None or distance < found[0]:
                    found = (distance, index)
        if found is None:
            return None
        distance, index = found
        slot, following = self._line.at(index), self._line.at(index + 1)
        if slot and following and 2 * distance > (following.target_on - slot.target_on).days:
            return None
        return index

    def anchor_at(self, visit: str) -> AnchorDay | None:
        """A visit as an anchor: the day it was done, else its target, then provisional; None if it has no place."""
        index = self._line.named(visit)
        slot = self._line.at(index) if index is not None else None
        if index is None or slot is None:
            return None
        if (done := self._done.get(index)) is not None:
            return AnchorDay(done.done_on, False, f"{visit} done {done.done_on}")
        return AnchorDay(slot.target_on, True, f"{visit} target {slot.target_on}")

    def visit(self, name: str) -> Visit | None:
        """The visit of a name; None if there is none, or it was cut."""
        index = self._line.named(name)
        return None if index is None else self._visit(index)

    def visits(self, first: date, last: date) -> list[Visit]:
        """The visits whose window meets `first`…`last`, or that were done or are booked in it, in order of target."""
        indexes = {index for index, done in self._done.items() if first <= done.done_on <= last}
        for name, booking in self._bookings.items():
            if name.startswith(self.name) and first <= booking.booked_on <= last:
                index = self._line.named(name)
                indexes |= {index} if index is not None else set()
        index = self._line.closing_from(first)
        while (slot := self._line.visit(index)) is not None and slot.opens_on <= last:
            indexes.add(index)
            index += 1
        return [visit for index in sorted(indexes) if (visit := self._visit(index)) is not None]

    def current(self, today: date) -> Visit | None:
        """The visit that matters on a day: the one overdue, else open, else the next."""
        index = self._line.closing_from(today)
        if index > 0 and index - 1 not in self._done:
            before = self._visit(index - 1)
            if before is not None and before.status(today) == "overdue":
                return before
        while (slot := self._line.visit(index)) is not None and not self._past_end(slot):
            if index not in self._done:
                visit = self._visit(index)
                if visit is not None and visit.status(today) in ("open", "upcoming"):
                    return visit
            index += 1
        return None

    def _past_end(self, slot: Slot) -> bool:
        return self.end is not None and slot.opens_on > self.end.on

    def _visit(self, index: int) -> Visit | None:
        if index not in self._visits:
            self._visits[index] = self._reckon(index)
        return self._visits[index]

    def _reckon(self, index: int) -> Visit | None:
        """The visit at an index; None if there is none or it was cut: not done, not booked, opening after the end."""
        slot = self._line.visit(index)
        if slot is None:
            return None
        done = self._done.get(index)
        name = slot.name
        booking = self._bookings.get(name)
        if done is None and booking is None and self._past_end(slot):
            return None
        because = slot.because
        if done is None and self.end is not None and self.end.on <= slot.closes_on:
            because = f"{because}; not required: {self.end.because}"
        return Visit(
            visit=name,
            series=self.name,
            label=slot.label,
            target_on=slot.target_on,
            opens_on=slot.opens_on,
            closes_on=slot.closes_on,
            next_opens_on=self._line.opens_on(index + 1),
            ends_on=self.end.on if self.end else None,
            booked_on=booking.booked_on if booking else None,
            booked_time=booking.time if booking else None,
            booked_place=booking.place if booking else None,
            done_on=done.done_on if done else None,
            days_off=_days_off(slot, done.done_on) if done else None,
            assigned=self._assigned.get(index, "window") if done else None,
            response=done.response if done else None,
            provisional=slot.anchor.provisional,
            because=because,
        )


def _days_off(slot: Slot, done_on: date) -> int:
    if done_on < slot.opens_on:
        return (done_on - slot.opens_on).days
    return max((done_on - slot.closes_on).days, 0)


def _applies(series: Series, history: History) -> bool:
    if not series.fertile_only:
        return True
    if series.anchor == "last_dose":
        return history.last_dose_on is not None and history.is_fertile(history.last_dose_on)
    return bool(fertile_periods(history))


def series_end(series: Series, history: History) -> SeriesEnd | None:
    """E, the day on which a series ends for a patient (section 5); None while nothing has ended it."""
    ends = []
    if history.off_study_on is not None:
        ends.append(SeriesEnd(history.off_study_on, history.off_study_because))
    if series.until == "progression":
        if history.progressed_on is not None:
            ends.append(SeriesEnd(history.progressed_on, f"progressed {history.progressed_on}"))
        if history.new_therapy_on is not None:
            ends.append(SeriesEnd(history.new_therapy_on, f"new therapy {history.new_therapy_on}"))
    if (ended := history.treatment_ended) is not None:
        if series.until == "end_of_treatment":
            last = history.last_dose_on or ended.decided_on
            ends.append(SeriesEnd(last, f"treatment ended {last}"))
        if series.anchor == "cycle" and history.last_treatment_day is not None:
            ends.append(SeriesEnd(history.last_treatment_day, f"no cycle after {history.last_treatment_day}"))
    if series.fertile_only and (periods := fertile_periods(history)) and (change := periods[-1].ended_by):
        ends.append(SeriesEnd(change.from_on, f"not fertile from {change.from_on}"))
    return min(ends, default=None)


def _amended(rules: list[tuple[Period, Series | None]], slots: Callable[[Series], Iterator[Slot]]) -> Iterator[Slot]:
    """The visits of a series across versions (section 9): each version's from its first day on, earlier ones kept.

    A new visit that would overlap a kept one or repeat its name is dropped.
    """
    kept: set[str] = set()
    closes_on = date.min
    beyond: Slot | None = None
    for period, series in rules:
        for slot in slots(series) if series else ():
            if period.from_on is not None and slot.target_on < period.from_on:
                continue
            if not slot.exists or (period.to_on is not None and slot.target_on >= period.to_on):
                beyond = slot
                break
            if slot.opens_on > closes_on and slot.name not in kept:
                beyond = None
                kept.add(slot.name)
                closes_on = slot.closes_on
                yield slot
    if beyond is not None and beyond.opens_on > closes_on:
        yield beyond._replace(exists=False)
