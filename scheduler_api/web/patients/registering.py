"""`/ward/register`: a new patient, with the visits that would follow shown before anything is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import Enrolled, Registered
from scheduler_api.schemas.enrolments import NewPatientSchema, enrolled_body, registered_body
from scheduler_api.schemas.errors import errors_of
from scheduler_api.use_cases.patients import calendars, patients
from scheduler_api.use_cases.sites import protocols
from scheduler_api.use_cases.sites.approvals import approved_version
from scheduler_api.use_cases.sites.sites import time_zone_of
from scheduler_api.web.pages import blueprint, go_to, page
from scheduler_api.web.queries import all_sites

from .forms import Options, fields_of
from .recording import digest_of

#: How far ahead the visits of a patient who is not recorded yet are shown.
_AHEAD = timedelta(7 * 26)


@blueprint.route("/ward/register")
@signed_in(RECORDERS)
def new_patient() -> Response:
    """Show the form for a new patient"""
    sites = all_sites()
    known = MultiDict({"site": sites[0]["site"], "time_zone": sites[0]["time_zone"]} if len(sites) == 1 else {})
    return _form(known)


@blueprint.route("/ward/register", methods=["POST"])
@signed_in(RECORDERS)
@any_query
def register() -> Response:
    """Show the visits that would follow for a new patient; register the patient once they were seen"""
    given = request.form
    try:
        registered, enrolled = _read(given)
        digest = digest_of((registered, enrolled))
        if request.args.get("dry_run") == "true" or given.get("seen") != digest:
            return _form(given, preview=_preview(registered, enrolled), seen=digest)
        patient = patients.register(session(), registered, enrolled)
    except ValidationFailed as refused:
        return _form(given, 409 if isinstance(refused, Conflict) else 422, refused.errors)
    return go_to("show_patient", "recorded", patient_id=patient["patient_id"])


def _read(given: Mapping[str, str]) -> tuple[Registered, Enrolled | None]:
    """Return what the form says of a patient, under the version approved for the site. Raises ValidationFailed."""
    names = NewPatientSchema().fields
    document = {name: text for name in names if (text := given.get(name, "").strip())}
    try:
        data = NewPatientSchema().load(document)
    except ValidationError as error:
        raise ValidationFailed(errors_of(error.normalized_messages())) from None
    protocol = data["protocol"]["id"]
    version = approved_version(session(), protocol, data["site"])
    if version is None:
        raise ValidationFailed([FieldError("/protocol", "No version is approved for this site.", "not_approved")])
    return registered_body(data, protocol, version), enrolled_body(data)


def _preview(registered: Registered, enrolled: Enrolled | None) -> dict[str, Any]:
    """Return the calendar that the patient would have. Raises ValidationFailed."""
    versions, today = protocols.versions_of(session().store, registered.protocol), session().now
    zone_of = partial(time_zone_of, session().store)
    day = civil_date(today, registered.time_zone)
    view = calendars.View(min(enrolled.enrolled_on, day) if enrolled is not None else day, day + _AHEAD)
    try:
        return calendars.preview(versions, registered, enrolled, [], day, view, zone_of)
    except ValidationFailed as refused:
        errors = [replace(error, pointer=error.pointer.removeprefix("/patient")) for error in refused.errors]
        raise (Conflict if isinstance(refused, Conflict) else ValidationFailed)(errors) from None


def _form(
    given: MultiDict[str, str],
    status: int = 200,
    errors: Iterable[FieldError] = (),
    preview: dict[str, Any] | None = None,
    seen: str = "",
) -> Response:
    names = dict.fromkeys(one["id"] for one in protocols.list_all(session()))
    arms = [arm for name in names for one in protocols.versions_of(session().store, name).values() for arm in one.arms]
    options: dict[str, Options] = {
        "protocol": [(name, "") for name in names],
        "site": [(one["site"], one["name"]) for one in all_sites()],
        "arm": [(arm, "") for arm in dict.fromkeys(arms)],
    }
    errors = [*errors]
    fields = fields_of(NewPatientSchema().fields, given, options, errors)
    shown = {error for field in fields for error in field.errors}
    return page(
        "register.html",
        status,
        fields=fields,
        refusals=errors,
        errors=[error for error in errors if error not in shown],
        preview=preview,
        seen=seen,
    )
