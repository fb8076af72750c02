"""Record facts with their consequences, and list a patient's whole history."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from scheduler_api.engine.checks import HAVE_A_REASON, next_history
from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import Body, DoseRecorded, Enrolled, Fact, body_to_data
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.views.changes import consequences
from scheduler_api.engine.views.warnings import warnings
from scheduler_api.store.database.port import Duplicate, Row
from scheduler_api.store.patients import facts, patients
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.projections.projections import horizon, update_patient
from scheduler_api.use_cases.session import Session, Stale, lock_patient, patient_row
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.protocols import versions_named, versions_of


@dataclass(frozen=True)
class NewFact:
    """A fact to be recorded: its data, and if it corrects another, which (`replaces`) and why."""

    body: Body
    replaces: str | None = None
    correction: str | None = None


@dataclass(frozen=True)
class Recorded:
    """A recorded fact as clients see it, with its consequences, what speaks against it, and the patient's version."""

    fact: dict[str, Any]
    consequences: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    version: int


@dataclass(frozen=True)
class Appended:
    """A fact that was added to a patient's log, with the patient's schedules before and after it."""

    fact: Fact
    before: PatientSchedule
    after: PatientSchedule
    version: int


class _DryRun(Exception):
    """Ends the unit of work of a dry run."""


def record(
    session: Session,
    patient_id: str,
    new: NewFact,
    if_versions: Collection[int] | None = None,
    dry_run: bool = False,
) -> Recorded:
    """Record one fact of a patient, or with `dry_run` only return what recording it would change.

    Raises NotFound, Forbidden, Stale when the patient is at none of `if_versions`, ValidationFailed with every bad
    field, or Conflict when the fact does not fit the record. Then nothing was recorded.
    """
    with unit_of_work(session, dry_run):
        recorded = with_consequences(session, append(session, patient_id, new, if_versions), dry_run)
    return recorded


@contextmanager
def unit_of_work(session: Session, dry_run: bool) -> Iterator[None]:
    """Make everything done in the block durable when it ends; keep nothing of a dry run."""
    try:
        with session.store.transaction():
            yield
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass


def with_consequences(session: Session, appended: Appended, dry_run: bool) -> Recorded:
    """Return a fact that was added, with its consequences. In a dry run it has no id and no time of recording."""
    today, through = civil_date(session.now, appended.after.history.time_zone), horizon(session.now)
    moved = consequences(appended.before, appended.after, today, through)
    document = fact_document(appended.fact, None)
    if dry_run:
        document.update(fact_id=None, recorded_at=None)
    return Recorded(document, moved, warnings(appended.after.history, appended.fact.body), appended.version)


def append(
    session: Session,
    patient_id: str,
    new: NewFact,
    if_versions: Collection[int] | None = None,
    today: date | None = None,
) -> Appended:
    """Add a fact to a patient's log and write what follows from it, inside a unit of work of the caller's.

    `today` replaces the present day if whoever recorded the fact was in another time zone. Raises as `record`.
    """
    lock_patient(session.store, patient_id)
    row = patient_row(session, patient_id)
    if if_versions is not None and row["version"] not in if_versions:
        raise Stale(row["version"])
    before = schedules.of_row(session.store, row)
    fact = _fact(session, new, row)
    earlier = facts.of_patient(session.store, patient_id) if fact.supersedes is not None else None
    # The record of a day names no version: only those that the history names are needed.
    day = fact.body.dose_on if isinstance(fact.body, DoseRecorded) and fact.supersedes is None else None
    versions = (
        versions_named(session.store, before.history)
        if day is not None
        else versions_of(session.store, row["protocol"])
    )
    after = PatientSchedule(versions, next_history(versions, before.history, earlier, fact, session.now, today))
    if isinstance(fact.body, Enrolled):
        _check_site(session, fact.body)
    head = facts.append(session.store, patient_id, row["version"] + 1, row["head"], fact)
    _write(session, row, before, after, head, fact, day)
    return Appended(fact, before, after, row["version"] + 1)


def _fact(session: Session, new: NewFact, row: Row) -> Fact:
    """Return the fact as it is recorded, always later than the patient's fact before it."""
    recorded_at = max(session.now, datetime.fromisoformat(row["recorded_at"]) + timedelta(microseconds=1))
    actor = session.actor
    return Fact(
        new_fact_id(), new.body, recorded_at, actor.role, actor.name, new.replaces, new.correction, actor.token_id
    )


def _check_site(session: Session, enrolled: Enrolled) -> None:
    if not session.actor.sees(enrolled.site) or not sites.exists(session.store, enrolled.site):
        raise ValidationFailed([FieldError("/site", "No such site.")])


def _write(
    session: Session,
    stored: Row,
    before: PatientSchedule,
    after: PatientSchedule,
    head: str,
    fact: Fact,
    day: date | None,
) -> None:
    """Write what follows from a fact (the record of a `day`, if it is one), replacing what is stored.

    Raises Conflict, Stale.
    """
    version, through = stored["version"] + 1, horizon(session.now)
    row = patients.row_of(stored["patient_id"], after.history, version, head, fact.recorded_at, through)
    try:
        is_written = update_patient(session.store, before, after, stored, row, day, session.now)
    except Duplicate:
        number = after.history.enrolled.subject_number
        raise Conflict([FieldError("/subject_number", f"The protocol has a patient {number}.")]) from None
    if not is_written:
        raise Stale(version)


def new_fact_id() -> str:
    """Make an id for a fact."""
    return f"f-{secrets.token_hex(8)}"


def fact_document(fact: Fact, voided_by: str | None) -> dict[str, Any]:
    """Return a fact as clients see it: its data, who recorded it, when, and why it corrects another."""
    data = body_to_data(fact.body)
    if isinstance(fact.body, Enrolled):
        data["protocol"] = {"id": data.pop("protocol"), "version": data.pop("version")}
    why = "correction_reason" if isinstance(fact.body, HAVE_A_REASON) else "reason"
    return {
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        **data,
        "recorded_at": fact.recorded_at,
        "recorded_by": {"role": fact.role, "name": fact.name},
        "replaces": fact.replaces,
        "voided_by": voided_by,
        why: fact.correction,
    }


def history_documents(session: Session, patient_id: str) -> list[dict[str, Any]]:
    """Return all facts of a patient in the order they were received, corrected and voided ones included.

    Raises NotFound.
    """
    patient_row(session, patient_id)
    all_facts = facts.of_patient(session.store, patient_id)
    superseded = superseded_by(all_facts)
    return [fact_document(fact, superseded.get(fact.fact_id)) for fact in all_facts]
