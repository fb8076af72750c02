"""The table `idempotency`: the responses to requests with an Idempotency-Key."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store

_COLUMNS = ("token_id", "key", "request_hash", "status", "headers", "body", "answered_at")


def get(store: Store, token_id: str, key: str) -> Row | None:
    """Return the response to a token's request with this key, if there was one."""
    return store.row(
        "SELECT * FROM idempotency WHERE token_id = :token_id AND key = :key", {"token_id": token_id, "key": key}
    )


def insert(store: Store, row: Row, forget_before: str) -> None:
    """Store a response, and delete those given before an instant."""
    forget(store, forget_before)
    names = ", ".join(_COLUMNS)
    store.write(f"INSERT INTO idempotency ({names}) VALUES ({', '.join(':' + name for name in _COLUMNS)})", row)


def forget(store: Store, before: str) -> int:
    """Delete the responses given before an instant; return how many."""
    return store.write("DELETE FROM idempotency WHERE answered_at < :before", {"before": before})
