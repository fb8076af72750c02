"""Delivery: which message is tried at which destination now, and what follows from how that went.

At least once: a delivery is claimed until an instant. A worker that is killed leaves it to another, and the receiver
knows the repeat by the message's id. No unit of work here lasts while anything is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime

from scheduler_api.engine.instants import stamp
from scheduler_api.metrics import DELIVERIES, DELIVERY_LAG, MESSAGES_SETTLED
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import deliveries, destinations
from scheduler_api.use_cases.projections import stored_preferences

from .retrying import ATTEMPTS, TRUSTED_FAILURES, Outcome, pause, wait

#: So many messages at once go to one destination from one worker.
AT_ONCE = 4
#: So many messages are given to their destinations in one unit of work.
SPREAD_AT_ONCE = 500


@dataclass(frozen=True)
class _Counts:
    """What a unit of work came to, told to Prometheus when it is committed: what was rolled back has not happened.

    Messages by kind and status; deliveries by kind, channel and status; of each that was sent its kind, its channel
    and its lag in seconds, from when it was due.
    """

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    deliveries: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lags: list[tuple[str, str, float]] = field(default_factory=list)

    def tell(self) -> None:
        """Add them to the metrics of this process."""
        for of_message, number in self.messages.items():
            MESSAGES_SETTLED.labels(*of_message).inc(number)
        for of_delivery, number in self.deliveries.items():
            DELIVERIES.labels(*of_delivery).inc(number)
        for kind, channel, seconds in self.lags:
            DELIVERY_LAG.labels(kind, channel).observe(seconds)


@dataclass(frozen=True)
class Attempt:
    """A message that is this worker's to send to a destination now, for the `attempts`-th time.

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
    """Give some messages that are due to all destinations there are for them; how many messages.

    One that has no destination has failed: staff see it, and may have it sent when there is one.
    """
    counts = _Counts()
    with store.transaction():
        fresh = deliveries.take_unspread(store, stamp(now), SPREAD_AT_ONCE)
        if fresh:
            deliveries.spread(store, [(row, _channels(row)) for row in fresh], stamp(now))
            _finish(store, {row["message_id"] for row in fresh}, now, counts)
    counts.tell()
    return len(fresh)


def _channels(message: Row) -> Collection[str]:
    """Return the channels by which a message may go: a patient chooses, a site made its destinations for this."""
    if message["audience"] == "site":
        return deliveries.CHANNELS
    return {"log", *stored_preferences.patients_document(message["preferences"])["channels"]}


def claim(store: Store, now: datetime, until: datetime, busy: Counter[str], limit: int) -> tuple[list[Attempt], int]:
    """Take at most `limit` deliveries that are due, until an instant; those, and how many were settled instead.

    What cannot be sent any more is settled: withdrawn, expired, its destination ended.
    `busy` says how many this worker is sending where. A destination that failed last gets one message at a time; one
    that is not trusted any more gets one from one worker, and all others wait for how that goes.
    """
    chosen: list[Attempt] = []
    counts = _Counts()
    with store.transaction():
        full = [destination for destination, number in busy.items() if number >= AT_ONCE]
        taken, ended = Counter(busy), set()
        for row in deliveries.due(store, stamp(now), full, limit * AT_ONCE):
            end, place = _end(row, now), row["destination_id"]
            if end is not None:
                _settle(store, row, *end, now, counts)
                ended.add(row["message_id"])
                continue
            is_free = len(chosen) < limit and taken[place] < (1 if row["failures"] else AT_ONCE)
            if is_free and deliveries.claim(store, row, stamp(until)):
                chosen.append(_attempt(row))
                taken[place] += 1
                if row["failures"] >= TRUSTED_FAILURES:
                    destinations.pause(store, place, stamp(until))
        _finish(store, ended, now, counts)
    counts.tell()
    return chosen, len(ended)


def _attempt(row: Row) -> Attempt:
    return Attempt(**{**{field.name: row[field.name] for field in fields(Attempt)}, "attempts": row["attempts"] + 1})


def _end(row: Row, now: datetime) -> tuple[str, str] | None:
    """Return how a delivery ends without another attempt, and why; None if it is to be tried."""
    if row["status"] != "waiting":
        return row["status"], "no longer called for"
    if row["ended_at"] is not None:
        return "failed", "the destination has ended"
    if row["expires_at"] <= stamp(now):
        return ("failed" if row["attempts"] else "expired"), "it makes no sense any more"
    return None


def settle(store: Store, tried: Iterable[tuple[Attempt, Outcome]], now: datetime, chance: Callable[[], float]) -> None:
    """Note what came of some attempts, in one unit of work. `chance` gives numbers from 0 to 1."""
    counts = _Counts()
    with store.transaction():
        over = {
            attempt.message_id for attempt, outcome in tried if _note(store, attempt, outcome, now, chance(), counts)
        }
        _finish(store, over, now, counts)
    counts.tell()


def _note(store: Store, attempt: Attempt, outcome: Outcome, now: datetime, chance: float, counts: _Counts) -> bool:
    """Note what came of an attempt; whether the delivery is over."""
    place, row = attempt.destination_id, vars(attempt)
    if outcome.result == "passing":
        failures = destinations.failed(store, place)
        alone = pause(failures, outcome.retry_after)
        if alone is not None:
            destinations.pause(store, place, stamp(now + alone))
        again_at = stamp(now + wait(attempt.attempts, outcome.retry_after, chance))
        if attempt.attempts < ATTEMPTS and again_at < attempt.expires_at:
            counts.deliveries[attempt.kind, attempt.channel, "retried"] += 1
            deliveries.put_back(store, row, outcome.why, again_at)
            return False
    elif outcome.result == "gone":
        destinations.end(store, place, stamp(now), outcome.why or "gone")
        deliveries.expedite(store, place, stamp(now))
    else:
        destinations.answered(store, place)
    status = "sent" if outcome.result == "delivered" else "failed"
    _settle(store, row, status, outcome.why, now, counts)
    return True


def _settle(store: Store, row: Row, status: str, why: str | None, now: datetime, counts: _Counts) -> None:
    """Note how a delivery ended, once, and count it."""
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
    """Settle messages that wait for no destination any more, and count them."""
    for row in deliveries.finish(store, message_ids, stamp(now)):
        counts.messages[row["kind"], row["status"]] += 1
