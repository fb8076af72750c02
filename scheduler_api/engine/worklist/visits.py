"""List what the site has to do about visits: to book, to do, to confirm or to cancel them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.dates import ONE_DAY, day_before
from scheduler_api.engine.model.facts import PART, UNSCHEDULED, visit_of
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import CONTRACEPTION
from scheduler_api.engine.model.records import DoneVisit
from scheduler_api.engine.model.versions import has_responses
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.assignment import UnscheduledVisit
from scheduler_api.engine.visits.series import IN_VAIN, STANDS, Visit

from .entry import BOOKING_AT_OLD_SITE, PAPER, ResolvingCall, WorklistEntry

#: A visit that is not booked is listed from so long before its window closes.
_TO_BOOK = timedelta(7)
#: A scan without its response is listed from so long after it was done, and should have one so long after it was done.
_RESPONSE, _RESPONSE_GIVEN = timedelta(7), timedelta(14)
#: So long after an amendment begins somebody should have looked at the visits that it does not plan.
_DROPPED = timedelta(7)


def visit_entries(schedule: PatientSchedule, visits: Iterable[Visit], last: date) -> Iterator[WorklistEntry]:
    """Yield what there is to do about visits: of those given, of what was done besides, and of those not planned.

    `last` is the last day that is asked for: a visit far after it has nothing to do yet.
    """
    history, plan = schedule.history, schedule.treatment_plan.plan
    latest = last + _TO_BOOK
    for visit in visits:
        if visit.opens_on <= latest or visit.booked_on or visit.done_on:
            yield from _of_visit(visit, history)
            yield from _of_booking_elsewhere(history, visit)
    for unscheduled in schedule.unscheduled_visits():
        yield from _of_unscheduled(unscheduled, has_responses(plan, unscheduled.record.series))
    yield from _of_dropped(schedule)


def _of_visit(visit: Visit, history: History) -> Iterator[WorklistEntry]:
    if visit.appointment is not None:
        yield from _of_appointment(visit)
    elif visit.done_on is not None:
        if visit.booked_on is not None and visit.booking == IN_VAIN:
            because = Reason("booked_after_done", base=Reason("booked", day=visit.booked_on), day=visit.done_on)
            yield _to_cancel(visit, visit.booked_on, visit.done_on, because, (_cancel(visit),))
        elif visit.booking == STANDS:
            # Only parts of it were done: what is booked is for another.
            yield from _of_booking(visit, history)
        if visit.assigned == "late":
            yield _to_confirm(visit, visit.done_on)
        if visit.has_response and visit.response is None:
            because = Reason("no_response", day=visit.done_on)
            fact = {"kind": "visit_done", "series": visit.series, "visit": visit.visit, "done_on": str(visit.done_on)}
            yield _response_missing(visit.visit, visit.visit, visit.done_on, because, fact)
    elif not visit.in_plan:
        yield from _of_booking_without_visit(visit)
    elif visit.ends_on is not None and visit.ends_on <= visit.closes_on:
        yield from _of_cut_visit(visit, visit.ends_on)
    else:
        yield from _of_booking(visit, history)
        window = {"day": visit.opens_on, "day2": visit.closes_on}
        if visit.booked_on is None:
            if visit.series == CONTRACEPTION:
                because = Reason("window_open", **window)
                yield _visit("follow_up_due", visit, visit.opens_on, visit.closes_on, because)
            else:
                from_on = visit.closes_on - _TO_BOOK
                yield _visit("visit_to_book", visit, from_on, visit.closes_on, Reason("window_not_booked", **window))
        if not visit.awaits_start:
            because = Reason("window_not_done", **window)
            yield _visit("visit_overdue", visit, visit.closes_on + ONE_DAY, visit.overdue_through, because)


def _of_booking(visit: Visit, history: History) -> Iterator[WorklistEntry]:
    booked_on, off_on = visit.booked_on, history.off_study_on
    if booked_on is None:
        return
    # Whoever has left the study by then does not come, also for a visit that was overdue.
    left_on = off_on if off_on is not None and off_on < booked_on else None
    if left_on is not None:
        because = Reason("not_required", base=Reason("booked", day=booked_on), end=history.off_study_because)
        entry = _visit("booking_to_cancel", visit, left_on, booked_on, because)
        yield entry._replace(due_on=booked_on, resolve_with=(_cancel(visit), _done(visit)))
    if visit.done_on is None and not visit.opens_on <= booked_on <= visit.closes_on:
        because = Reason("booked_outside", day=booked_on, day2=visit.opens_on, day3=visit.closes_on)
        through_on = booked_on if left_on is None else left_on - ONE_DAY
        entry = _visit("booking_outside_window", visit, date.min, through_on, because)
        yield entry._replace(due_on=min(booked_on, visit.closes_on))
    yield _past(visit, booked_on)


def _of_appointment(visit: Visit) -> Iterator[WorklistEntry]:
    """Yield what there is to do about a further or an unscheduled appointment: to cancel it, or what came of it."""
    if visit.ends_on is not None and visit.ends_on <= visit.closes_on:
        yield from _of_booking_without_visit(visit)
    elif visit.booked_on is not None:
        yield _past(visit, visit.booked_on)


def _of_cut_visit(visit: Visit, ends_on: date) -> Iterator[WorklistEntry]:
    """Yield what there is to do about the booking of a visit that is no longer required."""
    booked_on = visit.booked_on
    if booked_on is not None and booked_on <= ends_on:
        yield _past(visit, booked_on)
    elif booked_on is not None:
        yield from _of_booking_in_vain(visit, booked_on, ends_on)


def _of_booking_without_visit(visit: Visit) -> Iterator[WorklistEntry]:
    """Yield what there is to do about a booking that outlived its visit."""
    if visit.booked_on is not None:
        yield from _of_booking_in_vain(visit, visit.booked_on, date.min)


def _of_booking_in_vain(visit: Visit, booked_on: date, from_on: date) -> Iterator[WorklistEntry]:
    """Yield that a booking is to be cancelled, from a day on; and after its day, that nobody said what came of it."""
    because, calls = _booked_in_vain(visit, booked_on), (_cancel(visit), _done(visit))
    yield _to_cancel(visit, booked_on, from_on, because, calls)
    yield _past(visit, booked_on)._replace(because=because, resolve_with=calls)


def _booked_in_vain(visit: Visit, booked_on: date) -> Reason:
    """Return that a visit is booked, and why it is not required."""
    why = visit.because.inputs["end"] if visit.because.rule == "not_required" else visit.because
    return Reason("not_required", base=Reason("booked", day=booked_on), end=why)


def _to_cancel(
    visit: Visit, booked_on: date, from_on: date, because: Reason, calls: tuple[ResolvingCall, ...]
) -> WorklistEntry:
    """Return the entry for a booking that is no longer needed, from a day until the booked one."""
    return WorklistEntry("booking_to_cancel", visit.visit, visit.visit, from_on, booked_on, booked_on, because, calls)


def _of_booking_elsewhere(history: History, visit: Visit) -> Iterator[WorklistEntry]:
    """Yield the entry for a booking at a site that is not to have the patient on that day: that site cancels it.

    If that site is not one of those that had the patient before (its transfer was corrected, or put off), it does not
    see the patient, and the site that has the patient cancels the booking.
    """
    booked_on, site = visit.booked_on, visit.booked_site
    if booked_on is None or not visit.is_booked_elsewhere(history):
        return
    begun = [stay for stay in history.stays if stay.from_on is None or stay.from_on <= booked_on]
    due_on = begun[-1].from_on or booked_on
    because = Reason("booked_at_old_site", day=booked_on, site=site, site2=begun[-1].site)
    had = site if any(stay.site == site for stay in begun) else None
    yield WorklistEntry(
        BOOKING_AT_OLD_SITE,
        visit.visit,
        visit.visit,
        date.min,
        booked_on,
        due_on,
        because,
        (_cancel(visit),),
        had,
    )


def _past(visit: Visit, booked_on: date) -> WorklistEntry:
    """Return the entry for a booking that has passed.

    The visit was done, gets another day, or will not be done.
    """
    because = Reason("booked_past", day=booked_on)
    calls = (_done(visit), _book(visit), _cancel(visit))
    entry = _visit("booking_past", visit, booked_on + ONE_DAY, None, because)
    return entry._replace(resolve_with=calls)


def _visit(kind: str, visit: Visit, from_on: date, through_on: date | None, because: Reason) -> WorklistEntry:
    """Return an entry that is resolved by doing the visit or by booking it anew."""
    calls = (_book(visit), _done(visit))
    return WorklistEntry(kind, visit.visit, visit.visit, from_on, through_on, visit.closes_on, because, calls)


def _book(visit: Visit) -> ResolvingCall:
    return ResolvingCall({"kind": "visit_booked", "visit": visit.visit}, ("booked_on",))


def _cancel(visit: Visit) -> ResolvingCall:
    return ResolvingCall({"kind": "visit_booked", "visit": visit.visit, "booked_on": None}, ())


def _done(visit: Visit) -> ResolvingCall:
    fact: dict[str, Any] = {"kind": "visit_done", "series": visit.series, "visit": visit_of(visit.visit)}
    if visit.appointment == PART or visit.done_on is not None:
        fact["part"] = True
    return ResolvingCall(fact, ("done_on", "response") if visit.has_response else ("done_on",))


def _to_confirm(visit: Visit, done_on: date) -> WorklistEntry:
    """Return the entry for what was done late and names no visit."""
    because = Reason("done_after_window", day=done_on, visit=visit.visit, label=visit.label, day2=visit.closes_on)
    fact = {"kind": "visit_done", "series": visit.series, "visit": visit.visit, "done_on": done_on.isoformat()}
    given = {"response": visit.response, "amount": visit.given_amount}
    confirm = ResolvingCall({**fact, **{name: value for name, value in given.items() if value is not None}}, ())
    return WorklistEntry(
        "assignment_to_confirm", visit.visit, visit.visit, done_on, None, done_on + PAPER, because, (confirm,)
    )


def _of_unscheduled(visit: UnscheduledVisit, has_response: bool) -> Iterator[WorklistEntry]:
    """Yield what there is to do about something done that belongs to no visit: which visit was it, what was found?"""
    record, suggested = visit
    if suggested is not None:
        that_visit = {"visit": suggested.name, "label": suggested.label}
        because = Reason("done_before", day=record.done_on, **that_visit, day2=suggested.target_on)
        # A named record is here only because a hold moved that visit away: it was an extra one, or is done again.
        why = () if record.visit is None else ("reason",)
        extra = ResolvingCall(_replacing(record, UNSCHEDULED), why)
        again = ResolvingCall({"kind": "visit_done", "series": record.series, "visit": suggested.name}, ("done_on",))
        that = ResolvingCall(_replacing(record, suggested.name), ()) if record.visit is None else again
        yield WorklistEntry(
            "assignment_to_confirm",
            record.fact_id,
            suggested.name,
            record.done_on,
            None,
            suggested.opens_on,
            because,
            (that, extra),
        )
    if has_response and record.response is None:
        fact = _replacing(record, record.visit)
        yield _response_missing(record.fact_id, None, record.done_on, Reason("no_response", day=record.done_on), fact)


def _replacing(record: DoneVisit, visit: str | None) -> dict[str, Any]:
    """Return the fact that says the same as a record, and which visit it was."""
    fact: dict[str, Any] = {"kind": "visit_done", "series": record.series, "done_on": record.done_on.isoformat()}
    given = {"visit": visit, "response": record.response, "part": record.part or None, "amount": record.amount}
    given["replaces"] = record.fact_id
    return fact | {name: value for name, value in given.items() if value is not None}


def _response_missing(
    about: str, visit: str | None, done_on: date, because: Reason, fact: dict[str, Any]
) -> WorklistEntry:
    call = ResolvingCall(fact, ("response",))
    due_on = done_on + _RESPONSE_GIVEN
    return WorklistEntry("response_missing", about, visit, done_on + _RESPONSE, None, due_on, because, (call,))


def _of_dropped(schedule: PatientSchedule) -> Iterator[WorklistEntry]:
    """Yield the visits of an amendment that are not planned because of earlier ones: somebody should know."""
    history, visit_schedule = schedule.history, schedule.visit_schedule
    off_on = history.off_study_on
    for dropped in (one for name in visit_schedule.names for one in visit_schedule.series(name).dropped):
        name, because = dropped.visit.name, dropped.because
        if dropped.visit.in_plan:
            yield WorklistEntry(
                "visit_dropped",
                f"{name}.{dropped.from_on}",
                name,
                date.min,
                day_before(off_on),
                dropped.from_on + _DROPPED,
                because,
                (),
            )
