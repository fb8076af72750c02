"""`/v1/audit`: who did and read what, when and why; and whether the logs are complete."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.operation import AUDITORS, produces, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, page
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, services, session
from scheduler_api.schemas.fields import Choice, Instant, Strict, Text, fields, listed
from scheduler_api.schemas.queries import TrailQuery
from scheduler_api.use_cases.audit import integrity, search

blueprint = ResourceBlueprint("audit", __name__, description="Who did and read what, when and why")


class TrailPageQuery(TrailQuery, PageQuery):
    """Which entries, in pages."""


class AuditActorSchema(Strict):
    """Who did it."""

    id = fields.String(required=True, allow_none=True)
    role = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)


class AuditEntrySchema(Strict):
    """Something that was done or read."""

    at = Instant(required=True)
    log = Choice("facts", "audit", required=True)
    actor = fields.Nested(AuditActorSchema, required=True)
    action = fields.String(required=True)
    patient_id = fields.String(required=True, allow_none=True)
    site = fields.String(required=True, allow_none=True)
    route = fields.String(required=True, allow_none=True, metadata={"description": "The call, without ids"})
    old = fields.Dict(required=True, allow_none=True, metadata={"description": "What was there before"})
    new = fields.Dict(required=True, allow_none=True, metadata={"description": "What was recorded"})
    why = fields.String(required=True, allow_none=True)
    detail = fields.Dict(required=True)
    stream = fields.String(required=True, metadata={"description": "The chain it is in"})
    seq = fields.Integer(required=True, metadata={"description": "Its number in that chain"})
    hash = fields.String(required=True, metadata={"description": "Covers it and the entry before it in the chain"})


class VerifyQuery(Strict):
    """The patient; by default all."""

    patient = Text(40)


class AuditVerificationSchema(Strict):
    """Says whether the logs are complete, and how much was checked."""

    whole = fields.Boolean(required=True)
    patients = fields.Integer(required=True)
    facts = fields.Integer(required=True)
    events = fields.Integer(required=True)
    wrong = fields.List(fields.String(), required=True, metadata={"description": "What is wrong, at most 200"})


@blueprint.route("/audit")
@staff(AUDITORS)
@produces(*TABLES)
@blueprint.arguments(TrailPageQuery, location="query")
@blueprint.response(200, listed(AuditEntrySchema, "AuditList"))
def list_audit_entries(query: dict[str, Any]) -> Response:
    """List what was done and read, oldest first

    Facts, other writes, refused access, and what staff read. For a coordinator, a monitor or an admin, of their sites.
    """
    _record_readings()
    result = search.find(session(), _filters(query), cursor_key(query, 4), query["limit"])
    return page(result.items, result.after, AuditEntrySchema)


@blueprint.route("/audit/export")
@staff(AUDITORS)
@produces("application/x-ndjson")
@blueprint.arguments(TrailQuery, location="query")
@blueprint.response(200, content_type="application/x-ndjson")
def export_audit(query: dict[str, Any]) -> Response:
    """Export the audit trail as JSON Lines, one entry a line

    With the same filters as the list, oldest first, without pages.
    """
    _record_readings()
    lines = (
        orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in search.export(session(), _filters(query))
    )
    return Response(lines, content_type="application/x-ndjson", headers={"Cache-Control": "private, no-store"})


@blueprint.route("/audit/verify")
@staff(AUDITORS)
@blueprint.arguments(VerifyQuery, location="query")
@blueprint.response(200, AuditVerificationSchema)
def verify_audit(query: dict[str, Any]) -> Response:
    """Check that the chains of all logs are complete and agree with the checkpoints

    For one patient this takes milliseconds. For all it reads every row, tens of microseconds each; only for users who
    see all sites.
    """
    _record_readings()
    report = integrity.check(session(), query.get("patient"), services().keys)
    document = {
        "whole": not report.wrong,
        "patients": report.patients,
        "facts": report.facts,
        "events": report.events,
        "wrong": report.wrong,
    }
    return answer(document)


def _filters(query: dict[str, Any]) -> search.Filters:
    return search.Filters(
        query.get("patient"),
        query.get("actor"),
        query.get("action"),
        query.get("site"),
        query.get("from_"),
        query.get("to"),
    )


def _record_readings() -> None:
    """Record the readings of this process that are waiting, since they belong to the response."""
    readings = services().readings
    readings.flush()
