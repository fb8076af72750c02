"""The table `tokens`: staff tokens, of which only the SHA-256 is kept."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a token."""
    contents.insert(store, "tokens", row, row["created_at"])


def by_hash(store: Store, digest: str) -> Row | None:
    """Return the token with this hash, unless it was revoked."""
    return store.row(
        "SELECT token_id, role, name, sites FROM tokens WHERE hash = :hash AND revoked_at IS NULL", {"hash": digest}
    )


def with_patient(store: Store, digest: str, patient_id: str) -> Row | None:
    """Return the token with this hash, unless it was revoked, and a patient's row (all null if there is none)."""
    return store.row(
        "SELECT t.token_id, t.role, t.name, t.sites, p.* FROM tokens t "
        "LEFT JOIN patients p ON p.patient_id = :patient_id WHERE t.hash = :hash AND t.revoked_at IS NULL",
        {"hash": digest, "patient_id": patient_id},
    )


def every(store: Store) -> list[Row]:
    """Return all tokens, revoked ones included, oldest first; without their hashes."""
    return store.rows("SELECT token_id, role, name, sites, created_at, revoked_at FROM tokens ORDER BY created_at")


def revoke(store: Store, token_id: str, at: str) -> bool:
    """Revoke a token; False if there is none of that id, or it is revoked already."""
    change = "revoked_at = :at WHERE token_id = :token_id AND revoked_at IS NULL"
    return contents.update(store, "tokens", change, {"token_id": token_id, "at": at}, at) == 1
