"""Visits of all patients: what nurses ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, cast

from scheduler_api.engine.faults import Fault, Impossible
from scheduler_api.engine.protocol import IMAGING
from scheduler_api.store import standings, visits, zones
from scheduler_api.store.port import Row, Store

from . import site_calendars
from .access import Session, sites_to_search
from .derive import HORIZON, horizon
from .site_calendars import SUGGESTED, SiteCalendar

#: An overdue visit is suggested for so long from today.
_OVERDUE_DAYS = timedelta(27)


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
    items = shown(session.store, todays, rows[: question.limit])
    key = tuple(items[-1][name] for name in visits.SORTS[question.sort]) if len(rows) > question.limit else None
    return VisitPage(items, key)


class _Shown(NamedTuple):
    """A visit as clients see it, and all open days on which it could be done, whatever is booked there."""

    item: dict[str, Any]
    open_days: tuple[str, ...]


#: What was shown of visits, by what it follows from: the patient's facts, the visit, the day, and the site's calendar.
_remembered: dict[tuple[str, str, str, SiteCalendar], _Shown] = {}
_REMEMBERED_AT_MOST = 20_000


def shown(store: Store, todays: dict[str, date], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Some visits as clients see them. What was shown before need not be read again.

    Of each, `rows` have `patient_id`, `visit`, `site`, `today` and the `head` of the patient's facts.
    """
    calendars = site_calendars.of_sites(store, sorted({row["site"] for row in rows}))
    keys = [(row["head"], row["visit"], row["today"], calendars[row["site"]]) for row in rows]
    found: list[_Shown | None] = [_remembered.get(key) for key in keys]
    if None in found:
        missing = [row for row, known in zip(rows, found, strict=True) if known is None]
        read = _read(visits.read(store, todays, missing), calendars)
        places = ((row["patient_id"], row["visit"]) for row in rows)
        found = [known or read.get(place) for known, place in zip(found, places, strict=True)]
    # A visit that was dropped since it was found is no more.
    return _with_slots(store, calendars, [known for known in found if known is not None])


def _read(rows: Iterable[Row], calendars: Mapping[str, SiteCalendar]) -> dict[tuple[str, str], _Shown]:
    """Rows that were read, completed to what is shown and remembered by what they follow from; by patient and visit."""
    if len(_remembered) > _REMEMBERED_AT_MOST:
        _remembered.clear()
    found = {}
    for row in rows:
        item, calendar = cast(dict[str, Any], row), calendars[row["site"]]
        key = item.pop("head"), item["visit"], item["today"], calendar
        found[item["patient_id"], item["visit"]] = _remembered[key] = _completed(item, calendar)
    return found


def document(store: Store, row: Row) -> dict[str, Any]:
    """A visit as clients see it, of a row that looks as if it had been read."""
    item = {**row}
    calendars = site_calendars.of_sites(store, [item["site"]])
    return _with_slots(store, calendars, [_completed(item, calendars[item["site"]])])[0]


def _completed(item: dict[str, Any], calendar: SiteCalendar) -> _Shown:
    """Add where the patient stands today and which days are open, whatever is booked there."""
    today, opens_on, closes_on, booked_on = item["today"], item["opens_on"], item["closes_on"], item["booked_on"]
    standing = standings.of_text(item.pop("standing"))
    next_opens_on = item.pop("next_opens_on")
    item["provisional"] = item["provisional"] == 1
    item["booked_days_off"] = booked_on and _days_off(booked_on, opens_on, closes_on)
    item["cycle"], item["cycle_day"], item["on_hold"] = standing.at(date.fromisoformat(today))
    item["last_done_on"], item["last_response"] = standing.last_done.get(item["series"], (None, None))
    item["closes_in_days"] = None
    open_days: tuple[str, ...] = ()
    if item["done_on"] is None and item["status"] != "not_required":
        item["closes_in_days"] = _days_between(today, closes_on)
        last = _last_overdue(today, next_opens_on) if item["status"] == "overdue" else closes_on
        open_days = site_calendars.open_days(calendar, opens_on, last, item["target_on"], today)
    item["suggested_days"] = open_days[:SUGGESTED]
    return _Shown(item, open_days)


def _last_overdue(today: str, next_opens_on: str | None) -> str:
    """The last day that is suggested for an overdue visit: before the next one opens."""
    last = date.fromisoformat(today) + _OVERDUE_DAYS
    if next_opens_on is not None:
        last = min(last, date.fromisoformat(next_opens_on) - timedelta(1))
    return last.isoformat()


def _with_slots(store: Store, calendars: Mapping[str, SiteCalendar], found: list[_Shown]) -> list[dict[str, Any]]:
    """The visits with only such days suggested as have a slot left. What is remembered stays as it is."""
    full = _full_days(store, calendars, found)
    if not full:
        return [item for item, _ in found]
    days = {site: frozenset(others) for site, others in full.items()}
    items = []
    for item, open_days in found:
        site, booked_on = item["site"], item["booked_on"]
        if site in full and item["series"] == IMAGING and not days[site].isdisjoint(item["suggested_days"]):
            # A full day keeps the place that this visit has there.
            others = days[site] - {booked_on} if full[site].get(booked_on) else days[site]
            item = {**item, "suggested_days": _first_free(open_days, others)}
        items.append(item)
    return items


@lru_cache(maxsize=16384)
def _first_free(days: Sequence[str], full: Collection[str]) -> tuple[str, ...]:
    """The first days of some that are not full, as many as are suggested."""
    return (*islice((day for day in days if day not in full), SUGGESTED),)


def _full_days(
    store: Store, calendars: Mapping[str, SiteCalendar], found: Sequence[_Shown]
) -> Mapping[str, Mapping[str, bool]]:
    """Of the sites that say how many scans they can take: the days that are full, and whether just full, not over."""
    limits = {site: calendar.slots_per_day for site, calendar in calendars.items()}
    limited = [site for site, limit in limits.items() if limit is not None]
    open_days = {day for shown in found for day in shown.open_days} if limited else ()
    if not open_days:
        return {}
    full: dict[str, dict[str, bool]] = {}
    for (site, day), count in site_calendars.bookings(store, limited, min(open_days), max(open_days)).items():
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
