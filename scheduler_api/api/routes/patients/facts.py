"""`/v1/patients/{id}/facts`: recording, and the whole history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import conditional, idempotent, if_match, patient_tag
from scheduler_api.api.http.operation import RECORDERS, produces, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.engine.doses.accountability import COUNT_DIFFERS
from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.instants import stamp
from scheduler_api.schemas.facts import FACTS, NewFactSchema, NewlyRecordedFactSchema, RecordedFactSchema
from scheduler_api.schemas.fields import Choice, CivilDate, QueryFlag, Strict, fields, listed
from scheduler_api.schemas.patients import DeviationSchema
from scheduler_api.use_cases.patients import facts

blueprint = ResourceBlueprint("facts", __name__, description="What is recorded about a patient")


class ConsequenceSchema(Strict):
    """Something that a fact changed."""

    what = fields.String(required=True, metadata={"example": "visit imaging-w12"})
    before = fields.Dict(required=True, allow_none=True, metadata={"description": "Null: it was not there"})
    after = fields.Dict(required=True, allow_none=True, metadata={"description": "Null: it is gone"})
    because = fields.String(required=True)


class RecordReferenceSchema(Strict):
    """Something on record: its kind, and the day on which it happened."""

    kind = Choice(*FACTS, required=True)
    on = CivilDate(required=True)


class RecordWarningSchema(Strict):
    """Something that speaks against what was recorded. It was recorded all the same."""

    code = Choice(
        "day_past",
        "site_closed",
        "no_slot_left",
        "not_planned",
        "already_done",
        "not_required",
        "unscheduled",
        "window_of_another",
        "no_response",
        "records_after_end",
        "before_consent",
        "takes_the_place",
        "longer_gap",
        "after_end_of_treatment",
        "site_not_approved",
        "dispensed_after_end",
        "kit_given_twice",
        "unknown_kit",
        COUNT_DIFFERS,
        *HARMFUL,
        required=True,
    )
    detail = fields.String(required=True)
    records = fields.List(
        fields.Nested(RecordReferenceSchema), metadata={"description": "The records it is about, if it is about some"}
    )


class RecordingResultSchema(Strict):
    """A recorded fact, what it changed, the deviations it makes, and what speaks against it."""

    fact = fields.Nested(NewlyRecordedFactSchema, required=True)
    facts = fields.List(
        fields.Nested(NewlyRecordedFactSchema),
        metadata={"description": "Only of `visits`: the facts of all of them; `fact` is the first"},
    )
    consequences = fields.List(fields.Nested(ConsequenceSchema), required=True)
    deviations = fields.List(
        fields.Nested(DeviationSchema), required=True, metadata={"description": "Those that the fact makes"}
    )
    warnings = fields.List(fields.Nested(RecordWarningSchema), required=True)


class DryRunQuery(Strict):
    """Says whether to record the fact, or only to tell what recording it would change."""

    dry_run = QueryFlag(
        load_default=False,
        metadata={"description": "`true`: answer the same, the fact without id and instant, and record nothing"},
    )


@blueprint.route("/patients/<string:patient_id>/facts", methods=["POST"])
@staff(RECORDERS)
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(NewFactSchema)
@blueprint.response(201, RecordingResultSchema)
@blueprint.alt_response(200, schema=RecordingResultSchema, description="Dry run: nothing was recorded", success=True)
@idempotent
@if_match
def record_fact(
    query: dict[str, Any], new: facts.NewFact, patient_id: str, if_versions: Collection[int] | None
) -> Response:
    """Record a fact

    201 with what it changed, the deviations it makes and what speaks against it; 409 if it contradicts the record. With
    `If-Match`, 412 if the patient changed since.
    """
    dry_run = query["dry_run"]
    recorded = facts.record(session(), patient_id, new, if_versions, dry_run)
    document = {
        "fact": recorded.fact,
        "consequences": recorded.consequences,
        "deviations": recorded.deviations,
        "warnings": recorded.warnings,
    }
    if new.visits:
        document["facts"] = recorded.facts
    if dry_run:
        return answer(document)
    return answer(document, 201, {"ETag": patient_tag(recorded.version, session().now.date())})


@blueprint.route("/patients/<string:patient_id>/facts")
@staff()
@produces(*TABLES)
@conditional
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(RecordedFactSchema, "FactList"))
def list_facts(query: dict[str, Any], patient_id: str) -> Response:
    """List all facts of one patient

    In the order the facts were received, corrected and voided ones included.
    """
    return page_of(facts.history_documents(session(), patient_id), _key, query, RecordedFactSchema)


def _key(fact: Mapping[str, Any]) -> tuple[str, ...]:
    # Each of a patient's facts is recorded a moment after the one before it, but for an enrolment that an earlier
    # version recorded together with the registration.
    return stamp(fact["recorded_at"]), "0" if fact["kind"] == "registered" else "1"
