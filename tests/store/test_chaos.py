"""Two API processes and three workers on one PostgreSQL, while they and it are killed at random, under load.

No fact that was answered 201 is lost, none is recorded twice, no reminder goes out twice or not at all.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from cluster import Cluster
from databases import Postgresql
from patience import PATIENCE
from service import ENROLMENT, Server, new_database

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import planned_messages
from scheduler_api.use_cases.projections import maintenance

#: How often the database is killed, and one of the processes; more by hand.
DATABASE_KILLS, PROCESS_KILLS = (int(os.environ.get("CHAOS_TIMES", "1")) * times for times in (6, 10))
WRITERS, WORKERS, PATIENTS = 4, 3, 6
#: How many messages become due before each kill.
MESSAGES = 125


class Writer:
    """Somebody who records doses, and sends each again with its key until it is answered 201."""

    def __init__(self, servers: list[Server], token: str, patients: list[str], number: int) -> None:
        self._servers, self._patients = servers, patients
        self._headers = {"Authorization": f"Bearer {token}"}
        self._chance, self._number = random.Random(number), number
        self.answered: set[str] = set()
        self.refused: list[str] = []
        #: How often it was told to come again, or nothing.
        self.put_off = 0
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being recorded."""
        self.done.set()
        self._thread.join()

    def _write(self) -> None:
        day = 0
        while not self.done.is_set():
            body: dict[str, object] = {
                "kind": "dose_recorded",
                "dose_on": f"2024-02-{day % 28 + 1:02}",
                "status": "taken",
                "amount": 300,
            }
            self._record(self._patients[day % len(self._patients)], body, f"{self._number}-{day}")
            day += 1

    def _record(self, patient_id: str, body: dict[str, object], key: str) -> None:
        headers = {**self._headers, "Idempotency-Key": key}
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            address = f"{self._chance.choice(self._servers).url}/v1/patients/{patient_id}/facts"
            try:
                answer = requests.post(address, json=body, headers=headers, timeout=PATIENCE)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code == 201:
                self.answered.add(answer.json()["fact"]["fact_id"])
                return
            if answer is not None and (answer.status_code != 503 or "Retry-After" not in answer.headers):
                self.refused.append(answer.text)
                return
            self.put_off += 1
            time.sleep(0.05)
        self.refused.append(f"{key} was never answered")


class Worker:
    """A worker in a process of its own."""

    def __init__(self, database: str) -> None:
        self._command = [Path(sys.executable).with_name("scheduler-api"), "worker"]
        self._environment = {**os.environ, "SCHEDULER_DATABASE": database}
        self.start()

    def start(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(self._command, env=self._environment, stderr=subprocess.DEVNULL)

    def stop(self, how: signal.Signals) -> None:
        """End it."""
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE)

    def keep_running(self) -> None:
        """Start it again if it ended, as a service manager does: one that starts without a database ends at once."""
        if self._process.poll() is not None:
            self.start()


def test_killed_at_random_under_load_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    chance = random.Random(6)
    with Cluster() as postgres, ExitStack() as stack:
        database = Postgresql(postgres).new()
        tokens = new_database(database)
        store = connect(database)
        servers = []
        for number in range(2):
            (tmp_path / str(number)).mkdir()
            servers.append(stack.enter_context(Server(database, tmp_path / str(number), worker=False)))
        workers = [Worker(database) for _ in range(WORKERS)]
        for worker in workers:
            stack.callback(worker.stop, signal.SIGKILL)
        patients = [_enrolled(servers[0], tokens["nurse"], f"00{number}") for number in range(PATIENTS)]
        writers = [Writer(servers, tokens["nurse"], patients, number) for number in range(WRITERS)]
        for writer in writers:
            stack.callback(writer.stop)
        due = _kill_at_random(chance, store, postgres, servers, workers, writers)
        for writer in writers:
            writer.done.set()
        for writer in writers:
            writer.stop()
        assert [line for writer in writers for line in writer.refused] == []
        answered = set[str]().union(*(writer.answered for writer in writers))
        kept = {row["fact_id"] for row in store.rows("SELECT fact_id FROM facts WHERE kind = 'dose_recorded'")}
        # Each was sent until it was answered: what is there was answered, and what was answered is there, once.
        assert kept == answered
        assert len(answered) == sum(len(writer.answered) for writer in writers) > 50
        _await_all_out(store, workers)
        out = {row["message_id"] for row in store.rows("SELECT message_id FROM outbox WHERE kind = 'dose_due'")}
        assert out >= {row["message_id"] for row in due}
        assert list(maintenance.verify(store)) == []
        store.close()


def _let_be_due(store: Store, batch: int) -> list[Row]:
    """Let some messages be due now, to patients who are no one's; those."""
    now = datetime.now(UTC)
    due, until = stamp(now), stamp(now + timedelta(hours=3))
    rows = [
        planned_messages.row_of(f"p-{batch}-{n}", "FUSCC", "dose_due", "2024-02-20", due, until, False)
        for n in range(MESSAGES)
    ]
    with store.transaction():
        planned_messages.put(store, rows)
    return rows


def _enrolled(server: Server, token: str, subject_number: str) -> str:
    body = {**ENROLMENT, "subject_number": subject_number}
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{server.url}/v1/patients", json=body, headers=headers, timeout=PATIENCE)
    answer.raise_for_status()
    return str(answer.json()["patient_id"])


def _kill_at_random(
    chance: random.Random,
    store: Store,
    postgres: Cluster,
    servers: list[Server],
    workers: list[Worker],
    writers: list[Writer],
) -> list[Row]:
    """Kill the database or a process and start it again, in any order, each when some more facts were recorded.

    Return the messages that became due meanwhile.
    """
    kills, due = ["database"] * DATABASE_KILLS + ["process"] * PROCESS_KILLS, list[Row]()
    chance.shuffle(kills)
    for batch, kill in enumerate(kills):
        due += _let_be_due(store, batch)
        _await_more(lambda: sum(len(writer.answered) for writer in writers), chance.randint(5, 40))
        if kill == "database":
            postgres.stop()
            # It is away until some have noticed.
            _await_more(lambda: sum(writer.put_off for writer in writers), chance.randint(1, 40))
            postgres.start()
        else:
            victim: Server | Worker = chance.choice([*servers, *workers])
            victim.stop(signal.SIGKILL)
            victim.start()
        for worker in workers:
            worker.keep_running()
    return due


def _await_more(number: Callable[[], int], more: int) -> None:
    """Wait until a number has grown by so many."""
    wanted = number() + more
    _await(lambda: number() >= wanted)


def _await_all_out(store: Store, workers: list[Worker]) -> None:
    def all_out() -> bool:
        for worker in workers:
            worker.keep_running()
        return not store.rows("SELECT 1 FROM reminders WHERE about = '2024-02-20' LIMIT 1")

    _await(all_out)


def _await(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
