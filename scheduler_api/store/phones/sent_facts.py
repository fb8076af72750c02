"""The table `sent_facts`: the outcome of each fact that a phone sent."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def get(store: Store, patient_id: str, client_id: str) -> Row | None:
    """Return the outcome of a fact that a phone sent under this id."""
    return store.row(
        "SELECT request_hash, outcome FROM sent_facts WHERE patient_id = :patient_id AND client_id = :client_id",
        {"patient_id": patient_id, "client_id": client_id},
    )


def insert(store: Store, row: Row) -> None:
    """Store the outcome of a fact that a phone sent."""
    store.write(
        "INSERT INTO sent_facts (patient_id, client_id, request_hash, outcome) "
        "VALUES (:patient_id, :client_id, :request_hash, :outcome)",
        row,
    )
