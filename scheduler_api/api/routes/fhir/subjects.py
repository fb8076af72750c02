"""`/fhir/R4/Patient`, `ResearchSubject` and `CarePlan`: the patients, by their subject numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import staff
from scheduler_api.api.http.pages import cursor_key
from scheduler_api.api.http.parsing import ResourceBlueprint, some_of
from scheduler_api.api.http.requests import session
from scheduler_api.interop.fhir.care_plan import PLAN_STATUSES, care_plan
from scheduler_api.interop.fhir.elements import FHIR_JSON, SITES, protocol_of
from scheduler_api.interop.fhir.research import SUBJECT_STATUSES, patient, research_subject
from scheduler_api.schemas.fields import Text
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.patients import care_plans, patients

from .searching import (
    NOTHING,
    FhirBundleSchema,
    FhirResourceSchema,
    FormatQuery,
    Identifier,
    Reference,
    SearchQuery,
    found,
    id_of,
    only,
    parts_of,
    resource,
    value_of,
)

blueprint = ResourceBlueprint("fhir subjects", __name__, description="FHIR R4: patients and their plans")

_OF_PATIENT = {"description": "The id of the patient"}


class IdSearch(SearchQuery):
    """Finds what has the id of a patient."""

    id = Text(64, data_key="_id", metadata=_OF_PATIENT)


class PatientSearch(IdSearch):
    """Finds patients."""

    identifier = Identifier(metadata={"description": "The whole subject number"})
    site = Identifier(data_key="organization:identifier", metadata={"description": "The id of the site"})


class SubjectSearch(IdSearch):
    """Finds the parts that patients have in studies."""

    identifier = Identifier(metadata={"description": "The whole subject number"})
    patient = Reference(metadata=_OF_PATIENT)
    study = Reference(metadata={"description": "The id of the protocol"})
    status = some_of(*SUBJECT_STATUSES.values())


class CarePlanSearch(IdSearch):
    """Finds plans of patients."""

    patient = Reference(metadata=_OF_PATIENT)
    status = some_of(*dict.fromkeys(PLAN_STATUSES.values()))


@blueprint.route("/Patient")
@staff()
@blueprint.arguments(PatientSearch, location="query")
@blueprint.response(200, FhirBundleSchema, content_type=FHIR_JSON)
def search_patients(query: dict[str, Any]) -> Response:
    """Search for patients, by subject number

    Each has the subject number and the site, and nothing else.
    """
    result = _find(query)
    return found(map(patient, result.items), result.after)


@blueprint.route("/Patient/<string:patient_id>")
@staff()
@blueprint.arguments(FormatQuery, location="query")
@blueprint.response(200, FhirResourceSchema, content_type=FHIR_JSON)
def read_patient(query: dict[str, Any], patient_id: str) -> Response:
    """Read a patient as a Patient

    The subject number and the site, and nothing else.
    """
    return resource(patient(patients.get(session(), patient_id)))


@blueprint.route("/ResearchSubject")
@staff()
@blueprint.arguments(SubjectSearch, location="query")
@blueprint.response(200, FhirBundleSchema, content_type=FHIR_JSON)
def search_subjects(query: dict[str, Any]) -> Response:
    """Search for the parts that patients have in studies, by subject number

    Each patient has one, of the same id.
    """
    result = _find(query, SUBJECT_STATUSES)
    return found(map(research_subject, result.items), result.after)


@blueprint.route("/ResearchSubject/<string:patient_id>")
@staff()
@blueprint.arguments(FormatQuery, location="query")
@blueprint.response(200, FhirResourceSchema, content_type=FHIR_JSON)
def read_subject(query: dict[str, Any], patient_id: str) -> Response:
    """Read the part that a patient has in a study as a ResearchSubject

    Status, arm, and since when.
    """
    return resource(research_subject(patients.get(session(), patient_id)))


@blueprint.route("/CarePlan")
@staff()
@blueprint.arguments(CarePlanSearch, location="query")
@blueprint.response(200, FhirBundleSchema, content_type=FHIR_JSON)
def search_care_plans(query: dict[str, Any]) -> Response:
    """Search for plans of patients, by subject number

    Each patient has one, of the same id.
    """
    result = _find(query, PLAN_STATUSES)
    plans = (care_plans.get(session(), item["patient_id"]) for item in result.items)
    return found((care_plan(plan, language()) for plan in plans), result.after)


@blueprint.route("/CarePlan/<string:patient_id>")
@staff()
@blueprint.arguments(FormatQuery, location="query")
@blueprint.response(200, FhirResourceSchema, content_type=FHIR_JSON)
def read_care_plan(query: dict[str, Any], patient_id: str) -> Response:
    """Read the plan of a patient as a CarePlan: visits, cycles and contraception, and why each is then

    Visits are those through 400 days ahead. Doses are not in it.
    """
    return resource(care_plan(care_plans.get(session(), patient_id), language()))


def _find(query: Mapping[str, Any], statuses: Mapping[str, str] | None = None) -> Page[tuple[str, str]]:
    """Return a page of the patients that a search asks for; `statuses` are those of FHIR, by ours."""
    system, number = parts_of(query.get("identifier"))
    patient_id = only(query.get("id"), id_of(query.get("patient"), "Patient"))
    protocol = only(id_of(query.get("study"), "ResearchStudy"), None if system is None else protocol_of(system))
    site = value_of(query.get("site"), SITES)
    if NOTHING in (patient_id, protocol, site, number):
        return Page([], None)
    wanted = query.get("status")
    ours = [one for one, theirs in statuses.items() if theirs in wanted] if statuses and wanted else None
    return patients.find(
        session(), site, ours, number, None, protocol, patient_id, cursor_key(query, 2), query["limit"]
    )
