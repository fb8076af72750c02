"""Visits of all patients: what nurses ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, cast

import orjson

from scheduler_api.engine.faults import Fault, Impossible
from scheduler_api.engine.protocol import IMAGING
from scheduler_api.store import standings, visits, zones
from scheduler_api.store.port import Row, Store
from scheduler_api.store.visits import Found, Query

from . import site_calendars
from .access import Session, sites_to_search
from .derive import HORIZON, horizon
from .site_calendars import SUGGESTED, SiteCalendar

#: An overdue visit is suggested for so long from today.
_OVERDUE_DAYS = timedelta(27)


class Shown(NamedTuple):
    """A visit as clients see it, and the same as JSON."""

    item: dict[str, Any]
    json: orjson.Fragment

    @classmethod
    def of(cls, item: dict[str, Any]) -> Shown:
        """The visit that an item is."""
        return cls(item, orjson.Fragment(orjson.dumps(item)))


class VisitPage(NamedTuple):
    """Some visits in order, and the key to go on after (None: there are no more)."""

    visits: list[Shown]
    after: tuple[str, ...] | None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The visits as clients see them."""
        return [shown.item for shown in self.visits]


def find(session: Session, query: Query, site: str | None = None) -> VisitPage:
    """The visits of the actor's patients, or those of one site, that are asked for, each as seen today.

    Raises NotFound for another's site, Impossible for a reversed range or one beyond what is reckoned ahead.
    """
    first, last = query.first, query.last
    if first is not None and last is not None and last < first:
        raise Impossible([Fault("/to", "The range is reversed: `to` is before `from`.")])
    for name, day in (("from", first), ("to", last)):
        if day is not None and day > horizon(session.now) - timedelta(1):
            raise Impossible([Fault(f"/{name}", f"Visits are listed up to {HORIZON - 1} days ahead.")])
    todays = zones.todays(session.store, session.now)
    found = visits.find(session.store, todays, sites_to_search(session, site), query)
    seen = shown(session.store, todays, found[: query.limit])
    if found and not seen:
        # Every one of them was dropped since it was found.
        return find(session, query, site)
    key = tuple(seen[-1].item[name] for name in visits.SORTS[query.sort]) if len(found) > query.limit else None
    return VisitPage(seen, key)


class _Known:
    """A visit, and all open days on which it could be done, nearest to its target first, whatever is booked there.

    `span`: the first and the last of those days. `unbooked`: the visit as it is shown if none of them is full.
    """

    __slots__ = ("_latest", "open_days", "span", "unbooked")

    def __init__(self, item: dict[str, Any], open_days: tuple[str, ...]) -> None:
        self.open_days, self.span = open_days, (min(open_days), max(open_days)) if open_days else None
        self.unbooked = self._latest = Shown.of({**item, "suggested_days": open_days[:SUGGESTED]})

    def beside(self, full: Mapping[str, bool]) -> Shown:
        """The visit with only such days suggested as are not full; of those that are: whether just full, not over."""
        booked_on, latest = self.unbooked.item["booked_on"], self._latest
        # A full day keeps the place that this visit has there.
        days = [day for day in self.open_days if day not in full or (full[day] and day == booked_on)]
        suggested = (*days[:SUGGESTED],)
        if latest.item["suggested_days"] != suggested:
            latest = self._latest = Shown.of({**latest.item, "suggested_days": suggested})
        return latest


#: What is known of visits, by what it follows from: the patient's facts, the visit, the day, and the site's calendar.
_remembered: dict[tuple[Found, SiteCalendar], _Known] = {}
_REMEMBERED_AT_MOST = 20_000


def shown(store: Store, todays: dict[str, date], wanted: Sequence[Found]) -> list[Shown]:
    """Some visits as clients see them. What was shown before need not be read again."""
    calendars = site_calendars.of_sites(store, sorted({found.site for found in wanted}))
    known = [_remembered.get((found, calendars[found.site])) for found in wanted]
    if None in known:
        missing = [found for found, item in zip(wanted, known, strict=True) if item is None]
        read = _read(visits.read(store, todays, missing), calendars)
        places = ((found.patient_id, found.visit) for found in wanted)
        known = [item or read.get(place) for item, place in zip(known, places, strict=True)]
    # A visit that was dropped since it was found is no more.
    return _with_slots(store, calendars, [item for item in known if item is not None])


def _read(rows: Iterable[Row], calendars: Mapping[str, SiteCalendar]) -> dict[tuple[str, str], _Known]:
    """Rows that were read, completed and remembered by what they follow from; by patient and visit."""
    if len(_remembered) > _REMEMBERED_AT_MOST:
        _remembered.clear()
    found = {}
    for row in rows:
        item, calendar = cast(dict[str, Any], row), calendars[row["site"]]
        key = Found(item["patient_id"], item["visit"], item["site"], item["today"], item.pop("head")), calendar
        found[item["patient_id"], item["visit"]] = _remembered[key] = _completed(item, calendar)
    return found


def document(store: Store, row: Row) -> dict[str, Any]:
    """A visit as clients see it, of a row that looks as if it had been read."""
    item = {**row}
    calendars = site_calendars.of_sites(store, [item["site"]])
    return _with_slots(store, calendars, [_completed(item, calendars[item["site"]])])[0].item


def _completed(item: dict[str, Any], calendar: SiteCalendar) -> _Known:
    """Add where the patient stands today and which days are open."""
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
    return _Known(item, open_days)


def _last_overdue(today: str, next_opens_on: str | None) -> str:
    """The last day that is suggested for an overdue visit: before the next one opens."""
    last = date.fromisoformat(today) + _OVERDUE_DAYS
    if next_opens_on is not None:
        last = min(last, date.fromisoformat(next_opens_on) - timedelta(1))
    return last.isoformat()


def _with_slots(store: Store, calendars: Mapping[str, SiteCalendar], found: Sequence[_Known]) -> list[Shown]:
    """The visits with only such days suggested as have a slot left."""
    full = _full_days(store, calendars, found)
    if not full:
        return [known.unbooked for known in found]
    shown = []
    for known in found:
        item = known.unbooked.item
        taken = full.get(item["site"]) if item["series"] == IMAGING else None
        shown.append(known.beside(taken) if taken else known.unbooked)
    return shown


def _full_days(
    store: Store, calendars: Mapping[str, SiteCalendar], found: Sequence[_Known]
) -> Mapping[str, Mapping[str, bool]]:
    """Of the sites that say how many scans they can take: the days that are full, and whether just full, not over."""
    limits = {site: calendar.slots_per_day for site, calendar in calendars.items()}
    limited = [site for site, limit in limits.items() if limit is not None]
    spans = [known.span for known in found if known.span is not None] if limited else []
    if not spans:
        return {}
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
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
