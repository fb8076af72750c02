"""Web Push (RFC 8030): to a browser or an installed web app, encrypted for it (RFC 8291), signed by us (RFC 8292)."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from py_vapid import Vapid02
from pywebpush import WebPusher

from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts, HostNotAllowed, parse
from scheduler_api.reminders.outbound.keys import Keys
from scheduler_api.reminders.outbound.post import Connection, NoResponse
from scheduler_api.use_cases.reminders.retrying import Outcome

from . import Destination, Message, of_status

#: The subscription is no more; the browser makes another when it wants to.
GONE = (410,)
#: Some push services say so of a subscription that is no more, others while they are being repaired.
MISSING = (404,)
#: 401 and 403: subscribed for another key than ours.
REFUSED = (400, 401, 403, 413)
#: How long a signature is good; push services refuse more than a day.
SIGNED_FOR = timedelta(hours=12)


@dataclass(frozen=True)
class WebPush:
    """Posts messages to the push service of a browser."""

    keys: Keys
    allowed_hosts: AllowedHosts
    seconds: float

    def send(
        self, messages: Iterable[Message], destination: Destination, now: datetime
    ) -> Generator[Outcome, None, None]:
        """Encrypt messages for a subscription and post them."""
        with Connection(destination.address, self.allowed_hosts, self.seconds) as connection:
            for message in messages:
                yield self._send(connection, message, destination, now)

    def _send(self, connection: Connection, message: Message, destination: Destination, now: datetime) -> Outcome:
        try:
            origin = parse(destination.address).origin
        except HostNotAllowed as error:
            return Outcome("gone", str(error))
        subscription = {"endpoint": destination.address, "keys": dict(destination.keys)}
        body = WebPusher(subscription).encode(orjson.dumps(message.payload))["body"]
        # pywebpush's own `webpush` writes into the claims it is given: they are made anew for each message here.
        claims = {"aud": origin, "exp": int((now + SIGNED_FOR).timestamp()), "sub": self.keys.contact}
        headers = {
            **Vapid02(self.keys.vapid).sign(claims),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            # What cannot be shown until it expires is never shown; a repetition replaces the first.
            "TTL": str(max(int((message.expires_at - now).total_seconds()), 0)),
            "Topic": hashlib.sha256(message.message_id.encode()).hexdigest()[:32],
            "Urgency": "normal",
        }
        try:
            response = connection.post(body, headers, now)
        except NoResponse as error:
            return Outcome("passing", str(error))
        return of_status(response.status, response.retry_after, GONE, REFUSED, MISSING)
