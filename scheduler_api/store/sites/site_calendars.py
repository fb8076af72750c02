"""The table `site_calendars`: a site's region, exceptional days and slots, beyond its weekly opening days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler_api.store import contents
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


def put(store: Store, row: Row, at: str) -> None:
    """Store a site's calendar at an instant, replacing the one it had."""
    contents.update(store, "sites", "opening_days = :opening_days WHERE site = :site", row, at)
    contents.put(store, "site_calendars", row, at, ("site", "region", "closed_days", "open_days", "slots_per_day"))
