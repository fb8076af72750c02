"""The table `protocols`: each version of each protocol, never changed once it is there."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a version. Raises Duplicate."""
    contents.insert(store, "protocols", row, row["added_at"])


def versions(store: Store, protocol: str) -> list[Row]:
    """Return all versions of one protocol, in order."""
    return store.rows("SELECT * FROM protocols WHERE protocol = :protocol ORDER BY version", {"protocol": protocol})


def every(store: Store) -> list[Row]:
    """Return all versions of all protocols, by id and version."""
    return store.rows("SELECT * FROM protocols ORDER BY protocol, version")
