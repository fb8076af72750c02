"""`worker`: work in the background, by a few fixed jobs."""

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
    from scheduler_api.use_cases.clocks import ClockWatch

log = logging.getLogger("scheduler_api.worker")


class Job(NamedTuple):
    """A job to be done every so many seconds; `work` returns its results, by name, for the log.

    `at_any_time`: also while the clock cannot be trusted.
    """

    name: str
    seconds: int
    work: Callable[[Store, Settings, datetime], Mapping[str, object]]
    at_any_time: bool = False


_STOPS = {signal.SIGTERM, signal.SIGINT}


@click.command()
@click.option("--while-stdin", is_flag=True, hidden=True, help="Stop when standard input ends.")
def worker(while_stdin: bool) -> None:
    """Work in the background until SIGTERM or SIGINT: send messages, extend horizons, make checkpoints, clean up.

    Any number may run at once, on any number of databases; `serve` runs one too.
    """
    from scheduler_api import logs, utc_now
    from scheduler_api.cli.opening import opened
    from scheduler_api.config import Settings
    from scheduler_api.store.database.connect import connect
    from scheduler_api.use_cases.clocks import ClockWatch, seconds_since_boot

    settings = Settings.from_environment()
    with opened(settings.database):
        pass
    logs.configure(settings.log_level)
    # Before any other thread starts, so that only this one takes a signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    if while_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, daemon=True).start()
    store, stopping = connect(settings.database), threading.Event()
    watch = ClockWatch(store, utc_now, seconds_since_boot)
    threads = [threading.Thread(target=_repeat, args=(job, settings, watch, stopping)) for job in JOBS]
    threads.append(threading.Thread(target=deliver_until, args=(stopping, settings, watch)))
    for thread in threads:
        thread.start()
    signal.sigwait(_STOPS)
    stopping.set()
    for thread in threads:
        thread.join()
    store.close()


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


def _repeat(job: Job, settings: Settings, watch: ClockWatch, stopping: threading.Event) -> None:
    """Run a job again and again until `stopping` is set. The waits are no matter of the clock, which may jump."""
    from .failures import log_failure

    while True:
        try:
            _run(job, settings, watch)
        except Exception as error:
            # The next run tries anew: a database that is away comes back.
            log_failure(f"{job.name} failed", error)
        if stopping.wait(job.seconds):
            return


def _run(job: Job, settings: Settings, watch: ClockWatch) -> None:
    """Run a job on the database of the settings, now, and log its results, if there are any.

    While the clock cannot be trusted, only what is done at any time.
    """
    from scheduler_api import utc_now
    from scheduler_api.store.database.connect import connect

    store = connect(settings.database)
    try:
        results = job.work(store, settings, utc_now() if job.at_any_time else watch.now())
    finally:
        store.close()
    if any(results.values()):
        log.info(job.name, extra={"data": dict(results)})


def _tick(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    from scheduler_api.reminders.dispatch import tick
    from scheduler_api.use_cases.clocks import note_trusted

    with store.transaction():
        note_trusted(store, now)
    return tick(store, now)._asdict()


def _extend_horizons(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    from scheduler_api.use_cases.projections import maintenance

    return {"patients": maintenance.extend_horizons(store, now)}


def _forget(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    from scheduler_api.use_cases.operations import housekeeping

    return {"rows": housekeeping.forget(store, now)}


def _checkpoint(store: Store, settings: Settings, now: datetime) -> Mapping[str, object]:
    """Make a checkpoint of the logs if the last is a day old. The log then has a copy of it outside the database."""
    from scheduler_api.use_cases.audit import checkpoints

    return {"checkpoint": checkpoints.make_if_due(store, checkpoints.keys_in(settings.checkpoint_key), now)}


#: Daily jobs check twice an hour whether a new day has begun, at midnight UTC.
JOBS = (
    Job("extended horizons", 30 * 60, _extend_horizons),
    Job("ticked", 15, _tick),
    Job("checkpoint", 30 * 60, _checkpoint, at_any_time=True),
    Job("forgotten", 60 * 60, _forget),
)
