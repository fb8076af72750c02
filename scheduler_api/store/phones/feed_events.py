"""The table `feed_events`: the events that a calendar feed has contained, so that its readers recognise changes."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def of_feed(store: Store, feed: str) -> dict[str, Row]:
    """Return the events that a feed has contained, by uid."""
    rows = store.rows("SELECT * FROM feed_events WHERE feed = :feed", {"feed": feed})
    return {row["uid"]: row for row in rows}


def put(store: Store, row: Row) -> None:
    """Store the present event of a uid."""
    store.write(
        "INSERT INTO feed_events (feed, uid, sequence, modified_at, content, cancelled) "
        "VALUES (:feed, :uid, :sequence, :modified_at, :content, :cancelled) "
        "ON CONFLICT (feed, uid) DO UPDATE SET sequence = excluded.sequence, modified_at = excluded.modified_at, "
        "content = excluded.content, cancelled = excluded.cancelled",
        row,
    )
