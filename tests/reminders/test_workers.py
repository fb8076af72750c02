"""Four workers that are killed at any moment: each message arrives at least once, and its id tells a repeat."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from conftest import copied
from databases import Databases

from scheduler_api.engine.instants import stamp
from scheduler_api.reminders.outbound.keys import make

from .conftest import CONTACT
from .processes import delivering, kill
from .receivers import Answer, Received, Receiver
from .sending import Sending

MESSAGES = 600
WORKERS = 4
#: How long a killed worker keeps what it was sending, in seconds.
LEASE = 3.0
#: After how many messages another worker is killed.
KILL_EVERY = 45


def test_workers_killed_at_random_lose_no_message(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    make(tmp_path / "keys.json", CONTACT)
    chance = random.Random(5)
    bodies: dict[str, set[bytes]] = {}

    def notes(receiver: Receiver, received: Received) -> Answer:
        time.sleep(chance.random() * 0.02)
        bodies.setdefault(received.headers["scheduler-message-id"], set()).add(received.body)
        return Answer()

    with (
        copied(databases, template, tmp_path, private_networks="127.0.0.0/8, ::1/128") as service,
        Receiver(notes) as one,
        Receiver(notes) as other,
    ):
        service.clock.now = datetime.now(UTC)
        sending = Sending(service)
        for receiver in (one, other):
            sending.add(receiver.url)
        sending.queue(1, MESSAGES, expires_at=stamp(service.clock.now + timedelta(days=1)))

        def start() -> BaseProcess:
            return delivering(service.settings, LEASE)

        workers = [start() for _ in range(WORKERS)]
        kills, until = 0, time.monotonic() + 60
        while sending.statuses() != {"sent": MESSAGES}:
            assert time.monotonic() < until, sending.statuses()
            time.sleep(chance.random() * 0.1)
            # One each time that so many more have arrived; the last ones are left in peace.
            if KILL_EVERY * (kills + 1) < len(one.received) < 0.9 * MESSAGES:
                victim = chance.randrange(WORKERS)
                kill(workers[victim])
                workers[victim] = start()
                kills += 1
        for worker in workers:
            kill(worker)
    everything = {f"m-{number:06}" for number in range(1, MESSAGES + 1)}
    for receiver in (one, other):
        times = Counter(received.headers["scheduler-message-id"] for received in receiver.received)
        assert set(times) == everything
        # A repeat is what was under way when a worker was killed, and no more.
        assert times.total() - MESSAGES <= kills * 4
    assert kills >= 10
    # Whoever keeps the ids it has seen has each message once: a repeat says the same.
    assert all(len(said) == 1 for said in bodies.values())
