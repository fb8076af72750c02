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
from multiprocessing.synchronize import Barrier
from pathlib import Path

from scheduler_api.records.planning import stamp
from scheduler_api.reminders.tick import tick
from scheduler_api.store import reminders
from scheduler_api.store.connect import connect

from .measure import Figure, seconds

PATIENTS, DUE, WORKERS, JOBS = 1_000_000, 42_000, 4, 10_000
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def figures(folder: Path) -> list[Figure]:
    """Claim and outbox, an idle tick, and a scheduler with a job for each patient."""
    path = folder / "reminders.db"
    _fill(path)
    store = connect(str(path))
    taken = _claimed(path)
    out = store.row("SELECT COUNT(*) AS number, COUNT(DISTINCT patient_id) AS patients FROM outbox")
    assert out is not None
    # No duplicate, none missing: it is part of the figure.
    assert out["number"] == out["patients"] == DUE, out
    idle = statistics.median(seconds(lambda: tick(store, NOW)) for _ in range(200))
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
    """A planned dose reminder for each of a million patients, some of them due."""
    store = connect(str(path))
    store.migrate()
    soon, until = stamp(NOW + timedelta(hours=5)), stamp(NOW + timedelta(hours=8))
    every = PATIENTS // DUE
    with store.transaction():
        for start in range(0, PATIENTS, 50_000):
            numbers = range(start, start + 50_000)
            rows = [
                reminders.row_of(
                    f"p-{number:08}", "FUSCC", "dose_due", "2026-11-24", _at(number, every, soon), until, False
                )
                for number in numbers
            ]
            reminders.put(store, sorted(rows, key=lambda row: row["message_id"]))
    store.close()


def _at(number: int, every: int, soon: str) -> str:
    # Patients choose a minute, and there are four ticks a minute: what is due at one is due at one instant.
    return stamp(NOW) if number % every == 0 and number // every < DUE else soon


def _claimed(path: Path) -> float:
    """How long workers take for all that is due, in seconds."""
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
    store = connect(path)
    reminders.is_any_due(store, stamp(NOW))
    ready.wait()
    tick(store, NOW)
    done.wait()
    store.close()


def _scheduler(path: Path, processes: int) -> dict[str, float]:
    """Processes that each run a scheduler on one job store with a daily job for each patient, all due now."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE sent (job TEXT)")
    database.close()
    command = [sys.executable, "-m", "bench.jobs", str(path), str(JOBS)]
    subprocess.run([*command, "add"], check=True)
    running = [subprocess.Popen([*command, "run"], stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    told = [json.loads(process.communicate()[0]) for process in running]
    database = sqlite3.connect(path)
    sent, different = database.execute("SELECT COUNT(*), COUNT(DISTINCT job) FROM sent").fetchone()
    database.close()
    assert different == JOBS, different
    return {**told[0], "sent": sent, "twice": sent - different}
