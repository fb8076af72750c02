"""Signed webhooks: for a site's own push gateway, a bridge to the phone makers' services, or a ward's software."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts
from scheduler_api.reminders.outbound.keys import Keys
from scheduler_api.reminders.outbound.post import Connection, NoResponse
from scheduler_api.use_cases.reminders.retrying import Outcome

from . import Destination, Message, of_status

#: 410 is deliberate. 404 may come from a gateway that is just being replaced, so it is retried.
GONE = (410,)
#: The receiver will never accept this body.
REFUSED = (400, 413, 415, 422)


@dataclass(frozen=True)
class Webhook:
    """Posts messages as JSON, each with its id, the instant of sending and a signature over both and the body."""

    keys: Keys
    allowed_hosts: AllowedHosts
    seconds: float

    def send(
        self, messages: Iterable[Message], destination: Destination, now: datetime
    ) -> Generator[Outcome, None, None]:
        """Post messages, by one connection if the receiver keeps it."""
        secret = self.keys.webhook_secret(destination.destination_id)
        with Connection(destination.address, self.allowed_hosts, self.seconds) as connection:
            for message in messages:
                yield _send(connection, message, secret, now)


def _send(connection: Connection, message: Message, secret: str, now: datetime) -> Outcome:
    body, timestamp = orjson.dumps(message.payload), str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "scheduler-api",
        "Scheduler-Message-Id": message.message_id,
        "Scheduler-Timestamp": timestamp,
        "Scheduler-Signature": signature(secret, timestamp, message.message_id, body),
    }
    try:
        response = connection.post(body, headers, now)
    except NoResponse as error:
        return Outcome("passing", str(error))
    return of_status(response.status, response.retry_after, GONE, REFUSED)


def signature(secret: str, timestamp: str, message_id: str, body: bytes) -> str:
    """Return the HMAC-SHA-256 (hex) of `timestamp.id.body` under the destination's secret."""
    signed = b".".join((timestamp.encode(), message_id.encode(), body))
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
