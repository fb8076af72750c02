"""The table `outbox`: messages that were released for sending, each once, and whether anyone received them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.database.writes import Writer

from .planned_messages import UP_TO, between

STATUSES = ("waiting", "sent", "failed", "withdrawn", "expired")


_PLANNED = ("message_id", "audience", "patient_id", "site", "kind", "about")
_INTO = f"INSERT INTO outbox ({', '.join(_PLANNED)}, due_at, expires_at, written_at, status)"
_ONCE = "ON CONFLICT (message_id) DO NOTHING"
_WRITE = (
    f"{_INTO} VALUES ({', '.join(':' + name for name in _PLANNED)}, :next_at, :expires_at, :written_at, 'waiting') "
    f"{_ONCE}"
)
_WRITE_UP_TO = (
    f"{_INTO} SELECT {', '.join(_PLANNED)}, next_at, expires_at, :written_at, 'waiting' "
    f"FROM reminders WHERE {UP_TO} ORDER BY message_id {_ONCE}"
)


def write(store: Store, rows: Sequence[Row], written_at: str) -> None:
    """Write planned messages that are due. One that is there already stays: no message is sent twice."""
    store.write_many(_WRITE, [{**row, "written_at": written_at} for row in rows])


def write_up_to(store: Store, last: Row, written_at: str) -> None:
    """Write all planned messages that are due no later than one, without reading them."""
    store.write(_WRITE_UP_TO, {**last, "written_at": written_at})


def withdraw(writer: Writer, message_ids: Iterable[str], at: str) -> None:
    """Withdraw messages that wait and that the plan no longer calls for."""
    writer.write_many(
        "UPDATE outbox SET status = 'withdrawn', settled_at = :at "
        "WHERE message_id = :message_id AND status = 'waiting'",
        [{"message_id": message_id, "at": at} for message_id in message_ids],
    )


def restore(writer: Writer, message_ids: Iterable[str]) -> None:
    """Put withdrawn messages back to waiting, because the plan calls for them after all."""
    writer.write_many(
        "UPDATE outbox SET status = 'waiting', settled_at = NULL "
        "WHERE message_id = :message_id AND status = 'withdrawn'",
        [{"message_id": message_id} for message_id in message_ids],
    )


def reopen(store: Store, now: str) -> None:
    """Let messages wait again that ended without being sent at an instant still to come, by a clock that was ahead."""
    store.write(
        "UPDATE outbox SET status = 'waiting', settled_at = NULL, spread_at = NULL "
        "WHERE status IN ('expired', 'failed') AND settled_at > :now AND expires_at > :now",
        {"now": now},
    )


def put_off(store: Store, message_id: str, until: str) -> bool:
    """Record that the patient put a message off until an instant; return False if it was put off before."""
    changed = store.write(
        "UPDATE outbox SET put_off_until = :until WHERE message_id = :message_id AND put_off_until IS NULL",
        {"message_id": message_id, "until": until},
    )
    return changed == 1


def of_patients(store: Store, patient_ids: Collection[str], since: str) -> list[Row]:
    """Return the messages to some patients, or to sites about them, that had not expired by an instant or a day."""
    parameters: dict[str, Any] = {"since": since, **between(patient_ids)}
    of_them = one_of("patient_id", "patient", patient_ids, parameters)
    # The range of ids says in which part of the table they are, where it is divided among several machines.
    return store.rows(
        f"SELECT * FROM outbox WHERE {of_them} AND expires_at > :since AND message_id BETWEEN :first AND :last",
        parameters,
    )


def get(store: Store, message_id: str) -> Row | None:
    """Return one message."""
    return store.row("SELECT * FROM outbox WHERE message_id = :message_id", {"message_id": message_id})


def forget(store: Store, before: str) -> int:
    """Delete messages that expired before an instant; return how many."""
    return store.write("DELETE FROM outbox WHERE expires_at < :before AND status <> 'waiting'", {"before": before})
