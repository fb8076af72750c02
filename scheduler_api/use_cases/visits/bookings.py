"""One visit of a patient: seeing it, booking it, recording what came of it, and being told all that follows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.model.facts import VisitBooked, VisitDone
from scheduler_api.engine.model.history import Booking, History
from scheduler_api.engine.model.protocol import IMAGING
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.position import treatment_position
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.views.deviations import visit_deviations
from scheduler_api.engine.visits.series import Visit
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import facts as stored_facts
from scheduler_api.store.patients import positions
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.reminders import planned_messages
from scheduler_api.store.visits import visits
from scheduler_api.use_cases.patients.facts import NewFact, append, told, unit_of_work
from scheduler_api.use_cases.session import NotFound, Session, patient_row
from scheduler_api.use_cases.sites import site_calendars
from scheduler_api.use_cases.sites.protocols import versions_named

from . import worklist
from .visits import documents


@dataclass(frozen=True)
class Settled:
    """What a call about a visit came to, and the patient's version after it."""

    document: dict[str, Any]
    version: int


@dataclass(frozen=True)
class _Seen:
    """A patient at hand: the row, the history, and all that follows from it."""

    row: Row
    schedule: PatientSchedule
    today: date

    @property
    def history(self) -> History:
        """Return the history that it follows from."""
        return self.schedule.history


def get(session: Session, patient_id: str, visit: str) -> tuple[dict[str, Any], int]:
    """Return one visit as a list of visits shows it, and the patient's version.

    Raises NotFound, also for one that was cut.
    """
    with session.store.snapshot():
        seen = _see(session, patient_id)
        document = _visit_document(session, seen, visit)
    if document is None:
        raise NotFound("No such visit.")
    return document, seen.row["version"]


def book(
    session: Session, patient_id: str, booking: VisitBooked, if_versions: Collection[int] | None, dry_run: bool
) -> Settled:
    """Book a visit, move its booking, or cancel it (`booked_on` None); nothing is recorded if it is so already.

    Any day can be booked: what speaks against it is told. Raises as `facts.record`, NotFound for an unknown visit.
    """
    with unit_of_work(session, dry_run):
        seen = _see(session, patient_id)
        _series_of(seen, booking.visit)
        before = seen.history.bookings.get(booking.visit)
        wanted = None if booking.booked_on is None else Booking(booking.booked_on, booking.time, booking.place)
        warnings = [*_against_day(session, seen, before, booking.booked_on)] if booking.booked_on else []
        new = None if before == wanted else NewFact(booking)
        settled, after = _settle(session, seen, booking.visit, new, if_versions, dry_run)
        if booking.booked_on is not None:
            warnings += _against_visit(after, booking.visit, booking.booked_on)
        settled.document["warnings"] += warnings
    return settled


def record_result(
    session: Session,
    patient_id: str,
    visit: str,
    done_on: date,
    response: str | None,
    reason: str | None,
    if_versions: Collection[int] | None,
    dry_run: bool,
) -> Settled:
    """Record that a visit took place; a result that differs from the one on record corrects it, and says why.

    Nothing is recorded if it is so already. Raises as `facts.record`, NotFound for an unknown visit.
    """
    with unit_of_work(session, dry_run):
        seen = _see(session, patient_id)
        body = VisitDone(_series_of(seen, visit), done_on, visit, response)
        before = seen.schedule.visit_schedule.visit(visit)
        new: NewFact | None = NewFact(body)
        if before is not None and before.done_on is not None:
            same = (before.done_on, before.response) == (done_on, response) and before.assigned != "nearest"
            new = None if same else NewFact(body, _fact_of(session, patient_id, before), reason)
        settled, after = _settle(session, seen, visit, new, if_versions, dry_run)
        settled.document["warnings"] += _against_result(after, body)
    return settled


def _see(session: Session, patient_id: str) -> _Seen:
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    return _Seen(row, schedule, civil_date(session.now, history.time_zone))


def _series_of(seen: _Seen, visit: str) -> str:
    """Return the series that has a visit of this name, under any version the patient is on. Raises NotFound."""
    for period in seen.schedule.treatment_plan.plan:
        if (series := period.protocol.series_of(visit)) is not None:
            return series.name
    raise NotFound("No such visit.")


def _fact_of(session: Session, patient_id: str, visit: Visit) -> str:
    """Return the id of the record of a visit that was done: of several alike the first, as the engine assigns them."""
    name = visit.visit if visit.assigned == "named" else None
    wanted = (visit.series, visit.done_on, name, visit.response)
    for _, fact in stored_facts.visits_done(session.store, [patient_id]):
        body = fact.body
        if isinstance(body, VisitDone) and (body.series, body.done_on, body.visit, body.response) == wanted:
            return fact.fact_id
    raise LookupError("A visit is done, and no fact says so.")


def _settle(
    session: Session,
    seen: _Seen,
    visit: str,
    new: NewFact | None,
    if_versions: Collection[int] | None,
    dry_run: bool,
) -> tuple[Settled, _Seen]:
    """Record a fact, if there is one, and tell what came of it."""
    patient_id = seen.row["patient_id"]
    planned = planned_messages.of_patient(session.store, patient_id)
    fact, moved, warnings, after, version = None, [], [], seen, seen.row["version"]
    if new is not None:
        appended = append(session, patient_id, new, if_versions)
        recorded = told(session, appended, dry_run)
        fact, moved, version = recorded.fact, recorded.consequences, recorded.version
        warnings = recorded.warnings
        after = _Seen(seen.row, appended.after, seen.today)
    schedule = after.schedule
    found = schedule.visit_schedule.visit(visit)
    deviations = [*visit_deviations(found, seen.today)] if found is not None else []
    now_planned = planned_messages.of_patient(session.store, patient_id)
    document = {
        "visit": _visit_document(session, after, visit),
        "fact": fact,
        "consequences": moved,
        "deviation": next((one for one in deviations if one["kind"] != "visit_missed"), None),
        "warnings": warnings,
        "to_do": worklist.of_patient(session.store, seen.row, seen.today),
        "contraception": schedule.contraception(seen.today),
        "reminders_ended": _reminders(row for key, row in planned.items() if key not in now_planned),
        "reminders_planned": _reminders(row for key, row in now_planned.items() if row != planned.get(key)),
    }
    return Settled(document, version), after


def _reminders(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return messages as clients see them, soonest first."""
    told = ({"to": row["audience"], "kind": row["kind"], "about": row["about"], "at": row["next_at"]} for row in rows)
    return sorted(told, key=lambda message: (message["at"], message["kind"], message["about"]))


def _visit_document(session: Session, seen: _Seen, visit: str) -> dict[str, Any] | None:
    schedule = seen.schedule
    found = schedule.visit_schedule.visit(visit)
    if found is None:
        return None
    row = visits.rows_of(seen.row["patient_id"], seen.history, [found])[visit]
    stands = positions.to_text(treatment_position(schedule.treatment_plan))
    return documents(session.store, [visits.listed(row, found.status(seen.today), seen.today, stands)])[0]


def _against_day(session: Session, seen: _Seen, before: Booking | None, day: date) -> Iterator[dict[str, Any]]:
    """Yield warnings about a day at the patient's site.

    The place that the visit has already does not count against it.
    """
    site = seen.history.enrolled.site
    calendar = site_calendars.of_sites(session.store, [site])[site]
    if day < seen.today:
        yield _warning("day_past", f"{day} is past: as long as nothing is done it counts as not booked")
    is_open, because = calendar.day(day)
    if not is_open:
        yield _warning("site_closed", f"{site} is not open on {day}: {because}")
    elif calendar.slots_per_day is not None:
        taken = site_calendars.bookings(session.store, [site], str(day), str(day)).get((site, str(day)), 0)
        if taken - (before is not None and before.booked_on == day) >= calendar.slots_per_day:
            yield _warning("no_slot_left", f"{taken} of {calendar.slots_per_day} slots are booked on {day}")


def _against_visit(after: _Seen, visit: str, day: date) -> Iterator[dict[str, Any]]:
    """Yield warnings about booking a visit at all."""
    found = after.schedule.visit_schedule.visit(visit)
    if found is None:
        yield _warning("not_planned", f"{visit} is not in the patient's plan")
    elif found.done_on is not None:
        yield _warning("already_done", f"{visit} was done on {found.done_on}")
    elif found.status(day) == "not_required":
        yield _warning("not_required", found.because)


def _against_result(after: _Seen, body: VisitDone) -> Iterator[dict[str, Any]]:
    """Yield warnings about a result that may have been given to the wrong visit."""
    schedule, day = after.schedule, body.done_on
    found = schedule.visit_schedule.visit(body.visit or "")
    if found is None or (found.done_on, found.response) != (day, body.response):
        yield _warning("unscheduled", f"what was done on {day} belongs to no visit")
    for other in schedule.visits(day, day, [body.series]):
        if other.visit != body.visit and other.done_on is None and other.opens_on <= day <= other.closes_on:
            yield _warning("window_of_another", f"{day} is in the window of {other.visit}, which is not done")
    if body.series == IMAGING and body.response is None:
        yield _warning("no_response", "no response is recorded")


def _warning(kind: str, detail: str | Reason) -> dict[str, Any]:
    return {"kind": kind, "detail": detail}
