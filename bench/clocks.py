"""Set the clock of a running service wrong by libfaketime, and print what is seen: `python -m bench.clocks`.

It runs on SQLite, and on a throw-away PostgreSQL server whose own clock stays right. Each time the clock is wrong for
eight seconds and right again; a dose reminder is due some seconds after the last time. It needs Debian's package
`libfaketime`, and takes about three minutes.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory
from threading import Thread

from scheduler_api.engine.model.facts import Enrolled, Registered, TreatmentStarted
from scheduler_api.use_cases.patients import facts
from scheduler_api.use_cases.reminders import destinations, reminders
from tests.cluster import Cluster

from .product import TERMINAL, Session, Store, connect, dispatch, maintenance, patients, prepare
from .server import free_port

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
#: How wrong the clock is, in seconds.
WRONG = {"a year ahead": 365 * 86_400, "a day back": -86_400, "an hour ahead": 3_600}
SECONDS = 8


def main() -> None:
    """Run both; end with status 1 if a reminder was lost or doubled, or nobody was told."""
    if LIBRARY is None:
        sys.exit("libfaketime is not installed.")
    with TemporaryDirectory() as folder, Cluster() as cluster:
        databases = {"SQLite": f"{folder}/clocks.db", "PostgreSQL": cluster.url("postgres")}
        good = [_run(name, database, Path(folder)) for name, database in databases.items()]
    sys.exit(0 if all(good) else 1)


def _run(name: str, database: str, folder: Path) -> bool:
    store, offset = connect(database), folder / "offset"
    # Whole minutes: that is how patients choose.
    due_at = (datetime.now(UTC) + timedelta(seconds=130)).replace(second=0, microsecond=0)
    patient_id = _patient(store, database, due_at)
    _set(offset, 0)
    good = True
    with _service(database, offset) as (port, logged):
        # The worker knows what time it is: it noted so.
        _wait(lambda: dispatch.last_tick(store) is not None and _ready(port)[0] == 200)
        for how, seconds in WRONG.items():
            before = len(logged)
            _set(offset, seconds)
            _wait(lambda: "not trusted" in _ready(port)[1])
            time.sleep(SECONDS)
            seen, trusted = _ready(port), _sample(port)
            _set(offset, 0)
            _wait(lambda: _ready(port)[0] == 200)
            lines = [line for line in logged[before:] if "clock not trusted" in line]
            print(f"{name}, {how}: /readyz {seen[0]} {seen[1]}, scheduler_clock_trusted {trusted}, then 200 again")
            # It is logged once a minute.
            print(*lines[:1], sep="", end="")
            good &= "not trusted" in seen[1] and trusted == 0
        good &= any("clock not trusted" in line for line in logged)
        _wait(lambda: datetime.now(UTC) > due_at + timedelta(seconds=25))
    sent = store.rows(
        "SELECT kind, about, written_at, status FROM outbox WHERE patient_id = :of AND kind = 'dose_due'",
        {"of": patient_id},
    )
    wrong = list(maintenance.verify(store, now=datetime.now(UTC)))
    print(f"{name}: reminders due at {due_at}: {[dict(row) for row in sent]}; verify: {wrong or 'all is well'}")
    store.close()
    return good and len(sent) == 1 and sent[0]["status"] == "sent" and not wrong


def _patient(store: Store, database: str, due_at: datetime) -> str:
    """Add a patient whose dose is due at an instant, and a log to which messages go; return the patient's id."""
    prepare(store, database)
    session = Session(store, TERMINAL, datetime.now(UTC))
    day = session.now.date()
    destinations.add_to_site(session, "FUSCC", "log", "patient", "", "en")
    who = Registered("FUSCC-01", "FUSCC", "nct06110650", 1, "female", "fertile", None, "Europe/London")
    with store.transaction():
        patient = patients.register(session, who, Enrolled(day - timedelta(9), day - timedelta(7)))
        patient_id = str(patient["patient_id"])
        facts.record(session, patient_id, facts.NewFact(TreatmentStarted(day - timedelta(7))))
        local = due_at.astimezone().strftime("%H:%M")
        reminders.change_patients(session, patient_id, {"times": [local], "quiet": None})
    return patient_id


def _set(offset: Path, seconds: int) -> None:
    new = offset.with_suffix(".new")
    new.write_text(f"{seconds:+d}\n")
    new.rename(offset)


@contextmanager
def _service(database: str, offset: Path) -> Iterator[tuple[int, list[str]]]:
    """Run the service by a clock that is off by what a file says; yield its port and what it logs."""
    port, logged = free_port(), list[str]()
    environment = {
        **os.environ,
        "SCHEDULER_DATABASE": database,
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    command = [sys.executable, "-m", "scheduler_api.cli", "serve", "--port", str(port)]
    with Popen(command, env=environment, stdout=PIPE, stderr=PIPE, text=True) as process:
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            Thread(target=lambda lines: logged.extend(lines), args=(stream,), daemon=True).start()
        try:
            yield port, logged
        finally:
            process.terminate()


def _ready(port: int) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def _sample(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("scheduler_clock_trusted ")))


def _wait(until: Callable[[], bool]) -> None:
    """Wait until something is true; for three minutes at most."""
    deadline = time.monotonic() + 180
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.5)


if __name__ == "__main__":
    main()
