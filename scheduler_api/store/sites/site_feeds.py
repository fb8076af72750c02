"""The table `site_feeds`: secret addresses of calendars of sites' bookings, of which only the hash is kept."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store

#: A feed ends with the token that made it. An account of an identity provider has none here.
_OPEN = (
    "SELECT f.* FROM site_feeds f LEFT JOIN tokens t ON t.token_id = f.token_id "
    "WHERE f.revoked_at IS NULL AND t.revoked_at IS NULL"
)


def insert(store: Store, row: Row) -> None:
    """Add a feed."""
    contents.insert(store, "site_feeds", row, row["made_at"])


def by_hash(store: Store, digest: str) -> Row | None:
    """Return the feed of a secret; None if unknown or no longer valid."""
    return store.row(f"{_OPEN} AND f.hash = :hash", {"hash": digest})


def of_site(store: Store, site: str) -> list[Row]:
    """Return the valid feeds of a site, oldest first."""
    return store.rows(f"{_OPEN} AND f.site = :site ORDER BY f.made_at, f.feed_id", {"site": site})


def revoke(store: Store, site: str, feed_id: str, at: str) -> bool:
    """Revoke a feed of a site; False if there is none of that id, or it is revoked already."""
    change = "revoked_at = :at WHERE feed_id = :feed_id AND site = :site AND revoked_at IS NULL"
    return contents.update(store, "site_feeds", change, {"feed_id": feed_id, "site": site, "at": at}, at) > 0
