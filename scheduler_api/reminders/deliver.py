"""Deliver what waits in the outbox to its destinations, by many threads, never while a transaction is open."""

from __future__ import annotations

import logging
import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.reminders import delivery
from scheduler_api.use_cases.reminders.delivery import Attempt
from scheduler_api.use_cases.reminders.retrying import Outcome

from .channels import Channel, Destination, Message
from .compose import compose

log = logging.getLogger("scheduler_api.reminders")


@dataclass(frozen=True)
class Pace:
    """How many messages are sent at once, and how long a worker may hold a delivery.

    `lease` is far longer than an attempt can take; `look` is how long to wait, in seconds, for attempts under way
    before looking whether anything else is due.
    """

    threads: int = 32
    lease: timedelta = timedelta(minutes=2)
    look: float = 0.5


def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    clock: Callable[[], datetime],
    pace: Pace = Pace(),
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send what is due until nothing is, or until `stopping`; return how many attempts were made.

    Only this thread uses the database; the others send one message each, for a bounded time. So a destination that
    does not respond takes a few threads for some seconds, and delays no other.
    """
    under_way: dict[Future[Outcome], Attempt] = {}
    count = 0
    with ThreadPoolExecutor(pace.threads) as threads:
        while True:
            more = False
            if not stopping() and delivery.is_any_due(store, clock()):
                spread = delivery.spread(store, clock())
                busy = Counter(attempt.destination_id for attempt in under_way.values())
                now, free = clock(), pace.threads - len(under_way)
                attempts, ended = delivery.claim(store, now, now + pace.lease, busy, free)
                more = spread + ended > 0
                for attempt in attempts:
                    channel, message = channels.get(attempt.channel), _composed(store, attempt, clock())
                    under_way[threads.submit(_send, channel, message, _destination(attempt), clock())] = attempt
                count += len(attempts)
            if under_way:
                done, _ = wait(under_way, timeout=0 if more else pace.look, return_when=FIRST_COMPLETED)
                if done:
                    tried = [(under_way.pop(future), future.result()) for future in done]
                    delivery.record_outcomes(store, tried, clock(), random.random)
            elif not more:
                return count


def _composed(store: Store, attempt: Attempt, now: datetime) -> Message | None:
    """Return the message of an attempt; None if it cannot be composed, which must not hold up the others."""
    try:
        return compose(store, attempt, now)
    except Exception as error:
        _log_failure(attempt.message_id, error)
        return None


def _destination(attempt: Attempt) -> Destination:
    return Destination(attempt.destination_id, attempt.address, orjson.loads(attempt.keys))


def _send(channel: Channel | None, message: Message | None, destination: Destination, now: datetime) -> Outcome:
    """Send a message; return every kind of error as an outcome."""
    if message is None:
        return Outcome("passing", "could not be composed")
    if channel is None:
        return Outcome("passing", "the channel is not set up")
    try:
        return channel.send(message, destination, now)
    except Exception as error:
        _log_failure(message.message_id, error)
        return Outcome("passing", type(error).__name__)


def _log_failure(message_id: str, error: Exception) -> None:
    """Log the kind of an error and its place, without its message, which may hold data of a patient."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    data = {"message_id": message_id, "error": type(error).__name__, "at": frames[-4:]}
    log.error("message failed", extra={"data": data})
