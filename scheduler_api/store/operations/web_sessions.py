"""The table `web_sessions`: who is signed in to the pages; of the secret in the browser only the SHA-256 is kept."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a session: of `token_id`, or of `actor`; with the `form` that its browser kept of the one before."""
    store.write(
        "INSERT INTO web_sessions (hash, token_id, actor, started_at, ends_at, form) "
        "VALUES (:hash, :token_id, :actor, :started_at, :ends_at, :form)",
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


def get(store: Store, digest: str) -> Row | None:
    """Return the session of this hash, whether or not it has ended."""
    return store.row("SELECT * FROM web_sessions WHERE hash = :hash", {"hash": digest})


def set_actor(store: Store, digest: str, actor: str, ends_at: str) -> None:
    """Say whose a session is now, and when it ends."""
    values = {"hash": digest, "actor": actor, "ends_at": ends_at}
    store.write("UPDATE web_sessions SET actor = :actor, ends_at = :ends_at WHERE hash = :hash", values)


def set_form(store: Store, digest: str, form: str | None) -> None:
    """Keep what was filled in, or nothing any more."""
    store.write("UPDATE web_sessions SET form = :form WHERE hash = :hash", {"hash": digest, "form": form})


def delete(store: Store, digest: str) -> int:
    """Delete the session of this hash; return how many there were."""
    return store.write("DELETE FROM web_sessions WHERE hash = :hash", {"hash": digest})


def delete_ended(store: Store, before: str) -> int:
    """Delete the sessions that ended before an instant; return how many."""
    return store.write("DELETE FROM web_sessions WHERE ends_at <= :before", {"before": before})
