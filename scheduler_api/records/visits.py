"""Visits of all patients: what nurses ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, cast

from scheduler_api.engine.faults import Fault, Impossible
from scheduler_api.engine.protocol import IMAGING
from scheduler_api.store import standings, visits, zones
from scheduler_api.store.port import Row, Store

from . import site_calendars
from .access import Session, sites_to_search
from .derive import HORIZON, horizon
from .site_calendars import SUGGESTED, SiteCalendar


@dataclass(frozen=True)
class Question:
    """Which visits are asked for, in which order; None asks for all. `after` is the key of the last one seen."""

    series: str | None = None
    statuses: Sequence[str] | None = None
    site: str | None = None
    first: date | None = None
    last: date | None = None
    booked: bool | None = None
    patient_id: str | None = None
    sort: str = "closes_on"
    after: Sequence[str] | None = None
    limit: int = 50


@dataclass(frozen=True)
class VisitPage:
    """Some visits in order, and the key to go on after (None: there are no more)."""

    items: list[dict[str, Any]]
    after: tuple[str, ...] | None


def find(session: Session, question: Question) -> VisitPage:
    """The visits of the actor's patients whose window meets `first`…`last`, each as seen today.

    Raises NotFound for another's site, Impossible for a reversed range or one beyond what is reckoned ahead.
    """
    first, last = question.first, question.last
    if first is not None and last is not None and last < first:
        raise Impossible([Fault("/to", "The range is reversed: `to` is before `from`.")])
    for name, day in (("from", first), ("to", last)):
        if day is not None and day > horizon(session.now) - timedelta(1):
            raise Impossible([Fault(f"/{name}", f"Visits are listed up to {HORIZON - 1} days ahead.")])
    todays = zones.todays(session.store, session.now)
    query = visits.Query(
        todays,
        sites_to_search(session, question.site),
        question.series,
        question.statuses,
        first,
        last,
        question.booked,
        question.patient_id,
        question.sort,
        question.after,
        question.limit + 1,
    )
    rows = visits.find(session.store, query)
    items = _shown(session.store, todays, rows[: question.limit])
    key = tuple(items[-1][name] for name in visits.SORTS[question.sort]) if len(rows) > question.limit else None
    return VisitPage(items, key)


#: What was shown of visits, by what it follows from: the patient's facts, the visit, the day, and the site's calendar.
_remembered: dict[tuple[str, str, str, SiteCalendar], dict[str, Any]] = {}
_REMEMBERED_AT_MOST = 20_000


def _shown(store: Store, todays: dict[str, date], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The visits that were found, as clients see them. What was shown before need not be read again."""
    calendars = site_calendars.of_sites(store, sorted({row["site"] for row in rows}))
    keys = [(row["head"], row["visit"], row["today"], calendars[row["site"]]) for row in rows]
    items: list[Any] = [_remembered.get(key) for key in keys]
    if None in items:
        missing = [row for row, item in zip(rows, items, strict=True) if item is None]
        read = {(row["patient_id"], row["visit"]): row for row in visits.read(store, todays, missing)}
        _remember(read.values(), calendars)
        places = ((row["patient_id"], row["visit"]) for row in rows)
        items = [item or read.get(place) for item, place in zip(items, places, strict=True)]
    # A visit that was dropped since it was found is no more.
    return _with_slots(store, calendars, [item for item in items if item is not None])


def _remember(rows: Iterable[Row], calendars: Mapping[str, SiteCalendar]) -> None:
    """Complete rows that were read to what is shown, and remember them by what they follow from."""
    if len(_remembered) > _REMEMBERED_AT_MOST:
        _remembered.clear()
    for row in rows:
        item, calendar = cast(dict[str, Any], row), calendars[row["site"]]
        head = item.pop("head")
        _complete(item, calendar)
        _remembered[head, item["visit"], item["today"], calendar] = item


def document(store: Store, row: Row) -> dict[str, Any]:
    """A visit as clients see it, of a row that looks as if it had been read."""
    item = {**row}
    calendars = site_calendars.of_sites(store, [item["site"]])
    _complete(item, calendars[item["site"]])
    return _with_slots(store, calendars, [item])[0]


def _complete(item: dict[str, Any], calendar: SiteCalendar) -> None:
    """Add where the patient stands today and which days are open, whatever is booked there."""
    today, opens_on, closes_on, booked_on = item["today"], item["opens_on"], item["closes_on"], item["booked_on"]
    standing = standings.of_text(item.pop("standing"))
    item["provisional"] = item["provisional"] == 1
    item["booked_days_off"] = booked_on and _days_off(booked_on, opens_on, closes_on)
    item["cycle"], item["cycle_day"], item["on_hold"] = standing.at(date.fromisoformat(today))
    item["last_done_on"], item["last_response"] = standing.last_done.get(item["series"], (None, None))
    item["closes_in_days"], item["suggested_days"] = None, ()
    if _is_to_do(item):
        item["closes_in_days"] = _days_between(today, closes_on)
        item["suggested_days"] = _open_days(item, calendar)[:SUGGESTED]


def _is_to_do(item: Row) -> bool:
    return item["done_on"] is None and item["status"] != "not_required"


def _open_days(item: Row, calendar: SiteCalendar) -> tuple[str, ...]:
    return site_calendars.open_days(calendar, item["opens_on"], item["closes_on"], item["target_on"], item["today"])


def _with_slots(
    store: Store, calendars: Mapping[str, SiteCalendar], items: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The visits with only such days suggested as have a slot left. What is remembered stays as it is."""
    full = _full_days(store, calendars, items)
    if not full:
        return items
    found = []
    for item in items:
        others = full.get(item["site"])
        if others and item["series"] == IMAGING and _is_to_do(item):
            # A full day keeps the place that this visit has there.
            own = item["booked_on"] if others.get(item["booked_on"]) else None
            days = (day for day in _open_days(item, calendars[item["site"]]) if day not in others or day == own)
            item = {**item, "suggested_days": (*islice(days, SUGGESTED),)}
        found.append(item)
    return found


def _full_days(
    store: Store, calendars: Mapping[str, SiteCalendar], items: Sequence[Row]
) -> Mapping[str, Mapping[str, bool]]:
    """Of the sites that say how many scans they can take: the days that are full, and whether just full, not over."""
    limits = {site: calendar.slots_per_day for site, calendar in calendars.items()}
    limited = [site for site, limit in limits.items() if limit is not None]
    if not limited or not items:
        return {}
    first, last = min([item["today"] for item in items]), max([item["closes_on"] for item in items])
    full: dict[str, dict[str, bool]] = {}
    for (site, day), count in site_calendars.bookings(store, limited, first, last).items():
        limit = limits[site]
        if limit is not None and count >= limit:
            full.setdefault(site, {})[day] = count == limit
    return full


def _days_off(day: str, opens_on: str, closes_on: str) -> int:
    """How many days outside a window a day lies: 0 inside, negative early."""
    if day < opens_on:
        return -_days_between(day, opens_on)
    return max(_days_between(closes_on, day), 0)


def _days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
