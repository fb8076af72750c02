"""Visits of all patients: what nurses ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
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
    query = visits.Query(
        zones.todays(session.store, session.now),
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
    items = documents(session.store, rows[: question.limit])
    key = tuple(items[-1][name] for name in visits.SORTS[question.sort]) if len(rows) > question.limit else None
    return VisitPage(items, key)


def documents(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows of `store.visits.find` as clients see them: with where the patient stands today, and suggested days.

    The rows themselves are completed, since a list is read by the hundred.
    """
    items = cast(list[dict[str, Any]], rows)
    calendars = site_calendars.of_sites(store, sorted({item["site"] for item in items}))
    taken = _taken(store, calendars, items)
    for item in items:
        today, opens_on, closes_on, booked_on = item["today"], item["opens_on"], item["closes_on"], item["booked_on"]
        item["provisional"] = item["provisional"] == 1
        item["booked_days_off"] = booked_on and _days_off(booked_on, opens_on, closes_on)
        item["cycle"], item["cycle_day"], item["on_hold"], last_done = _standing(item.pop("standing"), today)
        item["last_done_on"], item["last_response"] = last_done.get(item["series"], (None, None))
        if item["done_on"] is None and item["status"] != "not_required":
            calendar = calendars[item["site"]]
            item["closes_in_days"] = _days_between(today, closes_on)
            found = site_calendars.open_days(calendar, opens_on, closes_on, item["target_on"], today)
            if calendar.slots_per_day is not None and item["series"] == IMAGING:
                found = tuple(day for day in found if _has_slot(calendar, taken, item, day))
            item["suggested_days"] = [*found[:SUGGESTED]]
        else:
            item["closes_in_days"], item["suggested_days"] = None, []
    return items


def _taken(store: Store, calendars: Mapping[str, SiteCalendar], items: Sequence[Row]) -> Mapping[tuple[str, str], int]:
    """How many scans are booked on the days that may be suggested, at the sites that say how many they can take."""
    limited = [site for site, calendar in calendars.items() if calendar.slots_per_day is not None]
    if not limited:
        return {}
    first, last = min(item["today"] for item in items), max(item["closes_on"] for item in items)
    return site_calendars.bookings(store, limited, first, last)


def _has_slot(calendar: SiteCalendar, taken: Mapping[tuple[str, str], int], item: Row, day: str) -> bool:
    """Whether a scan can be booked on a day. The place that it has already is its own."""
    others = taken.get((item["site"], day), 0) - (item["booked_on"] == day)
    return calendar.slots_per_day is None or others < calendar.slots_per_day


@lru_cache(maxsize=16384)
def _standing(text: str, today: str) -> tuple[int | None, int | None, bool, Mapping[str, tuple[str, str | None]]]:
    """Where a patient stands on a day, and what was done last of each series."""
    standing = standings.of_text(text)
    last = {series: (done.done_on.isoformat(), done.response) for series, done in standing.last_done.items()}
    return (*standing.at(date.fromisoformat(today)), last)


def _days_off(day: str, opens_on: str, closes_on: str) -> int:
    """How many days outside a window a day lies: 0 inside, negative early."""
    if day < opens_on:
        return -_days_between(day, opens_on)
    return max(_days_between(closes_on, day), 0)


@lru_cache(maxsize=16384)
def _days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
