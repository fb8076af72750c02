"""`/ward/feeds`: the secret addresses under which a calendar app shows the bookings of a site."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.visits import booking_feeds
from scheduler_api.web.pages import blueprint, go_to, language, page
from scheduler_api.web.queries import WardQuery, all_sites, asked

from .lists import may_record, present

_PATH = "/ward/sites/<string:site>/feeds"


@blueprint.route("/ward/feeds")
@signed_in()
@any_query
def show_feeds() -> Response:
    """Show the calendar feeds of a site's bookings, by default of the first, and the form for another"""
    return _feeds(asked(WardQuery).get("site") or next((one["site"] for one in all_sites()), None))


@blueprint.route(_PATH, methods=["POST"])
@signed_in(RECORDERS)
@any_query
def make_feed(site: str) -> Response:
    """Make a calendar feed of a site's bookings in the language of the page, and show its address once"""
    options = booking_feeds.Options(language(), request.form.get("visit_names") == "true")
    made = booking_feeds.make(session(), site, options)
    return _feeds(site, url_for("feeds.read_bookings", secret=made["secret"], _external=True))


@blueprint.route(f"{_PATH}/<string:feed_id>/end", methods=["POST"])
@signed_in(RECORDERS)
def revoke_feed(site: str, feed_id: str) -> Response:
    """Close a calendar feed of a site's bookings"""
    booking_feeds.revoke(session(), site, feed_id)
    return go_to("show_feeds", "feed_ended", site=site)


def _feeds(site: str | None, address: str | None = None) -> Response:
    """Return the page of a site's feeds (None: whoever asks sees no site), with the address of one just made."""
    choice = all_sites()
    found: list[dict[str, Any]] = booking_feeds.list_all(session(), site) if site is not None else []
    return page(
        "feeds.html",
        site=sites.get(session(), site) if site is not None else None,
        feeds=found,
        address=address,
        sites=choice,
        query={"site": site},
        zone=present(choice, site)[1],
        may_record=may_record(),
    )
