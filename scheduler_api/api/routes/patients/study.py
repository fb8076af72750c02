"""Across patients: `/v1/doses`, `/v1/deviations`, `/v1/adherence` and `/v1/studies/{protocol}/summary`."""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.operation import produces, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, page
from scheduler_api.api.http.parsing import ResourceBlueprint, some_of
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import Amount, Choice, CivilDate, Strict, Text, fields, listed
from scheduler_api.schemas.patients import DEVIATIONS, DOSE_STATUSES, DeviationSchema, DoseAdherenceSchema
from scheduler_api.schemas.queries import RangeQuery
from scheduler_api.use_cases.patients import dose_lists, study

from .patients import PatientAdherenceSchema

blueprint = ResourceBlueprint("study", __name__, description="What is computed across patients")


class SiteQuery(Strict):
    """The site; by default all sites that you may see."""

    site = Text(40)


class PatientsQuery(SiteQuery, PageQuery):
    """The site, and the page."""


class DeviationsQuery(PatientsQuery, RangeQuery):
    """Filters of deviations; by default all."""

    kind = some_of(*DEVIATIONS)


class OfPatientSchema(Strict):
    """The patient of an item."""

    patient_id = fields.String(required=True)
    subject_number = fields.String(required=True)
    site = fields.String(required=True)


class StudyDeviationSchema(DeviationSchema, OfPatientSchema):
    """Says where the record of a patient differs from the plan."""


class StudyAdherenceSchema(PatientAdherenceSchema, OfPatientSchema):
    """A patient's adherence through today."""


class DosesQuery(PatientsQuery, RangeQuery):
    """The site and the range of days; by default from a week back to six weeks ahead of each patient's today."""


class DoseRunSchema(OfPatientSchema):
    """Consecutive days of one dose of the day on which the same was planned, and the same became of it."""

    regimen = fields.String(required=True, metadata={"example": "surufatinib"})
    slot = fields.Integer(required=True, metadata={"description": "Its number among the regimen's doses of a day"})
    visit = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Of a dose given at the site its visit, or `unscheduled` if it belongs to none; "
            "null: the patient takes it",
            "example": None,
        },
    )
    drug = fields.String(required=True)
    from_on = CivilDate(required=True)
    through_on = CivilDate(required=True, metadata={"description": "The last day, included"})
    days = fields.Integer(required=True)
    status = Choice(*DOSE_STATUSES, required=True)
    amount = Amount(
        required=True, allow_none=True, metadata={"description": "Planned on each day; null where nothing is"}
    )
    taken_amount = Amount(required=True, allow_none=True, metadata={"description": "Taken on each day"})
    unit = fields.String(required=True, metadata={"example": "mg"})


class StatusCountsSchema(Strict):
    """How many patients are in each status."""

    screening = fields.Integer(required=True)
    not_started = fields.Integer(
        required=True, metadata={"description": "In the status `enrolled`: treatment has not begun"}
    )
    on_treatment = fields.Integer(required=True)
    follow_up = fields.Integer(required=True)
    off_study = fields.Integer(required=True)


class ScanCountsSchema(Strict):
    """How many scans were done in, before and after their window, and how many were not done in it or since."""

    on_time = fields.Integer(required=True)
    early = fields.Integer(required=True)
    late = fields.Integer(required=True)
    missed = fields.Integer(required=True, metadata={"description": "`overdue` or `missed`"})


class StudyCountsSchema(Strict):
    """Counts, each patient as of that patient's today."""

    registered = fields.Integer(required=True, metadata={"description": "All patients, whatever their status now"})
    screen_failures = fields.Integer(required=True)
    enrolled = fields.Integer(required=True, metadata={"description": "Patients enrolled, whatever their status now"})
    statuses = fields.Nested(StatusCountsSchema, required=True)
    on_hold = fields.Integer(required=True, metadata={"description": "Of those on treatment"})
    scans = fields.Nested(ScanCountsSchema, required=True)
    doses = fields.Nested(DoseAdherenceSchema, required=True)
    deviations = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "How many of each kind"}
    )


class SiteCountsSchema(StudyCountsSchema):
    """The counts of one site."""

    site = fields.String(required=True)


class StudySummarySchema(StudyCountsSchema):
    """The counts of a study at your sites."""

    protocol = fields.String(required=True)
    planned = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Participants, in the whole study"}
    )
    sites = fields.List(fields.Nested(SiteCountsSchema), required=True)


@blueprint.route("/doses")
@staff()
@produces(*TABLES)
@blueprint.arguments(DosesQuery, location="query")
@blueprint.response(200, listed(DoseRunSchema, "DoseRunList"))
def list_doses(query: dict[str, Any]) -> Response:
    """List the doses of all patients, by subject number and day: consecutive days that are alike are one item

    At most 800 days.
    """
    result = dose_lists.find(
        session(), query.get("site"), query.get("from_"), query.get("to"), cursor_key(query, 5), query["limit"]
    )
    return page(result.items, result.after, DoseRunSchema)


@blueprint.route("/deviations")
@staff()
@produces(*TABLES)
@blueprint.arguments(DeviationsQuery, location="query")
@blueprint.response(200, listed(StudyDeviationSchema, "DeviationList"))
def list_deviations(query: dict[str, Any]) -> Response:
    """List what differs between plan and record, by subject number and day

    Of all patients that the caller sees.
    """
    result = study.deviations(
        session(),
        query.get("site"),
        query.get("from_"),
        query.get("to"),
        query.get("kind"),
        cursor_key(query, 5),
        query["limit"],
    )
    return page(result.items, result.after, StudyDeviationSchema)


@blueprint.route("/adherence")
@staff()
@produces(*TABLES)
@blueprint.arguments(PatientsQuery, location="query")
@blueprint.response(200, listed(StudyAdherenceSchema, "AdherenceList"))
def list_adherence(query: dict[str, Any]) -> Response:
    """List adherence and relative dose intensity, by subject number

    Of all patients that the caller sees.
    """
    result = study.adherence(session(), query.get("site"), cursor_key(query, 2), query["limit"])
    return page(result.items, result.after, StudyAdherenceSchema)


@blueprint.route("/studies/<string:protocol>/summary")
@staff()
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, StudySummarySchema)
def get_study_summary(query: dict[str, Any], protocol: str) -> Response:
    """Summarise a study: patients, scans, doses and deviations, in total and for each site

    It computes every patient: a second or two for a thousand.
    """
    return answer(study.summary(session(), protocol, query.get("site")))
