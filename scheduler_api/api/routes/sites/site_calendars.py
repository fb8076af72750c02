"""`/v1/sites/{site}/calendar` and `/days`: when a site is open, and what it can still take."""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler_api.api.http.operation import COORDINATORS, staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.schemas.fields import CivilDate, Strict, Text, Whole, fields, validate
from scheduler_api.schemas.queries import RangeQuery
from scheduler_api.use_cases.sites import site_calendars

from .sites import opening_days

blueprint = ResourceBlueprint("site calendars", __name__, description="When a site is open")


class ExceptionalSiteDaySchema(Strict):
    """A day on which a site is closed, or open, whatever the week and public holidays say."""

    on = CivilDate(required=True, metadata={"example": "2026-12-24"})
    because = Text(200, load_default=None, allow_none=True, metadata={"example": "scanner serviced"})


def _days(what: str) -> fields.List:
    return fields.List(
        fields.Nested(ExceptionalSiteDaySchema),
        load_default=list,
        validate=validate.Length(max=1000),
        metadata={"description": what},
    )


class NewSiteCalendarSchema(Strict):
    """What a site says of its days."""

    opening_days = opening_days(required=True)
    region = Text(
        10,
        load_default=None,
        allow_none=True,
        metadata={"description": "A part of the country with public holidays of its own", "example": "BE"},
    )
    closed_days = _days("Closed, whatever else applies")
    open_days = _days("Open, though a holiday or not a weekly opening day")
    slots_per_day = Whole(
        1, 1000, load_default=None, allow_none=True, metadata={"description": "How many scans it can take on a day"}
    )


class SiteCalendarSchema(NewSiteCalendarSchema):
    """A site's calendar."""

    site = fields.String(required=True)
    country = fields.String(required=True)
    holidays_known = fields.Boolean(
        required=True, metadata={"description": "Whether the service has the public holidays of the country"}
    )


class SiteDaySchema(Strict):
    """A day of a site."""

    on = CivilDate(required=True)
    open = fields.Boolean(required=True)
    because = fields.String(required=True)
    booked = fields.Integer(required=True, metadata={"description": "How many scans are booked"})
    slots_left = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null if closed, or if the site sets no limit"}
    )


class SiteDaysSchema(Strict):
    """The days of a site in `from`…`to`."""

    site = fields.String(required=True)
    from_ = CivilDate(required=True, data_key="from")
    to = CivilDate(required=True)
    days = fields.List(fields.Nested(SiteDaySchema), required=True)


@blueprint.route("/sites/<string:site>/calendar")
@staff()
@blueprint.response(200, SiteCalendarSchema)
def get_site_calendar(site: str) -> Response:
    """Get the calendar of a site

    On which days it is open, and how many scans it takes on one.
    """
    return answer(site_calendars.get(session(), site))


@blueprint.route("/sites/<string:site>/calendar", methods=["PUT"])
@staff(COORDINATORS)
@blueprint.arguments(NewSiteCalendarSchema)
@blueprint.response(200, SiteCalendarSchema)
def set_site_calendar(calendar: dict[str, Any], site: str) -> Response:
    """Set when a site is open, replacing its calendar

    Only for a coordinator of the site, or an admin.
    """
    return answer(site_calendars.put(session(), site, calendar))


@blueprint.route("/sites/<string:site>/days")
@staff()
@blueprint.arguments(RangeQuery, location="query")
@blueprint.response(200, SiteDaysSchema)
def list_site_days(query: dict[str, Any], site: str) -> Response:
    """List the days of a site: open or not, why, and how many scans it can still take

    By default six weeks from today; at most 400 days.
    """
    return answer(site_calendars.days_document(session(), site, query.get("from_"), query.get("to")))
