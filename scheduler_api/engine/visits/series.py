"""The visits of a series: what happened to each, where the series is cut, and the status of each (rules, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.instants import local_instant
from scheduler_api.engine.model.facts import PART, UNSCHEDULED, is_appointment, visit_of
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series, Who
from scheduler_api.engine.model.records import Booking
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.milestones import AnchorDay, Reached
from scheduler_api.engine.treatment.regimens import RegimenPlan

from .amended import DroppedVisit
from .appointments import standing
from .assignment import Performed, UnscheduledVisit, assign
from .recurrence import PlannedVisit, PlannedVisits, label_of

#: What a booking is: for something that is still to be done, or for nothing that is needed (any more).
STANDS, IN_VAIN = "stands", "in_vain"


class Visit(NamedTuple):
    """A visit with what happened to it. Dates and facts only: its status follows from them and `today`.

    `overdue_through` is the last day on which it can be overdue (None: it stays so); `ends_on` is E, the first day on
    which its series may have ended; `days_off` are days outside the window (negative: early); `parts` is how many
    records it is made of. `has_response`: visits of its series have responses. `is_vague`: its dates rest on a day that
    is only planned or not exactly known. `awaits_start`: it aims at or after a start of treatment that is only planned.
    `in_plan` is False for what is only booked: the plan has no such visit (any more), and its window, and `ends_on`,
    are the booked day. `appointment` is given if it is no visit, but one more appointment for a visit (`PART`) or for
    none (`UNSCHEDULED`): its window is the booked day, `ends_on` the first day on which it is no longer needed.
    `booking` says whether what is booked `STANDS` or is `IN_VAIN` (None: nothing is booked, or what was done has ended
    it). Of a dose given at the site `amount` is the planned one (None: to be calculated) and `given_amount` what was
    given, both in `unit`, which is None of all other visits.
    """

    visit: str
    series: str
    label: Reason
    target_on: date
    opens_on: date
    closes_on: date
    overdue_through: date | None
    ends_on: date | None
    booked_on: date | None
    booked_time: str | None
    booked_place: str | None
    booked_site: str | None
    booked_time_zone: str | None
    done_on: date | None
    days_off: int | None
    assigned: str | None
    response: str | None
    parts: int
    has_response: bool
    provisional: bool
    is_vague: bool
    awaits_start: bool
    in_plan: bool
    appointment: str | None
    booking: str | None
    because: Reason
    amount: float | None = None
    given_amount: float | None = None
    unit: str | None = None

    @property
    def day(self) -> date:
        """Return the day on which the visit was done, is booked, or is due."""
        return self.done_on or self.booked_on or self.target_on

    def site(self, history: History, today: date) -> str:
        """Return the site that has the patient on the visit's day.

        What is open or overdue, and not booked, is not due before today.
        """
        is_to_do = self.booked_on is None and self.status(today) in ("open", "overdue")
        return history.site_on(max(self.day, today) if is_to_do else self.day)

    def is_booked_elsewhere(self, history: History) -> bool:
        """Return whether it is booked at a site that is not to have the patient on the booked day."""
        booked_on = self.booked_on
        return booked_on is not None and self.done_on is None and self.booked_site != history.site_on(booked_on)

    @property
    def has_window(self) -> bool:
        """Return whether it has a window: it is a visit of the plan."""
        return self.in_plan and self.appointment is None

    def meets(self, first: date, last: date) -> bool:
        """Return whether the visit can be done in `first`…`last`, or was done or is booked then."""
        if self.opens_on <= last and first <= self.closes_on:
            return True
        return any(day is not None and first <= day <= last for day in (self.done_on, self.booked_on))

    @property
    def booked_from(self) -> datetime | None:
        """Return the instant of the booking; without a time, that at which its day begins on the site's clock."""
        if self.booked_on is None or self.booked_time_zone is None:
            return None
        return local_instant(self.booked_on, time.fromisoformat(self.booked_time or "00:00"), self.booked_time_zone)

    @property
    def booked_at(self) -> datetime | None:
        """Return the instant of the booking, if it has a time."""
        return self.booked_from if self.booked_time is not None else None

    def status(self, today: date) -> str:
        """Return the visit's status on a day: the first line of section 5's table that fits."""
        if self.done_on is not None:
            return "done"
        if self.ends_on is not None and self.ends_on <= self.closes_on:
            return "not_required"
        if self.awaits_start or today < self.opens_on:
            return "upcoming"
        if today <= self.closes_on:
            return "open"
        return "overdue" if self.overdue_through is None or today <= self.overdue_through else "missed"

    def row(self, today: date) -> dict[str, Any]:
        """Return the visit as the calendar shows it on a day; only of a dose given at the site with its amounts."""
        dose = {"amount": self.amount, "given_amount": self.given_amount, "unit": self.unit}
        return {
            "visit": self.visit,
            "series": self.series,
            "label": self.label,
            "target_on": self.target_on if self.has_window else None,
            "opens_on": self.opens_on if self.has_window else None,
            "closes_on": self.closes_on if self.has_window else None,
            "status": self.status(today),
            "booked_on": self.booked_on,
            "booked_time": self.booked_time,
            "booked_place": self.booked_place,
            "booked_at": self.booked_at,
            "booked_time_zone": self.booked_time_zone,
            "done_on": self.done_on,
            "days_off": self.days_off,
            "assigned": self.assigned,
            "response": self.response,
            "parts": self.parts,
            "provisional": self.provisional,
            "appointment": self.appointment,
            "because": self.because,
            **({} if self.unit is None else dose),
        }


class BookedVisit(NamedTuple):
    """A booking that stands, and what a version of the protocol says of the visit's series (None: no version does)."""

    booking: Booking
    series: Series | None


class VisitSeries:
    """One series of visits of one patient: visits done are assigned to it, then the series is cut at its end.

    `booked` are its bookings, by visit or by the name of a further one; `before_holds` are its visits as they would be
    without any hold, if holds move them; `dropped` are those that an amendment did not plan, because of earlier ones;
    `regimen` is the one whose doses given at the site the visits are.
    """

    def __init__(
        self,
        name: str,
        planned_visits: PlannedVisits,
        history: History,
        booked: Mapping[str, BookedVisit],
        before_holds: PlannedVisits | None = None,
        dropped: tuple[DroppedVisit, ...] = (),
        regimen: RegimenPlan | None = None,
    ) -> None:
        self.name = name
        self.regimen = regimen
        self.planned_visits = planned_visits
        self.dropped = dropped
        self._history = history
        self._booked = {name: one for name, one in booked.items() if not is_appointment(name)}
        self._further = {name: one for name, one in booked.items() if is_appointment(name)}
        self._visits: dict[int, Visit | None] = {}
        # What was done for each visit, by its index; and what fits none.
        self._performed: dict[int, Performed] = {}
        self.unscheduled: list[UnscheduledVisit] = []
        if (done := history.done_of_series.get(name)) is not None:
            self._performed, self.unscheduled = assign(planned_visits, done, before_holds)

    def anchor_at(self, visit: str) -> AnchorDay | None:
        """Return a visit as an anchor: the day it was done, else (provisionally) its target day.

        None if it has no date, or was cut.
        """
        index = self.planned_visits.named(visit)
        planned = self.planned_visits.visit(index) if index is not None else None
        if index is None or planned is None:
            return None
        if (done := self._performed.get(index)) is not None:
            because = Reason("visit_done", visit=visit, label=planned.label, day=done.done_on)
            return AnchorDay(done.done_on, False, because, planned.anchor.enrolment_from)
        if self._visit(index) is None:
            return None
        because = Reason("visit_target", visit=visit, label=planned.label, day=planned.target_on)
        anchor = planned.anchor
        day = AnchorDay(planned.target_on, True, because, anchor.enrolment_from, anchor.planned_start)
        return day._replace(by_target=not anchor.is_vague)

    def visit(self, name: str) -> Visit | None:
        """Return the visit, or the appointment, with this name; None if there is none, or it was cut."""
        if is_appointment(name):
            return self.appointments.get(name)
        index = self.planned_visits.named(name)
        visit = None if index is None else self._visit(index)
        return visit or self._only_booked.get(name)

    def booked(self) -> list[Visit]:
        """Return the visits with a booking that stands, also those that the plan no longer has, and appointments."""
        return [visit for name in self._booked if (visit := self.visit(name)) is not None] + [
            *self.appointments.values()
        ]

    def visits(self, first: date, last: date) -> list[Visit]:
        """Return the visits that fall in `first`…`last`, in order of target.

        A visit falls in it by its window, by its booking, or by the day it was done.
        """
        indexes = {index for index, done in self._performed.items() if first <= done.done_on <= last}
        only_booked = [one for one in self.appointments.values() if first <= one.target_on <= last]
        for name, (booking, _) in self._booked.items():
            if first <= booking.booked_on <= last:
                index = self.planned_visits.named(name)
                indexes |= {index} if index is not None else set()
                only_booked += [self._only_booked[name]] if name in self._only_booked else []
        indexes |= {index for index, _ in self.planned_visits.meeting(first, last)}
        visits = [visit for index in sorted(indexes) if (visit := self._visit(index)) is not None]
        return sorted([*visits, *only_booked], key=attrgetter("target_on")) if only_booked else visits

    def all_performed(self) -> list[tuple[PlannedVisit, Performed]]:
        """Return the visits that were done, each with what was done for it."""
        found = ((self.planned_visits.visit(index), done) for index, done in self._performed.items())
        return [(planned, done) for planned, done in found if planned is not None]

    def performed(self, name: str) -> Performed | None:
        """Return what was done for the visit with this name."""
        index = self.planned_visits.named(name)
        return None if index is None else self._performed.get(index)

    def end_of(self, name: str) -> Reached | None:
        """Return when and why the visit with this name is, or would be, no longer required."""
        index = self.planned_visits.named(name)
        planned = self.planned_visits.visit(index) if index is not None else None
        return None if planned is None else visit_end(self._history, planned)

    def current(self, today: date) -> Visit | None:
        """Return the visit that matters on a day: the one overdue, else open, else the next."""
        index = self.planned_visits.closing_from(today)
        before = self._existing(self.planned_visits.closed_before(today), -1)
        while (earlier := self.planned_visits.visit(before)) is not None and earlier.awaits_start:
            index, before = before, self._existing(before - 1, -1)
        visit = self._visit(before)
        if visit is not None and visit.status(today) == "overdue":
            return visit
        while (planned := self.planned_visits.visit(index)) is not None and not self._is_the_end(planned):
            if index not in self._performed:
                visit = self._visit(index)
                if visit is not None and visit.status(today) in ("open", "upcoming"):
                    return visit
            index += 1
        return None

    def _existing(self, index: int, step: int) -> int:
        return self.planned_visits.existing(index, step, self._performed)

    def _is_the_end(self, planned: PlannedVisit) -> bool:
        """Return whether neither this visit nor any later one is in the plan, as far as its version goes."""
        if planned.none_follows:
            return planned.is_past_end or not self._is_booked_from(planned.target_on)
        plan = planned.plan
        if not plan.is_last:
            return False
        may_fit = self._history.may_fit_from
        return not any(may_fit(one.who, planned.target_on) for one in plan.series.recurrences)

    def _is_booked_from(self, day: date) -> bool:
        """Return whether a visit that aims at a day or later is booked."""
        names = (name for name in self._history.bookings if name.startswith(self.name))
        booked = (
            self.planned_visits.visit(index) for name in names if (index := self.planned_visits.named(name)) is not None
        )
        return any(planned is not None and planned.target_on >= day for planned in booked)

    def _visit(self, index: int) -> Visit | None:
        if index not in self._visits:
            self._visits[index] = self._compute(index)
        return self._visits[index]

    def _compute(self, index: int) -> Visit | None:
        """Compute the visit at an index.

        None if there is none, or it was cut: neither done nor booked, and not in the plan.
        """
        planned = self.planned_visits.visit(index)
        if planned is None:
            return None
        done = self._performed.get(index)
        name, history = planned.name, self._history
        booking = self._booked[name].booking if name in self._booked else None
        is_listed = booking is not None or planned.in_plan
        if done is None and (not planned.is_for_patient or not is_listed or planned.is_held):
            return None
        because, end = planned.because, visit_end(history, planned)
        is_required = end is None or end.first_on > planned.closes_on
        if done is None and end is not None and not is_required:
            because = Reason("not_required", base=because, end=end.because)
        return Visit(
            visit=name,
            series=self.name,
            label=planned.label,
            target_on=planned.target_on,
            opens_on=planned.opens_on,
            closes_on=planned.closes_on,
            overdue_through=self._overdue_through(index, planned, end),
            ends_on=end.first_on if end else None,
            booked_on=booking.booked_on if booking else None,
            booked_time=booking.time if booking else None,
            booked_place=booking.place if booking else None,
            booked_site=booking.site if booking else None,
            booked_time_zone=booking.time_zone if booking else None,
            done_on=done.done_on if done else None,
            days_off=days_off(planned, done.done_on) if done else None,
            assigned=done.assigned if done else None,
            response=done.response if done else None,
            parts=len(done.records) if done else 0,
            has_response=planned.plan.series.responses is not None,
            provisional=planned.anchor.provisional,
            is_vague=planned.anchor.is_vague,
            awaits_start=planned.awaits_start and end is None,
            in_plan=True,
            appointment=None,
            booking=None if booking is None else _state_of(booking, done, is_required),
            because=because,
            amount=self.planned_amount(planned, done.done_on if done else planned.target_on),
            given_amount=done.records[0].amount if done else None,
            unit=None if planned.plan.series.gives is None else planned.plan.series.gives.unit,
        )

    def planned_amount(self, dose: PlannedVisit, day: date) -> float | None:
        """Return the amount planned for a dose at the site on the day on which it is given.

        None while it is to be calculated, or for a visit that is no dose.
        """
        own = dose.own_amount
        return None if own is None or self.regimen is None else self.regimen.amount_instead(own, day)

    @cached_property
    def appointments(self) -> dict[str, Visit]:
        """Return the further and the unscheduled appointments that nothing done has ended, by name."""
        if not self._further:
            return {}
        bookings = {name: one.booking for name, one in self._further.items()}
        stands = standing(bookings, self.performed, self.unscheduled)
        return {name: self._appointment(name, booking, self._further[name].series) for name, booking in stands.items()}

    def _appointment(self, name: str, booking: Booking, series: Series | None) -> Visit:
        """Return the row of a further or an unscheduled appointment."""
        of, history = visit_of(name), self._history
        ends = [(history.off_study.first_on, history.off_study_because)] if history.off_study is not None else []
        because = Reason("booked", day=booking.booked_on)
        if of == UNSCHEDULED:
            row = self._booked_in_vain(name, booking, None, None)
            label = Reason("unscheduled_appointment", series=self.name)
            row = row._replace(
                appointment=UNSCHEDULED, label=label, ends_on=None, in_plan=True, booking=STANDS, because=because
            )
        else:
            index = self.planned_visits.named(of)
            row, visit = self._booked_in_vain(name, booking, series, index, of), self.visit(of)
            row = row._replace(appointment=PART, label=Reason("part_appointment", base=row.label))
            if visit is None or not visit.in_plan:
                return row._replace(because=Reason("not_required", base=because, end=_end_in(row.because)))
            row = row._replace(ends_on=None, in_plan=True, booking=STANDS, because=because)
            if visit.done_on is None and visit.ends_on is not None and visit.ends_on <= visit.closes_on:
                ends.append((visit.ends_on, _end_in(visit.because)))
        if ends:
            ends_on, end = min(ends, key=itemgetter(0))
            row = row._replace(ends_on=ends_on, overdue_through=ends_on - ONE_DAY)
            if ends_on <= booking.booked_on:
                row = row._replace(booking=IN_VAIN, because=Reason("not_required", base=because, end=end))
        return row

    @cached_property
    def _only_booked(self) -> dict[str, Visit]:
        """Return what is booked though the plan has no such visit (any more), by name, until it is known to be done."""
        found = {}
        for name, (booking, series) in self._booked.items():
            index = self.planned_visits.named(name)
            if (index is None or self._visit(index) is None) and not self._came(name, booking.booked_on):
                found[name] = self._booked_in_vain(name, booking, series, index)
        return found

    def _came(self, name: str, booked_on: date) -> bool:
        """Return whether something was done on the day of a booking, or later and names its visit."""
        done = self._history.done_of_series.get(self.name)
        records = [record for records in done for record in records] if done is not None else []
        return any(one.done_on == booked_on or (one.visit == name and one.done_on > booked_on) for one in records)

    def _booked_in_vain(
        self, name: str, booking: Booking, series: Series | None, index: int | None, of: str | None = None
    ) -> Visit:
        """Return the row of a booking whose visit (`of`, if the booking has another name) the plan does not have."""
        of = of or name
        label = label_of(series, of) if series is not None else None
        day = booking.booked_on
        return Visit(
            visit=name,
            series=self.name,
            label=label or Reason("label", text=of, n="", day=""),
            target_on=day,
            opens_on=day,
            closes_on=day,
            overdue_through=None,
            ends_on=day,
            booked_on=day,
            booked_time=booking.time,
            booked_place=booking.place,
            booked_site=booking.site,
            booked_time_zone=booking.time_zone,
            done_on=None,
            days_off=None,
            assigned=None,
            response=None,
            parts=0,
            has_response=series is not None and series.responses is not None,
            provisional=False,
            is_vague=False,
            awaits_start=False,
            in_plan=False,
            appointment=None,
            booking=IN_VAIN,
            because=self._why_not_planned(of, series, index),
        )

    def _why_not_planned(self, name: str, series: Series | None, index: int | None) -> Reason:
        """Return why the plan does not have a visit: it is not for this patient, a hold, an amendment, or no anchor."""
        history = self._history
        planned = self.planned_visits.visit(index) if index is not None else None
        if planned is not None and planned.is_held and planned.in_plan:
            return Reason("held_dose", base=planned.because)
        if planned is not None and (end := visit_end(history, planned)) is not None:
            return Reason("not_required", base=planned.because, end=end.because)
        if (dropped := next((one for one in self.dropped if one.visit.name == name), None)) is not None:
            return dropped.because
        if series is not None and series.anchor.is_cycle and history.open_holds:
            return Reason("open_hold_stops_cycles")
        return Reason("not_in_plan")

    def _overdue_through(self, index: int, planned: PlannedVisit, end: Reached | None) -> date | None:
        """Return the last day on which a visit can be overdue: before the next opens and before E.

        For a single visit planned before its anchor (screening), it is the anchor's day.
        """
        days = [end.on - ONE_DAY] if end is not None else []
        if (following := self.planned_visits.visit(self._existing(index + 1, 1))) is not None:
            days.append(following.opens_on - ONE_DAY)
        if planned.is_single and planned.target_on < planned.anchor.day:
            days.append(planned.anchor.day)
        return min(days, default=None)


def _state_of(booking: Booking, done: Performed | None, is_required: bool) -> str | None:
    """Return whether the booking of a visit stands or is in vain; None if what was done has ended it.

    While only parts of the visit are on record, it stands until one for its day or a later one is.
    """
    if done is None:
        return STANDS if is_required else IN_VAIN
    if all(record.part for record in done.records):
        return STANDS if max(record.done_on for record in done.records) < booking.booked_on else None
    return IN_VAIN if done.done_on < booking.booked_on else None


def _end_in(because: Reason) -> Reason:
    """Return why a visit is not required, without why it was planned."""
    end: Reason = because.inputs["end"] if because.rule == "not_required" else because
    return end


def visit_end(history: History, planned: PlannedVisit) -> Reached | None:
    """Return from when and why a visit is not required: E, or the change since which it is not for this patient."""
    if planned.is_for_patient:
        return planned.end
    who, target = planned.recurrence.who, planned.target_on
    since = not_for_since(history, who, target)
    by_fertility = who.fertile is True and not history.is_fertile(target)
    because = Reason("not_fertile", day=since) if by_fertility else Reason("not_for_patient", day=since)
    end = Reached(since, since, because)
    return end if planned.end is None or end.on < planned.end.on else planned.end


def not_for_since(history: History, who: Who, day: date) -> date:
    """Return since when something is not for a patient that is not so on `day`: a change, or else the beginning."""
    since, fitted = min(history.enrolment_on or day, day), history.fits(who, date.min)
    for change in history.changes_of(who):
        if change > day:
            break
        fits_now = history.fits(who, change)
        if fitted and not fits_now:
            since = change
        fitted = fits_now
    return since


def days_off(visit: PlannedVisit | Visit, day: date) -> int:
    """Return how many days outside the window of a visit a day lies: 0 inside, negative early."""
    if day < visit.opens_on:
        return (day - visit.opens_on).days
    return max((day - visit.closes_on).days, 0)
