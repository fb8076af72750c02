"""The table `feed_events`: what a feed has shown, so that a change is one to those who read it."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def of_feed(store: Store, feed: str) -> dict[str, Row]:
    """Return what a feed has shown, by uid."""
    rows = store.rows("SELECT * FROM feed_events WHERE feed = :feed", {"feed": feed})
    return {row["uid"]: row for row in rows}


def put(store: Store, row: Row) -> None:
    """Note what a feed shows under a uid now."""
    store.write(
        "INSERT INTO feed_events (feed, uid, sequence, modified_at, content, cancelled) "
        "VALUES (:feed, :uid, :sequence, :modified_at, :content, :cancelled) "
        "ON CONFLICT (feed, uid) DO UPDATE SET sequence = excluded.sequence, modified_at = excluded.modified_at, "
        "content = excluded.content, cancelled = excluded.cancelled",
        row,
    )
