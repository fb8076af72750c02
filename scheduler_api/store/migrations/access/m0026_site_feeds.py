"""Calendar feeds of sites' bookings."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: `hash` is of the secret in the feed's address; `token_id`, `role` and `name` are of who made it.
_FEEDS = """
    CREATE TABLE site_feeds (
        feed_id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        site TEXT NOT NULL,
        token_id TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT,
        options TEXT NOT NULL,
        made_at TEXT NOT NULL,
        revoked_at TEXT
    )
    """


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield _FEEDS
    yield "CREATE INDEX site_feeds_by_site ON site_feeds (site)"
