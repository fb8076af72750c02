"""The table `web_sessions`: who is signed in to the pages; of the secret in the browser only the SHA-256 is kept."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a session: of `token_id`, or of `actor`."""
    store.write(
        "INSERT INTO web_sessions (hash, token_id, actor, started_at, ends_at) "
        "VALUES (:hash, :token_id, :actor, :started_at, :ends_at)",
        row,
    )


def find(store: Store, digest: str, now: str) -> Row | None:
    """Return whose session has this hash: `actor`, or if that is None the token with which it was started.

    None if the session has ended, or the token was revoked.
    """
    return store.row(
        "SELECT s.actor, t.token_id, t.role, t.name, t.sites FROM web_sessions s "
        "LEFT JOIN tokens t ON t.token_id = s.token_id AND t.revoked_at IS NULL "
        "WHERE s.hash = :hash AND s.ends_at > :now AND (s.actor IS NOT NULL OR t.token_id IS NOT NULL)",
        {"hash": digest, "now": now},
    )


def delete(store: Store, digest: str) -> int:
    """Delete the session of this hash; return how many there were."""
    return store.write("DELETE FROM web_sessions WHERE hash = :hash", {"hash": digest})


def delete_ended(store: Store, now: str) -> int:
    """Delete the sessions that have ended; return how many."""
    return store.write("DELETE FROM web_sessions WHERE ends_at <= :now", {"now": now})
