"""Deliver what waits in the outbox to its destinations, by many threads, never while a transaction is open."""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from queue import Empty, SimpleQueue
from typing import NamedTuple

import orjson

from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.reminders import delivery
from scheduler_api.use_cases.reminders.delivery import ANSWERED, Attempt
from scheduler_api.use_cases.reminders.retrying import UNTRIED, Outcome

from .channels import Channel, Destination, Message
from .compose import Recipients, compose, recipients_of

log = logging.getLogger("scheduler_api.reminders")


@dataclass(frozen=True)
class Pace:
    """Says how much is sent at once, and how long a worker may hold a delivery.

    `threads` send at the same time, each a run: at most `run` messages to one destination, one after another. `lease`
    is far longer than a run can take: none begins a message when a quarter of it is over. `look` is how long to wait,
    in seconds, for runs under way before looking whether anything else is due; `gather`, how long outcomes wait for
    others that are recorded with them.
    """

    threads: int = 32
    run: int = 16
    lease: timedelta = timedelta(minutes=2)
    look: float = 0.5
    gather: float = 0.05


class _Tried(NamedTuple):
    """An attempt, its outcome, and whether it is the last of its run."""

    attempt: Attempt
    outcome: Outcome
    is_last: bool


def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    clock: Callable[[], datetime],
    pace: Pace = Pace(),
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send what is due until nothing is, or until `stopping`; return how many attempts were made.

    Only this thread uses the database; the others send one run each, for a bounded time. So a destination that
    does not respond takes a few threads for some seconds, and delays no other.
    """
    results: SimpleQueue[_Tried] = SimpleQueue()
    busy: Counter[str] = Counter()
    count, failed = 0, threading.Event()

    def is_to_end(instant: float) -> bool:
        return failed.is_set() or stopping() or time.monotonic() > instant

    with ThreadPoolExecutor(pace.threads) as threads:
        try:
            while True:
                more, free = False, pace.threads - busy.total()
                if free and not stopping() and delivery.is_any_due(store, clock()):
                    now, end = clock(), partial(is_to_end, time.monotonic() + pace.lease.total_seconds() / 4)
                    runs, more = delivery.claim(store, now, now + pace.lease, +busy, free, pace.run)
                    recipients = recipients_of(store, chain.from_iterable(runs))
                    for run in runs:
                        messages = [_composed(store, attempt, recipients, now) for attempt in run]
                        channel = channels.get(run[0].channel, _NotSetUp())
                        busy[run[0].destination_id] += 1
                        threads.submit(_send, channel, run, messages, now, end, results)
                    # Others are given to their destinations when what was given before is no longer enough.
                    if len(runs) < free:
                        more |= delivery.spread(store, clock()) > 0
                if busy.total():
                    tried = _results(results, 0 if more else pace.look, pace.gather, busy)
                    if tried:
                        outcomes = [(one.attempt, one.outcome) for one in tried]
                        delivery.record_outcomes(store, outcomes, clock(), random.random)
                    count += sum(one.outcome is not UNTRIED for one in tried)
                elif not more:
                    return count
        except BaseException:
            # What is not recorded is sent once more: let it be little.
            failed.set()
            raise


def _results(results: SimpleQueue[_Tried], wait: float, gather: float, busy: Counter[str]) -> list[_Tried]:
    """Return the outcomes that are there, waiting for the first of them, and for others that come soon after it.

    Runs that are over are taken from `busy`.
    """
    found: list[_Tried] = []
    until = time.monotonic() + wait
    with suppress(Empty):
        while busy.total():
            found.append(results.get(timeout=max(until - time.monotonic(), 0)))
            if len(found) == 1:
                until = time.monotonic() + gather
            busy[found[-1].attempt.destination_id] -= found[-1].is_last
    return found


def _composed(store: Store, attempt: Attempt, recipients: Recipients, now: datetime) -> Message | None:
    """Return the message of an attempt; None if it cannot be composed, which must not hold up the others."""
    try:
        return compose(store, attempt, recipients, now)
    except Exception as error:
        _log_failure(attempt.message_id, error)
        return None


def _send(
    channel: Channel,
    run: Sequence[Attempt],
    messages: Sequence[Message | None],
    now: datetime,
    is_to_end: Callable[[], bool],
    results: SimpleQueue[_Tried],
) -> None:
    """Send the messages of a run until the destination does not answer; every kind of error is an outcome."""
    is_over = False
    destination = Destination(run[0].destination_id, run[0].address, orjson.loads(run[0].keys))
    composed = [message for message in messages if message is not None]
    with closing(channel.send(composed, destination, now)) as outcomes:
        for number, (attempt, message) in enumerate(zip(run, messages, strict=True), 1):
            if is_over:
                outcome = UNTRIED
            elif message is None:
                outcome = Outcome("passing", "could not be composed")
            else:
                outcome = _next(outcomes, message.message_id)
            is_over = is_over or outcome.result not in ANSWERED or is_to_end()
            results.put(_Tried(attempt, outcome, number == len(run)))


def _next(outcomes: Iterator[Outcome], message_id: str) -> Outcome:
    try:
        return next(outcomes)
    except Exception as error:
        _log_failure(message_id, error)
        return Outcome("passing", type(error).__name__)


class _NotSetUp:
    """The channel in the place of one that is not set up."""

    def send(
        self, messages: Iterable[Message], destination: Destination, now: datetime
    ) -> Generator[Outcome, None, None]:
        for _ in messages:
            yield Outcome("passing", "the channel is not set up")


def _log_failure(message_id: str, error: Exception) -> None:
    """Log the kind of an error and its place, without its message, which may hold data of a patient."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    data = {"message_id": message_id, "error": type(error).__name__, "at": frames[-4:]}
    log.error("message failed", extra={"data": data})
