"""The channels: small classes that carry messages to one destination, one after another, each with its outcome.

A channel has `send(messages, destination, now)`. It never raises because of the receiver.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scheduler_api.use_cases.reminders.retrying import Outcome

DELIVERED = Outcome("delivered")


@dataclass(frozen=True)
class Message:
    """A message to be sent: its id is the same however often it is sent. `payload` is what programs read."""

    message_id: str
    kind: str
    title: str
    body: str
    expires_at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Destination:
    """Where a message goes: an address, and for Web Push the browser's keys."""

    destination_id: str
    address: str
    keys: Mapping[str, str]


class Channel(Protocol):
    """A way to send messages."""

    def send(
        self, messages: Iterable[Message], destination: Destination, now: datetime
    ) -> Generator[Outcome, None, None]:
        """Carry messages to a destination; yield the outcome of each before the next is sent.

        `now` is the instant at which the first is sent, with offset. Whoever has enough closes the iterator.
        """


def of_status(
    status: int,
    retry_after: float | None,
    gone: tuple[int, ...],
    refused: tuple[int, ...],
    missing: tuple[int, ...] = (),
) -> Outcome:
    """Return the outcome for an HTTP status: `gone` ends the destination, `missing` if it lasts, `refused` the message.

    Others are retried.
    """
    why = f"answered {status}"
    if 200 <= status < 300:
        return DELIVERED
    if status in gone:
        return Outcome("gone", why)
    if status in refused:
        return Outcome("permanent", why)
    return Outcome("missing" if status in missing else "passing", why, retry_after)
