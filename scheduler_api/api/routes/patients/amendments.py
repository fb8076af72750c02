"""`/v1/protocols/{protocol}/versions/{version}/apply`: another version for many patients."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import ValidationError, validates_schema

from scheduler_api.api.http.operation import RECORDERS, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, encoded
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.problems import FieldErrorSchema, shown_errors
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import Choice, CivilDate, Strict, Text, fields, validate
from scheduler_api.use_cases.patients import amendments

from .facts import ConsequenceSchema, DryRunQuery, RecordWarningSchema

blueprint = ResourceBlueprint("amendments", __name__, description="Amendments for many patients")


class ApplyQuery(PageQuery, DryRunQuery):
    """How many patients of a site at once, from where on, and whether to record."""


def _each_once(patients: list[str]) -> None:
    if len(set(patients)) < len(patients):
        raise ValidationError("A patient is named twice.")


class AmendmentSchema(Strict):
    """The patients that a version applies to (`patients`, or all of a `site`), and from when."""

    patients = fields.List(Text(40), validate=[validate.Length(1, 200), _each_once], metadata={"uniqueItems": True})
    site = Text(40)
    from_on = CivilDate(required=True)
    reason = Text(500, lines=True, load_default=None)

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Refuse a body that names both patients and a site, or neither."""
        if ("patients" in data) == ("site" in data):
            raise ValidationError("Either `patients` or `site`.", "patients")


class AmendmentRefusalSchema(Strict):
    """Why a patient was refused: status and bad fields, as a problem would say."""

    status = fields.Integer(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema), required=True)


class AmendedPatientSchema(Strict):
    """The outcome for one patient."""

    patient_id = fields.String(required=True)
    subject_number = fields.String(required=True)
    site = fields.String(required=True)
    outcome = Choice(
        *amendments.OUTCOMES,
        required=True,
        metadata={"description": "`already`: the version is the patient's that day"},
    )
    fact_id = fields.String(
        required=True, allow_none=True, metadata={"description": "What was recorded; null in a dry run"}
    )
    consequences = fields.List(fields.Nested(ConsequenceSchema), required=True)
    warnings = fields.List(fields.Nested(RecordWarningSchema), required=True)
    problem = fields.Nested(AmendmentRefusalSchema, required=True, allow_none=True)


class AmendedCountsSchema(Strict):
    """Counts the patients of this response by outcome."""

    applied = fields.Integer(required=True)
    already = fields.Integer(required=True)
    refused = fields.Integer(required=True)


class AmendedPortionSchema(Strict):
    """The outcomes for some patients. Repeat the call with `next_cursor` until it is null; `left` patients remain."""

    items = fields.List(fields.Nested(AmendedPatientSchema), required=True)
    counts = fields.Nested(AmendedCountsSchema, required=True)
    left = fields.Integer(required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@blueprint.route("/protocols/<string:protocol>/versions/<int:version>/apply", methods=["POST"])
@staff(RECORDERS)
@blueprint.arguments(ApplyQuery, location="query")
@blueprint.arguments(AmendmentSchema)
@blueprint.response(200, AmendedPortionSchema)
def apply_amendment(query: dict[str, Any], data: dict[str, Any], protocol: str, version: int) -> Response:
    """Let a version of a protocol apply to many patients from a day on

    Each patient is recorded separately: one that is refused does not stop the others. A patient is refused whose site
    has not approved the version by the day from which it is to apply. The same call again applies only what is left. A
    site is done in portions of `limit`. `dry_run=true` returns the same and records nothing.
    """
    amendment = amendments.Amendment(protocol, version, data["from_on"], data["reason"])
    dry_run = query["dry_run"]
    if "site" in data:
        after = cursor_key(query, 2)
        done = amendments.to_site(session(), amendment, data["site"], after, query["limit"], dry_run)
    else:
        done = amendments.to_patients(session(), amendment, data["patients"], dry_run)
    for item in done.items:
        if (problem := item["problem"]) is not None:
            problem["errors"] = shown_errors(problem["errors"])
    return answer({"items": done.items, "counts": done.counts, "left": done.left, "next_cursor": encoded(done.after)})
