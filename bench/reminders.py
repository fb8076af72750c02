"""Reminders of a million patients: claimed by four workers, each once; and the same with a scheduler's job for each."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from multiprocessing.synchronize import Barrier
from operator import itemgetter
from pathlib import Path

from scheduler_api.engine.instants import stamp

from .measure import Figure, seconds
from .product import Store, connect, dispatch

PATIENTS, DUE, WORKERS, JOBS = 1_000_000, 42_000, 4, 10_000
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def figures(folder: Path) -> list[Figure]:
    """Measure claim and outbox, an idle tick, and a scheduler with a job for each patient."""
    path = folder / "reminders.db"
    _fill(path)
    store = connect(str(path))
    taken = _claimed(path)
    out = store.row("SELECT COUNT(*) AS number, COUNT(DISTINCT patient_id) AS patients FROM outbox")
    assert out is not None
    # No duplicate, none missing: it is part of the figure.
    assert out["number"] == out["patients"] == DUE, out
    idle = statistics.median(seconds(lambda: dispatch.tick(store, NOW)) for _ in range(200))
    store.close()
    against = f"{WORKERS} processes, {DUE:,} due of {PATIENTS:,}"
    one, two = _scheduler(folder / "one.db", 1), _scheduler(folder / "two.db", 2)
    return [
        Figure("Claim and outbox", "rows a second, no duplicate", against, DUE / taken, least=50_000, unit="rows/s"),
        Figure("An idle tick", "nothing is due of a million rows", "milliseconds", idle * 1000, 1, "ms"),
        _compared("start-up", one["started"], "s"),
        _compared("memory", one["memory"], "MB"),
        _compared("messages a second", one["sent"] / one["seconds"], "rows/s"),
        _compared("sent twice by two processes on one job store", two["twice"], "messages"),
    ]


def _compared(what: str, value: float, unit: str) -> Figure:
    return Figure("APScheduler, a job for each patient", what, f"{JOBS:,} jobs, all due", value, unit=unit)


def _fill(path: Path) -> None:
    """Plan a dose reminder for each of a million patients, some of them due."""
    store = connect(str(path))
    store.migrate()
    with store.transaction():
        store.write_many(
            "INSERT INTO reminders (message_id, audience, patient_id, site, kind, about, next_at, expires_at) VALUES "
            "(:message_id, 'patient', :patient_id, 'FUSCC', 'dose_due', '2026-11-24', :next_at, :expires_at)",
            _rows(),
        )
        store.write(
            "INSERT INTO reminder_times (message_id, next_at) SELECT message_id, next_at FROM reminders "
            "ORDER BY message_id",
            {},
        )
    store.close()


def _rows() -> list[dict[str, str]]:
    """Return the rows in the order of their key. Their ids are digests: those due at one instant lie anywhere."""
    now, soon, until = (stamp(NOW + timedelta(hours=hours)) for hours in (0, 5, 8))
    every, rows = PATIENTS // DUE, []
    for number in range(PATIENTS):
        patient_id = f"p-{number:08}"
        message_id = f"m-{blake2b(patient_id.encode(), digest_size=14).hexdigest()}"
        # Patients choose a minute, and there are four ticks a minute: what is due at one is due at one instant.
        at = now if number % every == 0 and number // every < DUE else soon
        rows.append({"message_id": message_id, "patient_id": patient_id, "next_at": at, "expires_at": until})
    return sorted(rows, key=itemgetter("next_at", "message_id"))


def _claimed(path: Path) -> float:
    """Return how long workers take for all that is due, in seconds."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(WORKERS + 1)
    done = context.Barrier(WORKERS + 1)
    running = [context.Process(target=_work, args=(str(path), ready, done)) for _ in range(WORKERS)]
    for process in running:
        process.start()
    ready.wait()
    began = time.perf_counter()
    done.wait()
    took = time.perf_counter() - began
    for process in running:
        process.join()
        assert process.exitcode == 0
    return took


def _work(path: str, ready: Barrier, done: Barrier) -> None:
    store: Store = connect(path)
    # The connection is open before the others are waited for.
    store.row("SELECT 1 FROM reminders LIMIT 1")
    ready.wait()
    dispatch.tick(store, NOW)
    done.wait()
    store.close()


def _scheduler(path: Path, processes: int) -> dict[str, float]:
    """Run processes that each have a scheduler on one job store with a daily job for each patient, all due now."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE sent (job TEXT)")
    database.close()
    command = [sys.executable, "-m", "bench.jobs", str(path), str(JOBS)]
    subprocess.run([*command, "add"], check=True)
    running = [subprocess.Popen([*command, "run"], stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    reported = [json.loads(process.communicate()[0]) for process in running]
    database = sqlite3.connect(path)
    sent, different = database.execute("SELECT COUNT(*), COUNT(DISTINCT job) FROM sent").fetchone()
    database.close()
    assert different == JOBS, different
    return {**reported[0], "sent": sent, "twice": sent - different}
