"""Move messages that are due from the plan to the outbox at each tick, each once, however many workers there are.

Each batch is one unit of work: a worker that dies leaves its batch where it was, for the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler_api.engine.instants import stamp
from scheduler_api.engine.reminders.first_reminder import LATE
from scheduler_api.metrics import MESSAGES_DUE, MESSAGES_STALE
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.operations import marks
from scheduler_api.store.reminders import deliveries, destinations, outbox, planned_messages
from scheduler_api.store.reminders.planned_messages import BEGINNING, Place
from scheduler_api.use_cases.clocks import TOLERANCE
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.projections.planning import TICK, held_until
from scheduler_api.use_cases.session import lock_free_patients, share_patients

#: How many messages are read in one unit of work, and how many are moved without reading them: in either case other
#: writers wait for some tens of milliseconds.
BATCH, UNREAD = 1000, 4000
#: After a tick of so many messages the table of planned messages is tidied up.
MANY = 50_000


class Ticked(NamedTuple):
    """The result of a tick: how many messages were released for sending, and how many were skipped as expired."""

    due: int
    stale: int


class Claimed(NamedTuple):
    """The result of a claim: the same of some messages, and the place of the last of them."""

    due: int
    stale: int
    last: Place


def tick(store: Store, now: datetime) -> Ticked:
    """Write all messages that are due to the outbox. `now` is the present instant, with offset.

    If a tick was made at an instant that is still to come, by a clock that was ahead, all is planned anew before.
    """
    due = stale = 0
    moment = stamp(now)
    last = last_tick(store)
    if last is not None and last - now > TOLERANCE:
        maintenance.replan(store, now)
        with store.transaction():
            outbox.reopen(store, moment)
            deliveries.reopen(store, moment)
            destinations.resume(store)
    after = BEGINNING
    while True:
        taken = claim(store, now, after=after) if planned_messages.is_any_due(store, moment, after) else None
        if taken is not None:
            due, stale, after = due + taken.due, stale + taken.stale, taken.last
        elif after == BEGINNING:
            break
        else:
            # What others held, and what was planned for a time that has passed, lies further ahead.
            after = BEGINNING
            if due + stale >= MANY:
                planned_messages.tidy(store)
    with store.transaction():
        marks.mark(store, TICK, moment)
    return Ticked(due, stale)


def last_tick(store: Store) -> datetime | None:
    """Return when a worker last looked for messages that are due; None: never."""
    at = marks.marked(store, TICK)
    return datetime.fromisoformat(at) if at else None


class _Kinds(NamedTuple):
    """The messages of one unit of work, by kind: how many were released for sending, and how many were skipped."""

    due: Counter[str]
    stale: Counter[str]
    last: Place


class _Batch:
    """Rows that were taken together: those to send, those that have expired, and those held back until morning."""

    def __init__(self, store: Store, taken: Sequence[Row], now: datetime) -> None:
        moment, on_time = stamp(now), stamp(now - LATE)
        self.stale = [row for row in taken if row["expires_at"] <= moment]
        self.due = [row for row in taken if row["expires_at"] > moment and row["next_at"] >= on_time]
        self.held: list[Row] = []
        # Patients whose dose reminder is sent late: the messages that follow it are planned anew, from now.
        self.to_plan: set[str] = set()
        late = [row for row in taken if row["expires_at"] > moment and row["next_at"] < on_time]
        for row in late:
            self._add_late(row, held_until(store, row, now), now)
        if self.to_plan:
            self.due = [row for row in self.due if row["kind"] != "dose_again" or row["patient_id"] not in self.to_plan]

    def _add_late(self, row: Row, until: datetime, now: datetime) -> None:
        if until > now:
            held = {**row, "next_at": stamp(until)}
            (self.held if held["next_at"] < row["expires_at"] else self.stale).append(held)
            return
        self.due.append(row)
        if row["kind"] == "dose_due":
            self.to_plan.add(row["patient_id"])


def _take_due(store: Store, moment: str, most: int, after: Place) -> list[Row]:
    """Take rows that are due out of the plan, except those about patients for whom a fact is being recorded."""
    share_patients(store)
    due = planned_messages.due(store, moment, most, after)
    free = lock_free_patients(store, {row["patient_id"] for row in due if row["patient_id"] is not None})
    taken = [row for row in due if row["patient_id"] is None or row["patient_id"] in free]
    planned_messages.take(store, taken)
    return taken


def _move_unread(store: Store, now: datetime, most: int) -> _Kinds | None:
    """Move the messages due soonest, inside the database, if none is late, as is usual; else return None."""
    moment, on_time = stamp(now), stamp(now - LATE)
    last = planned_messages.last_due(store, moment, most)
    if last is None:
        return None
    kinds = planned_messages.kinds_up_to(store, last)
    if any(row["first"] < on_time or row["ends"] <= moment for row in kinds):
        return None
    outbox.write_up_to(store, last, moment)
    planned_messages.take_up_to(store, last)
    return _Kinds(Counter({row["kind"]: row["number"] for row in kinds}), Counter(), Place(**last))


def _move_one_by_one(store: Store, now: datetime, most: int, after: Place) -> _Kinds | None:
    """Take messages that are due, and write, hold back or skip each; return None if other workers have them all."""
    taken = _take_due(store, stamp(now), most, after)
    if not taken:
        return None
    batch = _Batch(store, taken, now)
    outbox.write(store, batch.due, stamp(now))
    planned_messages.put(store, batch.held)
    for patient_id in sorted(batch.to_plan):
        maintenance.extend_horizon(store, patient_id, now)
    last = Place(taken[-1]["next_at"], taken[-1]["message_id"])
    return _Kinds(Counter(row["kind"] for row in batch.due), Counter(row["kind"] for row in batch.stale), last)


def claim(store: Store, now: datetime, most: int | None = None, after: Place = BEGINNING) -> Claimed | None:
    """Move some messages that are due to the outbox, in one unit of work; return None if other workers have them all.

    `most` is about how many; by default as many as other writers can wait for. It begins `after` a place.
    """
    with store.transaction():
        # With other writers, patients for whom a fact is being recorded must be left out.
        taken = _move_unread(store, now, most or UNREAD) if store.is_alone else None
        if taken is None:
            taken = _move_one_by_one(store, now, most or BATCH, after)
    if taken is None:
        return None
    # Counted when it is committed: what was rolled back has not happened.
    for metric, by_kind in ((MESSAGES_DUE, taken.due), (MESSAGES_STALE, taken.stale)):
        for kind, number in by_kind.items():
            metric.labels(kind).inc(number)
    return Claimed(taken.due.total(), taken.stale.total(), taken.last)
