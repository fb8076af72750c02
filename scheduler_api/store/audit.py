"""The table `audit`: what happened besides facts, only ever added to."""

from __future__ import annotations

from .port import Row, Store


def add(store: Store, at: str, actor: str, action: str, patient_id: str | None, detail: str) -> None:
    """Note something that happened."""
    store.write(
        "INSERT INTO audit (at, actor, action, patient_id, detail) VALUES (:at, :actor, :action, :patient_id, :detail)",
        {"at": at, "actor": actor, "action": action, "patient_id": patient_id, "detail": detail},
    )


def of_patient(store: Store, patient_id: str) -> list[Row]:
    """What happened about a patient, in order."""
    return store.rows(
        "SELECT at, actor, action, patient_id, detail FROM audit WHERE patient_id = :patient_id ORDER BY seq",
        {"patient_id": patient_id},
    )
