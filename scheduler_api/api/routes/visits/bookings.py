"""`/v1/patients/{id}/visits/{visit}`: one visit, its booking, and its result."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from flask import Response

from scheduler_api.api.http.conditions import if_match, patient_tag, unless_not_modified
from scheduler_api.api.http.operation import RECORDERS, heeds, staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.api.routes.patients.facts import ConsequenceSchema, DryRunQuery, RecordWarningSchema
from scheduler_api.engine.model.facts import VisitBooked
from scheduler_api.engine.reminders.kinds import TO_PATIENTS, TO_SITES
from scheduler_api.schemas.facts import FACTS, NewlyRecordedFactSchema
from scheduler_api.schemas.fields import Choice, CivilDate, Instant, Strict, Text, fields
from scheduler_api.schemas.patients import RESPONSE, ContraceptionSchema, DeviationSchema
from scheduler_api.use_cases.visits import bookings

from .visits import PatientVisitSchema
from .worklist import WorklistEntrySchema

blueprint = ResourceBlueprint("bookings", __name__, description="One visit: its booking, and its result")

_PATH = "/patients/<string:patient_id>/visits/<string:visit>"
#: A booking has the same fields as the fact.
_BOOKED = FACTS["visit_booked"].fields


class BookingSchema(Strict):
    """A day for a visit; time and place if they are known."""

    booked_on = CivilDate(required=True, metadata={"example": "2026-12-08"})
    time = _BOOKED["time"]
    place = _BOOKED["place"]


class VisitResultSchema(Strict):
    """A visit took place."""

    done_on = CivilDate(required=True, metadata={"example": "2026-12-08"})
    response = Text(
        12,
        allow_none=True,
        metadata={
            **RESPONSE,
            "description": f"{RESPONSE['description']}. Left out, the one on record stays; null removes it",
        },
    )
    reason = Text(
        1000,
        lines=True,
        load_default=None,
        metadata={"description": "Why, if this differs from the result on record (or confirms a guess)"},
    )


class PlannedReminderSchema(Strict):
    """A message that is planned, or no longer planned."""

    to = Choice("patient", "site", required=True, metadata={"description": "Whom it is for"})
    kind = Choice(*TO_PATIENTS, *TO_SITES, required=True)
    about = fields.String(required=True)
    at = Instant(required=True)


class VisitUpdateSchema(Strict):
    """The result of a call about a visit: the visit as it is now, and everything that follows and is still to do."""

    visit = fields.Nested(
        PatientVisitSchema, required=True, allow_none=True, metadata={"description": "Null: no longer in the plan"}
    )
    fact = fields.Nested(
        NewlyRecordedFactSchema, required=True, allow_none=True, metadata={"description": "Null: nothing changed"}
    )
    consequences = fields.List(fields.Nested(ConsequenceSchema), required=True)
    deviations = fields.List(
        fields.Nested(DeviationSchema), required=True, metadata={"description": "Those that the fact makes"}
    )
    warnings = fields.List(fields.Nested(RecordWarningSchema), required=True)
    to_do = fields.List(
        fields.Nested(WorklistEntrySchema), required=True, metadata={"description": "The patient's worklist after it"}
    )
    contraception = fields.Nested(ContraceptionSchema, required=True)
    reminders_ended = fields.List(fields.Nested(PlannedReminderSchema), required=True)
    reminders_planned = fields.List(fields.Nested(PlannedReminderSchema), required=True)


@blueprint.route(_PATH)
@staff()
@heeds("If-None-Match")
@blueprint.response(200, PatientVisitSchema)
def get_visit(patient_id: str, visit: str) -> Response:
    """Get one visit of one patient

    As in the list of visits, however far ahead it is.
    """
    document, version = bookings.get(session(), patient_id, visit)
    # What is suggested depends on the site's calendar and on others' bookings too: so the tag covers the document.
    response = answer(document)
    digest = hashlib.blake2b(response.get_data(), digest_size=6).hexdigest()
    headers = {"ETag": f'"{version}.{document["today"]}.{digest}"', "Cache-Control": "private, no-cache"}
    return unless_not_modified(headers, lambda: response)


@blueprint.route(f"{_PATH}/booking", methods=["PUT"])
@staff(RECORDERS)
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(BookingSchema)
@blueprint.response(200, VisitUpdateSchema)
@if_match
def book_visit(
    query: dict[str, Any], booking: dict[str, Any], patient_id: str, visit: str, if_versions: Collection[int] | None
) -> Response:
    """Book a visit, or move its booking

    Any day can be booked; `warnings` say what speaks against it. The same booking again records nothing.
    """
    return _book(query, patient_id, VisitBooked(visit, **booking), if_versions)


@blueprint.route(f"{_PATH}/booking", methods=["DELETE"])
@staff(RECORDERS)
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.response(200, VisitUpdateSchema)
@if_match
def cancel_booking(query: dict[str, Any], patient_id: str, visit: str, if_versions: Collection[int] | None) -> Response:
    """Cancel the booking of a visit

    If it has none, nothing is recorded.
    """
    return _book(query, patient_id, VisitBooked(visit, None), if_versions)


def _book(
    query: dict[str, Any], patient_id: str, booking: VisitBooked, if_versions: Collection[int] | None
) -> Response:
    dry_run = query["dry_run"]
    return _answer(bookings.book(session(), patient_id, booking, if_versions, dry_run), dry_run)


@blueprint.route(f"{_PATH}/result", methods=["PUT"])
@staff(RECORDERS)
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(VisitResultSchema)
@blueprint.response(200, VisitUpdateSchema)
@if_match
def record_visit_result(
    query: dict[str, Any], result: dict[str, Any], patient_id: str, visit: str, if_versions: Collection[int] | None
) -> Response:
    """Record that a visit took place, imaging with its response

    Outside the window it is recorded, and `deviations` says which one it makes. The same result again records nothing;
    another one corrects it and needs a `reason`. After `PD`, `to_do` says what is still to decide.
    """
    dry_run = query["dry_run"]
    outcome = bookings.record_result(
        session(),
        patient_id,
        visit,
        result["done_on"],
        result.get("response"),
        result["reason"],
        if_versions,
        dry_run,
        keep_response="response" not in result,
    )
    return _answer(outcome, dry_run)


def _answer(outcome: bookings.BookingOutcome, dry_run: bool) -> Response:
    headers = {} if dry_run else {"ETag": patient_tag(outcome.version, session().now.date())}
    return answer(outcome.document, headers=headers)
