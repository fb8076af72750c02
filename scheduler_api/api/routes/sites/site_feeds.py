"""`/v1/sites/{site}/feeds`: the addresses under which staff subscribe to the bookings of a site."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import RECORDERS, produces, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.i18n import LANGUAGES
from scheduler_api.schemas.fields import Choice, Flag, Instant, Strict, fields, listed
from scheduler_api.schemas.patients import RecorderSchema
from scheduler_api.use_cases.visits import booking_feeds

blueprint = ResourceBlueprint("site feeds", __name__, description="Calendars of a site's bookings to subscribe to")


class NewSiteFeedSchema(Strict):
    """The options of a new feed."""

    language = Choice(*LANGUAGES, metadata={"description": "By default that of `Accept-Language`"})
    visit_names = Flag(
        load_default=False, metadata={"description": "Say what is examined, and where; else `Study visit`"}
    )


class SiteFeedSchema(Strict):
    """A feed of a site's bookings."""

    feed_id = fields.String(required=True, metadata={"description": "The id of the feed, by which it is revoked"})
    made_at = Instant(required=True)
    made_by = fields.Nested(
        RecorderSchema, required=True, metadata={"description": "Whose feed it is: it ends with the token"}
    )
    language = Choice(*LANGUAGES, required=True)
    visit_names = fields.Boolean(required=True)


class MadeSiteFeedSchema(SiteFeedSchema):
    """A feed that was made. Its address is a secret, returned only now."""

    address = fields.String(required=True, metadata={"description": "The secret address, for a calendar app"})


@blueprint.route("/sites/<string:site>/feeds", methods=["POST"])
@staff(RECORDERS)
@blueprint.arguments(NewSiteFeedSchema)
@blueprint.response(201, MadeSiteFeedSchema)
def create_site_feed(data: dict[str, Any], site: str) -> Response:
    """Make a calendar feed of a site's bookings

    The address is returned only once; whoever has it reads subject numbers and booked times. It has nothing else unless
    `visit_names` is said. It ends when it is revoked, or the token that made it.
    """
    options = booking_feeds.Options(data.get("language") or language(), data["visit_names"])
    made = booking_feeds.make(session(), site, options)
    address = url_for("feeds.read_bookings", secret=made.pop("secret"), _external=True)
    return answer({"address": address, **made}, 201, {"Cache-Control": "no-store"})


@blueprint.route("/sites/<string:site>/feeds")
@staff()
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(SiteFeedSchema, "SiteFeedList"))
def list_site_feeds(query: dict[str, Any], site: str) -> Response:
    """List the calendar feeds of a site, oldest first

    Those that are valid, without their addresses.
    """
    feeds = booking_feeds.list_all(session(), site)
    return page_of(feeds, lambda feed: (feed["made_at"], feed["feed_id"]), query, SiteFeedSchema)


@blueprint.route("/sites/<string:site>/feeds/<string:feed_id>", methods=["DELETE"])
@staff(RECORDERS)
@blueprint.response(204)
def revoke_site_feed(site: str, feed_id: str) -> Response:
    """Revoke the address of a calendar feed of a site

    Calendar apps get 404 from then on. Any of the site's staff who record may do so.
    """
    booking_feeds.revoke(session(), site, feed_id)
    return Response(status=204)
