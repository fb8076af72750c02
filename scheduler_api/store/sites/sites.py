"""The table `sites`: where patients are treated."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a site. Raises Duplicate."""
    store.write(
        "INSERT INTO sites (site, name, country, time_zone, opening_days) "
        "VALUES (:site, :name, :country, :time_zone, :opening_days)",
        row,
    )


def get(store: Store, site: str) -> Row | None:
    """Return one site."""
    return store.row("SELECT * FROM sites WHERE site = :site", {"site": site})


def every(store: Store) -> list[Row]:
    """Return all sites, by id."""
    return store.rows("SELECT * FROM sites ORDER BY site")
