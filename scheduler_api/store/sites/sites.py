"""The table `sites`: where patients are treated."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a site. Raises Duplicate."""
    store.write(
        "INSERT INTO sites (site, name, country, time_zone, opening_days, contact_name, contact_phone) "
        "VALUES (:site, :name, :country, :time_zone, :opening_days, :contact_name, :contact_phone)",
        row,
    )


def set_contact(store: Store, site: str, name: str, phone: str) -> None:
    """Store whom a site's patients call."""
    store.write(
        "UPDATE sites SET contact_name = :name, contact_phone = :phone WHERE site = :site",
        {"site": site, "name": name, "phone": phone},
    )


def get(store: Store, site: str) -> Row | None:
    """Return one site."""
    return store.row("SELECT * FROM sites WHERE site = :site", {"site": site})


def every(store: Store) -> list[Row]:
    """Return all sites, by id."""
    return store.rows("SELECT * FROM sites ORDER BY site")
