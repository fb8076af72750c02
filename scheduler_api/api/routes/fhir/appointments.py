"""`/fhir/R4/Appointment`: the booked visits of all patients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response

from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import staff
from scheduler_api.api.http.pages import cursor_key
from scheduler_api.api.http.parsing import ResourceBlueprint, some_of
from scheduler_api.api.http.requests import session
from scheduler_api.interop.fhir.appointment import BOOKED, FULFILLED, appointment, appointment_key
from scheduler_api.interop.fhir.elements import FHIR_JSON, SITES
from scheduler_api.store.visits.visits import SORTS, STATUSES, Query
from scheduler_api.use_cases.session import NotFound, patient_row
from scheduler_api.use_cases.visits import visits

from .searching import (
    NOTHING,
    Bounds,
    FhirBundleSchema,
    FhirResourceSchema,
    FormatQuery,
    Identifier,
    Reference,
    SearchQuery,
    found,
    id_of,
    range_of,
    resource,
    value_of,
)

blueprint = ResourceBlueprint("fhir appointments", __name__, description="FHIR R4: booked visits")

_ORDER = "booked_at"
#: The statuses of visits, by that of the Appointment.
_VISITS = {FULFILLED: ["done"], BOOKED: [status for status in STATUSES if status != "done"]}


class AppointmentSearch(SearchQuery):
    """Finds booked visits."""

    patient = Reference(metadata={"description": "The id of the patient"})
    date = Bounds(
        metadata={
            "description": "The booked day on the clock of the site, with a prefix (eq, ge, gt, le, lt) as in "
            "`date=ge2024-02-20&date=le2024-02-26`"
        }
    )
    status = some_of(*_VISITS)
    site = Identifier(data_key="location:identifier", metadata={"description": "The id of the site"})


@blueprint.route("/Appointment")
@staff()
@blueprint.arguments(AppointmentSearch, location="query")
@blueprint.response(200, FhirBundleSchema, content_type=FHIR_JSON)
def search_appointments(query: dict[str, Any]) -> Response:
    """Search for booked visits, soonest first

    `fulfilled` is what was done. Of a booking that was cancelled there is none.
    """
    first, last = range_of(query.get("date", ()))
    patient_id, site = id_of(query.get("patient"), "Patient"), value_of(query.get("site"), SITES)
    if NOTHING in (patient_id, site) or (first and last and last < first):
        return found((), None)
    wanted = query.get("status")
    search = Query(
        statuses=[one for status in dict.fromkeys(wanted) for one in _VISITS[status]] if wanted else None,
        booked_first=first,
        booked_last=last,
        patient_id=patient_id,
        sort=_ORDER,
        after=cursor_key(query, len(SORTS[_ORDER])),
        limit=query["limit"],
    )
    page = visits.find(session(), search, site)
    return found((appointment(visit, language()) for visit in page.items), page.after)


@blueprint.route("/Appointment/<string:patient_id>.<string:key>")
@staff()
@blueprint.arguments(FormatQuery, location="query")
@blueprint.response(200, FhirResourceSchema, content_type=FHIR_JSON)
def read_appointment(query: dict[str, Any], patient_id: str, key: str) -> Response:
    """Read a booked visit as an Appointment

    One without a time takes the whole day; any other is taken to last an hour. 404 once the booking is cancelled.
    """
    patient_row(session(), patient_id)
    search = Query(patient_id=patient_id, sort=_ORDER)
    while True:
        page = visits.find(session(), search)
        for visit in page.items:
            if appointment_key(visit["visit"]) == key:
                return resource(appointment(visit, language()))
        if page.after is None:
            raise NotFound("No such appointment.")
        search = replace(search, after=page.after)
