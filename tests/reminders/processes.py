"""Workers in processes of their own, to be killed. Each is forked from a process that has loaded what they need.

So there is nothing else in this file: what it loads is loaded anew by each.
"""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

from patience import wait_for_databases

from scheduler_api.config import Settings
from scheduler_api.reminders import dispatch
from scheduler_api.reminders.deliver import Pace, deliver
from scheduler_api.store.database.connect import connect

#: How many messages a worker sends to one destination one after another: few, so that it dies in the middle of many.
RUN = 2
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "scheduler_api.config",
        "scheduler_api.reminders.deliver",
        "scheduler_api.reminders.dispatch",
        "scheduler_api.store.database.postgres",
        "scheduler_api.store.database.sqlite",
        "pywebpush",
    ]
)


def delivering(settings: Settings, lease: timedelta, ahead: timedelta = timedelta()) -> BaseProcess:
    """A worker that delivers until it is killed, by a clock so much ahead; what it sends it keeps for `lease`."""
    return _started(_deliver, settings, lease, ahead)


def ticking(database: str, batch: int) -> BaseProcess:
    """A worker that takes what is due to the outbox by the real clock, so many at a time, until it is killed."""
    return _started(_tick, database, batch)


def kill(process: BaseProcess) -> None:
    """Kill a worker, and wait until it is gone."""
    process.kill()
    process.join()


def _started(target: object, *arguments: object) -> BaseProcess:
    process = _PROCESSES.Process(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
    process.start()
    return process


def _deliver(settings: Settings, lease: timedelta, ahead: timedelta) -> None:
    wait_for_databases()
    store = connect(settings.database)
    channels = settings.outside().channels(lease.total_seconds() / 2)
    pace = Pace(threads=4, run=RUN, lease=lease, look=0.02, gather=0.02)
    while True:
        deliver(store, channels, lambda: datetime.now(UTC) + ahead, pace)
        time.sleep(0.02)


def _tick(database: str, batch: int) -> None:
    wait_for_databases()
    dispatch.BATCH = dispatch.UNREAD = batch
    store = connect(database)
    while True:
        dispatch.tick(store, datetime.now(UTC))
        time.sleep(0.01)
