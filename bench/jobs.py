"""APScheduler with a job for each patient, in a process of its own: `add` stores the jobs, `run` sends what is due."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import create_engine, event

_local = threading.local()


def send(path: str, job: str) -> None:
    """Note that a message was sent."""
    if not hasattr(_local, "database"):
        _local.database = sqlite3.connect(path, timeout=60, isolation_level=None)
        _local.database.execute("PRAGMA synchronous = OFF")
    _local.database.execute("INSERT INTO sent (job) VALUES (?)", (job,))


def main(path: str, jobs: int, what: str) -> None:
    """Add jobs that were due this moment, or run those that are there until no more are due."""
    stored = Path(path).with_suffix(".jobs.db")
    before, began = _memory(), time.perf_counter()
    engine = create_engine(f"sqlite:///{stored}", connect_args={"timeout": 60})
    # In its favour: nothing it writes waits for the disk.
    event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA synchronous = OFF"))
    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(engine=engine)}, timezone="UTC")
    scheduler.start(paused=True)
    if what == "add":
        due = datetime.now(UTC)
        for number in range(jobs):
            options = {"misfire_grace_time": None, "coalesce": True, "next_run_time": due}
            scheduler.add_job(send, "interval", args=[path, f"p-{number}"], days=1, id=f"p-{number}", **options)
        # Shutting down would run what is due.
        os._exit(0)
    known = scheduler.get_jobs()
    started, memory = time.perf_counter() - began, _memory() - before
    assert len(known) == jobs
    began = time.perf_counter()
    scheduler.resume()
    mine = sqlite3.connect(path, timeout=60)
    count, taken = 0, 0.0
    # Until nothing was sent for two seconds: of two processes, both go through all jobs.
    while time.perf_counter() - began < taken + 2:
        (now,) = mine.execute("SELECT COUNT(*) FROM sent").fetchone()
        if now > count:
            count, taken = now, time.perf_counter() - began
        time.sleep(0.05)
    print(json.dumps({"started": started, "memory": memory, "seconds": taken}), flush=True)
    os._exit(0)


def _memory() -> float:
    """The most memory that this program has had, in MB: `getrusage` counts what started it, too."""
    (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1000


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
