"""A tick: messages that are due go from the plan to the outbox, each once, however many workers there are.

Each batch is one unit of work: a worker that dies leaves its batch where it was, for the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler_api.engine.messages import LATE
from scheduler_api.records import upkeep
from scheduler_api.records.planning import TICK, stamp
from scheduler_api.store import counts, outbox, reminders
from scheduler_api.store.port import Row, Store

#: How many messages are taken at once.
BATCH = 500


class Ticked(NamedTuple):
    """What a tick came to: how many messages went out, and how many were skipped, since they made no sense any more."""

    due: int
    stale: int


def tick(store: Store, now: datetime) -> Ticked:
    """Write all messages that are due to the outbox. `now` is the present instant, with offset."""
    due = stale = 0
    moment = stamp(now)
    while reminders.is_any_due(store, moment):
        went, skipped = _batch(store, now)
        due, stale = due + went, stale + skipped
        if not went + skipped:
            # What is due is in another worker's hands.
            break
    with store.transaction():
        counts.mark(store, TICK, moment)
    return Ticked(due, stale)


def last_tick(store: Store) -> datetime | None:
    """When a worker last looked for messages that are due; None: never."""
    at = counts.marked(store, TICK)
    return datetime.fromisoformat(at) if at else None


def _batch(store: Store, now: datetime) -> tuple[int, int]:
    """Take some messages that are due; how many went out, and how many were stale."""
    moment = stamp(now)
    with store.transaction():
        taken = reminders.take_due(store, moment, BATCH)
        rows = [row for row in taken if row["expires_at"] > moment]
        late = _late(rows, stamp(now - LATE))
        if late:
            # What follows a reminder that goes out late is to be planned anew, from now.
            rows = [row for row in rows if row["kind"] != "dose_again" or row["patient_id"] not in late]
        outbox.write(store, rows, moment)
        for patient_id in late:
            upkeep.roll(store, patient_id, now)
        skipped = [row for row in taken if row["expires_at"] <= moment]
        # Counted last: other workers wait for these rows until we are done.
        counts.add(store, "due", Counter(row["kind"] for row in rows))
        counts.add(store, "stale", Counter(row["kind"] for row in skipped))
    return len(rows), len(skipped)


def _late(rows: Sequence[Row], before: str) -> set[str]:
    """The patients whose reminder of a dose goes out late."""
    return {row["patient_id"] for row in rows if row["kind"] == "dose_due" and row["next_at"] < before}
