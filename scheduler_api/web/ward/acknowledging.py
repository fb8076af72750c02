"""`/ward/worklist/{entry_id}/acknowledgement`: say that an entry was seen and can wait."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import ValidationError

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.api.routes.visits.worklist import AcknowledgementSchema
from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.worklist.entry import ACKNOWLEDGED_FOR_GOOD
from scheduler_api.schemas.errors import errors_of
from scheduler_api.use_cases.session import NotFound, patient_row
from scheduler_api.use_cases.visits import worklist
from scheduler_api.web.pages import blueprint, go_to, page

_PATH = "/ward/worklist/<string:entry_id>/acknowledgement"


@blueprint.route(_PATH)
@signed_in(RECORDERS)
def show_acknowledgement(entry_id: str) -> Response:
    """Show an entry of the worklist, and the form that lets it wait"""
    return _form(entry_id)


@blueprint.route(_PATH, methods=["POST"])
@signed_in(RECORDERS)
@any_query
def acknowledge(entry_id: str) -> Response:
    """Let an entry wait until a day, or for good where something happened that stays on record; or show its form"""
    if request.args.get("dry_run") == "true":
        return _form(entry_id)
    entry = _entry(entry_id)
    given: dict[str, Any] = {
        name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in ("note", "until")
    }
    given = {name: text for name, text in given.items() if text}
    if entry["kind"] in ACKNOWLEDGED_FOR_GOOD:
        given["until"] = None
    try:
        document = AcknowledgementSchema().load(given)
        worklist.acknowledge(session(), entry_id, document["note"], document["until"])
    except ValidationError as error:
        return _form(entry_id, [*errors_of(error.normalized_messages())])
    except ValidationFailed as refused:
        return _form(entry_id, [*refused.errors])
    return go_to("show_today", "seen" if document["until"] is None else "acknowledged")


def _entry(entry_id: str) -> dict[str, Any]:
    """Return an entry of today. Raises NotFound."""
    patient_id = entry_id.split(".")[1] if "." in entry_id else ""
    row = patient_row(session(), patient_id)
    today = civil_date(session().now, row["time_zone"])
    for entry in worklist.of_patient(session().store, row, today, session().now):
        if entry["entry_id"] == entry_id:
            return entry
    raise NotFound("No such entry today.")


def _form(entry_id: str, errors: list[FieldError] | None = None) -> Response:
    entry = _entry(entry_id)
    return page(
        "acknowledge.html",
        422 if errors else 200,
        entry=entry,
        for_good=entry["kind"] in ACKNOWLEDGED_FOR_GOOD,
        errors=errors or [],
        given=request.form,
    )
