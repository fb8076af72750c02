"""`worker`: what must be done every day though nobody asks for it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from scheduler_api.config import Settings

log = logging.getLogger("scheduler_api.worker")

#: How often we look whether there is something to do, in minutes. A day begins at midnight UTC.
EVERY = 30
_STOPS = {signal.SIGTERM, signal.SIGINT}


@click.command()
@click.option("--while-stdin", is_flag=True, hidden=True, help="Stop when standard input ends.")
def worker(while_stdin: bool) -> None:
    """Do the work of every day until SIGTERM or SIGINT: let visits reach 400 days ahead, make a checkpoint of the logs.

    Any number may run at once, on any number of databases; `serve` has one beside it.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    from scheduler_api import utc_now
    from scheduler_api.api import logs
    from scheduler_api.config import Settings

    from .opening import opened

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
    scheduler.add_job(
        _roll_forward,
        "interval",
        args=[settings.database],
        minutes=EVERY,
        next_run_time=utc_now(),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    scheduler.add_job(
        _checkpoint,
        "interval",
        args=[settings.database, settings.checkpoint_key],
        minutes=EVERY,
        next_run_time=utc_now(),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    scheduler.start()
    signal.sigwait(_STOPS)
    scheduler.shutdown()


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """A worker in a process of its own, as long as the block lasts; it ends with us, however we end."""
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


def _roll_forward(database: str) -> None:
    """Let the visits of all patients of a database reach as far ahead as they should."""
    from scheduler_api import utc_now
    from scheduler_api.records import upkeep
    from scheduler_api.store.connect import connect

    store = connect(database)
    try:
        count = upkeep.roll_forward(store, utc_now())
    finally:
        store.close()
    if count:
        log.info("rolled forward", extra={"data": {"patients": count}})


def _checkpoint(database: str, key: str) -> None:
    """Make a checkpoint of a database's logs if the last is a day old."""
    from scheduler_api import utc_now
    from scheduler_api.records import checkpoints
    from scheduler_api.store.connect import connect

    store = connect(database)
    try:
        made = checkpoints.make_if_due(store, checkpoints.keys_in(key), utc_now())
    finally:
        store.close()
    if made:
        # Whoever keeps the log keeps the checkpoint, too, outside the database.
        log.info("checkpoint", extra={"data": {"checkpoint": made}})
