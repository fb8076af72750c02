"""The table `unreached`: patients whom no message has reached since the last one that did, and from when on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scheduler_api.store.database.port import Store
from scheduler_api.store.database.sql import one_of


def since(store: Store, patient_id: str) -> str | None:
    """Return from which instant on no message has reached a patient; None: the last one did."""
    row = store.row("SELECT since FROM unreached WHERE patient_id = :patient_id", {"patient_id": patient_id})
    return None if row is None else str(row["since"])


def since_of_each(store: Store, patient_ids: Collection[str]) -> dict[str, str]:
    """Return the same of those of some patients whom no message has reached, by patient."""
    parameters: dict[str, Any] = {}
    where = one_of("patient_id", "patient", patient_ids, parameters)
    return {row["patient_id"]: row["since"] for row in store.rows(f"SELECT * FROM unreached WHERE {where}", parameters)}


def among(store: Store, patient_ids: Collection[str]) -> set[str]:
    """Return whom of some patients no message has reached."""
    parameters: dict[str, Any] = {}
    where = one_of("patient_id", "patient", patient_ids, parameters)
    return {row["patient_id"] for row in store.rows(f"SELECT patient_id FROM unreached WHERE {where}", parameters)}


def add(store: Store, patient_id: str, at: str) -> None:
    """Note that a message to a patient reached nobody."""
    store.write(
        "INSERT INTO unreached (patient_id, since) VALUES (:patient_id, :at) ON CONFLICT (patient_id) DO NOTHING",
        {"patient_id": patient_id, "at": at},
    )


def remove(store: Store, patient_id: str) -> None:
    """Note that a message reached a patient."""
    store.write("DELETE FROM unreached WHERE patient_id = :patient_id", {"patient_id": patient_id})
