"""`/v1/sites`: where patients are treated."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for
from marshmallow import ValidationError

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import idempotent
from scheduler_api.api.http.operation import ADMINS, COORDINATORS, produces, sends, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import Choice, Strict, Text, TimeZone, fields, listed, validate
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.site_calendars import WEEKDAYS

blueprint = ResourceBlueprint("sites", __name__, description="Where patients are treated")


def _each_once(days: list[str]) -> None:
    if len(set(days)) < len(days):
        raise ValidationError("A day is named twice.")


def opening_days(**kwargs: Any) -> fields.List:
    """Return a field for days of the week."""
    return fields.List(
        Choice(*WEEKDAYS),
        validate=[validate.Length(1, 7), _each_once],
        metadata={"uniqueItems": True},
        **kwargs,
    )


class SiteContactSchema(Strict):
    """Whom a site's patients call."""

    name = Text(100, required=True, metadata={"example": "Study nurse Wang"})
    phone = Text(
        40, required=True, pattern=r"^[0-9+(][0-9 ()/.,;#*+-]{2,39}$", metadata={"example": "+86 21 6417 5590"}
    )


class SiteSchema(Strict):
    """A site; `opening_days` are its days of the week."""

    site = Text(40, required=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", metadata={"example": "FUSCC"})
    name = Text(200, required=True)
    country = Text(2, 2, required=True, pattern=r"^[A-Z][A-Z]$", metadata={"description": "ISO 3166, two letters"})
    time_zone = TimeZone(required=True, metadata={"example": "Asia/Shanghai"})
    opening_days = opening_days(load_default=lambda: list(WEEKDAYS[:5]))
    contact = fields.Nested(
        SiteContactSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Whom the site's patients call, as their phones show it"},
    )


@blueprint.route("/sites")
@staff()
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(SiteSchema, "SiteList"))
def list_sites(query: dict[str, Any]) -> Response:
    """List sites

    Those that the caller sees, by id.
    """
    return page_of(sites.list_all(session()), lambda site: (site["site"],), query, SiteSchema)


@blueprint.route("/sites", methods=["POST"])
@staff(ADMINS)
@blueprint.arguments(SiteSchema)
@blueprint.response(201, SiteSchema)
@sends("Location")
@idempotent
def add_site(site: dict[str, Any]) -> Response:
    """Add a site

    Only for an admin.
    """
    return answer(sites.add(session(), site), 201, {"Location": url_for("sites.get_site", site=site["site"])})


@blueprint.route("/sites/<string:site>")
@staff()
@blueprint.response(200, SiteSchema)
def get_site(site: str) -> Response:
    """Get one site

    Its place, its opening days, and whom its patients call.
    """
    return answer(sites.get(session(), site))


@blueprint.route("/sites/<string:site>/contact", methods=["PUT"])
@staff(COORDINATORS)
@blueprint.arguments(SiteContactSchema)
@blueprint.response(200, SiteContactSchema)
def set_site_contact(contact: dict[str, Any], site: str) -> Response:
    """Say whom a site's patients call

    Only for a coordinator of the site, or an admin. Phones show it from their next request on.
    """
    return answer(sites.set_contact(session(), site, contact))
