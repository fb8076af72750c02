"""Process what a phone queued while it was offline, each fact exactly once, and return what changed meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import (
    DoseChanged,
    DoseRecorded,
    Fact,
    HoldEnded,
    HoldStarted,
    ProtocolAmended,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
    body_to_data,
)
from scheduler_api.store.patients import facts
from scheduler_api.store.phones import sent_facts
from scheduler_api.use_cases.session import Session, lock_patient, patient_row

from .doses import RecordOutcome, change_time_zone, record_day, take_back_day

#: The fields of a fact that a phone gets: days and amounts. Reasons, notes and responses are for the site to tell.
_FIELDS_FOR_PHONES = {
    TreatmentStarted: ("first_dose_on",),
    DoseRecorded: ("dose_on", "status", "amount"),
    HoldStarted: ("from_on", "resumes_on"),
    HoldEnded: ("resumes_on",),
    DoseChanged: ("from_on", "amount"),
    VisitBooked: ("visit", "booked_on", "time", "place"),
    VisitDone: ("series", "done_on", "visit"),
    TreatmentEnded: ("last_dose_on",),
    StudyEnded: ("ended_on",),
    ProtocolAmended: ("from_on",),
    TimeZoneChanged: ("time_zone",),
    Voided: ("voids",),
}


@dataclass(frozen=True)
class QueuedFact:
    """A fact that a phone queued: the phone's id for it, its content, how to record it, and errors already found."""

    client_id: str
    content: Any
    record: Callable[[Session, str], RecordOutcome] | None
    errors: Sequence[FieldError] = ()


@dataclass(frozen=True)
class SyncResult:
    """The outcome of each queued fact, what changed since the cursor, and the new cursor."""

    outcomes: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    cursor: int


def dose_recorded(body: DoseRecorded, recorded_at: datetime) -> Callable[[Session, str], RecordOutcome]:
    """Return a function that records a day that the phone recorded offline."""
    return lambda session, patient_id: record_day(session, patient_id, body, recorded_at)


def dose_taken_back(day: date, recorded_at: datetime) -> Callable[[Session, str], RecordOutcome]:
    """Return a function that takes back a day's record, as the phone did offline."""
    return lambda session, patient_id: take_back_day(session, patient_id, day, recorded_at)


def time_zone_changed(time_zone: str) -> Callable[[Session, str], RecordOutcome]:
    """Return a function that records that the patient lives in another time zone."""
    return lambda session, patient_id: change_time_zone(session, patient_id, time_zone)


def sync(session: Session, patient_id: str, cursor: int, queued: Sequence[QueuedFact]) -> SyncResult:
    """Process what a phone queued, in its order, and return what changed after fact number `cursor`.

    Each is recorded once, however often it is sent; one that is refused does not stop the others. Raises NotFound.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        outcomes = [_process(session, patient_id, sent) for sent in queued]
        version = patient_row(session, patient_id)["version"]
        changes = [
            _change_document(session, patient_id, fact) for fact in facts.since(session.store, patient_id, cursor)
        ]
    return SyncResult(outcomes, [change for change in changes if change is not None], version)


def _process(session: Session, patient_id: str, sent: QueuedFact) -> dict[str, Any]:
    digest = hashlib.sha256(orjson.dumps(sent.content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    earlier = sent_facts.get(session.store, patient_id, sent.client_id)
    if earlier is not None:
        if earlier["request_hash"] != digest:
            field_error = FieldError("/client_id", "This id came before with something else.")
            return _refused(sent, [field_error], Conflict)
        outcome = orjson.loads(earlier["outcome"])
        return {**outcome, "outcome": "already_recorded" if outcome["outcome"] == "recorded" else outcome["outcome"]}
    if sent.record is None:
        return _refused(sent, sent.errors, ValidationFailed)
    try:
        with session.store.transaction():
            result = sent.record(session, patient_id)
    except ValidationFailed as error:
        return _refused(sent, error.errors, type(error))
    outcome = {"client_id": sent.client_id, "outcome": result.outcome, "fact_id": result.fact_id, "problem": None}
    row = {
        "patient_id": patient_id,
        "client_id": sent.client_id,
        "request_hash": digest,
        "outcome": orjson.dumps(outcome).decode(),
    }
    sent_facts.insert(session.store, row)
    return outcome


def _refused(sent: QueuedFact, errors: Sequence[FieldError], kind: type[ValidationFailed]) -> dict[str, Any]:
    problem = {"status": 409 if kind is Conflict else 422, "errors": errors}
    return {"client_id": sent.client_id, "outcome": "refused", "fact_id": None, "problem": problem}


def _change_document(session: Session, patient_id: str, fact: Fact) -> dict[str, Any] | None:
    """Return a fact as a phone may see it; None if it, or what it takes back, is not for the phone."""
    names = _FIELDS_FOR_PHONES.get(type(fact.body))
    if names is None:
        return None
    if isinstance(fact.body, Voided):
        superseded = facts.get(session.store, patient_id, fact.body.voids)
        if superseded is None or type(superseded.body) not in _FIELDS_FOR_PHONES:
            return None
    data = body_to_data(fact.body)
    return {
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        "recorded_at": fact.recorded_at,
        "by": "patient" if fact.role == "patient" else "site",
        "replaces": fact.replaces,
        "data": {name: data.get(name) for name in names},
    }
