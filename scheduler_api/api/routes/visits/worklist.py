"""`/v1/worklist`: what a site has to do on a day."""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.operation import RECORDERS, produces, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, page
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.engine.worklist.entry import KINDS, URGENCIES
from scheduler_api.schemas.fields import Choice, CivilDate, Instant, Strict, Text, fields, listed, validate
from scheduler_api.schemas.patients import RecorderSchema
from scheduler_api.use_cases.sites.site_calendars import SUGGESTED
from scheduler_api.use_cases.visits import worklist

blueprint = ResourceBlueprint("worklist", __name__, description="What a site has to do")


class WorklistQuery(PageQuery):
    """The site and the day of a worklist."""

    site = Text(40)
    on = CivilDate(metadata={"description": "By default each patient's today; at most 60 days from it"})
    acknowledged = Choice(
        "hide", "include", load_default="hide", metadata={"description": "`include`: also what can wait"}
    )


class ResolvingCallSchema(Strict):
    """A call that would resolve an entry; `needs` names the fields of its body that are still to be filled in."""

    method = Choice("POST", "PUT", "DELETE", required=True)
    path = fields.String(required=True)
    body = fields.Dict(required=True)
    needs = fields.List(fields.String(), required=True)


class AcknowledgementSchema(Strict):
    """Why an entry can wait, and until when: it is listed again on that day."""

    note = Text(500, lines=True, required=True)
    until = CivilDate(
        required=True,
        allow_none=True,
        metadata={
            "description": "After today, at most 90 days ahead; null, for good, where a dose was taken that could hurt"
        },
    )


class AcknowledgedEntrySchema(AcknowledgementSchema):
    """An acknowledgement, and who made it when."""

    by = fields.Nested(RecorderSchema, required=True)
    at = Instant(required=True)


class WorklistEntrySchema(Strict):
    """Something to do about a patient. `today` is the day of the list."""

    entry_id = fields.String(required=True, metadata={"description": "The same on every day"})
    kind = Choice(*KINDS, required=True)
    urgency = Choice(
        *URGENCIES, required=True, metadata={"description": "`now`: due in two days or late; `soon`: within seven"}
    )
    patient_id = fields.String(required=True)
    subject_number = fields.String(required=True)
    site = fields.String(required=True)
    visit = fields.String(required=True, allow_none=True)
    since = CivilDate(required=True, metadata={"description": "The first day on which it is listed"})
    due_on = CivilDate(
        required=True,
        metadata={
            "description": "By when it should be resolved, never before `since` but for a visit: there it is the day "
            "by which the visit should be done, and an overdue one is late from the start"
        },
    )
    because = fields.String(required=True)
    label = fields.String(required=True, allow_none=True, metadata={"description": "The visit's, as in its protocol"})
    suggested_days = fields.List(
        CivilDate(),
        required=True,
        validate=validate.Length(max=SUGGESTED),
        metadata={"description": "When the visit could be done, as in the list of visits"},
    )
    resolve_with = fields.List(fields.Nested(ResolvingCallSchema), required=True)
    acknowledged = fields.Nested(AcknowledgedEntrySchema, required=True, allow_none=True)
    today = CivilDate(required=True)


@blueprint.route("/worklist")
@staff()
@produces(*TABLES)
@blueprint.arguments(WorklistQuery, location="query")
@blueprint.response(200, listed(WorklistEntrySchema, "WorklistEntryList"))
def list_worklist(query: dict[str, Any]) -> Response:
    """List what there is to do, soonest due first

    Each entry says why it is there, how urgent it is, and which calls resolve it.
    """
    entries = worklist.find(
        session(),
        query.get("site"),
        query.get("on"),
        query["acknowledged"] == "include",
        cursor_key(query, 2),
        query["limit"],
    )
    return page(entries.items, entries.after, WorklistEntrySchema)


@blueprint.route("/worklist/<string:entry_id>/acknowledgement", methods=["PUT"])
@staff(RECORDERS)
@blueprint.arguments(AcknowledgementSchema)
@blueprint.response(200, WorklistEntrySchema)
def acknowledge_entry(data: dict[str, Any], entry_id: str) -> Response:
    """Let an entry wait until a day

    It is hidden until then, and listed again before if its reason changes. It replaces an earlier acknowledgement.
    """
    return answer(worklist.acknowledge(session(), entry_id, data["note"], data["until"]))


@blueprint.route("/worklist/<string:entry_id>/acknowledgement", methods=["DELETE"])
@staff(RECORDERS)
@blueprint.response(204)
def withdraw_acknowledgement(entry_id: str) -> Response:
    """List an entry again

    The same whether or not it was acknowledged.
    """
    worklist.take_back(session(), entry_id)
    return Response(status=204)
