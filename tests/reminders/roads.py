"""The ways on which messages reach patients and sites, each of which fails at times; and what came over them.

All are real: push services, a gateway, a mail server. Patients who chose one channel hear by that one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from patience import PATIENCE
from phone.phones import Phone
from service import Patient, Service

from scheduler_api.reminders.channels import Destination
from scheduler_api.reminders.compose import compose, recipients_of
from scheduler_api.reminders.deliver import Pace, deliver
from scheduler_api.store.database.port import Row
from scheduler_api.use_cases.reminders import delivery

from .receivers import Answer, Browser, Certificate, Mailbox, Received, Receiver
from .sending import Sending

Spans = Sequence[tuple[datetime, datetime]]
#: A worker that died holds what it claimed for so long.
LEASE = timedelta(minutes=2)
#: For how long after a failure a destination may be left alone, and what is sent may be waiting for an attempt.
PATIENT_FOR = timedelta(minutes=20)
MAILBOX, MINUTE = "ward@hospital.example", timedelta(minutes=1)


class Heard(NamedTuple):
    """A message that came over a channel: when, to whom (a patient, or a site by its zone), and what it says."""

    at: datetime
    channel: str
    message_id: str
    patient_id: str | None
    kind: str
    about: str


class Roads:
    """All channels of a service; `outages` says when each is down. Use `roads` to have them."""

    def __init__(self, service: Service, push: Receiver, gateway: Receiver, mailbox: Mailbox, seed: int) -> None:
        self.service, self._push, self._mailbox = service, push, mailbox
        self.sending = Sending(service)
        self.outages: Mapping[str, Spans] = {}
        self.heard: list[Heard] = []
        self.channels_of: dict[str, list[str]] = {}
        self._browsers: dict[str, tuple[str, Browser]] = {}
        self._chance, self._mails = random.Random(seed), 0
        push.behaves, gateway.behaves = self._pushed, self._handed
        for site in ("FUSCC", "BERLIN"):
            self.sending.add(gateway.url, site=site)
            self.sending.add(gateway.url, audience="patient", site=site)
            self.sending.add(MAILBOX, channel="email", site=site)

    def subscribe(self, patient_id: str, channels: list[str]) -> None:
        """Let a patient hear by some channels alone; the phone has a subscription in any case."""
        phone = Phone(self.service, Patient(self.service.client("coordinator"), patient_id))
        name, browser = f"/in/{len(self._browsers)}", Browser()
        self._browsers[name] = patient_id, browser
        subscription = {"endpoint": self._push.url.removesuffix("/in") + name, "keys": browser.keys}
        assert phone.send("POST", f"devices/{phone.device_id}/push", subscription).status_code == 204
        assert phone.send("PATCH", "reminders", {"channels": channels}).status_code == 200
        self.channels_of[patient_id] = channels

    def is_down(self, channel: str, first: datetime, last: datetime, longer: timedelta = timedelta()) -> bool:
        """Return whether a channel is down at any instant from one to another, for longer than so long."""
        spans = self.outages.get(channel, ())
        return any(start <= last and first < end and end - start > longer for start, end in spans)

    def carry(self, until: datetime) -> Iterator[Heard]:
        """Let a worker send what is due, and try again whatever failed, until an instant; what came meanwhile."""
        store, clock = self.service.store, self.service.clock
        while clock.now < until:
            before = len(self.heard)
            self._mailbox.replies = {MAILBOX: "451 Try later"} if self.is_down("email", clock.now, clock.now) else {}
            if delivery.is_any_due(store, clock.now):
                if self._chance.random() < 0.02:
                    self._die()
                deliver(store, self.sending.channels, clock, Pace(threads=2, lease=LEASE, look=PATIENCE))
                self._read_mails()
            yield from self.heard[before:]
            clock.now = max(self._next_at() or until, clock.now + timedelta(seconds=1))

    def _die(self) -> None:
        """Let a worker claim something, send half of it, and die before it can say what came of it."""
        store, now = self.service.store, self.service.clock()
        delivery.spread(store, now)
        runs, _ = delivery.claim(store, now, now + LEASE, Counter(), 2, 2)
        for first, *_ in runs:
            where = Destination(first.destination_id, first.address, orjson.loads(first.keys))
            message = compose(store, first, recipients_of(store, [first]), now)
            next(self.sending.channels[first.channel].send([message], where, now))

    def _next_at(self) -> datetime | None:
        row = self.service.store.row(
            "SELECT MIN(MAX(v.next_at, COALESCE(d.paused_until, ''))) AS at FROM deliveries v "
            "JOIN destinations d ON d.destination_id = v.destination_id WHERE v.status = 'waiting'"
        )
        return None if row is None or row["at"] is None else datetime.fromisoformat(row["at"])

    def _pushed(self, receiver: Receiver, received: Received) -> Answer:
        patient_id, browser = self._browsers[received.path]
        return self._take("web_push", patient_id, browser.read(received))

    def _handed(self, receiver: Receiver, received: Received) -> Answer:
        return self._take("webhook", received.json.get("patient_id"), received.json)

    def _take(self, channel: str, patient_id: str | None, said: Any) -> Answer:
        now = self.service.clock.now
        if self.is_down(channel, now, now):
            return Answer(503)
        self.heard.append(Heard(now, channel, said["id"], patient_id, said["kind"], said["about"]))
        return Answer(204)

    def _read_mails(self) -> None:
        for _, mail in self._mailbox.mails[self._mails :]:
            message_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
            self.heard.append(Heard(self.service.clock.now, "email", message_id, None, "", ""))
        self._mails = len(self._mailbox.mails)

    def unexplained(self) -> dict[str, tuple[Row, str]]:
        """The messages that came late or never though a channel was up, or down for a minute; or without a reason.

        By id, each with its row in the outbox and what is wrong.
        """
        first: dict[str, datetime] = {}
        for one in self.heard:
            first.setdefault(one.message_id, one.at)
        store, wrong = self.service.store, {}
        because = {
            row["message_id"]: row["because"]
            for row in store.rows("SELECT message_id, MAX(problem) AS because FROM deliveries GROUP BY message_id")
        }
        for row in store.rows("SELECT * FROM outbox"):
            written_at = datetime.fromisoformat(row["written_at"])
            ways = ["webhook", "email"] if row["audience"] == "site" else self.channels_of[row["patient_id"]]
            around = written_at - PATIENT_FOR, written_at + LEASE
            all_failed = all(self.is_down(way, *around, longer=MINUTE) for way in ways)
            at = first.get(row["message_id"])
            if at is None and row["status"] not in ("failed", "expired", "withdrawn"):
                wrong[row["message_id"]] = row, "never came, and nobody says so"
            elif at is None and row["status"] != "withdrawn" and not because.get(row["message_id"]):
                wrong[row["message_id"]] = row, "never came, and nobody says why"
            # What came by one way and waited for another may have been withdrawn there.
            elif at is not None and row["status"] not in ("sent", "withdrawn"):
                wrong[row["message_id"]] = row, "came, and is said not to have come"
            elif not all_failed and (at is None or at - written_at > PATIENT_FOR):
                wrong[row["message_id"]] = row, f"came at {at}, though a channel was up"
        return wrong


@contextmanager
def roads(service: Service, trusted: Certificate, seed: int = 1) -> Iterator[Roads]:
    """All channels of a service that has keys and may send to this machine."""
    with ExitStack() as open_:
        mailbox = open_.enter_context(Mailbox(trusted.context, direct=True))
        object.__setattr__(service.settings, "smtp", f"smtps://localhost:{mailbox.port}")
        object.__setattr__(service.settings, "mail_from", "trial@example.org")
        push, gateway = open_.enter_context(Receiver()), open_.enter_context(Receiver())
        yield Roads(service, push, gateway, mailbox, seed)


def spans(begin: datetime, *starts: tuple[int, int, timedelta]) -> list[tuple[datetime, datetime]]:
    """When something is down: on which day after the beginning, from which hour (UTC), and for how long."""
    at = [(begin + timedelta(days=day, hours=hour), length) for day, hour, length in starts]
    assert all(start.tzinfo == UTC for start, _ in at)
    return [(start, start + length) for start, length in at]
