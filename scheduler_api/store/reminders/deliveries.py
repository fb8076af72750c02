"""The table `deliveries`: a row for each message and each destination that it is sent to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of, one_of_rows

_NUMBER = "COUNT(CASE WHEN v.status = '{status}' THEN 1 END)"
#: What has become of a message. All its deliveries are read, of which there are few: by an index of those that wait, a
#: database without statistics looks through everything that does.
_BECAME = (
    f"(SELECT CASE WHEN {_NUMBER.format(status='waiting')} > 0 THEN 'waiting' "
    f"WHEN {_NUMBER.format(status='sent')} > 0 THEN 'sent' "
    f"WHEN {_NUMBER.format(status='expired')} > 0 AND {_NUMBER.format(status='failed')} = 0 THEN 'expired' "
    "ELSE 'failed' END FROM deliveries v WHERE v.message_id = outbox.message_id)"
)


#: The channels: a browser's push service, a web server, a mailbox, our own log.
CHANNELS = ("web_push", "webhook", "email", "log")
#: Where a message goes that was there already: it is tried anew, unless it was sent.
_AGAIN = (
    "ON CONFLICT (message_id, destination_id) DO UPDATE SET status = 'waiting', attempts = 0, "
    "next_at = excluded.next_at, problem = NULL, settled_at = NULL WHERE deliveries.status <> 'sent'"
)
#: Deliveries to destinations that are paused or full, or busy and failed last, are not due. What can no longer be sent
#: (withdrawn, expired, its destination ended) is due in any case.
_IS_DUE = (
    "v.status = 'waiting' AND v.next_at <= :now AND ((SELECT d.ended_at IS NOT NULL "
    "OR ((d.paused_until IS NULL OR d.paused_until <= :now) AND ({full} OR d.failures > 0 AND {busy}) IS NOT TRUE) "
    "FROM destinations d WHERE d.destination_id = v.destination_id) OR (SELECT o.expires_at <= :now "
    "OR o.status <> 'waiting' FROM outbox o WHERE o.message_id = v.message_id))"
)


def take_unspread(store: Store, now: str, limit: int) -> list[Row]:
    """Take some messages that were not yet given to their destinations, for this worker alone.

    Each comes with its patient's preferences.
    """
    return store.rows(
        "WITH fresh AS MATERIALIZED (SELECT message_id FROM outbox WHERE status = 'waiting' AND spread_at IS NULL "
        f"ORDER BY written_at LIMIT :limit {store.for_update} {store.skip_locked}) "
        "UPDATE outbox SET spread_at = :now WHERE message_id IN (SELECT message_id FROM fresh) RETURNING *, "
        "(SELECT preferences FROM patients p WHERE p.patient_id = outbox.patient_id) AS preferences",
        {"now": now, "limit": limit},
    )


def spread(store: Store, messages: Collection[tuple[Row, Collection[str]]], now: str) -> set[str]:
    """Give each message to its destinations on some channels, except those that took it already.

    Return the messages that have any.
    """
    parameters: dict[str, Any] = {}
    patients = one_of("patient_id", "patient", {row["patient_id"] for row, _ in messages} - {None}, parameters)
    sites = one_of("site", "site", {row["site"] for row, _ in messages}, parameters)
    there = "SELECT destination_id, channel, audience, patient_id, site FROM destinations WHERE ended_at IS NULL"
    found: dict[tuple[str, str | None, str | None], list[Row]] = {}
    for one in store.rows(f"{there} AND {patients} UNION ALL {there} AND patient_id IS NULL AND {sites}", parameters):
        site = one["site"] if one["patient_id"] is None else None
        found.setdefault((one["audience"], one["patient_id"], site), []).append(one)
    rows = [
        {
            "message_id": row["message_id"],
            "destination_id": one["destination_id"],
            "status": "waiting",
            "attempts": 0,
            "next_at": now,
        }
        for row, channels in messages
        for to in ((row["patient_id"], None), (None, row["site"]))
        for one in found.get((row["audience"], *to), ())
        if one["channel"] in channels
    ]
    if rows:
        store.bulk_insert("deliveries", rows, _AGAIN)
    return {row["message_id"] for row in rows}


def spread_elsewhere(store: Store, message_ids: Collection[str], now: str) -> None:
    """Give those of some messages that are neither sent nor wait anywhere to all destinations, on whatever channel."""
    parameters: dict[str, Any] = {}
    of_them = one_of("o.message_id", "message", message_ids, parameters)
    unsent = store.rows(
        f"SELECT message_id, audience, patient_id, site FROM outbox o WHERE {of_them} "
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


@dataclass(frozen=True)
class Due:
    """The deliveries that are due at an instant, for a worker that sends to some destinations already.

    `full` are those of `busy` that it sends no more to.
    """

    now: str
    busy: Collection[str]
    full: Collection[str]

    def destinations(self, store: Store, limit: int) -> list[str]:
        """Return the destinations of the deliveries that are longest due, of at most so many, each once."""
        is_due, parameters = self._condition()
        rows = store.rows(
            f"SELECT v.destination_id FROM deliveries v WHERE {is_due} ORDER BY v.next_at LIMIT :limit",
            {**parameters, "limit": limit},
        )
        return list(dict.fromkeys(row["destination_id"] for row in rows))

    def to(self, store: Store, destination_id: str, limit: int) -> list[Row]:
        """Return some deliveries to a destination, longest due first, with message and destination.

        They are this worker's alone until the unit of work ends. `followed`: the second reminder of the same dose waits
        or was sent.
        """
        is_due, parameters = self._condition()
        return store.rows(
            "WITH next AS MATERIALIZED (SELECT v.message_id FROM deliveries v "
            f"WHERE v.destination_id = :destination_id AND {is_due} ORDER BY v.next_at, v.message_id LIMIT :limit "
            f"{store.for_update} {store.skip_locked}) "
            "SELECT v.destination_id, v.attempts, v.next_at, o.message_id, o.audience, o.patient_id, o.site, o.kind, "
            "o.about, o.due_at, o.expires_at, o.status, d.channel, d.address, d.keys, d.language, d.failures, "
            "d.ended_at, o.kind = 'dose_due' AND EXISTS (SELECT 1 FROM outbox a WHERE a.patient_id = o.patient_id "
            "AND a.about = o.about AND a.kind = 'dose_again' AND a.status IN ('waiting', 'sent')) AS followed "
            "FROM next JOIN deliveries v ON v.message_id = next.message_id AND v.destination_id = :destination_id "
            "JOIN outbox o ON o.message_id = v.message_id JOIN destinations d ON d.destination_id = v.destination_id "
            "ORDER BY v.next_at, v.message_id",
            {**parameters, "destination_id": destination_id, "limit": limit},
        )

    def _condition(self) -> tuple[str, dict[str, Any]]:
        parameters: dict[str, Any] = {"now": self.now}
        full = one_of("d.destination_id", "full", self.full, parameters)
        busy = one_of("d.destination_id", "busy", self.busy, parameters)
        return _IS_DUE.format(full=full, busy=busy), parameters


def claim(store: Store, destination_id: str, message_ids: Collection[str], until: str) -> None:
    """Take deliveries that are due at one destination for an attempt, and keep others from them until an instant."""
    parameters: dict[str, Any] = {"destination_id": destination_id, "until": until}
    store.write(
        "UPDATE deliveries SET next_at = :until, attempts = attempts + 1 WHERE destination_id = :destination_id "
        f"AND {one_of('message_id', 'message', message_ids, parameters)}",
        parameters,
    )


def hold(store: Store, row: Row, until: str) -> None:
    """Let a delivery that is due wait until an instant."""
    store.write(
        "UPDATE deliveries SET next_at = :until WHERE message_id = :message_id AND destination_id = :destination_id",
        {**row, "until": until},
    )


def finalise(store: Store, rows: Sequence[Row], status: str, problem: str | None, at: str) -> set[tuple[str, str]]:
    """Record how some deliveries ended; return message and destination of those of which it was not on record."""
    parameters: dict[str, Any] = {"status": status, "problem": problem, "at": at}
    ended = store.rows(
        "UPDATE deliveries SET status = :status, problem = :problem, settled_at = :at "
        f"WHERE {one_of_rows(('message_id', 'destination_id'), rows, parameters)} AND status = 'waiting' "
        "RETURNING message_id, destination_id",
        parameters,
    )
    return {(row["message_id"], row["destination_id"]) for row in ended}


def give_back(store: Store, rows: Iterable[Row], now: str) -> None:
    """Let others have deliveries that were claimed and not tried, unless another worker has taken them meanwhile."""
    store.write_many(
        "UPDATE deliveries SET next_at = :now, attempts = attempts - 1 WHERE message_id = :message_id "
        "AND destination_id = :destination_id AND status = 'waiting' AND attempts = :attempts",
        [{**row, "now": now} for row in rows],
    )


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


def finish(store: Store, message_ids: Collection[str], at: str) -> list[Row]:
    """Finalise messages that no longer wait for any destination, and return them.

    A message is sent if one destination took it, else failed or expired.
    """
    parameters: dict[str, Any] = {}
    messages = one_of("message_id", "message", message_ids, parameters)
    # Of two workers with the last two deliveries of a message, the second must see what the first did: where
    # databases let writers work side by side, it waits for this row.
    store.rows(f"SELECT message_id FROM outbox WHERE {messages} ORDER BY message_id {store.for_update}", parameters)
    return store.rows(
        f"UPDATE outbox SET settled_at = :at, status = {_BECAME} WHERE {messages} AND status = 'waiting' "
        f"AND {_BECAME} <> 'waiting' RETURNING status, kind, audience, patient_id",
        {**parameters, "at": at},
    )


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
