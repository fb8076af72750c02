"""List the visits of all patients, as nurses need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any

from scheduler_api.engine.dates import study_day
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import local_instant
from scheduler_api.engine.model.protocol import IMAGING
from scheduler_api.engine.treatment.position import Place
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import positions, reasons, time_zones
from scheduler_api.store.visits import visits
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.projections.horizons import HORIZON, horizon
from scheduler_api.use_cases.session import Session, sites_to_search
from scheduler_api.use_cases.sites import site_calendars
from scheduler_api.use_cases.sites.site_calendars import SUGGESTED, SiteCalendar

#: Days for an overdue visit are suggested for so long from today.
_OVERDUE_DAYS = timedelta(27)


@dataclass(frozen=True)
class VisitPage:
    """A page of visits in order, and the key to go on after (None: there are no more)."""

    items: list[dict[str, Any]]
    after: tuple[str, ...] | None


def find(session: Session, query: Query, site: str | None = None) -> VisitPage:
    """Return the visits of the actor's patients, or those of one site, that meet a query, each as of today.

    Raises NotFound for another's site, ValidationFailed for a reversed range or one beyond what is computed ahead.
    """
    first, last = query.first, query.last
    for before, one, other in (("", first, last), ("booked_", query.booked_first, query.booked_last)):
        if one is not None and other is not None and other < one:
            detail = f"The range is reversed: `{before}to` is before `{before}from`."
            raise ValidationFailed([FieldError(f"/{before}to", detail, "range_reversed")])
    for name, day in (("from", first), ("to", last)):
        if day is not None and day > horizon(session.now) - timedelta(1):
            raise ValidationFailed(
                [
                    FieldError(
                        f"/{name}",
                        f"Visits are listed up to {HORIZON - 1} days ahead.",
                        "range_too_long",
                    )
                ]
            )
    todays = time_zones.todays(session.store, session.now)
    rows = visits.find(session.store, todays, sites_to_search(session, site), query)
    items = documents(session.store, rows[: query.limit])
    key = tuple(rows[query.limit - 1][name] for name in visits.SORTS[query.sort]) if len(rows) > query.limit else None
    return VisitPage(items, key)


def documents(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return visits as clients see them, from rows as the store lists them, in order."""
    calendars = site_calendars.of_sites(store, sorted({row["site"] for row in rows}))
    items = [_document(row, calendars[row["site"]]) for row in rows]
    full = _full_days(store, calendars, items)
    for row, item in zip(rows, items, strict=True):
        days = item["suggested_days"]
        if full and item["series"] == IMAGING and (taken := full.get(item["site"])):
            # A full day is still suggested for the visit that is booked on it.
            own = item["booked_on"] if row["booked_site"] == item["site"] else None
            days = [day for day in days if day not in taken or (taken[day] and day == own)]
        item["suggested_days"] = days[:SUGGESTED]
    return items


def _document(row: Row, calendar: SiteCalendar) -> dict[str, Any]:
    """Return a visit with the patient's position today; `suggested_days` are all open days, nearest to target first."""
    item: dict[str, Any] = {**row}
    today, opens_on, closes_on, booked_on = row["today"], row["opens_on"], row["closes_on"], row["booked_on"]
    last_done = positions.of_text(item.pop("position")).last_done
    overdue_through = item.pop("overdue_through")
    del item["booked_site"]
    item["provisional"], in_plan = row["provisional"] == 1, item.pop("in_plan") == 1
    item["label"], item["because"] = reasons.of_text(row["label"]), reasons.of_text(row["because"])
    item["booked_at"], zone = None, item["booked_time_zone"]
    if item.pop("booked_from") is not None and item["booked_time"] is not None:
        at = local_instant(date.fromisoformat(booked_on), time.fromisoformat(item["booked_time"]), zone)
        item["booked_at"] = at.isoformat()
    has_window = in_plan and row["appointment"] is None
    item["booked_days_off"] = booked_on and _days_off(booked_on, opens_on, closes_on) if has_window else None
    item["cycle"], item["cycle_day"], item["on_hold"] = _place(row["position"], today)
    started_on = positions.of_text(row["position"]).started_on
    item["study_day"] = study_day(started_on, date.fromisoformat(row["done_on"] or row["target_on"]))
    item["last_done_on"], item["last_response"] = last_done.get(row["series"], (None, None))
    item["closes_in_days"] = None
    item["suggested_days"] = ()
    if row["done_on"] is None and row["status"] != "not_required" and has_window:
        item["closes_in_days"] = _days_between(today, closes_on)
        last = _last_overdue(today, overdue_through) if row["status"] == "overdue" else closes_on
        item["suggested_days"] = site_calendars.open_days(calendar, opens_on, last, row["target_on"], today)
    if item["unit"] is None:
        # Only a dose given at the site has amounts.
        del item["amount"], item["given_amount"], item["unit"]
    if not has_window:
        item["target_on"] = item["opens_on"] = item["closes_on"] = None
    return item


# A list has the same patients on the same day again and again: without it a page of 50 visits takes 60 µs longer.
@lru_cache(maxsize=16384)
def _place(position: str, today: str) -> Place:
    """Return cycle, cycle day and hold on a day, from a position as it is stored."""
    return positions.of_text(position).at(date.fromisoformat(today))


def _last_overdue(today: str, overdue_through: str | None) -> str:
    """Return the last day that is suggested for an overdue visit: one on which it is still overdue."""
    last = (date.fromisoformat(today) + _OVERDUE_DAYS).isoformat()
    return last if overdue_through is None else min(last, overdue_through)


def _full_days(
    store: Store, calendars: Mapping[str, SiteCalendar], items: Sequence[dict[str, Any]]
) -> Mapping[str, Mapping[str, bool]]:
    """Return the full days of sites that limit their scans, and whether each is just full (True) or overbooked."""
    limits = {site: calendar.slots_per_day for site, calendar in calendars.items()}
    limited = [site for site, limit in limits.items() if limit is not None]
    days = [day for item in items for day in item["suggested_days"]] if limited else []
    if not days:
        return {}
    full: dict[str, dict[str, bool]] = {}
    for (site, day), count in site_calendars.bookings(store, limited, min(days), max(days)).items():
        limit = limits[site]
        if limit is not None and count >= limit:
            full.setdefault(site, {})[day] = count == limit
    return full


def _days_off(day: str, opens_on: str, closes_on: str) -> int:
    """Return how many days outside a window a day lies: 0 inside, negative early."""
    if day < opens_on:
        return -_days_between(day, opens_on)
    return max(_days_between(closes_on, day), 0)


def _days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
