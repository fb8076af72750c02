"""Four workers that are killed at any moment: each message arrives at least once, and its id tells a repeat."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from patience import PATIENCE
from service import Service

from scheduler_api.engine.instants import stamp
from scheduler_api.reminders.outbound.keys import make

from .conftest import CONTACT
from .processes import RUN, delivering, kill
from .receivers import Answer, Received, Receiver
from .sending import Sending

MESSAGES = 600
WORKERS = 4
#: How long a killed worker keeps what it was sending.
LEASE = timedelta(hours=1)
#: How many are killed in the middle, and after how many more messages each.
KILLS, KILL_EVERY = 11, 45


def test_workers_killed_at_random_lose_no_message(
    database: str, template: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    make(tmp_path / "keys.json", CONTACT)
    networks = "127.0.0.0/8, ::1/128"
    service = Service(database, template[1], delivery_keys=str(tmp_path / "keys.json"), private_networks=networks)
    chance = random.Random(5)
    bodies: dict[str, set[bytes]] = {}
    turn, arrived, killed = threading.Condition(), 0, 0

    def notes(receiver: Receiver, received: Received) -> Answer:
        bodies.setdefault(received.headers["scheduler-message-id"], set()).add(received.body)
        return Answer()

    def notes_and_waits(receiver: Receiver, received: Received) -> Answer:
        """Answer nobody from the next kill's message on until a worker was killed, in the middle of some."""
        nonlocal arrived
        with turn:
            arrived += 1
            due = min(arrived // KILL_EVERY, KILLS)
            turn.notify_all()
            turn.wait_for(lambda: killed >= due, PATIENCE)
        return notes(receiver, received)

    with Receiver(notes_and_waits) as one, Receiver(notes) as other:
        service.clock.now = datetime.now(UTC)
        sending = Sending(service)
        for receiver in (one, other):
            sending.add(receiver.url)
        # Of a kind that no quiet hours hold back, whatever the time of day.
        sending.queue(1, MESSAGES, kind="dose_to_check", expires_at=stamp(service.clock.now + timedelta(days=1)))
        workers = [delivering(service.settings, LEASE) for _ in range(WORKERS)]
        for kills in range(KILLS):
            with turn:
                assert turn.wait_for(lambda wanted=KILL_EVERY * (kills + 1): arrived >= wanted, PATIENCE)
            victim = chance.randrange(WORKERS)
            assert workers[victim].is_alive()
            kill(workers[victim])
            with turn:
                killed += 1
                turn.notify_all()
            workers[victim] = delivering(service.settings, LEASE)
        for worker in workers:
            kill(worker)
        # When what the dead were sending is theirs no longer, others send it.
        workers = [delivering(service.settings, LEASE, ahead=2 * LEASE) for _ in range(WORKERS)]
        until = time.monotonic() + PATIENCE
        while sending.statuses() != {"sent": MESSAGES}:
            assert time.monotonic() < until, sending.statuses()
            time.sleep(0.02)
        for worker in workers:
            kill(worker)
    service.close()
    everything = {f"m-{number:06}" for number in range(1, MESSAGES + 1)}
    for receiver in (one, other):
        times = Counter(received.headers["scheduler-message-id"] for received in receiver.received)
        assert set(times) == everything
        # A repeat is what was under way when a worker was killed, in one of four runs, and no more.
        assert times.total() - MESSAGES <= (KILLS + WORKERS) * 4 * RUN
    # Whoever keeps the ids it has seen has each message once: a repeat says the same.
    assert all(len(said) == 1 for said in bodies.values())
