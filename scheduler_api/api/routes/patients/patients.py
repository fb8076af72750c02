"""`/v1/patients`: registering and listing patients, and everything that is computed of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, url_for

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import conditional, idempotent, patient_tag
from scheduler_api.api.http.operation import RECORDERS, produces, sends, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, page, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.schemas.enrolments import NewPatientSchema, enrolled_body, registered_body
from scheduler_api.schemas.fields import Choice, CivilDate, Instant, Strict, Text, fields, listed
from scheduler_api.schemas.patients import AllAdherenceSchema, DeviationSchema, PatientCalendarSchema, PatientSchema
from scheduler_api.schemas.queries import RangeQuery, ViewQuery
from scheduler_api.use_cases.patients import calendars, patients
from scheduler_api.use_cases.sites.approvals import approved_version

blueprint = ResourceBlueprint("patients", __name__, description="Patients and their calendars")


class PatientQuery(PageQuery):
    """Filters of patients."""

    site = Text(40)
    status = Choice(*PATIENT_STATUSES)
    subject_number = Text(40, metadata={"description": "The whole subject number, as written"})
    q = Text(40, metadata={"description": "A part of the subject number"})


class PatientAdherenceSchema(AllAdherenceSchema):
    """A patient's adherence through today."""

    patient_id = fields.String(required=True)
    today = CivilDate(required=True)


class DayQuery(Strict):
    """The day, and the instant whose records count."""

    today = CivilDate(metadata={"description": "Look at another day; filters no facts"})
    known_at = Instant()


class DeviationQuery(RangeQuery, PageQuery):
    """A range of days; by default all."""


def view_of(query: dict[str, Any]) -> calendars.View:
    """Return the options of a calendar from a query."""
    return calendars.View(query.get("from_"), query.get("to"), query.get("today"), query.get("known_at"))


@blueprint.route("/patients", methods=["POST"])
@staff(RECORDERS)
@blueprint.arguments(NewPatientSchema)
@blueprint.response(201, PatientSchema)
@sends("Location", "ETag")
@idempotent
def register_patient(data: dict[str, Any]) -> Response:
    """Register a patient

    With `enrolled_on` the patient is enrolled too. 409 if a patient of the protocol who is no screen failure has the
    subject number already.
    """
    protocol = data["protocol"]
    version = protocol.get("version") or approved_version(session(), protocol["id"], data["site"])
    if version is None:
        raise ValidationFailed([FieldError("/protocol/id", "No such protocol.", "not_found")])
    patient = patients.register(session(), registered_body(data, protocol["id"], version), enrolled_body(data))
    location = url_for("patients.get_patient", patient_id=patient["patient_id"])
    tag = patient_tag(patient["version"], session().now.date())
    return answer(patient, 201, {"Location": location, "ETag": tag})


@blueprint.route("/patients")
@staff()
@produces(*TABLES)
@blueprint.arguments(PatientQuery, location="query")
@blueprint.response(200, listed(PatientSchema, "PatientList"))
def list_patients(query: dict[str, Any]) -> Response:
    """List patients, by subject number

    Of the sites that the caller sees.
    """
    result = patients.find(
        session(),
        query.get("site"),
        [query["status"]] if "status" in query else None,
        query.get("subject_number"),
        query.get("q"),
        after=cursor_key(query, 2),
        limit=query["limit"],
    )
    return page(result.items, result.after, PatientSchema)


@blueprint.route("/patients/<string:patient_id>")
@staff()
@blueprint.response(200, PatientSchema)
@conditional
def get_patient(patient_id: str) -> Response:
    """Get one patient

    As seen today: which version of the protocol applies, at which site, and how far the patient is.
    """
    return answer(patients.get(session(), patient_id))


@blueprint.route("/patients/<string:patient_id>/calendar")
@staff()
@conditional
@blueprint.arguments(ViewQuery, location="query")
@blueprint.response(200, PatientCalendarSchema)
def get_patient_calendar(query: dict[str, Any], patient_id: str) -> Response:
    """Get the calendar of one patient

    By default a week back and six weeks ahead; at most 800 days.
    """
    return answer(calendars.calendar_document(session(), patient_id, view_of(query)))


@blueprint.route("/patients/<string:patient_id>/adherence")
@staff()
@conditional
@blueprint.arguments(DayQuery, location="query")
@blueprint.response(200, PatientAdherenceSchema)
def get_patient_adherence(query: dict[str, Any], patient_id: str) -> Response:
    """Get adherence and relative dose intensity of one patient

    Of the doses from C1D1 through the day; with several regimens also of each.
    """
    return answer(calendars.adherence_document(session(), patient_id, view_of(query)))


@blueprint.route("/patients/<string:patient_id>/deviations")
@staff()
@produces(*TABLES)
@conditional
@blueprint.arguments(DeviationQuery, location="query")
@blueprint.response(200, listed(DeviationSchema, "PatientDeviationList"))
def list_patient_deviations(query: dict[str, Any], patient_id: str) -> Response:
    """List what differs between plan and record of one patient, by day

    Missed and additional doses, visits outside their windows: each with what was planned and what was done.
    """
    result = calendars.deviation_documents(session(), patient_id, view_of(query))
    return page_of(result, _key, query, DeviationSchema)


def _key(deviation: Mapping[str, Any]) -> tuple[str, ...]:
    return str(deviation["on"]), deviation["kind"], deviation["visit"] or ""
