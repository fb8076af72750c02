"""Read and change site calendars: on which days a site is open, why, and how many scans it can still take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from scheduler_api.engine.dates import civil_date, days
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.protocol import IMAGING
from scheduler_api.engine.reason import Reason
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.sites import site_calendars
from scheduler_api.store.visits import visits
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import NotFound, Session, sites_to_search

from .public_holidays import regions, working_week, year_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: How many days one request may cover.
LONGEST_RANGE = 400
#: How many days are suggested for a visit.
SUGGESTED = 5


class SiteDay(NamedTuple):
    """Whether a site is open on a day, and why."""

    open: bool
    because: Reason


@dataclass(frozen=True, eq=False)
class SiteCalendar:
    """A site's calendar. `slots_per_day` is how many scans it can take on a day (None: no limit is set)."""

    country: str
    region: str | None
    weekly: frozenset[int]
    closed_days: Mapping[date, str | None]
    open_days: Mapping[date, str | None]
    slots_per_day: int | None

    def day(self, on: date) -> SiteDay:
        """Return whether the site is open on a day, and why.

        Days that the site itself names come before holidays and weekdays.
        """
        if on in self.closed_days:
            return SiteDay(False, _because("closed", self.closed_days[on]))
        if on in self.open_days:
            return SiteDay(True, _because("open", self.open_days[on]))
        year = year_of(self.country, self.region, on.year)
        if on in year.holidays:
            return SiteDay(False, Reason("public_holiday", text=year.holidays[on]))
        if on.weekday() in self.weekly:
            return SiteDay(True, Reason("open_weekly", base=Reason(WEEKDAYS[on.weekday()])))
        # Only a site that follows the country's working week follows its moved days.
        if on in year.moved and working_week(self.country) <= self.weekly:
            return SiteDay(True, Reason("moved_working_day"))
        return SiteDay(False, Reason("closed_weekly", base=Reason(WEEKDAYS[on.weekday()])))


def _because(word: str, because: str | None) -> Reason:
    return Reason(f"{word}_because", text=because) if because else Reason(f"{word}_on_day")


def of_sites(store: Store, sites: Sequence[str]) -> dict[str, SiteCalendar]:
    """Return the calendars of some sites, by id."""
    rows = site_calendars.of_sites(store, sites) if sites else []
    return {
        row["site"]: _calendar(
            row["country"],
            row["region"],
            row["opening_days"],
            row["closed_days"] or "[]",
            row["open_days"] or "[]",
            row["slots_per_day"],
        )
        for row in rows
    }


@lru_cache(maxsize=1024)
def _calendar(
    country: str, region: str | None, weekly: str, closed_days: str, open_days: str, slots: int | None
) -> SiteCalendar:
    """Return the calendar that a row describes.

    It is the same object for the same content, so that its results can be cached.
    """
    return SiteCalendar(
        country,
        region,
        frozenset(map(WEEKDAYS.index, orjson.loads(weekly))),
        {date.fromisoformat(day["on"]): day["because"] for day in orjson.loads(closed_days)},
        {date.fromisoformat(day["on"]): day["because"] for day in orjson.loads(open_days)},
        slots,
    )


def get(session: Session, site: str) -> dict[str, Any]:
    """Return a site's calendar as it is stored. Raises NotFound."""
    return _document(_row(session, site))


def put(session: Session, site: str, calendar: dict[str, Any]) -> dict[str, Any]:
    """Store a site's calendar, replacing the one it had; return it. Raises NotFound, Forbidden, ValidationFailed."""
    with session.store.transaction():
        session.store.lock(f"site {site}")
        row = _row(session, site)
        if errors := [*_errors(row["country"], calendar)]:
            raise ValidationFailed(errors)
        new = {**calendar, "site": site}
        new["opening_days"] = orjson.dumps(sorted(calendar["opening_days"], key=WEEKDAYS.index)).decode()
        for name in ("closed_days", "open_days"):
            new[name] = orjson.dumps(sorted(calendar[name], key=itemgetter("on"))).decode()
        site_calendars.put(session.store, new, stamp(session.now))
        now = _document(_row(session, site))
        note(session, "site_calendar_changed", site=site, old=_document(row), new=now)
        return now


def _errors(country: str, calendar: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    if calendar["region"] is not None and calendar["region"] not in regions().get(country, ()):
        errors.append(FieldError("/region", f"Not a region of {country} with holidays of its own.", "not_found"))
    closed, opened = ([day["on"] for day in calendar[name]] for name in ("closed_days", "open_days"))
    for name, named in (("closed_days", closed), ("open_days", opened)):
        errors += [
            FieldError(f"/{name}/{n}/on", "Named twice.", "given_twice")
            for n, day in enumerate(named)
            if day in named[:n]
        ]
    errors += [
        FieldError(f"/open_days/{n}/on", "Also a closed day.", "given_twice")
        for n, day in enumerate(opened)
        if day in closed
    ]
    return errors


def days_document(session: Session, site: str, first: date | None, last: date | None) -> dict[str, Any]:
    """Return each day of a site: open or not, why, and what is booked. Six weeks from today by default.

    Raises NotFound, ValidationFailed for a reversed range or a longer one than `LONGEST_RANGE`.
    """
    row = _row(session, site)
    first = first or civil_date(session.now, row["time_zone"])
    last = last or first + timedelta(41)
    if last < first:
        raise ValidationFailed([FieldError("/to", "The range is reversed: `to` is before `from`.", "range_reversed")])
    if (last - first).days >= LONGEST_RANGE:
        raise ValidationFailed([FieldError("/to", f"The range is longer than {LONGEST_RANGE} days.", "range_too_long")])
    calendar, slots = of_sites(session.store, [site])[site], row["slots_per_day"]
    booked = bookings(session.store, [site], str(first), str(last))
    items = []
    for day in days(first, last):
        count, (is_open, because) = booked.get((site, day.isoformat()), 0), calendar.day(day)
        left = None if slots is None or not is_open else max(slots - count, 0)
        items.append({"on": day, "open": is_open, "because": because, "booked": count, "slots_left": left})
    return {"site": site, "from": first, "to": last, "days": items}


def bookings(store: Store, sites: Sequence[str], first: str, last: str) -> dict[tuple[str, str], int]:
    """Return how many scans are booked at some sites on each day (dates as text), by site and day."""
    rows = visits.booked_per_day(store, sites, IMAGING, first, last) if sites else []
    return {(row["site"], row["booked_on"]): row["count"] for row in rows}


@lru_cache(maxsize=16384)
def open_days(calendar: SiteCalendar, opens_on: str, closes_on: str, target_on: str, today: str) -> tuple[str, ...]:
    """Return the open days of a window from today on, nearest to the target first, then by date."""
    first, last = date.fromisoformat(max(opens_on, today)), date.fromisoformat(closes_on)
    if last < first:
        return ()
    target = date.fromisoformat(target_on)
    is_open = [day for day in days(first, last) if calendar.day(day).open]
    return tuple(day.isoformat() for day in sorted(is_open, key=lambda day: (abs((day - target).days), day)))


def _row(session: Session, site: str) -> Row:
    sites_to_search(session, site)
    rows = site_calendars.of_sites(session.store, [site])
    if not rows:
        raise NotFound("No such site.")
    return rows[0]


def _document(row: Row) -> dict[str, Any]:
    return {
        "site": row["site"],
        "country": row["country"],
        "holidays_known": row["country"] in regions(),
        "region": row["region"],
        "opening_days": orjson.loads(row["opening_days"]),
        "closed_days": orjson.loads(row["closed_days"] or "[]"),
        "open_days": orjson.loads(row["open_days"] or "[]"),
        "slots_per_day": row["slots_per_day"],
    }
