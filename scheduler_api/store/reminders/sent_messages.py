"""The table `outbox` as staff read it: each message with the patient's number and the patient's present site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.sites.at_sites import at_sites, site_sql, was_at_sites


def _select(now: datetime, parameters: dict[str, Any]) -> str:
    """Return the beginning of a query; a message to or about a patient belongs to the site that has the patient now."""
    return (
        f"SELECT o.message_id, o.audience, o.patient_id, p.subject_number, "
        f"COALESCE({site_sql('p.', now, parameters)}, o.site) AS site, o.kind, "
        "o.about, o.due_at, o.expires_at, o.status, o.settled_at FROM outbox o "
        "LEFT JOIN patients p ON p.patient_id = o.patient_id"
    )


def find(
    store: Store,
    now: datetime,
    sites: Sequence[str] | None,
    statuses: Sequence[str] | None,
    patient_id: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[Row]:
    """Return the messages of some sites (None: all), with some statuses, about a patient; the latest due first.

    A site that had a patient before reads those that were due then.
    """
    parameters: dict[str, Any] = {"limit": limit}
    select, where = _select(now, parameters), []
    if sites is not None:
        none = f"(p.patient_id IS NULL AND {one_of('o.site', 'site', sites, parameters)})"
        now_or_before = (
            at_sites("p.", sites, now, parameters),
            was_at_sites("o.patient_id", sites, "o.due_at", parameters),
        )
        where.append(f"({' OR '.join((none, *now_or_before))})")
    if statuses is not None:
        where.append(one_of("o.status", "status", statuses, parameters))
    if patient_id is not None:
        where.append("o.patient_id = :patient_id")
        parameters["patient_id"] = patient_id
    if after is not None:
        where.append("(o.due_at, o.message_id) < (:after_due, :after_message)")
        parameters["after_due"], parameters["after_message"] = after
    return store.rows(
        f"{select} {'WHERE ' + ' AND '.join(where) if where else ''} "
        "ORDER BY o.due_at DESC, o.message_id DESC LIMIT :limit",
        parameters,
    )


def get(store: Store, message_id: str, now: datetime) -> Row | None:
    """Return one message."""
    parameters: dict[str, Any] = {"message_id": message_id}
    return store.row(f"{_select(now, parameters)} WHERE o.message_id = :message_id", parameters)


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
