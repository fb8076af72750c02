"""Register and enrol, read and list patients."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import Enrolled, Fact, Registered
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.versions import periods
from scheduler_api.engine.recording.checks import first_errors
from scheduler_api.engine.treatment.reopening import as_it_counts
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Duplicate, Row
from scheduler_api.store.patients import facts, patients, time_zones
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.projections.horizons import visits_through
from scheduler_api.use_cases.projections.projections import insert_patient
from scheduler_api.use_cases.session import Session, known_to, lock_patient, patient_row, sites_to_search
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.approvals import is_approved
from scheduler_api.use_cases.sites.protocols import versions_named, versions_of

from .facts import new_fact_id, number_taken


def register(
    session: Session, registered: Registered, enrolled: Enrolled | None, patient_id: str | None = None
) -> dict[str, Any]:
    """Register a patient, and enrol the patient too if that is given; return the patient.

    `patient_id` is only given for a sample patient that documentation names.

    Raises Forbidden; ValidationFailed for an unknown site or protocol or an impossible value; Conflict when a patient
    of the protocol who is no screen failure has the subject number already.
    """
    with session.store.transaction():
        errors = []
        if not session.actor.sees(registered.site) or not sites.exists(session.store, registered.site):
            errors.append(FieldError("/site", "No such site.", "not_found"))
        versions = versions_of(session.store, registered.protocol)
        if not versions:
            errors.append(FieldError("/protocol/id", "No such protocol.", "not_found"))
        elif registered.version in versions and not errors and not _is_approved(session, registered):
            detail = f"Version {registered.version} is not approved for this site."
            errors.append(FieldError("/protocol/version", detail, "not_approved"))
        errors += first_errors(versions or None, registered, enrolled, session.now)
        if errors:
            raise ValidationFailed(errors)
        holder = patients.by_subject(session.store, registered.protocol, registered.subject_number)
        if holder is not None and not holder["failed_screening"]:
            raise number_taken("/subject_number", registered)
        patient_id, actor, head = patient_id or f"p-{secrets.token_hex(8)}", session.actor, ""
        lock_patient(session.store, patient_id)
        recorded: list[Fact] = []
        for body in (registered, enrolled) if enrolled is not None else (registered,):
            at = session.now + timedelta(microseconds=len(recorded))
            fact = Fact(new_fact_id(), body, at, actor.role, actor.name, actor=actor.token_id)
            recorded.append(fact)
            head = facts.append(session.store, patient_id, len(recorded), head, fact)
        history = fold(recorded)
        through = visits_through(patient_id, session.now)
        row = patients.row_of(patient_id, history, len(recorded), head, recorded[-1].recorded_at, through)
        try:
            insert_patient(session.store, PatientSchedule(versions, history), row, session.now)
        except Duplicate:
            raise number_taken("/subject_number", registered) from None
        return document(row, history, civil_date(session.now, history.time_zone))


def _is_approved(session: Session, registered: Registered) -> bool:
    return is_approved(session, registered.protocol, registered.version, registered.site)


def document(row: Row, history: History, today: date) -> dict[str, Any]:
    """Return a patient as clients see it on a day."""
    registered, enrolled = history.registered, history.enrolled
    fertility, basis = registered.fertility, registered.basis
    for change in history.fertility_changes:
        if change.from_on <= today:
            fertility, basis = "fertile" if change.fertile else "not_fertile", change.basis
    version = registered.version
    for amendment in history.amendments:
        if amendment.from_on <= today:
            version = amendment.version
    return {
        "patient_id": row["patient_id"],
        "subject_number": registered.subject_number,
        "site": history.site_on(today),
        "protocol": {"id": registered.protocol, "version": version},
        "consented_on": registered.consented_on,
        "planned_enrolment_on": registered.planned_enrolment_on,
        "enrolled_on": history.enrolled_on,
        "planned_first_dose_on": enrolled and enrolled.planned_first_dose_on,
        "arm": history.arm_on(today),
        "cohorts": sorted(history.cohorts_on(today)),
        "sex": registered.sex,
        "fertility": fertility,
        "basis": basis,
        "time_zone": history.time_zone,
        "status": patient_status(history, today),
        "version": row["version"],
    }


def get(session: Session, patient_id: str) -> dict[str, Any]:
    """Return one patient, for a site that had the patient before as on the last of its days. Raises NotFound."""
    row = patient_row(session, patient_id, former=True)
    history, today = known_to(session, row)
    history = as_it_counts(periods(versions_named(session.store, history), history), history)
    return document(row, history, today)


def find(
    session: Session,
    site: str | None = None,
    statuses: Sequence[str] | None = None,
    subject_number: str | None = None,
    subject_number_part: str | None = None,
    protocol: str | None = None,
    patient_id: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> Page[tuple[str, str]]:
    """Return a page of the actor's patients: of a site or a protocol, with a status, by (part of the) subject number.

    Several protocols may each have a patient with the same subject number. Raises NotFound for another's site.
    """
    query = patients.Query(
        time_zones.todays(session.store, session.now),
        session.now,
        sites_to_search(session, site),
        statuses,
        protocol,
        patient_id,
        subject_number,
        subject_number_part,
        after,
        limit + 1,
    )
    rows = patients.find(session.store, query)
    items = []
    for row in rows[:limit]:
        item = document(row, of_row(session.store, row), date.fromisoformat(row["today"]))
        items.append({**item, "status": row["status"]})
    more = len(rows) > limit
    return Page(items, (items[-1]["subject_number"], items[-1]["patient_id"]) if more else None)
