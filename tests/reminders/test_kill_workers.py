"""Four workers on one database die at any moment: every message goes out exactly once, and none is missing."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

from databases import Databases

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import planned_messages

from .processes import kill, ticking

#: Longer by hand: the same holds for 60.
SECONDS = 12
ROWS, WORKERS = 20_000, 4


def due_rows(number: int, seconds: float) -> list[Row]:
    """Rows of as many patients that become due over so many seconds from now."""
    now = datetime.now(UTC)
    until = stamp(now + timedelta(hours=3))
    every = timedelta(seconds=seconds) / number
    return [
        planned_messages.row_of(
            f"p-{index}", "FUSCC", "dose_due", "2024-02-20", stamp(now + index * every), until, False
        )
        for index in range(number)
    ]


def test_kill_9_among_four_workers(databases: Databases, database: str) -> None:
    store, chance = connect(database), random.Random(4)
    rows = due_rows(ROWS, SECONDS * 0.9)
    with store.transaction():
        planned_messages.put(store, rows)

    def start() -> BaseProcess:
        # Small batches, so that workers die in the middle of many.
        return ticking(database, 20)

    running, deadline = [start() for _ in range(WORKERS)], time.monotonic() + 10 * SECONDS
    killed = out = 0
    try:
        while out < ROWS:
            # Whoever dies does so after some more messages went out, in the middle of the next.
            wanted = min(out + chance.randint(50, 400), ROWS)
            while (out := _gone_out(store)) < wanted:
                assert time.monotonic() < deadline
                time.sleep(0.002)
            victim = chance.randrange(WORKERS)
            assert running[victim].is_alive()
            kill(running[victim])
            running[victim], killed = start(), killed + 1
    finally:
        for process in running:
            kill(process)
    assert killed >= 50
    found = [row["message_id"] for row in store.rows("SELECT message_id FROM outbox")]
    assert sorted(found) == sorted(row["message_id"] for row in rows)
    assert store.rows("SELECT 1 FROM reminders") == []
    if databases.engine == "sqlite":
        assert store.row("PRAGMA integrity_check") == {"integrity_check": "ok"}
    store.close()


def _gone_out(store: Store) -> int:
    row = store.row("SELECT COUNT(*) AS number FROM outbox")
    assert row is not None
    return int(row["number"])
