"""Compute calendars, adherence and deviations of one patient; calendars also for one who is not stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler_api.engine.dates import civil_date, is_time_zone
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import Enrolled, Fact, Registered
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Versions
from scheduler_api.engine.model.versions import periods
from scheduler_api.engine.recording.checks import first_errors, next_history
from scheduler_api.engine.recording.received import as_received, check_named
from scheduler_api.engine.views.calendar import PatientSchedule, calendar, check_range, default_range
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import facts
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.session import Session, patient_row, readable_until
from scheduler_api.use_cases.sites.protocols import versions_named

from .facts import NewFact, each_of, on_a_sites_clock


@dataclass(frozen=True)
class View:
    """The options of a calendar. None is the default: today, a week back to six weeks ahead, all facts recorded."""

    first: date | None = None
    last: date | None = None
    today: date | None = None
    known_at: datetime | None = None

    def range(self, today: date) -> tuple[date, date]:
        """Return the range of days. Raises ValidationFailed if it is reversed or too long."""
        first, last = default_range(today)
        first, last = self.first or first, self.last or last
        check_range(first, last)
        return first, last


@dataclass(frozen=True)
class Edition:
    """What a response about a patient depends on besides the request: it changes when one of these does."""

    version: int
    today: date


def edition(session: Session, patient_id: str, view: View) -> Edition:
    """Return the edition that a response would have, by one small read. Raises NotFound."""
    head = patient_row(session, patient_id, former=True)
    return Edition(head["version"], view.today or civil_date(session.now, head["time_zone"]))


def calendar_document(session: Session, patient_id: str, view: View) -> dict[str, Any]:
    """Return a patient's calendar.

    Raises NotFound, or ValidationFailed for a bad range or an instant before the registration was recorded.
    """
    return calendar_of(session, patient_row(session, patient_id, former=True), view)


def calendar_of(session: Session, row: Row, view: View) -> dict[str, Any]:
    """Return the calendar of a patient whose row is already read. Raises ValidationFailed."""
    versions, history, today = _inputs(session, row, view)
    first, last = view.range(today)
    return {"patient_id": row["patient_id"], **calendar(versions, history, today, first, last)}


def adherence_document(session: Session, patient_id: str, view: View) -> dict[str, Any]:
    """Return a patient's adherence and dose intensity through today. Raises NotFound, ValidationFailed."""
    versions, history, today = _inputs(session, patient_row(session, patient_id, former=True), view)
    return {"patient_id": patient_id, "today": today, **PatientSchedule(versions, history).adherence(today)}


def deviation_documents(session: Session, patient_id: str, view: View) -> list[dict[str, Any]]:
    """Return a patient's deviations, of all time unless a range is given. Raises NotFound, ValidationFailed."""
    return deviations_of(session, patient_row(session, patient_id, former=True), view)


def deviations_of(session: Session, row: Row, view: View) -> list[dict[str, Any]]:
    """Return the deviations of the patient whose row is already read. Raises ValidationFailed."""
    versions, history, today = _inputs(session, row, view)
    first, last = view.first or date.min, view.last or date.max
    if last < first:
        raise ValidationFailed([FieldError("/to", "The range is reversed: `to` is before `from`.", "range_reversed")])
    if (until := readable_until(session, row)) is not None:
        # Also of what a former site recorded itself, only what lies before.
        last = min(last, until.day)
    found = PatientSchedule(versions, history).all_deviations(today)
    return [deviation for deviation in found if first <= deviation["on"] <= last]


def _inputs(session: Session, row: Row, view: View) -> tuple[Versions, History, date]:
    """Return the versions, the history as it was on record at the view's instant, and today."""
    if (until := readable_until(session, row)) is not None:
        # A former site reads what lies before, as it was known then.
        known_at = min(view.known_at or until.instant, until.instant - timedelta(microseconds=1))
        view = replace(view, known_at=known_at, today=min(view.today or until.day, until.day))
    if view.known_at is None:
        history = of_row(session.store, row)
        return versions_named(session.store, history), history, view.today or civil_date(session.now, history.time_zone)
    if view.known_at > session.now:
        raise ValidationFailed([FieldError("/known_at", "Later than now.", "after_today")])
    recorded = facts.of_patient(session.store, row["patient_id"], view.known_at)
    if not recorded:
        raise ValidationFailed(
            [FieldError("/known_at", "Before anything was recorded of this patient.", "before_enrolment")]
        )
    history = fold(recorded)
    return versions_named(session.store, history), history, view.today or civil_date(view.known_at, history.time_zone)


def preview(
    versions: Versions,
    registered: Registered,
    enrolled: Enrolled | None,
    new_facts: Iterable[NewFact],
    today: date,
    view: View,
    zone_of: Callable[[str], str | None] = lambda site: None,
) -> dict[str, Any]:
    """Return the calendar of a patient who is not stored, from facts in order; the id of each is its number, from "1".

    `zone_of` gives the time zone of a site; where it is not known, bookings are on the patient's clock.
    Raises ValidationFailed (or Conflict), with pointers into `patient` and `facts`.
    """
    zone = registered.time_zone if is_time_zone(registered.time_zone) else "UTC"
    now = datetime.combine(today, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
    with _pointing_into("/patient"):
        if errors := first_errors(versions, registered, enrolled, now):
            raise ValidationFailed(errors)
    facts_so_far = [Fact("registered", registered, now)]
    facts_so_far += [Fact("enrolled", enrolled, now)] if enrolled is not None else []
    history = fold(facts_so_far)
    for number, new in enumerate(new_facts, 1):
        with _pointing_into(f"/facts/{number - 1}"):
            for place, one in enumerate(each_of(periods(versions, history), new), 1):
                treatment_plan = PatientSchedule(versions, history).treatment_plan
                check_named(one.body, treatment_plan)
                body = as_received(one.body, treatment_plan, one.replaces)
                body = on_a_sites_clock(body, history, zone_of)
                fact_id = str(number) if place == 1 else f"{number}-{place}"
                fact = Fact(fact_id, body, now, replaces=one.replaces, correction=one.correction)
                history = next_history(versions, history, facts_so_far, fact, now)
                facts_so_far.append(fact)
    first, last = view.range(today)
    return {"patient_id": None, **calendar(versions, history, today, first, last)}


class _pointing_into:
    """Puts a prefix before the pointers of errors raised inside."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValidationFailed):
            errors = [replace(field_error, pointer=self._prefix + field_error.pointer) for field_error in error.errors]
            raise (Conflict if isinstance(error, Conflict) else ValidationFailed)(errors) from None
