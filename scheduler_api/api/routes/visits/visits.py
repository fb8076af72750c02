"""`/v1/visits`: upcoming scans and other visits of all patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.operation import produces, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, page
from scheduler_api.api.http.parsing import ResourceBlueprint, some_of
from scheduler_api.api.http.requests import session
from scheduler_api.schemas.fields import Choice, CivilDate, QueryFlag, Text, fields, listed, validate
from scheduler_api.schemas.patients import RESPONSE, CalendarVisitSchema
from scheduler_api.store.visits.visits import SORTS, STATUSES, Query
from scheduler_api.use_cases.sites.site_calendars import SUGGESTED
from scheduler_api.use_cases.visits import visits

blueprint = ResourceBlueprint("visits", __name__, description="Visits of all patients")


class VisitQuery(PageQuery):
    """Filters of visits; `from` and `to`: those whose window meets that range."""

    series = Text(40)
    status = some_of(*STATUSES)
    site = Text(40)
    patient = Text(40)
    from_ = CivilDate(data_key="from")
    to = CivilDate()
    booked_from = CivilDate(metadata={"description": "Booked for this day or later"})
    booked_to = CivilDate(metadata={"description": "Booked for this day or earlier"})
    booked = QueryFlag(metadata={"description": "A booking before today with nothing done is none"})
    sort = Choice(
        *SORTS, load_default="closes_on", metadata={"description": "`booked_at`: only what is booked, soonest first"}
    )


class PatientVisitSchema(CalendarVisitSchema):
    """A visit with its patient and further details for a nurse. `today` is the patient's."""

    patient_id = fields.String(required=True)
    subject_number = fields.String(required=True)
    site = fields.String(required=True)
    today = CivilDate(required=True)
    closes_in_days = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Negative once it closed; null if nothing is to do"}
    )
    booked_days_off = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Days that the booking is outside the window; negative: early"},
    )
    last_done_on = CivilDate(
        required=True, allow_none=True, metadata={"description": "The latest done of this series, unscheduled included"}
    )
    last_response = fields.String(required=True, allow_none=True, metadata=RESPONSE)
    cycle = fields.Integer(required=True, allow_none=True, metadata={"description": "Today's; null outside treatment"})
    cycle_day = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null also on a held day that does not count"}
    )
    on_hold = fields.Boolean(required=True)
    suggested_days = fields.List(
        CivilDate(),
        validate=validate.Length(max=SUGGESTED),
        required=True,
        metadata={
            "description": "Open days of the site in the window with a slot left, nearest to the target first; of an "
            "overdue visit the next ones from today, before the following visit opens"
        },
    )


@blueprint.route("/visits")
@staff()
@produces(*TABLES)
@blueprint.arguments(VisitQuery, location="query")
@blueprint.response(200, listed(PatientVisitSchema, "VisitList"))
def list_visits(query: dict[str, Any]) -> Response:
    """List visits of all patients, soonest to close first unless sorted otherwise

    Upcoming scans are `series=imaging&status=open,upcoming`.
    """
    visit_query = to_visit_query(query)
    visits_page = visits.find(session(), visit_query, query.get("site"))
    # The cursor names its order, since it is valid in no other.
    return page(visits_page.items, visits_page.after and (visit_query.sort, *visits_page.after), PatientVisitSchema)


def to_visit_query(query: Mapping[str, Any]) -> Query:
    """Return the query for the store, without the site. Ends the request if its cursor is of another list or order."""
    sort = query["sort"]
    key = cursor_key(query, 1 + len(SORTS[sort]), sort)
    return Query(
        query.get("series"),
        query.get("status"),
        query.get("from_"),
        query.get("to"),
        query.get("booked_from"),
        query.get("booked_to"),
        query.get("booked"),
        query.get("patient"),
        sort,
        key and key[1:],
        query["limit"],
    )
