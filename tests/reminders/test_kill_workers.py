"""Four workers on one database die at any moment: every message goes out exactly once, and none is missing."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

from databases import Databases
from patience import PATIENCE

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import planned_messages

from .processes import kill, ticking

#: How often one is killed. More by hand: the same holds for 500.
KILLS, WORKERS = 60, 4
#: How many messages are due whenever we begin to wait for the next that go out.
DUE = 1000


def due_rows(first: int, last: int) -> list[Row]:
    """Rows of as many patients that have just become due."""
    now = datetime.now(UTC)
    at, until = stamp(now), stamp(now + timedelta(hours=3))
    return [
        planned_messages.row_of(f"p-{index}", "FUSCC", "dose_due", "2024-02-20", at, until, False)
        for index in range(first, last)
    ]


def test_kill_9_among_four_workers(databases: Databases, database: str) -> None:
    store, chance = connect(database), random.Random(4)
    planned: list[str] = []

    def start() -> BaseProcess:
        # Small batches, so that workers die in the middle of many.
        return ticking(database, 20)

    running, out = [start() for _ in range(WORKERS)], 0
    try:
        for _ in range(KILLS):
            rows = due_rows(len(planned), out + DUE)
            with store.transaction():
                planned_messages.put(store, rows)
            planned += [row["message_id"] for row in rows]
            # Whoever dies does so after some more messages went out, in the middle of the next.
            out = _await_out(store, out + chance.randint(50, 400))
            victim = chance.randrange(WORKERS)
            assert running[victim].is_alive()
            kill(running[victim])
            running[victim] = start()
        _await_out(store, len(planned))
    finally:
        for process in running:
            kill(process)
    found = [row["message_id"] for row in store.rows("SELECT message_id FROM outbox")]
    assert sorted(found) == sorted(planned)
    assert store.rows("SELECT 1 FROM reminders") == []
    if databases.engine == "sqlite":
        assert store.row("PRAGMA integrity_check") == {"integrity_check": "ok"}
    store.close()


def _await_out(store: Store, wanted: int) -> int:
    """Wait until so many messages have gone out; how many have."""
    until = time.monotonic() + PATIENCE
    while (out := _gone_out(store)) < wanted:
        assert time.monotonic() < until
        time.sleep(0.002)
    return out


def _gone_out(store: Store) -> int:
    row = store.row("SELECT COUNT(*) AS number FROM outbox")
    assert row is not None
    return int(row["number"])
