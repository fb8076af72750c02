"""What a phone queued while it was offline goes in, each exactly once; what changed meanwhile comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import (
    Body,
    DoseChanged,
    DoseRecorded,
    DoseTakenBack,
    Fact,
    HoldEnded,
    HoldStarted,
    ProtocolAmended,
    RegimenEnded,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
    body_to_data,
)
from scheduler_api.engine.phone_clocks import clock_off
from scheduler_api.engine.treatment.dose_ids import DoseId
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.views.warnings import warnings
from scheduler_api.store.patients import facts
from scheduler_api.store.phones import sent_facts
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.session import Session, lock_patient, patient_row

from .doses import RecordOutcome, Said, change_time_zone, record_dose, said

#: Which dose of a day it is about, where there is more than one; left out otherwise.
_WHICH = ("regimen", "slot")
_LEFT_OUT = (*_WHICH, "regimens", "hold", "times_a_day", "days")
#: What of a fact a phone is told: days and amounts. Reasons, notes and responses are for the site to tell.
_TOLD = {
    TreatmentStarted: ("first_dose_on",),
    DoseRecorded: ("dose_on", "status", "amount", *_WHICH),
    DoseTakenBack: ("dose_on", *_WHICH),
    HoldStarted: ("from_on", "resumes_on", "regimens"),
    HoldEnded: ("resumes_on", "hold"),
    DoseChanged: ("from_on", "amount", "regimen", "times_a_day", "days"),
    RegimenEnded: ("regimen", "last_dose_on"),
    VisitBooked: ("visit", "booked_on", "time", "place", "time_zone"),
    VisitDone: ("series", "done_on", "visit"),
    TreatmentEnded: ("last_dose_on",),
    StudyEnded: ("ended_on",),
    ProtocolAmended: ("from_on",),
    TimeZoneChanged: ("time_zone",),
    Voided: ("voids",),
}


@dataclass(frozen=True)
class QueuedFact:
    """Something a phone queued: the id the phone gave it, what it says, and whatever is wrong with it already.

    `keep` takes it in, as said at `said_at` by the phone's own clock. `dose`: what it says of a day's dose, if it does.
    """

    client_id: str
    content: Any
    keep: Callable[[Session, str, Said], RecordOutcome] | None
    said_at: datetime | None = None
    errors: Sequence[FieldError] = ()
    dose: DoseRecorded | None = None


@dataclass(frozen=True)
class SyncResult:
    """What came of each, what changed since the cursor, the new cursor, and how far the phone's clock is ahead."""

    outcomes: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    cursor: int
    clock_off: timedelta


def dose_said(named: DoseId, body: DoseRecorded | DoseTakenBack) -> Callable[[Session, str, Said], RecordOutcome]:
    """Return what keeps a word about a dose that was said offline."""
    return lambda session, patient_id, when: record_dose(session, patient_id, named, body, when)


def time_zone_changed(time_zone: str) -> Callable[[Session, str, Said], RecordOutcome]:
    """Return what records that the patient lives in another time zone."""
    return lambda session, patient_id, when: change_time_zone(session, patient_id, time_zone, when)


def sync(session: Session, patient_id: str, cursor: int, sent_at: datetime, queued: Sequence[QueuedFact]) -> SyncResult:
    """Take in what a phone queued, in its order, and tell what changed after fact number `cursor`.

    `sent_at` is the present by the phone's clock. Each is kept once, however often it comes; one that is refused does
    not keep out the others. Raises NotFound.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        readable = [each for each in queued if each.said_at is not None]
        moments = said(session, patient_id, [each.said_at for each in readable if each.said_at], sent_at)
        when = {id(each): moment for each, moment in zip(readable, moments, strict=True)}
        outcomes = [_take_in(session, patient_id, each, when.get(id(each))) for each in queued]
        row = patient_row(session, patient_id)
        schedule = schedules.of_row(session.store, row)
        for sent, outcome in zip(queued, outcomes, strict=True):
            outcome["warnings"] = []
            if sent.dose is not None and (moment := when.get(id(sent))) and outcome["outcome"] != "refused":
                outcome["warnings"] = warnings(schedule, sent.dose, moment.said_at)
        plan = schedule.treatment_plan
        changes = [_told(session, patient_id, plan, fact) for fact in facts.since(session.store, patient_id, cursor)]
    told = [change for change in changes if change is not None]
    return SyncResult(outcomes, told, row["version"], clock_off(sent_at, session.now))


def _take_in(session: Session, patient_id: str, sent: QueuedFact, when: Said | None) -> dict[str, Any]:
    digest = hashlib.sha256(orjson.dumps(sent.content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    known = sent_facts.get(session.store, patient_id, sent.client_id)
    if known is not None:
        if known["request_hash"] != digest:
            field_error = FieldError("/client_id", "This id came before with something else.", "id_reused")
            return _refused(sent, [field_error], Conflict)
        # Outcomes of earlier versions named no dose.
        outcome = {"dose_id": None, **orjson.loads(known["outcome"])}
        return {**outcome, "outcome": "already_recorded" if outcome["outcome"] == "recorded" else outcome["outcome"]}
    if sent.keep is None or when is None:
        return _refused(sent, sent.errors, ValidationFailed)
    try:
        with session.store.transaction():
            kept = sent.keep(session, patient_id, when)
    except ValidationFailed as error:
        return _refused(sent, error.errors, type(error))
    outcome = {
        "client_id": sent.client_id,
        "dose_id": kept.dose_id,
        "outcome": kept.outcome,
        "fact_id": kept.fact_id,
        "problem": None,
    }
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
    nothing = {"dose_id": None, "fact_id": None}
    return {"client_id": sent.client_id, **nothing, "outcome": "refused", "problem": problem}


def _told(session: Session, patient_id: str, plan: TreatmentPlan, fact: Fact) -> dict[str, Any] | None:
    """Return a fact as a phone may see it; None if it, or what it takes back, is not for the phone."""
    names = _TOLD.get(type(fact.body))
    if names is None:
        return None
    if isinstance(fact.body, Voided):
        superseded = facts.get(session.store, patient_id, fact.body.voids)
        if superseded is None or type(superseded.body) not in _TOLD:
            return None
    data = body_to_data(fact.body)
    told = {name: data.get(name) for name in names if name in data or name not in _LEFT_OUT}
    return {
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        "recorded_at": fact.recorded_at,
        "said_at": fact.said_at,
        "by": "patient" if fact.role == "patient" else "site",
        "replaces": fact.replaces,
        "data": {**told, **_of_drugs(plan, fact.body)},
    }


def _of_drugs(plan: TreatmentPlan, body: Body) -> dict[str, Any]:
    """Return what a phone needs to say which drugs a fact is of; of a hold of all there is nothing to say."""
    if isinstance(body, DoseChanged):
        changed = plan.regimen(body.regimen)
        if changed is None:
            return {}
        regimen = changed.regimen_on(body.from_on)
        times_a_day = body.times_a_day or regimen.times_a_day
        return {"drug": regimen.drug_name, "unit": regimen.unit, "times_a_day": times_a_day}
    if isinstance(body, RegimenEnded):
        ended = plan.regimen(body.regimen)
        return {} if ended is None else {"drug": ended.first.drug_name}
    if isinstance(body, HoldStarted):
        return _held(plan, body.regimens)
    if isinstance(body, HoldEnded):
        # Where it names none, only one was open.
        holds = (hold for hold in plan.history.holds if body.hold in (None, hold.fact_id))
        return _held(plan, next((one.regimens for one in holds if one.resumes_on == body.resumes_on), None))
    return {}


def _held(plan: TreatmentPlan, regimens: Sequence[str] | None) -> dict[str, Any]:
    held = [plan.regimen(name) for name in regimens or ()]
    drugs = [one.first.drug_name for one in held if one is not None]
    return {"drugs": drugs} if drugs else {}
