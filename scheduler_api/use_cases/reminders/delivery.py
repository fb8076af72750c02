"""Decide which message is tried at which destination now, and record what follows from the outcome.

Delivery is at least once: a worker claims it until an instant. If the worker is killed, another takes it, and the
receiver recognises the repetition by the message's id. No unit of work here lasts while anything is sent.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import NamedTuple

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
#: The results after which the destination is sent the next message at once.
ANSWERED = ("delivered", "permanent")
#: How many messages are given to their destinations in one unit of work.
SPREAD_AT_ONCE = 2000


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
            given = deliveries.spread(store, [(row, _channels(row)) for row in fresh], stamp(now))
            # Who has no way left of those that were chosen is told by any other.
            left = [row["message_id"] for row in fresh if row["audience"] != "site" and row["message_id"] not in given]
            deliveries.spread_elsewhere(store, left, stamp(now))
            _finish(store, {row["message_id"] for row in fresh}, now, counts)
    counts.publish(store, now)
    return len(fresh)


def _channels(message: Row) -> Collection[str]:
    """Return the channels of a message: a patient chooses them; for a site all of its destinations count."""
    if message["audience"] == "site":
        return deliveries.CHANNELS
    return {"log", *stored_preferences.patients_document(message["preferences"])["channels"]}


class Claimed(NamedTuple):
    """The result of a claim: runs of attempts, each to one destination, and whether it found anything at all."""

    runs: list[list[Attempt]]
    is_more: bool


def claim(store: Store, now: datetime, until: datetime, busy: Counter[str], most: int, length: int) -> Claimed:
    """Claim due deliveries until an instant: at most `most` runs, each of at most `length` to one destination.

    A delivery that can no longer be sent is finalised: withdrawn, expired, or its destination has ended. One that is
    late waits while quiet hours last. `busy` says how many runs this worker is sending where. A destination that
    failed last gets one message at a time; one that failed too often in a row gets one from one worker, and all others
    wait for its outcome.
    """
    counts, runs, number = _Counts(), list[list[Attempt]](), Counter(busy)
    ended, failing, is_more = set[str](), set[str](), False
    due = deliveries.Due(stamp(now), list(busy), [one for one in busy if busy[one] >= AT_ONCE])
    with store.transaction():
        waiting = deque(due.destinations(store, most * AT_ONCE))
        while waiting and len(runs) < most:
            destination_id = waiting.popleft()
            rows = due.to(store, destination_id, length)
            is_more |= bool(rows)
            run = [row for row in rows if _is_to_send(store, row, now, ended, counts)]
            if not run:
                continue
            if run[0]["failures"]:
                run = run[:1]
                if run[0]["failures"] >= TRUSTED_FAILURES:
                    failing.add(destination_id)
            deliveries.claim(store, destination_id, [row["message_id"] for row in run], stamp(until))
            runs.append([_attempt(row) for row in run])
            number[destination_id] += 1
            if not run[0]["failures"] and number[destination_id] < AT_ONCE:
                # What else is due there comes after what is due at others.
                waiting.append(destination_id)
        for destination_id in sorted(failing):
            destinations.pause(store, destination_id, stamp(until))
        _finish(store, ended, now, counts)
    counts.publish(store, now)
    return Claimed(runs, is_more)


def _is_to_send(store: Store, row: Row, now: datetime, ended: set[str], counts: _Counts) -> bool:
    """Return whether a delivery that is due is to be tried; else finalise it, and add it to `ended`, or let it wait."""
    end = _end(row, now)
    held = held_until(store, row, now) if end is None and _is_late(row, now) else now
    if end is None and stamp(held) >= row["expires_at"]:
        end = "expired", "held back by quiet hours for too long"
    if end is not None:
        _finalise(store, [row], *end, now, counts)
        if row["ended_at"] is not None and row["audience"] != "site":
            deliveries.spread_elsewhere(store, [row["message_id"]], stamp(now))
        ended.add(row["message_id"])
    elif held > now:
        deliveries.hold(store, row, stamp(held))
    return end is None and held <= now


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
    counts, over, outcomes = _Counts(), set[str](), list(tried)
    sent = [vars(attempt) for attempt, outcome in outcomes if outcome.result == "delivered"]
    untried = [vars(attempt) for attempt, outcome in outcomes if outcome.result == "untried"]
    with store.transaction():
        if sent:
            destinations.answered(store, {row["destination_id"] for row in sent})
            _finalise(store, sent, "sent", None, now, counts)
            over |= {row["message_id"] for row in sent}
        failing = set[str]()
        # In the order in which workers can wait for each other; of one destination, in that in which they came.
        for attempt, outcome in sorted(outcomes, key=lambda one: one[0].destination_id):
            if outcome.result == "delivered":
                if attempt.destination_id in failing:
                    failing.remove(attempt.destination_id)
                    destinations.answered(store, [attempt.destination_id])
            elif outcome.result != "untried":
                failing.add(attempt.destination_id)
                if _record_failure(store, attempt, outcome, now, chance(), counts):
                    over.add(attempt.message_id)
        deliveries.give_back(store, untried, stamp(now))
        _finish(store, over, now, counts)
    counts.publish(store, now)


def _record_failure(
    store: Store, attempt: Attempt, outcome: Outcome, now: datetime, chance: float, counts: _Counts
) -> bool:
    """Record an attempt that failed; return whether the delivery is over."""
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
    else:
        destinations.refused(store, destination_id, stamp(now), outcome.why)
    _finalise(store, [row], "failed", outcome.why, now, counts)
    if result == "gone" and attempt.audience != "site":
        # A way that works is used in its place, be it one that the patient had not chosen.
        deliveries.spread_elsewhere(store, [attempt.message_id], stamp(now))
    return True


def _finalise(store: Store, rows: Sequence[Row], status: str, why: str | None, now: datetime, counts: _Counts) -> None:
    """Record how some deliveries ended, each once, and count them."""
    ended = deliveries.finalise(store, rows, status, why, stamp(now))
    for row in rows:
        if (row["message_id"], row["destination_id"]) not in ended:
            continue
        if status == "withdrawn":
            # It may be called for again: then it is given to its destinations anew.
            deliveries.release(store, row["message_id"])
        counts.deliveries[row["kind"], row["channel"], status] += 1
        if status == "sent":
            lag = max((now - datetime.fromisoformat(row["due_at"])).total_seconds(), 0)
            counts.lags.append((row["kind"], row["channel"], lag))


def _finish(store: Store, message_ids: Collection[str], now: datetime, counts: _Counts) -> None:
    """Finish messages that no longer wait for any destination, and count them."""
    if not message_ids:
        return
    for row in deliveries.finish(store, message_ids, stamp(now)):
        counts.messages[row["kind"], row["status"]] += 1
        if row["audience"] != "site" and row["status"] in ("sent", "failed"):
            counts.reached[row["patient_id"]] = row["status"] == "sent"
