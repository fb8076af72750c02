"""Enrol, read and list patients."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from scheduler_api.engine.checks import enrolment_errors
from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import Enrolled, Fact
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Duplicate, Row
from scheduler_api.store.patients import facts, patients, time_zones
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.projections.projections import horizon, insert_patient
from scheduler_api.use_cases.session import Session, lock_patient, patient_row, sites_to_search
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.protocols import versions_of

from .facts import fact_document, new_fact_id


def enrol(session: Session, enrolled: Enrolled) -> tuple[dict[str, Any], dict[str, Any]]:
    """Enrol a patient; return the patient and the fact `enrolled`.

    Raises Forbidden; ValidationFailed for an unknown site or protocol or an impossible value; Conflict when the
    protocol has the subject number already.
    """
    with session.store.transaction():
        errors = []
        if not session.actor.sees(enrolled.site) or not sites.exists(session.store, enrolled.site):
            errors.append(FieldError("/site", "No such site."))
        versions = versions_of(session.store, enrolled.protocol)
        if not versions:
            errors.append(FieldError("/protocol/id", "No such protocol."))
        elif enrolled.version not in versions:
            errors.append(FieldError("/protocol/version", f"The protocol has no version {enrolled.version}."))
        errors += enrolment_errors(enrolled, session.now)
        if errors:
            raise ValidationFailed(errors)
        if patients.by_subject(session.store, enrolled.protocol, enrolled.subject_number) is not None:
            raise _taken(enrolled)
        patient_id, actor = f"p-{secrets.token_hex(8)}", session.actor
        lock_patient(session.store, patient_id)
        fact = Fact(new_fact_id(), enrolled, session.now, actor.role, actor.name, actor=actor.token_id)
        history = fold([fact])
        head = facts.append(session.store, patient_id, 1, "", fact)
        row = patients.row_of(patient_id, history, 1, head, session.now, horizon(session.now))
        try:
            insert_patient(session.store, PatientSchedule(versions, history), row, session.now)
        except Duplicate:
            raise _taken(enrolled) from None
        return document(row, history, civil_date(session.now, history.time_zone)), fact_document(fact, None)


def _taken(enrolled: Enrolled) -> Conflict:
    return Conflict([FieldError("/subject_number", f"{enrolled.protocol} has a patient {enrolled.subject_number}.")])


def document(row: Row, history: History, today: date) -> dict[str, Any]:
    """Return a patient as clients see it on a day."""
    enrolled = history.enrolled
    fertility, basis = enrolled.fertility, enrolled.basis
    for change in history.fertility_changes:
        if change.from_on <= today:
            fertility, basis = "fertile" if change.fertile else "not_fertile", change.basis
    version = enrolled.version
    for amendment in history.amendments:
        if amendment.from_on <= today:
            version = amendment.version
    return {
        "patient_id": row["patient_id"],
        "subject_number": enrolled.subject_number,
        "site": enrolled.site,
        "protocol": {"id": enrolled.protocol, "version": version},
        "enrolled_on": enrolled.enrolled_on,
        "planned_first_dose_on": enrolled.planned_first_dose_on,
        "sex": enrolled.sex,
        "fertility": fertility,
        "basis": basis,
        "time_zone": history.time_zone,
        "status": patient_status(history, today),
        "version": row["version"],
    }


def get(session: Session, patient_id: str) -> dict[str, Any]:
    """Return one patient. Raises NotFound."""
    row = patient_row(session, patient_id)
    return document(row, of_row(session.store, row), civil_date(session.now, row["time_zone"]))


def find(
    session: Session,
    site: str | None = None,
    status: str | None = None,
    subject_number: str | None = None,
    subject_number_part: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> Page[tuple[str, str]]:
    """Return a page of the actor's patients: of a site, with a status, by (part of the) subject number.

    Several protocols may each have a patient with the same subject number. Raises NotFound for another's site.
    """
    query = patients.Query(
        time_zones.todays(session.store, session.now),
        sites_to_search(session, site),
        status,
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
