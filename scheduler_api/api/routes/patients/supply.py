"""`/v1/patients/{patient_id}/supply`: capsules until a visit."""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler_api.api.http.conditions import conditional
from scheduler_api.api.http.operation import staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import Amount, CivilDate, Strict, Text, fields
from scheduler_api.use_cases.patients import supply

blueprint = ResourceBlueprint("supply", __name__, description="What a patient has to be given")


class SupplyQuery(Strict):
    """Until which visit, and from which day."""

    visit = Text(80, metadata={"description": "By default the next", "example": "imaging-w12"})
    from_ = CivilDate(data_key="from", metadata={"description": "By default today"})


class CapsulesSchema(Strict):
    """A number of capsules of one strength."""

    strength_mg = Amount(required=True)
    count = fields.Integer(required=True)


class SupplyPeriodSchema(Strict):
    """Days on which the plan is the same. `capsules_a_day` is null if the dose cannot be made of the strengths."""

    from_ = CivilDate(required=True, data_key="from")
    to = CivilDate(required=True)
    held = fields.Boolean(required=True)
    amount = Amount(required=True, allow_none=True)
    dose_days = fields.Integer(required=True, metadata={"description": "Planned doses of which nothing is recorded"})
    capsules_a_day = fields.List(fields.Nested(CapsulesSchema), required=True, allow_none=True)
    because = fields.String(required=True)


class SupplySchema(Strict):
    """Capsules for the planned doses until the window of a visit closes, that day included."""

    patient_id = fields.String(required=True)
    visit = fields.String(required=True)
    today = CivilDate(required=True)
    drug = fields.String(required=True)
    from_ = CivilDate(required=True, data_key="from")
    to = CivilDate(required=True)
    dose_days = fields.Integer(required=True)
    capsules = fields.List(fields.Nested(CapsulesSchema), required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "False: a dose cannot be made of the strengths, and is in no total"}
    )
    periods = fields.List(fields.Nested(SupplyPeriodSchema), required=True)


@blueprint.route("/patients/<string:patient_id>/supply")
@staff()
@conditional
@blueprint.arguments(SupplyQuery, location="query")
@blueprint.response(200, SupplySchema)
def get_supply(query: dict[str, Any], patient_id: str) -> Response:
    """Count the capsules that cover the planned doses until a visit

    So that nobody runs out before it: through the day on which its window closes.
    """
    return answer(supply.supply_document(session(), patient_id, query.get("visit"), query.get("from_")))
