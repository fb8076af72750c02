"""The table `deliveries`: a row for each message and each destination that it is sent to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of

_OF_MESSAGE = "EXISTS (SELECT 1 FROM deliveries v WHERE v.message_id = outbox.message_id AND v.status = '{status}')"
_FINISH = (
    "UPDATE outbox SET settled_at = :at, status = CASE "
    f"WHEN {_OF_MESSAGE.format(status='sent')} THEN 'sent' "
    f"WHEN {_OF_MESSAGE.format(status='expired')} AND NOT {_OF_MESSAGE.format(status='failed')} THEN 'expired' "
    "ELSE 'failed' END WHERE message_id = :message_id AND status = 'waiting' "
    f"AND NOT {_OF_MESSAGE.format(status='waiting')} RETURNING status, kind, audience, patient_id"
)


#: The channels: a browser's push service, a web server, a mailbox, our own log.
CHANNELS = ("web_push", "webhook", "email", "log")
_SPREAD = (
    "INSERT INTO deliveries (message_id, destination_id, status, attempts, next_at) "
    "SELECT :message_id, destination_id, 'waiting', 0, :now FROM destinations "
    "WHERE ended_at IS NULL AND audience = :audience AND channel IN (:web_push, :webhook, :email, :log) "
    "AND (patient_id = :patient_id OR (patient_id IS NULL AND site = :site)) "
    "ON CONFLICT (message_id, destination_id) DO UPDATE SET status = 'waiting', attempts = 0, "
    "next_at = excluded.next_at, problem = NULL, settled_at = NULL WHERE deliveries.status <> 'sent'"
)


def take_unspread(store: Store, now: str, limit: int) -> list[Row]:
    """Take some messages that were not yet given to their destinations, for this worker alone.

    Each comes with its patient's preferences.
    """
    return store.rows(
        "WITH fresh AS MATERIALIZED (SELECT message_id FROM outbox WHERE status = 'waiting' AND spread_at IS NULL "
        f"ORDER BY written_at LIMIT :limit {store.skip_locked}) "
        "UPDATE outbox SET spread_at = :now WHERE message_id IN (SELECT message_id FROM fresh) RETURNING *, "
        "(SELECT preferences FROM patients p WHERE p.patient_id = outbox.patient_id) AS preferences",
        {"now": now, "limit": limit},
    )


def spread(store: Store, messages: Iterable[tuple[Row, Collection[str]]], now: str) -> None:
    """Give each message to its destinations on some channels, except those that took it already."""
    store.write_many(
        _SPREAD,
        (
            {**message, "now": now, **{channel: channel if channel in channels else None for channel in CHANNELS}}
            for message, channels in messages
        ),
    )


def spread_elsewhere(store: Store, message_ids: Collection[str], now: str) -> None:
    """Give those of some messages that are neither sent nor wait anywhere to all destinations, on whatever channel."""
    parameters: dict[str, Any] = {}
    unsent = store.rows(
        f"SELECT * FROM outbox o WHERE {one_of('o.message_id', 'message', message_ids, parameters)} "
        "AND o.status = 'waiting' AND NOT EXISTS (SELECT 1 "
        "FROM deliveries v WHERE v.message_id = o.message_id AND v.status IN ('sent', 'waiting'))",
        parameters,
    )
    if unsent:
        spread(store, [(row, CHANNELS) for row in unsent], now)


def is_any_due(store: Store, now: str) -> bool:
    """Return whether any message is to be given to its destinations, or any delivery is due."""
    return (
        store.row("SELECT 1 FROM outbox WHERE status = 'waiting' AND spread_at IS NULL LIMIT 1") is not None
        or store.row("SELECT 1 FROM deliveries WHERE status = 'waiting' AND next_at <= :now LIMIT 1", {"now": now})
        is not None
    )


def due(store: Store, now: str, busy: Collection[str], limit: int) -> list[Row]:
    """Return some deliveries that are due, longest due first, with message and destination.

    Those to destinations that are `busy` or paused are left out. What can no longer be sent (withdrawn, expired, its
    destination ended) is included in any case. `followed`: the second reminder of the same dose waits or was sent.
    """
    parameters: dict[str, Any] = {"now": now, "limit": limit}
    to_others = f"AND NOT {one_of('v.destination_id', 'busy', busy, parameters)}" if busy else ""
    return store.rows(
        "SELECT v.destination_id, v.attempts, v.next_at, o.message_id, o.audience, o.patient_id, o.site, o.kind, "
        "o.about, o.due_at, o.expires_at, o.status, d.channel, d.address, d.keys, d.language, d.failures, d.ended_at, "
        "o.kind = 'dose_due' AND EXISTS (SELECT 1 FROM outbox a WHERE a.patient_id = o.patient_id "
        "AND a.about = o.about AND a.kind = 'dose_again' AND a.status IN ('waiting', 'sent')) AS followed "
        "FROM deliveries v JOIN outbox o ON o.message_id = v.message_id "
        "JOIN destinations d ON d.destination_id = v.destination_id "
        "WHERE v.status = 'waiting' AND v.next_at <= :now AND (d.paused_until IS NULL OR d.paused_until <= :now "
        "OR d.ended_at IS NOT NULL OR o.expires_at <= :now OR o.status <> 'waiting') "
        f"{to_others} ORDER BY v.next_at, v.message_id, v.destination_id LIMIT :limit",
        parameters,
    )


def claim(store: Store, rows: Sequence[Row], until: str) -> set[tuple[str, str]]:
    """Take rows of `due` for an attempt, and keep others from them until an instant.

    Return message and destination of those that no other worker has taken.
    """
    taken = store.rows_of_each(
        "UPDATE deliveries SET next_at = :until, attempts = attempts + 1 WHERE message_id = :message_id "
        "AND destination_id = :destination_id AND status = 'waiting' AND next_at = :next_at "
        "RETURNING message_id, destination_id",
        [{**row, "until": until} for row in rows],
    )
    return {(row["message_id"], row["destination_id"]) for row in taken}


def hold(store: Store, row: Row, until: str) -> None:
    """Let a row of `due` wait until an instant, unless another worker has taken it."""
    store.write(
        "UPDATE deliveries SET next_at = :until WHERE message_id = :message_id "
        "AND destination_id = :destination_id AND status = 'waiting' AND next_at = :next_at",
        {**row, "until": until},
    )


def finalise(store: Store, row: Row, status: str, problem: str | None, at: str) -> bool:
    """Record how a delivery ended; return False if that is on record already. `row` names message and destination."""
    changed = store.write(
        "UPDATE deliveries SET status = :status, problem = :problem, settled_at = :at WHERE message_id = :message_id "
        "AND destination_id = :destination_id AND status = 'waiting'",
        {**row, "status": status, "problem": problem, "at": at},
    )
    return changed == 1


def put_back(store: Store, row: Row, problem: str | None, next_at: str) -> None:
    """Schedule another attempt at an instant, unless another worker has taken the delivery meanwhile."""
    store.write(
        "UPDATE deliveries SET next_at = :next_at, problem = :problem WHERE message_id = :message_id "
        "AND destination_id = :destination_id AND status = 'waiting' AND attempts = :attempts",
        {**row, "problem": problem, "next_at": next_at},
    )


def expedite(store: Store, destination_id: str, now: str) -> None:
    """Make all deliveries that wait for a destination due now, because it has ended."""
    store.write(
        "UPDATE deliveries SET next_at = :now WHERE destination_id = :destination_id AND status = 'waiting' "
        "AND next_at > :now",
        {"destination_id": destination_id, "now": now},
    )


def finish(store: Store, message_ids: Iterable[str], at: str) -> list[Row]:
    """Finalise messages that no longer wait for any destination, and return them.

    A message is sent if one destination took it, else failed or expired.
    """
    finished = [{"message_id": message_id, "at": at} for message_id in sorted(message_ids)]
    # Of two workers with the last two deliveries of a message, the second must see what the first did: where
    # databases let writers work side by side, it waits for this row.
    store.write_many("UPDATE outbox SET spread_at = spread_at WHERE message_id = :message_id", finished)
    return store.rows_of_each(_FINISH, finished)


def reopen(store: Store, now: str) -> None:
    """Make deliveries due that would be tried only after their message has expired, by a clock that was ahead."""
    store.write(
        "UPDATE deliveries SET next_at = :now WHERE status = 'waiting' AND next_at > :now "
        "AND next_at >= (SELECT expires_at FROM outbox WHERE outbox.message_id = deliveries.message_id)",
        {"now": now},
    )


def release(store: Store, message_id: str) -> None:
    """Allow a withdrawn message to be given to its destinations anew, should the plan call for it again."""
    store.write("UPDATE outbox SET spread_at = NULL WHERE message_id = :message_id", {"message_id": message_id})


def of_messages(store: Store, message_ids: Collection[str]) -> list[Row]:
    """Return the deliveries of some messages, in the order in which their destinations were made."""
    parameters: dict[str, Any] = {}
    return store.rows(
        "SELECT v.*, d.channel FROM deliveries v JOIN destinations d ON d.destination_id = v.destination_id "
        f"WHERE {one_of('v.message_id', 'message', message_ids, parameters)} ORDER BY d.made_at, d.destination_id",
        parameters,
    )
