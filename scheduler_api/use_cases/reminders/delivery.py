"""Decide which message is tried at which destination now, and record what follows from the outcome.

Delivery is at least once: a worker claims it until an instant. If the worker is killed, another takes it, and the
receiver recognises the repetition by the message's id. No unit of work here lasts while anything is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime

from scheduler_api.engine.instants import stamp
from scheduler_api.engine.reminders.first_reminder import LATE
from scheduler_api.metrics import DELIVERIES, DELIVERY_LAG, MESSAGES_FINISHED
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import deliveries, destinations
from scheduler_api.use_cases.projections import stored_preferences
from scheduler_api.use_cases.projections.planning import held_until
from scheduler_api.use_cases.projections.reached import note_reached

from .retrying import ATTEMPTS, MISSING_FOR, TRUSTED_FAILURES, Outcome, pause, wait

#: How many messages one worker sends to one destination at once.
AT_ONCE = 4
#: How many messages are given to their destinations in one unit of work.
SPREAD_AT_ONCE = 500


@dataclass(frozen=True)
class _Counts:
    """The counts of a unit of work, added to the metrics once it is committed: what was rolled back does not count.

    Messages by kind and status; deliveries by kind, channel and status; of each that was sent its kind, its channel
    and its lag in seconds, from when it was due.
    """

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    deliveries: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lags: list[tuple[str, str, float]] = field(default_factory=list)
    #: Whether the last message that was finished reached its patient.
    reached: dict[str, bool] = field(default_factory=dict)

    def publish(self, store: Store, now: datetime) -> None:
        """Add them to the metrics of this process, and note whom no message reached."""
        for of_message, number in self.messages.items():
            MESSAGES_FINISHED.labels(*of_message).inc(number)
        for of_delivery, number in self.deliveries.items():
            DELIVERIES.labels(*of_delivery).inc(number)
        for kind, channel, seconds in self.lags:
            DELIVERY_LAG.labels(kind, channel).observe(seconds)
        note_reached(store, self.reached, now)


@dataclass(frozen=True)
class Attempt:
    """A message that this worker is to send to a destination now, for the `attempts`-th time.

    `about`, `keys` and the instants are as they are stored.
    """

    message_id: str
    destination_id: str
    attempts: int
    audience: str
    patient_id: str | None
    site: str
    kind: str
    about: str
    due_at: str
    expires_at: str
    channel: str
    address: str
    keys: str
    language: str


def is_any_due(store: Store, now: datetime) -> bool:
    """Return whether there is anything for `spread` or `claim` to do."""
    return deliveries.is_any_due(store, stamp(now))


def spread(store: Store, now: datetime) -> int:
    """Give some messages that are due to all their destinations; return how many messages.

    A message without any destination has failed: staff see it, and can send it again when there is one.
    """
    counts = _Counts()
    with store.transaction():
        fresh = deliveries.take_unspread(store, stamp(now), SPREAD_AT_ONCE)
        if fresh:
            deliveries.spread(store, [(row, _channels(row)) for row in fresh], stamp(now))
            # Who has no way left of those that were chosen is told by any other.
            to_patients = [row["message_id"] for row in fresh if row["audience"] != "site"]
            deliveries.spread_elsewhere(store, to_patients, stamp(now))
            _finish(store, {row["message_id"] for row in fresh}, now, counts)
    counts.publish(store, now)
    return len(fresh)


def _channels(message: Row) -> Collection[str]:
    """Return the channels of a message: a patient chooses them; for a site all of its destinations count."""
    if message["audience"] == "site":
        return deliveries.CHANNELS
    return {"log", *stored_preferences.patients_document(message["preferences"])["channels"]}


def claim(store: Store, now: datetime, until: datetime, busy: Counter[str], limit: int) -> tuple[list[Attempt], int]:
    """Claim at most `limit` due deliveries until an instant; return them, and how many were finalised instead.

    A delivery that can no longer be sent is finalised: withdrawn, expired, or its destination has ended. One that is
    late waits while quiet hours last. `busy` says how many messages this worker is sending where. A destination that
    failed last gets one message at a time; one that failed too often in a row gets one from one worker, and all others
    wait for its outcome.
    """
    chosen: list[Row] = []
    counts = _Counts()
    with store.transaction():
        full = [destination for destination, number in busy.items() if number >= AT_ONCE]
        taken, ended = Counter(busy), set()
        for row in deliveries.due(store, stamp(now), full, limit * AT_ONCE):
            end, destination_id = _end(row, now), row["destination_id"]
            held = held_until(store, row, now) if end is None and _is_late(row, now) else now
            if end is None and stamp(held) >= row["expires_at"]:
                end = "expired", "held back by quiet hours for too long"
            if end is not None:
                _finalise(store, row, *end, now, counts)
                if row["ended_at"] is not None and row["audience"] != "site":
                    deliveries.spread_elsewhere(store, [row["message_id"]], stamp(now))
                ended.add(row["message_id"])
                continue
            if held > now:
                deliveries.hold(store, row, stamp(held))
                continue
            is_free = len(chosen) < limit and taken[destination_id] < (1 if row["failures"] else AT_ONCE)
            if is_free:
                chosen.append(row)
                taken[destination_id] += 1
        own = deliveries.claim(store, chosen, stamp(until))
        chosen = [row for row in chosen if (row["message_id"], row["destination_id"]) in own]
        for destination_id in sorted({row["destination_id"] for row in chosen if row["failures"] >= TRUSTED_FAILURES}):
            destinations.pause(store, destination_id, stamp(until))
        _finish(store, ended, now, counts)
    counts.publish(store, now)
    return [_attempt(row) for row in chosen], len(ended)


def _attempt(row: Row) -> Attempt:
    return Attempt(**{**{field.name: row[field.name] for field in fields(Attempt)}, "attempts": row["attempts"] + 1})


def _end(row: Row, now: datetime) -> tuple[str, str] | None:
    """Return how a delivery ends without another attempt, and why; None if it is to be tried."""
    if row["status"] != "waiting":
        return row["status"], "no longer needed"
    if row["ended_at"] is not None:
        return "failed", "the destination has ended"
    if row["expires_at"] <= stamp(now):
        return ("failed" if row["attempts"] else "expired"), "expired"
    if row["followed"]:
        return "expired", "a later reminder says the same"
    return None


def _is_late(row: Row, now: datetime) -> bool:
    """Return whether a message comes later than planned: after a failure, a pause or an outage.

    One that is on time was planned outside quiet hours, and goes out even if they begin this minute.
    """
    return now - datetime.fromisoformat(row["due_at"]) > LATE


def record_outcomes(
    store: Store, tried: Iterable[tuple[Attempt, Outcome]], now: datetime, chance: Callable[[], float]
) -> None:
    """Record the outcomes of some attempts, in one unit of work. `chance` returns random numbers from 0 to 1."""
    counts = _Counts()
    with store.transaction():
        over = {
            attempt.message_id for attempt, outcome in tried if _record(store, attempt, outcome, now, chance(), counts)
        }
        _finish(store, over, now, counts)
    counts.publish(store, now)


def _record(store: Store, attempt: Attempt, outcome: Outcome, now: datetime, chance: float, counts: _Counts) -> bool:
    """Record the outcome of an attempt; return whether the delivery is over."""
    destination_id, row, result = attempt.destination_id, vars(attempt), outcome.result
    if result in ("passing", "missing"):
        failed = destinations.failed(store, destination_id, stamp(now), outcome.why)
        failures, since = int(failed["failures"]), datetime.fromisoformat(failed["failing_since"])
        if result == "missing" and now - since >= MISSING_FOR:
            result = "gone"
    if result in ("passing", "missing"):
        pause_for = pause(failures, outcome.retry_after)
        if pause_for is not None:
            destinations.pause(store, destination_id, stamp(now + pause_for))
        again_at = stamp(now + wait(attempt.attempts, outcome.retry_after, chance))
        if attempt.attempts < ATTEMPTS and again_at < attempt.expires_at:
            counts.deliveries[attempt.kind, attempt.channel, "retried"] += 1
            deliveries.put_back(store, row, outcome.why, again_at)
            return False
    elif result == "gone":
        destinations.end(store, destination_id, stamp(now), outcome.why or "gone")
        deliveries.expedite(store, destination_id, stamp(now))
    elif result == "permanent":
        destinations.refused(store, destination_id, stamp(now), outcome.why)
    else:
        destinations.answered(store, destination_id)
    _finalise(store, row, "sent" if result == "delivered" else "failed", outcome.why, now, counts)
    if result == "gone" and attempt.audience != "site":
        # A way that works is used in its place, be it one that the patient had not chosen.
        deliveries.spread_elsewhere(store, [attempt.message_id], stamp(now))
    return True


def _finalise(store: Store, row: Row, status: str, why: str | None, now: datetime, counts: _Counts) -> None:
    """Record how a delivery ended, once, and count it."""
    if not deliveries.finalise(store, row, status, why, stamp(now)):
        return
    if status == "withdrawn":
        # It may be called for again: then it is given to its destinations anew.
        deliveries.release(store, row["message_id"])
    counts.deliveries[row["kind"], row["channel"], status] += 1
    if status == "sent":
        lag = max((now - datetime.fromisoformat(row["due_at"])).total_seconds(), 0)
        counts.lags.append((row["kind"], row["channel"], lag))


def _finish(store: Store, message_ids: Iterable[str], now: datetime, counts: _Counts) -> None:
    """Finish messages that no longer wait for any destination, and count them."""
    for row in deliveries.finish(store, message_ids, stamp(now)):
        counts.messages[row["kind"], row["status"]] += 1
        if row["audience"] != "site" and row["status"] in ("sent", "failed"):
            counts.reached[row["patient_id"]] = row["status"] == "sent"
