"""The work of a day, and rebuilding: with one process and with two; of a sample, where all would take too long."""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

from ..product import EVERY, connect, maintenance
from .filling import Filled
from .serving import processor_of_database

#: So many patients are rebuilt; for more it is estimated how long they would take.
SAMPLE = 4_000
#: With so many processes.
PROCESSES = (1, 2)


class Day(NamedTuple):
    """Holds how many seconds a day's work takes, and how many of the processor, of all processes and the database."""

    seconds: float
    busy: float


class Upkeep(NamedTuple):
    """Holds how long a day's work takes, and rebuilding all patients, in seconds, by the number of processes."""

    day: dict[int, Day]
    rebuilt: dict[int, float]


class _Enough(Exception):
    """The sample is rebuilt: it is undone, with all that was dropped before."""


def upkeep_of(at: Filled) -> Upkeep:
    """Return how long both take; afterwards some days are over, and nothing is rebuilt."""
    days = {processes: _day(at, processes, day) for day, processes in enumerate(PROCESSES, 1)}
    return Upkeep(days, {processes: _rebuilt(at, processes) for processes in PROCESSES})


def _day(at: Filled, processes: int, day: int) -> Day:
    """Return how long a day's work takes, of an equal part of the patients: those parts are not quite equal."""
    now = at.service.now + timedelta(day)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(processes + 1), context.Barrier(processes + 1)
    counts: SimpleQueue[tuple[int, float]] = context.SimpleQueue()
    working = [
        context.Process(target=_extend, args=(at.service.database, now, ready, done, counts)) for _ in range(processes)
    ]
    for process in working:
        process.start()
    ready.wait()
    began, before = time.perf_counter(), processor_of_database()
    done.wait()
    took, busy = time.perf_counter() - began, processor_of_database() - before
    # Until now they keep their connections: what the database did for them is counted as long as those are open.
    done.wait()
    for process in working:
        process.join()
    worked = [counts.get() for _ in working]
    busy += sum(seconds for _, seconds in worked)
    share = at.patients / EVERY / sum(number for number, _ in worked)
    return Day(took * share, busy * share)


def _extend(
    database: str, now: datetime, ready: Barrier, done: Barrier, counts: SimpleQueue[tuple[int, float]]
) -> None:
    store = connect(database)
    # The connection is open before the others are waited for.
    store.row("SELECT 1 FROM patients LIMIT 1")
    ready.wait()
    began = time.process_time()
    number = maintenance.extend_horizons(store, now)
    counts.put((number, time.process_time() - began))
    done.wait()
    done.wait()
    store.close()


def _rebuilt(at: Filled, processes: int) -> float:
    """Return the seconds it takes to rebuild all patients: deleting is measured of all, making anew is estimated."""
    done: list[float] = []

    def note(patient_id: str) -> None:
        done.append(time.perf_counter())
        if len(done) == min(SAMPLE, at.patients):
            raise _Enough

    began = time.perf_counter()
    with suppress(_Enough):
        maintenance.rebuild(at.service.store, at.service.now, note, processes)
    # Patients are written some hundred together.
    first = sum(at_ < done[0] + 0.001 for at_ in done)
    return done[0] - began + (done[-1] - done[0]) / max(len(done) - first, 1) * at.patients
