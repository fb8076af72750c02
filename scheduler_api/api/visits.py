"""`/v1/visits`: upcoming scans and other visits of all patients."""

from __future__ import annotations

from typing import Any

from flask import Response
from webargs.fields import DelimitedList

from scheduler_api.records import visits
from scheduler_api.store.visits import STATUSES

from .fields import Choice, CivilDate, Text, fields, validate
from .pages import PageQuery, cursor_key, page
from .parsing import ResourceBlueprint
from .requests import session
from .shapes import VisitSchema, listed

blueprint = ResourceBlueprint("visits", __name__, description="Visits of all patients")


class VisitQuery(PageQuery):
    """Which visits are asked for: those whose window meets `from`…`to`."""

    series = Text(40, metadata={"example": "imaging"})
    status = DelimitedList(
        Choice(*STATUSES), validate=validate.Length(1), metadata={"description": "One or several, with commas between"}
    )
    site = Text(40)
    patient = Text(40)
    from_ = CivilDate(data_key="from")
    to = CivilDate()
    booked = Choice("true", "false", metadata={"description": "A booking before today with nothing done is none"})


class PatientVisitSchema(VisitSchema):
    """A visit, and whose it is. `today` is the patient's."""

    patient_id = fields.String(required=True)
    subject_number = fields.String(required=True)
    site = fields.String(required=True)
    today = CivilDate(required=True)


@blueprint.route("/visits")
@blueprint.arguments(VisitQuery, location="query")
@blueprint.response(200, listed(PatientVisitSchema, "VisitList"))
def find(query: dict[str, Any]) -> Response:
    """List visits of all patients, soonest to close first

    Upcoming scans are `series=imaging&status=open,upcoming`.
    """
    booked = query.get("booked")
    found = visits.find(
        session(),
        query.get("series"),
        query.get("status"),
        query.get("site"),
        query.get("from_"),
        query.get("to"),
        None if booked is None else booked == "true",
        query.get("patient"),
        cursor_key(query, 3),
        query["limit"],
    )
    return page(found.items, found.after, PatientVisitSchema)
