"""The table `audit`: what happened besides facts, only ever added to, in a chain for each stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from scheduler_api.store.database.chain import AUDIT, link
from scheduler_api.store.database.port import Busy, Duplicate, Row, Store

_COLUMNS = (*AUDIT, "hash")
_INSERT = f"INSERT INTO audit ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)})"
#: How often we try to become the next row of a stream that others write too.
_TRIES = 20


@dataclass(frozen=True)
class Event:
    """An event: when (UTC) and by whom, what was done, the patient and site, the route called, and more detail."""

    at: str
    actor: str
    role: str
    name: str | None
    action: str
    patient_id: str | None
    site: str | None
    route: str | None
    detail: Mapping[str, Any]

    @property
    def stream(self) -> str:
        """Return the chain that the event belongs to: the patient's, or the actor's if no patient is concerned."""
        return self.patient_id or self.actor


def add(store: Store, event: Event) -> None:
    """Record an event, in a unit of work of the caller's. Raises Busy."""
    row: dict[str, Any] = {
        "stream": event.stream,
        "at": event.at,
        "actor": event.actor,
        "role": event.role,
        "name": event.name,
        "action": event.action,
        "patient_id": event.patient_id,
        "site": event.site,
        "route": event.route,
        "detail": orjson.dumps(event.detail).decode(),
    }
    for _ in range(_TRIES):
        last = store.row("SELECT seq, hash FROM audit WHERE stream = :stream ORDER BY seq DESC LIMIT 1", row)
        row["seq"] = last["seq"] + 1 if last else 1
        row["hash"] = link(last["hash"] if last else "", row, AUDIT)
        try:
            with store.transaction():
                store.write(_INSERT, row)
            return
        except Duplicate:
            # Another was faster; where databases let writers work side by side, its row can be seen now.
            continue
    raise Busy("Too many writers to one stream of the audit.")


def of_stream(store: Store, stream: str) -> Iterator[Row]:
    """Yield the rows of a stream, hashes included, in order, read in portions."""
    after = 0
    while rows := store.rows(
        "SELECT * FROM audit WHERE stream = :stream AND seq > :after ORDER BY seq LIMIT 1000",
        {"stream": stream, "after": after},
    ):
        yield from rows
        after = rows[-1]["seq"]


def length(store: Store, stream: str) -> int:
    """Return how many rows a stream has."""
    row = store.row("SELECT COUNT(*) AS total FROM audit WHERE stream = :stream", {"stream": stream})
    return int(row["total"]) if row else 0


def streams(store: Store) -> Iterator[str]:
    """Yield all streams, in order, read in portions."""
    last = ""
    while rows := store.rows(
        "SELECT DISTINCT stream FROM audit WHERE stream > :last ORDER BY stream LIMIT 500", {"last": last}
    ):
        yield from (row["stream"] for row in rows)
        last = rows[-1]["stream"]
