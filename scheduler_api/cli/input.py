"""Read input: data by the schemas of the API, and patients by their ids or subject numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .refusals import Refused

if TYPE_CHECKING:
    from marshmallow import Schema

    from scheduler_api.engine.model.facts import Enrolled, Registered
    from scheduler_api.use_cases.session import Session


def shaped(schema: Schema, data: Mapping[str, Any]) -> Any:
    """Return what a schema makes of data. Raises ValidationFailed with every bad field."""
    from marshmallow import ValidationError

    from scheduler_api.engine.errors import ValidationFailed
    from scheduler_api.schemas.errors import errors_of

    try:
        return schema.load(data)
    except ValidationError as error:
        raise ValidationFailed(errors_of(error.messages)) from None


def new_patient(session: Session, data: Mapping[str, Any]) -> tuple[Registered, Enrolled | None]:
    """Return the registration that data, shaped as for `POST /v1/patients`, describe, and the enrolment if any.

    Raises ValidationFailed.
    """
    from scheduler_api.engine.errors import FieldError, ValidationFailed
    from scheduler_api.schemas.enrolments import NewPatientSchema, enrolled_body, registered_body
    from scheduler_api.use_cases.sites.approvals import approved_version

    shape = shaped(NewPatientSchema(), data)
    protocol = shape["protocol"]
    version = protocol.get("version") or approved_version(session, protocol["id"], shape["site"])
    if version is None:
        raise ValidationFailed([FieldError("/protocol/id", "No such protocol.", "not_found")])
    return registered_body(shape, protocol["id"], version), enrolled_body(shape)


def find_patient(session: Session, name: str, protocol: str | None = None) -> str:
    """Return the id of the patient with this id or subject number, of one protocol only if that is given.

    Raises NotFound. Ends the command when several protocols have a patient of this number.
    """
    from scheduler_api.store.patients import patients
    from scheduler_api.use_cases.session import NotFound
    from scheduler_api.use_cases.sites import protocols

    if protocol is None and patients.get(session.store, name) is not None:
        return name
    names = [protocol] if protocol else dict.fromkeys(summary["id"] for summary in protocols.list_all(session))
    rows = [row for each in names if (row := patients.by_subject(session.store, each, name)) is not None]
    if not rows:
        raise NotFound(f"No such patient: {name}.")
    if len(rows) > 1:
        choices = ", ".join(f"{row['patient_id']} ({row['protocol']})" for row in rows)
        raise Refused(f"There are several patients {name}: {choices}.")
    return str(rows[0]["patient_id"])
