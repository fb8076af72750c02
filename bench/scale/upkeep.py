"""Rolling forward one day, and rebuilding: of a sample, where all would take too long."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from ..product import maintenance
from .filling import Filled

#: So many patients are rolled and rebuilt; of more it is reckoned how long they would take.
SAMPLE = 2_000


class Upkeep(NamedTuple):
    """How long it takes for all patients, in seconds; measured of all, or reckoned from a sample."""

    rolled: float
    rebuilt: float


class _Enough(Exception):
    """The sample is rebuilt: it is undone, with all that was dropped before."""


def upkeep_of(at: Filled) -> Upkeep:
    """Measure both; afterwards the sample is rolled forward, and nothing is rebuilt."""
    return Upkeep(_rolled(at), _rebuilt(at))


def _rolled(at: Filled) -> float:
    tomorrow, rolled, began = at.service.now + timedelta(1), 0, time.perf_counter()
    while rolled < min(SAMPLE, at.patients):
        rolled += maintenance.extend_some(at.service.store, tomorrow)
    return (time.perf_counter() - began) / rolled * at.patients


def _rebuilt(at: Filled) -> float:
    """What is dropped at the beginning is of all patients and taken as it is; only making it again is reckoned."""
    done: list[float] = []

    def note(patient_id: str) -> None:
        done.append(time.perf_counter())
        if len(done) == min(SAMPLE, at.patients):
            raise _Enough

    began = time.perf_counter()
    with suppress(_Enough):
        maintenance.rebuild(at.service.store, at.service.now, note)
    return done[0] - began + (done[-1] - done[0]) / (len(done) - 1) * (at.patients - 1)
