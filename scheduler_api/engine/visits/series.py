"""The visits of a series: what happened to each, where the series is cut, and the status of each (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from scheduler_api.engine.model.facts import VisitDone
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series
from scheduler_api.engine.reason import Reason

from .assignment import assign
from .recurrence import AnchorDay, PlannedVisit, PlannedVisits
from .series_end import series_end


class Visit(NamedTuple):
    """A visit with what happened to it. Dates and facts only: its status follows from them and `today`.

    `next_opens_on` is when the following visit opens; `ends_on` is E, the first day on which its series may have ended;
    `days_off` are days outside the window (negative: early).
    """

    visit: str
    series: str
    label: Reason
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
    because: Reason

    def meets(self, first: date, last: date) -> bool:
        """Return whether the visit can be done in `first`…`last`, or was done or is booked then."""
        if self.opens_on <= last and first <= self.closes_on:
            return True
        return any(day is not None and first <= day <= last for day in (self.done_on, self.booked_on))

    def status(self, today: date) -> str:
        """Return the visit's status on a day: the first line of section 5's table that fits."""
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
        """Return the visit as the calendar shows it on a day."""
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


class VisitSeries:
    """One series of visits of one patient: visits done are assigned to it, then the series is cut at its end."""

    def __init__(self, series: Series, planned_visits: PlannedVisits, history: History) -> None:
        self.name = series.name
        self.end = None if planned_visits.is_empty else series_end(series, history)
        self._planned_visits = planned_visits
        self._bookings = history.bookings
        self._visits: dict[int, Visit | None] = {}
        # What was done for each visit, by its index; how it was assigned, if not by its window; and what fits none.
        self._done: dict[int, VisitDone] = {}
        self._assigned: dict[int, str] = {}
        self.unscheduled: list[VisitDone] = []
        if series.name in history.done_of_series:
            self._done, self._assigned, self.unscheduled = assign(planned_visits, history.done_of_series[series.name])

    def anchor_at(self, visit: str) -> AnchorDay | None:
        """Return a visit as an anchor: the day it was done, else (provisionally) its target day.

        None if it has no date.
        """
        index = self._planned_visits.named(visit)
        planned = self._planned_visits.at(index) if index is not None else None
        if index is None or planned is None:
            return None
        if (done := self._done.get(index)) is not None:
            return AnchorDay(done.done_on, False, Reason("visit_done", visit=visit, day=done.done_on))
        return AnchorDay(planned.target_on, True, Reason("visit_target", visit=visit, day=planned.target_on))

    def visit(self, name: str) -> Visit | None:
        """Return the visit with this name; None if there is none, or it was cut."""
        index = self._planned_visits.named(name)
        return None if index is None else self._visit(index)

    def visits(self, first: date, last: date) -> list[Visit]:
        """Return the visits that fall in `first`…`last`, in order of target.

        A visit falls in it by its window, by its booking, or by the day it was done.
        """
        indexes = {index for index, done in self._done.items() if first <= done.done_on <= last}
        for name, booking in self._bookings.items():
            if name.startswith(self.name) and first <= booking.booked_on <= last:
                index = self._planned_visits.named(name)
                indexes |= {index} if index is not None else set()
        index = self._planned_visits.closing_from(first)
        while (planned := self._planned_visits.visit(index)) is not None and planned.opens_on <= last:
            indexes.add(index)
            index += 1
        return [visit for index in sorted(indexes) if (visit := self._visit(index)) is not None]

    def current(self, today: date) -> Visit | None:
        """Return the visit that matters on a day: the one overdue, else open, else the next."""
        index = self._planned_visits.closing_from(today)
        if index > 0 and index - 1 not in self._done:
            before = self._visit(index - 1)
            if before is not None and before.status(today) == "overdue":
                return before
        while (planned := self._planned_visits.visit(index)) is not None and not self._past_end(planned):
            if index not in self._done:
                visit = self._visit(index)
                if visit is not None and visit.status(today) in ("open", "upcoming"):
                    return visit
            index += 1
        return None

    def _past_end(self, planned: PlannedVisit) -> bool:
        return self.end is not None and planned.opens_on > self.end.on

    def _visit(self, index: int) -> Visit | None:
        if index not in self._visits:
            self._visits[index] = self._compute(index)
        return self._visits[index]

    def _compute(self, index: int) -> Visit | None:
        """Compute the visit at an index.

        None if there is none, or it was cut: neither done nor booked, and it opens after the end.
        """
        planned = self._planned_visits.visit(index)
        if planned is None:
            return None
        done = self._done.get(index)
        name = planned.name
        booking = self._bookings.get(name)
        if done is None and booking is None and self._past_end(planned):
            return None
        because = planned.because
        if done is None and self.end is not None and self.end.first_on <= planned.closes_on:
            because = Reason("not_required", base=because, end=self.end.because)
        return Visit(
            visit=name,
            series=self.name,
            label=planned.label,
            target_on=planned.target_on,
            opens_on=planned.opens_on,
            closes_on=planned.closes_on,
            next_opens_on=self._planned_visits.opens_on(index + 1),
            ends_on=self.end.first_on if self.end else None,
            booked_on=booking.booked_on if booking else None,
            booked_time=booking.time if booking else None,
            booked_place=booking.place if booking else None,
            done_on=done.done_on if done else None,
            days_off=_days_off(planned, done.done_on) if done else None,
            assigned=self._assigned.get(index, "window") if done else None,
            response=done.response if done else None,
            provisional=planned.anchor.provisional,
            because=because,
        )


def _days_off(planned: PlannedVisit, done_on: date) -> int:
    if done_on < planned.opens_on:
        return (done_on - planned.opens_on).days
    return max((done_on - planned.closes_on).days, 0)
