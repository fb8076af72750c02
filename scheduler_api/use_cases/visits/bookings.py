"""Read one visit of a patient, book it, record its result, and return everything that follows from that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.model.facts import VisitBooked, VisitDone, is_appointment
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import Booking, DoneVisit
from scheduler_api.engine.model.versions import has_responses
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.position import treatment_position
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.assignment import Performed
from scheduler_api.engine.visits.series import VisitSeries
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import positions
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.visits import visits
from scheduler_api.use_cases.patients.facts import NewFact, append, unit_of_work, with_consequences
from scheduler_api.use_cases.projections.planning import to_come
from scheduler_api.use_cases.session import NotFound, Session, known_to, patient_row, readable_until
from scheduler_api.use_cases.sites import site_calendars
from scheduler_api.use_cases.sites.protocols import versions_named

from . import worklist
from .visits import documents

#: How far ahead the answer tells which messages come and which no longer do; and through the day of the booking.
MESSAGES_AHEAD = timedelta(14)


@dataclass(frozen=True)
class BookingOutcome:
    """The document that a call about a visit returns, and the patient's version after it."""

    document: dict[str, Any]
    version: int


@dataclass(frozen=True)
class _Patient:
    """A patient as stored: the row, the schedule that follows from it, and the patient's today."""

    row: Row
    schedule: PatientSchedule
    today: date

    @property
    def history(self) -> History:
        """Return the history that the schedule follows from."""
        return self.schedule.history


def get(session: Session, patient_id: str, visit: str) -> tuple[dict[str, Any], int]:
    """Return one visit as a list of visits has it, and the patient's version.

    Raises NotFound, also for a visit that was cut.
    """
    with session.store.snapshot():
        patient = _read_patient(session, patient_id)
        document = _visit_document(session, patient, visit)
    if document is None:
        raise NotFound("No such visit.")
    return document, patient.row["version"]


def book(
    session: Session, patient_id: str, booking: VisitBooked, if_versions: Collection[int] | None, dry_run: bool
) -> BookingOutcome:
    """Book a visit, move its booking, or cancel it (`booked_on` None); nothing is recorded if it is so already.

    The name of one more appointment moves or cancels that.

    Any day can be booked: what speaks against it is in `warnings`. Raises as `facts.record`, NotFound for an unknown
    visit.
    """
    with unit_of_work(session, dry_run):
        # A site that had the patient before cancels what is booked there.
        patient = _read_patient(session, patient_id, former=booking.booked_on is None)
        _series_of(patient, booking.visit)
        before = patient.history.bookings.get(booking.visit)
        warnings = [*_against_day(session, patient, before, booking.booked_on)] if booking.booked_on else []
        new = None if _is_so(patient.history, before, booking) else NewFact(booking)
        outcome, after = _apply(session, patient, booking.visit, new, if_versions, dry_run)
        if booking.booked_on is not None:
            warnings += _against_visit(after, booking.visit, booking.booked_on)
        outcome.document["warnings"] += warnings
    return outcome


def _is_so(history: History, before: Booking | None, wanted: VisitBooked) -> bool:
    """Return whether a visit is booked as wanted already, at the site that is to have the patient then."""
    if before is None or wanted.booked_on is None:
        return (before and before.booked_on) == wanted.booked_on
    is_there = before.site == history.site_on(wanted.booked_on)
    return is_there and (before.booked_on, before.time, before.place) == (wanted.booked_on, wanted.time, wanted.place)


def record_result(
    session: Session,
    patient_id: str,
    visit: str,
    done_on: date,
    response: str | None,
    reason: str | None,
    if_versions: Collection[int] | None,
    dry_run: bool,
    keep_response: bool = False,
) -> BookingOutcome:
    """Record that a visit took place; a result that differs from the one on record corrects it, and says why.

    One that only adds what was not known (a response, or which visit it was) completes it. Nothing is recorded if it is
    so already. With `keep_response` the response on record stays. Raises as `facts.record`, NotFound for an unknown
    visit, or for one more appointment: what came of that is recorded as a fact.
    """
    if is_appointment(visit):
        raise NotFound("An appointment, not a visit: record what was done as a fact.")
    with unit_of_work(session, dry_run):
        patient = _read_patient(session, patient_id)
        body = VisitDone(_series_of(patient, visit), done_on, visit, response)
        series = patient.schedule.visit_schedule.series(body.series)
        performed = series.performed(visit)
        old = _unnamed_on(series, done_on) if performed is None else _record_of(performed, done_on)
        new: NewFact | None = NewFact(body)
        if old is not None:
            body = replace(body, part=old.part, response=old.response if keep_response else response)
            is_known = performed is not None and performed.assigned != "late"
            is_same = (old.done_on, old.response) == (done_on, body.response)
            new = None if is_known and is_same else NewFact(body, old.fact_id, reason)
        outcome, after = _apply(session, patient, visit, new, if_versions, dry_run)
        outcome.document["warnings"] += _against_result(after, body)
    return outcome


def _read_patient(session: Session, patient_id: str, former: bool = False) -> _Patient:
    row = patient_row(session, patient_id, former)
    history = of_row(session.store, row)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    return _Patient(row, schedule, civil_date(session.now, history.time_zone))


def _series_of(patient: _Patient, visit: str) -> str:
    """Return the series that has a visit of this name, under any version the patient is on, or booked.

    Raises NotFound.
    """
    for period in patient.schedule.treatment_plan.plan:
        if (series := period.protocol.series_of(visit)) is not None:
            return series.name
    if (booked := patient.schedule.visit_schedule.visit(visit)) is not None:
        return booked.series
    raise NotFound("No such visit.")


def _unnamed_on(series: VisitSeries, day: date) -> DoneVisit | None:
    """Return what was done on a day, belongs to no visit, and does not say which it was."""
    found = (record for record, _ in series.unscheduled if record.visit is None and not record.part)
    return next((record for record in found if record.done_on == day), None)


def _record_of(performed: Performed, done_on: date) -> DoneVisit:
    """Return the record that a result is about: of several parts the last of that day, else the first part."""
    of_day = [record for record in performed.records if record.done_on == done_on]
    return of_day[-1] if of_day else min(performed.records, key=attrgetter("done_on", "number"))


def _apply(
    session: Session,
    patient: _Patient,
    visit: str,
    new: NewFact | None,
    if_versions: Collection[int] | None,
    dry_run: bool,
) -> tuple[BookingOutcome, _Patient]:
    """Record a fact, if there is one, and return the outcome and the patient after it."""
    patient_id = patient.row["patient_id"]
    fact, moved, deviations, warnings, after, version = None, [], [], [], patient, patient.row["version"]
    if new is not None:
        appended = append(session, patient_id, new, if_versions)
        recorded = with_consequences(session, appended, dry_run)
        fact, moved, version = recorded.fact, recorded.consequences, recorded.version
        deviations, warnings = recorded.deviations, recorded.warnings
        after = _Patient(patient.row, appended.after, patient.today)
    if readable_until(session, patient.row) is not None:
        return _for_former_site(session, patient, fact, moved, version), after
    schedule = after.schedule
    last = max([patient.today + MESSAGES_AHEAD, *_booked_days(visit, patient.history, after.history)])
    before, now = (to_come(session.store, one.row, one.schedule, last, session.now) for one in (patient, after))
    document = {
        "visit": _visit_document(session, after, visit),
        "fact": fact,
        "consequences": moved,
        "deviations": deviations,
        "warnings": warnings,
        "to_do": worklist.of_patient(session.store, patient.row, patient.today, session.now),
        "contraception": schedule.contraception(patient.today),
        "reminders_ended": _reminders(row for key, row in before.items() if key not in now),
        "reminders_planned": _reminders(row for key, row in now.items() if row != before.get(key)),
    }
    return BookingOutcome(document, version), after


def _booked_days(visit: str, *histories: History) -> Iterator[date]:
    """Yield the days for which a visit is booked in some histories."""
    for history in histories:
        if (booking := history.bookings.get(visit)) is not None:
            yield booking.booked_on


def _for_former_site(
    session: Session, patient: _Patient, fact: dict[str, Any] | None, moved: list[dict[str, Any]], version: int
) -> BookingOutcome:
    """Return the outcome of a cancelled booking for a site that has the patient no more: nothing of the present."""
    history, today = known_to(session, patient.row)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    document = {
        "visit": None,
        "fact": fact,
        "consequences": moved,
        "deviations": [],
        "warnings": [],
        "to_do": [],
        "contraception": schedule.contraception(today),
        "reminders_ended": [],
        "reminders_planned": [],
    }
    return BookingOutcome(document, version)


def _reminders(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return planned messages as clients see them, soonest first."""
    messages = (
        {"to": row["audience"], "kind": row["kind"], "about": row["about"], "at": row["next_at"]} for row in rows
    )
    return sorted(messages, key=lambda message: (message["at"], message["kind"], message["about"]))


def _visit_document(session: Session, patient: _Patient, visit: str) -> dict[str, Any] | None:
    schedule = patient.schedule
    planned = schedule.visit_schedule.visit(visit)
    if planned is None:
        return None
    row = visits.rows_of(patient.row["patient_id"], patient.history, [planned])[visit]
    position = positions.to_text(treatment_position(schedule.treatment_plan))
    site, status = planned.site(patient.history, patient.today), planned.status(patient.today)
    return documents(session.store, [visits.listed(row, site, status, patient.today, position)])[0]


def _against_day(session: Session, patient: _Patient, before: Booking | None, day: date) -> Iterator[dict[str, Any]]:
    """Yield warnings about a day at the site that has the patient then.

    A booking that the visit has already does not count against it.
    """
    site = patient.history.site_on(day)
    calendar = site_calendars.of_sites(session.store, [site])[site]
    if day < patient.today:
        yield _warning("day_past", Reason("day_past", day=day))
    is_open, because = calendar.day(day)
    if not is_open:
        yield _warning("site_closed", Reason("site_not_open", site=site, day=day, base=because))
    elif calendar.slots_per_day is not None:
        taken = site_calendars.bookings(session.store, [site], str(day), str(day)).get((site, str(day)), 0)
        has_slot = before is not None and (before.site, before.booked_on) == (site, day)
        if taken - has_slot >= calendar.slots_per_day:
            full = Reason("slots_taken", number=taken, number2=calendar.slots_per_day, day=day)
            yield _warning("no_slot_left", full)


def _against_visit(after: _Patient, visit: str, day: date) -> Iterator[dict[str, Any]]:
    """Yield warnings about booking a visit at all."""
    planned = after.schedule.visit_schedule.visit(visit)
    named = {"visit": visit} if planned is None else {"visit": visit, "label": planned.label}
    if planned is None or not planned.in_plan:
        yield _warning("not_planned", Reason("not_in_patients_plan", **named))
    elif planned.done_on is not None:
        yield _warning("already_done", Reason("was_done", **named, day=planned.done_on))
    elif planned.status(day) == "not_required":
        yield _warning("not_required", planned.because)


def _against_result(after: _Patient, body: VisitDone) -> Iterator[dict[str, Any]]:
    """Yield warnings about a result that may have been recorded for the wrong visit."""
    schedule, day = after.schedule, body.done_on
    for other in schedule.visits(day, day, [body.series]):
        if other.visit != body.visit and other.done_on is None and other.opens_on <= day <= other.closes_on:
            yield _warning("window_of_another", Reason("in_window_of", day=day, visit=other.visit, label=other.label))
    if has_responses(schedule.treatment_plan.plan, body.series) and body.response is None:
        yield _warning("no_response", Reason("response_missing"))


def _warning(code: str, detail: Reason) -> dict[str, Any]:
    return {"code": code, "detail": detail}
