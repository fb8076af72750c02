"""The table `site_calendars`: a site's region, exceptional days and slots, beyond its weekly opening days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of


def of_sites(store: Store, sites: Sequence[str]) -> list[Row]:
    """Return the calendars of some sites, by id; values that a site has not set are null."""
    parameters: dict[str, Any] = {}
    return store.rows(
        "SELECT s.site, s.country, s.time_zone, s.opening_days, c.region, c.closed_days, c.open_days, c.slots_per_day "
        "FROM sites s LEFT JOIN site_calendars c ON c.site = s.site "
        f"WHERE {one_of('s.site', 'site', sites, parameters)} ORDER BY s.site",
        parameters,
    )


def put(store: Store, row: Row) -> None:
    """Store a site's calendar, replacing the one it had."""
    store.write("UPDATE sites SET opening_days = :opening_days WHERE site = :site", row)
    store.write(
        "INSERT INTO site_calendars (site, region, closed_days, open_days, slots_per_day) "
        "VALUES (:site, :region, :closed_days, :open_days, :slots_per_day) "
        "ON CONFLICT (site) DO UPDATE SET region = excluded.region, closed_days = excluded.closed_days, "
        "open_days = excluded.open_days, slots_per_day = excluded.slots_per_day",
        row,
    )
