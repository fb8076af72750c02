"""The table `sites`: where patients are treated."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store

_COLUMNS = ("site", "name", "country", "time_zone", "opening_days", "contact_name", "contact_phone")


def insert(store: Store, row: Row, at: str) -> None:
    """Add a site at an instant. Raises Duplicate."""
    contents.insert(store, "sites", row, at, _COLUMNS)


def set_contact(store: Store, site: str, name: str, phone: str, at: str) -> None:
    """Store whom a site's patients call, from an instant on."""
    contents.update(
        store,
        "sites",
        "contact_name = :name, contact_phone = :phone WHERE site = :site",
        {"site": site, "name": name, "phone": phone},
        at,
    )


def get(store: Store, site: str) -> Row | None:
    """Return one site."""
    return store.row("SELECT * FROM sites WHERE site = :site", {"site": site})


def every(store: Store) -> list[Row]:
    """Return all sites, by id."""
    return store.rows("SELECT * FROM sites ORDER BY site")
