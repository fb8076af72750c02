"""`/ward/scans`: the scans of nine weeks as a picture, a row for each patient, and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from flask import Response, g
from markupsafe import Markup

from scheduler_api.api.http.operation import any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.engine.model.protocol import IMAGING
from scheduler_api.i18n.labels import label
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.visits import visits
from scheduler_api.web import words
from scheduler_api.web.pages import Addresses, addresses, blueprint, language, page
from scheduler_api.web.queries import WardQuery, all_series, all_sites, asked

from .lists import PORTIONS, present

#: The picture shows so much before and after today.
_BACK, _AHEAD = timedelta(21), timedelta(41)
#: In units of the picture: the column of names, a day, the line of dates, and a row.
_NAMES, _DAY, _TOP, _STEP = 92, 11, 34, 26
_PORTION = 200
#: The days of a visit that the table has.
_DAYS = ("opens_on", "target_on", "closes_on", "booked_on", "done_on")


class Bar(NamedTuple):
    """A visit in the picture: its window, and where its target, booking and day are (None: not in the picture).

    `past`: it was booked for a day that is over, and nothing is recorded as done.
    """

    x: int
    width: int
    state: str
    target: int | None
    booked: int | None
    done: int | None
    past: bool


class Shown(NamedTuple):
    """Holds a visit in words: its name, the address of its page, its status, and its days in the order of the table."""

    name: str
    at: str
    status: str
    days: list[Markup]


class Range(NamedTuple):
    """The days of the picture."""

    first: date
    last: date

    def x(self, day: str | None) -> int | None:
        """Return where the middle of a day is; None if it is not in the picture."""
        if day is None or not self.first <= date.fromisoformat(day) <= self.last:
            return None
        return _NAMES + (date.fromisoformat(day) - self.first).days * _DAY + _DAY // 2


@blueprint.route("/ward/scans")
@signed_in()
@any_query
def show_scans() -> Response:
    """Show the visits of a series from three weeks ago to six weeks ahead, by default the scans"""
    query, sites = asked(WardQuery), all_sites()
    today, _ = present(sites, query.get("site"))
    series = query.setdefault("series", IMAGING)
    shown = Range(today - _BACK, today + _AHEAD)
    found = _visits(query.get("site"), series, shown)
    g.item_count = len(found)
    spoken, address = language(), addresses()
    rows = [
        {
            "subject_number": number,
            "at_patient": address("pages.show_patient", patient_id=one),
            "bars": [_bar(visit, shown) for visit in of],
            "visits": [_in_words(visit, spoken, address) for visit in of],
        }
        for (number, one), items in groupby(found, itemgetter("subject_number", "patient_id"))
        for of in [[*items]]
    ]
    mondays = (shown.first + timedelta(number) for number in range((shown.last - shown.first).days + 1))
    weeks = [(_x(shown, day), words.date_in(day, "short", spoken)) for day in mondays if day.weekday() == 0]
    return page(
        "scans.html",
        rows=rows,
        weeks=weeks,
        now=_x(shown, today),
        width=_NAMES + ((shown.last - shown.first).days + 1) * _DAY,
        top=_TOP,
        step=_STEP,
        sites=sites,
        series=all_series(),
        query=query,
    )


def _x(shown: Range, day: date) -> int:
    return _NAMES + (day - shown.first).days * _DAY


def _visits(site: str | None, series: str, shown: Range) -> list[dict[str, Any]]:
    """Return the visits whose window meets the picture, by subject number."""
    items: list[dict[str, Any]] = []
    after: tuple[str, ...] | None = None
    for _ in range(PORTIONS):
        query = Query(series, None, shown.first, shown.last, sort="subject", after=after, limit=_PORTION)
        found = visits.find(session(), query, site)
        items += (item for item in found.items if item["status"] != "not_required" or item["booked_on"])
        if found.after is None:
            break
        after = found.after
    return items


def _in_words(visit: Mapping[str, Any], spoken: str, address: Addresses) -> Shown:
    return Shown(
        words.reason_in(spoken, visit["label"]),
        address("pages.show_visit", patient_id=visit["patient_id"], visit=visit["visit"]),
        label("visit_status", visit["status"], spoken),
        [words.time_element("day", spoken, visit[name]) for name in _DAYS],
    )


def _bar(visit: Mapping[str, Any], shown: Range) -> Bar:
    """Return a visit as a bar: the part of its window that the picture has."""
    opens_on, closes_on = visit["opens_on"] or visit["booked_on"], visit["closes_on"] or visit["booked_on"]
    first = max(date.fromisoformat(opens_on), shown.first)
    last = min(date.fromisoformat(closes_on), shown.last)
    state = "late" if visit["days_off"] or visit["status"] in ("overdue", "missed") else visit["status"]
    booked = visit["booked_on"] if visit["done_on"] is None else None
    return Bar(
        _x(shown, first),
        max((last - first).days + 1, 0) * _DAY,
        state,
        shown.x(visit["target_on"]),
        shown.x(booked),
        shown.x(visit["done_on"]),
        booked is not None and booked < visit["today"],
    )
