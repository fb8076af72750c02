"""`/fhir/R4/metadata` and `/fhir/R4/ResearchStudy`: what there is to read, and the protocols."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from flask import Response

from scheduler_api.api.http.operation import public, staff
from scheduler_api.api.http.pages import cursor_key
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import session
from scheduler_api.interop.fhir.elements import FHIR_JSON, system
from scheduler_api.interop.fhir.exchange import capability_statement
from scheduler_api.interop.fhir.research import research_study
from scheduler_api.schemas.fields import Text
from scheduler_api.use_cases.session import NotFound
from scheduler_api.use_cases.sites import protocols

from .appointments import AppointmentSearch
from .searching import (
    FhirBundleSchema,
    FhirResourceSchema,
    FormatQuery,
    Identifier,
    SearchQuery,
    base,
    found,
    parameters_of,
    resource,
    value_of,
)
from .subjects import CarePlanSearch, PatientSearch, SubjectSearch

blueprint = ResourceBlueprint("fhir studies", __name__, description="FHIR R4: what there is to read, and protocols")


class StudySearch(SearchQuery):
    """Finds protocols."""

    id = Text(64, data_key="_id", metadata={"description": "The id of the protocol"})
    identifier = Identifier(metadata={"description": "The id of the protocol"})


#: How the resources of each type are searched for.
SEARCHES: Mapping[str, type[SearchQuery]] = {
    "ResearchStudy": StudySearch,
    "ResearchSubject": SubjectSearch,
    "Patient": PatientSearch,
    "CarePlan": CarePlanSearch,
    "Appointment": AppointmentSearch,
}
_PAGING = (
    "A search is answered in pages of `_count` resources (50, at most 200): follow the link `next`. A parameter that "
    "is not listed is refused, whatever `Prefer` says. `_format=json` is taken."
)


@blueprint.route("/metadata")
@public
@blueprint.arguments(FormatQuery, location="query")
@blueprint.response(200, FhirResourceSchema, content_type=FHIR_JSON)
def get_capabilities(query: dict[str, Any]) -> Response:
    """Get the CapabilityStatement: which resources there are, and how they are searched for

    Anyone may read it: it has no data.
    """
    searches = {kind: [*parameters_of(search)] for kind, search in SEARCHES.items()}
    return resource(capability_statement(base(), version("scheduler-api"), searches, _PAGING))


@blueprint.route("/ResearchStudy")
@staff()
@blueprint.arguments(StudySearch, location="query")
@blueprint.response(200, FhirBundleSchema, content_type=FHIR_JSON)
def search_studies(query: dict[str, Any]) -> Response:
    """Search for protocols, each in its latest version

    By id.
    """
    after = cursor_key(query, 1)
    wanted = {query.get("id"), value_of(query.get("identifier"), system("protocol"))} - {None}
    studies = [one for one in protocols.latest(session()) if wanted <= {one.id} and (not after or (one.id,) > after)]
    page = studies[: query["limit"]]
    return found(map(research_study, page), (page[-1].id,) if len(studies) > len(page) else None)


@blueprint.route("/ResearchStudy/<string:protocol>")
@staff()
@blueprint.arguments(FormatQuery, location="query")
@blueprint.response(200, FhirResourceSchema, content_type=FHIR_JSON)
def read_study(query: dict[str, Any], protocol: str) -> Response:
    """Read a protocol, in its latest version, as a ResearchStudy

    Whether a trial is over is not known here: the status is always `active`.
    """
    for one in protocols.latest(session()):
        if one.id == protocol:
            return resource(research_study(one))
    raise NotFound("No such protocol.")
