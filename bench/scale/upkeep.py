"""The work of a day, and rebuilding: with one process and with two; of a sample, where all would take too long."""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

from ..product import EVERY, connect, maintenance
from .filling import Filled

#: So many patients are rebuilt; for more it is estimated how long they would take.
SAMPLE = 4_000
#: With so many processes.
PROCESSES = (1, 2)


class Upkeep(NamedTuple):
    """Holds the seconds that a day's work takes, and rebuilding all patients, by the number of processes."""

    day: dict[int, float]
    rebuilt: dict[int, float]


class _Enough(Exception):
    """The sample is rebuilt: it is undone, with all that was dropped before."""


def upkeep_of(at: Filled) -> Upkeep:
    """Return how long both take; afterwards some days are over, and nothing is rebuilt."""
    days = {processes: _day(at, processes, day) for day, processes in enumerate(PROCESSES, 1)}
    return Upkeep(days, {processes: _rebuilt(at, processes) for processes in PROCESSES})


def _day(at: Filled, processes: int, day: int) -> float:
    """Return how long a day's work takes, of an equal part of the patients: those parts are not quite equal."""
    now = at.service.now + timedelta(day)
    context = multiprocessing.get_context("spawn")
    ready, done, counts = context.Barrier(processes + 1), context.Barrier(processes + 1), context.SimpleQueue()
    working = [
        context.Process(target=_extend, args=(at.service.database, now, ready, done, counts)) for _ in range(processes)
    ]
    for process in working:
        process.start()
    ready.wait()
    began = time.perf_counter()
    done.wait()
    took = time.perf_counter() - began
    for process in working:
        process.join()
    return took / sum(counts.get() for _ in working) * at.patients / EVERY


def _extend(
    database: str, now: datetime, ready: Barrier, done: Barrier, counts: multiprocessing.SimpleQueue[int]
) -> None:
    store = connect(database)
    # The connection is open before the others are waited for.
    store.row("SELECT 1 FROM patients LIMIT 1")
    ready.wait()
    counts.put(maintenance.extend_horizons(store, now))
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
