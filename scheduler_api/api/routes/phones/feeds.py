"""`/v1/me/feed`, `/v1/feeds/{secret}.ics`, `/v1/feeds/bookings/{secret}.ics`: calendars to subscribe to."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, g, request, url_for

from scheduler_api.api.http.conditions import patient_tag, unless_not_modified
from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import RECORDERS, any_query, heeds, patient, produces, public, staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import answer, now, phone, route, session, store
from scheduler_api.engine.dates import civil_date
from scheduler_api.i18n import LANGUAGES, say
from scheduler_api.interop import ics
from scheduler_api.schemas.fields import Choice, Instant, QueryFlag, Strict, fields
from scheduler_api.use_cases.phones import feeds
from scheduler_api.use_cases.visits import booking_feeds

blueprint = ResourceBlueprint("feeds", __name__, description="A calendar to subscribe to")
_CALENDAR = "text/calendar; charset=utf-8"


class FeedQuery(Strict):
    """The options of a new feed; they do not change an existing one."""

    language = Choice(*LANGUAGES, metadata={"description": "By default that of `Accept-Language`"})
    doses = QueryFlag(load_default=False, metadata={"description": "Remind of doses, for 30 days ahead"})
    drug_name = QueryFlag(load_default=False, metadata={"description": "Name the drug and its amount"})
    visit_names = QueryFlag(
        load_default=False, metadata={"description": "Name visits and contraception, not `Study visit`"}
    )


class CalendarFeedSchema(Strict):
    """The patient's feed. Its address is a secret, returned only when the feed is made."""

    address = fields.String(required=True, allow_none=True)
    made_at = Instant(required=True)
    language = Choice(*LANGUAGES, required=True)
    doses = fields.Boolean(required=True)
    drug_name = fields.Boolean(required=True)
    visit_names = fields.Boolean(required=True)


@blueprint.route("/me/feed")
@patient
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, CalendarFeedSchema)
def get_feed(query: dict[str, Any]) -> Response:
    """Make the patient's calendar feed, or read its options

    The address is returned only once. A client that lost it revokes the feed and makes another.
    """
    if request.method == "HEAD":
        raise Problem(405, "The address is returned once, and HEAD would lose it.", headers={"Allow": "GET, DELETE"})
    shown = (query[name] for name in ("doses", "drug_name", "visit_names"))
    options = feeds.Options(query.get("language") or language(), *shown)
    made = feeds.make(session(), phone().patient_id, options)
    secret = made.pop("secret")
    address = url_for("feeds.read_feed", secret=secret, _external=True) if secret else None
    return answer({"address": address, **made}, headers={"Cache-Control": "no-store"})


@blueprint.route("/me/feed", methods=["DELETE"])
@patient
@blueprint.response(204)
def revoke_feed() -> Response:
    """Revoke the address of the patient's calendar feed

    Calendar apps get 404 from then on. The next call of `GET` makes another.
    """
    feeds.revoke(session(), phone().patient_id)
    return Response(status=204)


@blueprint.route("/patients/<string:patient_id>/feed", methods=["DELETE"])
@staff(RECORDERS)
@blueprint.response(204)
def revoke_patient_feed(patient_id: str) -> Response:
    """Revoke the address of a patient's calendar feed, whose phone may be lost

    204 also if there is none. The patient can make another on a phone.
    """
    feeds.close(session(), patient_id)
    return Response(status=204)


@blueprint.route("/feeds/<string:secret>.ics")
@public
@any_query
@heeds("If-None-Match")
@produces("text/calendar")
@blueprint.response(200, content_type="text/calendar")
def read_feed(secret: str) -> Response:
    """Get the feed itself, for calendar apps; the address is the key

    iCalendar (RFC 5545), in the language that the patient chose for it.
    """
    feed = feeds.opened_by(store(), secret, now())
    times = "".join(f".{at:%H%M}" for at in feed.preferences.times)
    headers = {
        "ETag": patient_tag(feed.version, f"{civil_date(now(), feed.time_zone)}{times}"),
        "Cache-Control": "private, no-cache",
        "Content-Language": feed.options.language,
    }

    def body() -> Response:
        name = say("Trial calendar", feed.options.language)
        document = ics.calendar(feeds.events(store(), feed, now()), name, feed.options.language, feed.time_zone)
        return Response(document, content_type=_CALENDAR)

    return unless_not_modified(headers, body)


@blueprint.route("/feeds/bookings/<string:secret>.ics")
@public
@any_query
@heeds("If-None-Match")
@produces("text/calendar")
@blueprint.response(200, content_type="text/calendar")
def read_bookings(secret: str) -> Response:
    """Get the bookings of a site, for calendar apps; the address is the key

    iCalendar (RFC 5545), in the language that was chosen for it. What is read is noted as a read of who made it.
    """
    feed = booking_feeds.opened_by(store(), secret, now(), route(request))
    g.session = feed.session
    language = feed.options.language
    name = say("Bookings: {site}", language, site=feed.site)
    events = booking_feeds.events(feed)
    g.item_count = len(events)
    document = ics.calendar(events, name, language, feed.time_zone)
    # Of nothing booked each feed says the same, and the tag of one is that of no other.
    digest = hashlib.blake2b(document, digest_size=8, key=feed.name.encode()).hexdigest()
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, no-cache", "Content-Language": language}
    return unless_not_modified(headers, lambda: Response(document, content_type=_CALENDAR))
