"""`/v1/patients/{patient_id}/accountability`: what was given out and came back, and what the diary says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import conditional
from scheduler_api.api.http.operation import produces, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import session
from scheduler_api.schemas.fields import ByName, CivilDate, Strict, fields, listed
from scheduler_api.use_cases.patients import accountability

blueprint = ResourceBlueprint("accountability", __name__, description="What a patient was given, and brought back")


def _pieces(description: str, may_be_null: bool = False) -> ByName:
    metadata = {"description": f"{description}, by strength", "example": {"50": 126}}
    return ByName(fields.Integer(), required=True, allow_none=may_be_null, metadata=metadata)


def _amount(description: str, may_be_null: bool = True) -> fields.Float:
    return fields.Float(required=True, allow_none=may_be_null, metadata={"description": description})


class CountPeriodSchema(Strict):
    """Says what was given out of one drug from a day on until a return, and how the count fits the diary.

    What rests on the count is null while the period is open. Amounts are in `unit`.
    """

    drug = fields.String(required=True)
    regimens = fields.List(fields.String(), required=True, metadata={"description": "All that the drug is taken in"})
    unit = fields.String(required=True, metadata={"description": "Of amounts and strengths", "example": "mg"})
    from_on = CivilDate(
        required=True, metadata={"description": "The first day on which it was out, or the return before"}
    )
    returned_on = CivilDate(required=True, allow_none=True, metadata={"description": "Null: the period is open"})
    dispensed = _pieces("Pieces given out")
    returned = _pieces("Pieces that came back", True)
    lost = _pieces("Pieces that were lost")
    expected = _pieces("Pieces of the doses taken by the diary; null: those strengths cannot make a dose", True)
    left = _pieces("Pieces that should be left with the patient by the diary, while the period is open", True)
    used_amount = _amount("By the count: dispensed less returned and lost")
    taken_amount = _amount("By the diary, from `from_on` through the day before the return", False)
    planned_amount = _amount("Planned on those days; null also while an amount is still to be calculated")
    difference = _amount("`used_amount` less `taken_amount`")
    compliance = _amount("By the count: `used_amount` in proportion to `planned_amount`")
    agrees = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "Whether the difference is within the margin"}
    )
    because = fields.String(required=True)


@blueprint.route("/patients/<string:patient_id>/accountability")
@staff()
@produces(*TABLES)
@conditional
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(CountPeriodSchema, "CountPeriodList"))
def list_accountability(query: dict[str, Any], patient_id: str) -> Response:
    """Account for the drug given to one patient, from return to return

    It is recorded as the facts `drug_dispensed`, `drug_returned` and `drug_lost`.
    """
    periods = accountability.accountability_documents(session(), patient_id)
    return page_of(periods, _key, query, CountPeriodSchema)


def _key(period: Mapping[str, Any]) -> tuple[str, ...]:
    return period["regimens"][0], str(period["from_on"]), str(period["returned_on"] or "~")
