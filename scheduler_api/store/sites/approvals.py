"""The table `approvals`: from when a version of a protocol after the first is approved for a site."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store

_COLUMNS = ("site", "protocol", "version", "approved_on", "recorded_at", "recorded_by")


def put(store: Store, row: Row) -> None:
    """Store an approval, or that it was withdrawn, replacing what is known of that site and version."""
    contents.put(store, "approvals", row, row["recorded_at"], _COLUMNS)


def of_site(store: Store, site: str) -> list[Row]:
    """Return what is known of a site, by protocol and version; an approval that was withdrawn has no date."""
    return store.rows("SELECT * FROM approvals WHERE site = :site ORDER BY protocol, version", {"site": site})
