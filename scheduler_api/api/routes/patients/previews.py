"""`/v1/previews`: a calendar from facts that are stored nowhere."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response
from marshmallow import ValidationError, validates_schema

from scheduler_api.api.http.operation import staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, store
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.protocol import Versions
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.schemas.enrolments import ProtocolReference, RegisteredPatientSchema, enrolled_body, registered_body
from scheduler_api.schemas.facts import NewFactField
from scheduler_api.schemas.fields import CivilDate, Strict, fields, validate
from scheduler_api.schemas.patients import PatientCalendarSchema
from scheduler_api.use_cases.patients import calendars
from scheduler_api.use_cases.sites.protocols import versions_of
from scheduler_api.use_cases.sites.sites import time_zone_of

blueprint = ResourceBlueprint("previews", __name__, description="Calendars of patients who are stored nowhere")


class PreviewSchema(Strict):
    """A protocol (by id, or its definition), a patient, and facts in order; a fact's id is its place, from "1"."""

    protocol = ProtocolReference()
    definition = fields.Dict(metadata={"description": "A protocol's definition, as for POST /v1/protocols"})
    patient = fields.Nested(RegisteredPatientSchema, required=True)
    facts = fields.List(NewFactField(), load_default=list, validate=validate.Length(max=1000))
    today = CivilDate(required=True)
    from_ = CivilDate(data_key="from")
    to = CivilDate()

    @validates_schema
    def one_protocol(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require exactly one of `protocol` and `definition`."""
        if ("protocol" in data) == ("definition" in data):
            raise ValidationError("One of `protocol` and `definition`.", "protocol")


@blueprint.route("/previews", methods=["POST"])
@staff()
@blueprint.arguments(PreviewSchema)
@blueprint.response(200, PatientCalendarSchema)
def preview_calendar(data: dict[str, Any]) -> Response:
    """Compute the calendar of a patient who is stored nowhere

    For trying out a protocol: nothing is recorded.
    """
    versions, version = _protocol(data)
    protocol = next(iter(versions.values())).id
    registered, enrolled = registered_body(data["patient"], protocol, version), enrolled_body(data["patient"])
    view = calendars.View(data.get("from_"), data.get("to"))
    zone_of = partial(time_zone_of, store())
    return answer(calendars.preview(versions, registered, enrolled, data["facts"], data["today"], view, zone_of))


def _protocol(data: dict[str, Any]) -> tuple[Versions, int]:
    """Return the versions to compute with, and the one the patient enrols under."""
    if "definition" in data:
        try:
            protocol = read_protocol(data["definition"])
        except ValidationFailed as error:
            raise ValidationFailed(
                replace(field_error, pointer=f"/definition{field_error.pointer}") for field_error in error.errors
            ) from None
        return {protocol.version: protocol}, protocol.version
    versions = versions_of(store(), data["protocol"]["id"])
    if not versions:
        raise ValidationFailed([FieldError("/protocol/id", "No such protocol.", "not_found")])
    version = data["protocol"].get("version") or max(versions)
    if version not in versions:
        raise ValidationFailed(
            [FieldError("/protocol/version", f"The protocol has no version {version}.", "not_found")]
        )
    return versions, version
