"""The server dies at any moment: what was answered 201 is there, and the log is whole."""

from __future__ import annotations

import random
import signal
import threading
from pathlib import Path

import requests
from databases import Databases
from patience import PATIENCE
from service import ENROLMENT, Server

from scheduler_api.store.database.connect import connect
from scheduler_api.use_cases.projections import maintenance

ROUNDS = 20
WRITERS = 3


class Writers:
    """People who record facts about patients until the server is gone; they note what was answered."""

    def __init__(self, server: Server, token: str) -> None:
        self._url, self._headers = server.url, {"Authorization": f"Bearer {token}"}
        self._patients: list[str] = []
        self.answered: set[str] = set()
        self.answers = threading.Semaphore(0)

    def enrol(self, subject_number: str) -> None:
        """Enrol a patient to write about."""
        body = {**ENROLMENT, "subject_number": subject_number}
        answer = requests.post(f"{self._url}/v1/patients", json=body, headers=self._headers, timeout=PATIENCE)
        self._patients.append(answer.json()["patient_id"])

    def begin(self) -> list[threading.Thread]:
        """Let all of them write, each in a thread."""
        threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        return threads

    def _write(self, number: int) -> None:
        address = f"{self._url}/v1/patients/{self._patients[number % len(self._patients)]}/facts"
        with requests.Session() as session:
            session.headers.update(self._headers)
            for day in range(100_000):
                body = {"kind": "dose_recorded", "dose_on": f"2024-02-{day % 28 + 1:02}", "status": "taken"}
                try:
                    answer = session.post(address, json=body, timeout=PATIENCE)
                except requests.RequestException:
                    return
                assert answer.status_code == 201, answer.text
                self.answered.add(answer.json()["fact"]["fact_id"])
                self.answers.release()


def test_kill_9_in_the_middle_of_a_thousand_facts(
    databases: Databases, database: str, template: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    chance = random.Random(20)
    with Server(database, tmp_path, worker=False) as server:
        writers = Writers(server, template[1]["nurse"])
        writers.enrol("001")
        writers.enrol("002")
        for number in range(ROUNDS):
            threads = writers.begin()
            for _ in range(50 + chance.randint(0, 9)):
                assert writers.answers.acquire(timeout=PATIENCE)
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
            if number < ROUNDS - 1:
                server.start()
    store = connect(database)
    kept = {row["fact_id"] for row in store.rows("SELECT fact_id FROM facts WHERE kind = 'dose_recorded'")}
    assert len(writers.answered) >= 1000
    assert writers.answered <= kept
    # In each round, no more than what every writer had under way may be there without an answer.
    assert len(kept) <= len(writers.answered) + ROUNDS * WRITERS
    assert list(maintenance.verify(store)) == []
    if databases.engine == "sqlite":
        assert store.row("PRAGMA integrity_check") == {"integrity_check": "ok"}
    store.close()
