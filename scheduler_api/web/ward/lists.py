"""`/ward`: what is to do today, and who comes in the coming days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from flask import Response, g

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.engine.dates import civil_date
from scheduler_api.schemas.fields import CivilDate
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.visits import visits, worklist
from scheduler_api.web.pages import blueprint, language, page
from scheduler_api.web.queries import WardQuery, all_series, all_sites, asked

from .tasks import grouped

#: How far ahead the page of coming days shows who comes, and that of today.
_AHEAD, _WEEK = timedelta(13), timedelta(6)
_PORTION = 200
#: What is more than so many portions is not on one page: whoever sees so many patients chooses a site.
PORTIONS = 10


class TodayQuery(WardQuery):
    """The filters of the list, and another day than today."""

    on = CivilDate()


@blueprint.route("/ward")
@signed_in()
@any_query
def show_today() -> Response:
    """Show what is to do today, alarms about doses first, and who comes; or what will be to do on another day"""
    query, sites = asked(TodayQuery), all_sites()
    site, on = query.get("site"), query.get("on")
    today, zone = present(sites, site)
    entries = [*all_entries(site, on)]
    g.item_count = len(entries)
    by_day = _by_day(booked(site, None, today, today + _WEEK))
    return page(
        "today.html",
        groups=grouped(entries, language()),
        count=len(entries),
        is_cut=len(entries) == PORTIONS * _PORTION,
        coming=by_day.pop(today.isoformat(), []),
        days=by_day,
        sites=sites,
        query=query,
        today=today,
        zone=zone,
        # What is to do on another day is only looked at.
        may_record=may_record() and on in (None, today),
    )


@blueprint.route("/ward/days")
@signed_in()
@any_query
def show_days() -> Response:
    """Show who comes in the coming days, and who came today"""
    query, sites = asked(WardQuery), all_sites()
    today, zone = present(sites, query.get("site"))
    found = booked(query.get("site"), query.get("series"), today, today + _AHEAD)
    g.item_count = len(found)
    return page("days.html", days=_by_day(found), sites=sites, series=all_series(), query=query, today=today, zone=zone)


def _by_day(found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return what is booked by its day, in the same order."""
    return {day: [*of_day] for day, of_day in groupby(found, itemgetter("booked_on"))}


def present(sites: list[dict[str, Any]], site: str | None) -> tuple[date, str]:
    """Return the day that it is at a site, by default the first of those that can be chosen, and its time zone."""
    zone = next((one["time_zone"] for one in sites if site in (None, one["site"])), "UTC")
    return civil_date(session().now, zone), zone


def may_record() -> bool:
    """Return whether whoever is signed in records facts, and does not only read."""
    return session().actor.role in RECORDERS.names


def all_entries(site: str | None, on: date | None = None) -> Iterator[dict[str, Any]]:
    """Yield the worklist of a day, by default today, on one page: an alarm must not wait on a second."""
    after = None
    for _ in range(PORTIONS):
        found = worklist.find(session(), site, on, after=after, limit=_PORTION)
        yield from found.items
        if found.after is None:
            return
        after = found.after


def booked(site: str | None, series: str | None, first: date, last: date) -> list[dict[str, Any]]:
    """Return what is booked on some days, in the order of the appointments; on a day first what has a time."""
    items: list[dict[str, Any]] = []
    after: tuple[str, ...] | None = None
    for _ in range(PORTIONS):
        query = Query(series, None, booked_first=first, booked_last=last, sort="booked_at", after=after, limit=_PORTION)
        found = visits.find(session(), query, site)
        items += found.items
        if found.after is None:
            break
        after = found.after
    return items
