"""The table `outbox` as staff read it: each message with the patient's number and the patient's present site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of

#: A message to or about a patient belongs to the site where the patient is now.
_SELECT = (
    "SELECT o.message_id, o.audience, o.patient_id, p.subject_number, COALESCE(p.site, o.site) AS site, o.kind, "
    "o.about, o.due_at, o.expires_at, o.status, o.settled_at FROM outbox o "
    "LEFT JOIN patients p ON p.patient_id = o.patient_id"
)


def find(
    store: Store,
    sites: Sequence[str] | None,
    statuses: Sequence[str] | None,
    patient_id: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[Row]:
    """Return the messages of some sites (None: all), with some statuses, about a patient; the latest due first."""
    parameters: dict[str, Any] = {"limit": limit}
    where = []
    for column, name, values in (("COALESCE(p.site, o.site)", "site", sites), ("o.status", "status", statuses)):
        if values is not None:
            where.append(one_of(column, name, values, parameters))
    if patient_id is not None:
        where.append("o.patient_id = :patient_id")
        parameters["patient_id"] = patient_id
    if after is not None:
        where.append("(o.due_at, o.message_id) < (:after_due, :after_message)")
        parameters["after_due"], parameters["after_message"] = after
    return store.rows(
        f"{_SELECT} {'WHERE ' + ' AND '.join(where) if where else ''} "
        "ORDER BY o.due_at DESC, o.message_id DESC LIMIT :limit",
        parameters,
    )


def get(store: Store, message_id: str) -> Row | None:
    """Return one message."""
    return store.row(f"{_SELECT} WHERE o.message_id = :message_id", {"message_id": message_id})


def send_again(store: Store, message_id: str) -> None:
    """Reset a failed message so that it is given to its destinations anew."""
    store.write(
        "UPDATE outbox SET status = 'waiting', settled_at = NULL, spread_at = NULL "
        "WHERE message_id = :message_id AND status = 'failed'",
        {"message_id": message_id},
    )


def count_waiting(store: Store) -> int:
    """Return how many messages wait to be delivered."""
    row = store.row("SELECT COUNT(*) AS number FROM outbox WHERE status = 'waiting'")
    return int(row["number"]) if row else 0
