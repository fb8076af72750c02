"""`worker`: what must be done though nobody asks for it, by a few fixed jobs."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from .delivering import deliver_until

if TYPE_CHECKING:
    from scheduler_api.config import Settings
    from scheduler_api.store.database.port import Store

log = logging.getLogger("scheduler_api.worker")


class Job(NamedTuple):
    """Something to be done every so many seconds; `work` says what it came to, by name, for the log."""

    name: str
    seconds: int
    work: Callable[[Store, Settings, datetime], Mapping[str, object]]


_STOPS = {signal.SIGTERM, signal.SIGINT}


@click.command()
@click.option("--while-stdin", is_flag=True, hidden=True, help="Stop when standard input ends.")
def worker(while_stdin: bool) -> None:
    """Do what nobody asks for until SIGTERM or SIGINT: send what is due, look ahead, make checkpoints, forget.

    Any number may run at once, on any number of databases; `serve` has one beside it.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    from scheduler_api import logs, utc_now
    from scheduler_api.cli.opening import opened
    from scheduler_api.config import Settings

    settings = Settings.from_environment()
    with opened(settings.database):
        pass
    logs.configure(settings.log_level)
    # Before any thread is there, so that none but this one takes a signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    if while_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, daemon=True).start()
    scheduler = BackgroundScheduler(timezone="UTC")
    # What was missed while the machine slept is done once, however late.
    for job in JOBS:
        scheduler.add_job(
            _run,
            "interval",
            args=[job, settings],
            seconds=job.seconds,
            next_run_time=utc_now(),
            coalesce=True,
            misfire_grace_time=None,
            max_instances=1,
        )
    stopping = threading.Event()
    delivering = threading.Thread(target=deliver_until, args=(stopping, settings))
    delivering.start()
    scheduler.start()
    signal.sigwait(_STOPS)
    stopping.set()
    scheduler.shutdown()
    delivering.join()


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """Run a worker in a process of its own while the block lasts; it ends with this process, however that ends."""
    command = [sys.executable, "-m", "scheduler_api.cli", "worker", "--while-stdin"]
    environment = {
        **os.environ,
        "SCHEDULER_DATABASE": settings.database,
        "SCHEDULER_CHECKPOINT_KEY": settings.checkpoint_key,
        "SCHEDULER_LOG_LEVEL": settings.log_level,
    }
    # In a session of its own, so that a terminal's Ctrl-C reaches it through us alone.
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True) as process:
        try:
            yield
        finally:
            process.terminate()


def _stop_at_end_of_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _run(job: Job, settings: Settings) -> None:
    """Do a job on the database of the settings, now; what came of it, if anything, goes to the log."""
    from scheduler_api import utc_now
    from scheduler_api.store.database.connect import connect

    store = connect(settings.database)
    try:
        came_of_it = job.work(store, settings, utc_now())
    finally:
        store.close()
    if any(came_of_it.values()):
        log.info(job.name, extra={"data": dict(came_of_it)})


def _tick(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    from scheduler_api.reminders.dispatch import tick

    return tick(store, now)._asdict()


def _roll_forward(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    from scheduler_api.use_cases.projections import maintenance

    return {"patients": maintenance.extend_horizons(store, now)}


def _forget(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    from scheduler_api.use_cases.operations import housekeeping

    return {"rows": housekeeping.forget(store, now)}


def _checkpoint(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    """Make a checkpoint of the logs if the last is a day old. Whoever keeps the log keeps it, outside the database."""
    from scheduler_api.use_cases.audit import checkpoints

    return {"checkpoint": checkpoints.make_if_due(store, checkpoints.keys_in(settings.checkpoint_key), now)}


#: What is done once a day looks twice an hour whether one has begun, at midnight UTC.
JOBS = (
    Job("rolled forward", 30 * 60, _roll_forward),
    Job("ticked", 15, _tick),
    Job("checkpoint", 30 * 60, _checkpoint),
    Job("forgotten", 60 * 60, _forget),
)
