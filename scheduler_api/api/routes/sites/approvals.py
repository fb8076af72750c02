"""`/v1/sites/{site}/approvals`: from when a version of a protocol is approved for a site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import idempotent
from scheduler_api.api.http.operation import COORDINATORS, produces, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import CivilDate, Instant, Strict, Text, Whole, fields, listed
from scheduler_api.use_cases.sites import approvals

blueprint = ResourceBlueprint("approvals", __name__, description="Which versions are approved for a site")


class NewApprovalSchema(Strict):
    """Says that a version of a protocol is approved for a site."""

    protocol = Text(40, required=True)
    version = Whole(1, 10_000, required=True)
    approved_on = CivilDate(
        required=True, allow_none=True, metadata={"description": "The first day; null: no longer approved"}
    )


class ApprovalSchema(NewApprovalSchema):
    """An approval, who recorded it, and when."""

    site = fields.String(required=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.String(required=True)


@blueprint.route("/sites/<string:site>/approvals")
@staff()
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(ApprovalSchema, "ApprovalList"))
def list_approvals(query: dict[str, Any], site: str) -> Response:
    """List the versions that are approved for a site

    The first version of a protocol is approved for every site.
    """
    return page_of(approvals.list_of_site(session(), site), _place, query, ApprovalSchema)


def _place(approval: Mapping[str, Any]) -> tuple[str, ...]:
    return approval["protocol"], f"{approval['version']:05}"


@blueprint.route("/sites/<string:site>/approvals", methods=["POST"])
@staff(COORDINATORS)
@blueprint.arguments(NewApprovalSchema)
@blueprint.response(201, ApprovalSchema)
@idempotent
def record_approval(approval: dict[str, Any], site: str) -> Response:
    """Record from when a version is approved for a site

    From that day on, by the site's clock, patients of the site can be enrolled into it, and amended to it. Only for a
    coordinator of the site, or an admin.
    """
    return answer(approvals.record(session(), site, **approval), 201)
