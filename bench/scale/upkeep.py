"""Rolling forward one day, and rebuilding: of a sample, where all would take too long."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from ..product import maintenance
from .filling import Filled

#: So many patients are extended and rebuilt; for more it is estimated how long they would take.
SAMPLE = 2_000


class Upkeep(NamedTuple):
    """Holds the seconds that each takes for all patients: measured of all, or estimated from a sample."""

    extended: float
    rebuilt: float


class _Enough(Exception):
    """The sample is rebuilt: it is undone, with all that was dropped before."""


def upkeep_of(at: Filled) -> Upkeep:
    """Return how long both take; afterwards the sample is extended, and nothing is rebuilt."""
    return Upkeep(_extended(at), _rebuilt(at))


def _extended(at: Filled) -> float:
    tomorrow, extended, began = at.service.now + timedelta(1), 0, time.perf_counter()
    while extended < min(SAMPLE, at.patients):
        extended += maintenance.extend_some(at.service.store, tomorrow)
    return (time.perf_counter() - began) / extended * at.patients


def _rebuilt(at: Filled) -> float:
    """Return the seconds it takes to rebuild all patients: deleting is measured of all, making anew is estimated."""
    done: list[float] = []

    def note(patient_id: str) -> None:
        done.append(time.perf_counter())
        if len(done) == min(SAMPLE, at.patients):
            raise _Enough

    began = time.perf_counter()
    with suppress(_Enough):
        maintenance.rebuild(at.service.store, at.service.now, note)
    return done[0] - began + (done[-1] - done[0]) / (len(done) - 1) * (at.patients - 1)
