"""`/v1/patients/{patient_id}/supply`: capsules until a visit."""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler_api.api.http.conditions import conditional
from scheduler_api.api.http.operation import staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import Amount, CivilDate, Strict, Text, fields
from scheduler_api.schemas.patients import PieceSchema
from scheduler_api.use_cases.patients import supply

blueprint = ResourceBlueprint("supply", __name__, description="What a patient has to be given")


class SupplyQuery(Strict):
    """Until which visit, and from which day."""

    visit = Text(80, metadata={"description": "By default the next", "example": "imaging-w12"})
    from_ = CivilDate(data_key="from", metadata={"description": "By default today"})


class SupplyPeriodSchema(Strict):
    """Days on which the plan of one dose of the day is the same.

    `pieces_a_dose` is null if the dose cannot be made of the strengths, or is still to be calculated.
    """

    slot = fields.Integer(required=True, metadata={"description": "Which dose of the day"})
    from_ = CivilDate(required=True, data_key="from")
    to = CivilDate(required=True)
    held = fields.Boolean(required=True)
    amount = Amount(required=True, allow_none=True)
    doses = fields.Integer(required=True, metadata={"description": "Planned doses of which nothing is recorded"})
    pieces_a_dose = fields.List(fields.Nested(PieceSchema), required=True, allow_none=True)
    because = fields.String(required=True)


class RegimenSupplySchema(Strict):
    """The pieces for the planned doses of one regimen."""

    regimen = fields.String(required=True)
    drug = fields.String(required=True)
    unit = fields.String(required=True, metadata={"description": "Of amounts and strengths", "example": "mg"})
    doses = fields.Integer(required=True)
    pieces = fields.List(fields.Nested(PieceSchema), required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "False: a dose cannot be made of the strengths, and is in no total"}
    )
    periods = fields.List(fields.Nested(SupplyPeriodSchema), required=True)


class SupplySchema(Strict):
    """Holds what the planned doses take until the window of a visit closes, that day included."""

    patient_id = fields.String(required=True)
    visit = fields.String(required=True)
    today = CivilDate(required=True)
    from_ = CivilDate(required=True, data_key="from")
    to = CivilDate(required=True)
    regimens = fields.List(fields.Nested(RegimenSupplySchema), required=True)


@blueprint.route("/patients/<string:patient_id>/supply")
@staff()
@conditional
@blueprint.arguments(SupplyQuery, location="query")
@blueprint.response(200, SupplySchema)
def get_supply(query: dict[str, Any], patient_id: str) -> Response:
    """Count the pieces that cover the planned doses until a visit

    So that nobody runs out before it: through the day on which its window closes.
    """
    return answer(supply.supply_document(session(), patient_id, query.get("visit"), query.get("from_")))
