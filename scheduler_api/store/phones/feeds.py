"""The table `feeds`: secret addresses of patients' calendar feeds, of which only the hash is kept."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store


def insert(store: Store, row: Row) -> None:
    """Add a feed."""
    contents.insert(store, "feeds", row, row["made_at"])


def by_hash(store: Store, digest: str) -> Row | None:
    """Return the feed of a secret, with its patient's row; None if unknown or revoked."""
    return store.row(
        "SELECT f.options, p.* FROM feeds f "
        "JOIN patients p ON p.patient_id = f.patient_id WHERE f.hash = :hash AND f.revoked_at IS NULL",
        {"hash": digest},
    )


def of_patient(store: Store, patient_id: str) -> Row | None:
    """Return the patient's feed that is not revoked, without its secret."""
    return store.row(
        "SELECT options, made_at FROM feeds WHERE patient_id = :patient_id AND revoked_at IS NULL",
        {"patient_id": patient_id},
    )


def revoke(store: Store, patient_id: str, at: str) -> bool:
    """Revoke a patient's feed; False if there is none."""
    change = "revoked_at = :at WHERE patient_id = :patient_id AND revoked_at IS NULL"
    return contents.update(store, "feeds", change, {"patient_id": patient_id, "at": at}, at) > 0
