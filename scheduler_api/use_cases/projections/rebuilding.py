"""Derive anew from the log all that is stored of many patients; by several processes, if there are many."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Store
from scheduler_api.store.database.writes import Writes
from scheduler_api.store.patients import dose_words, facts, patients
from scheduler_api.store.reminders import notification_preferences, unreached
from scheduler_api.store.sites import at_sites
from scheduler_api.use_cases.sites.protocols import versions_named

from .horizons import visits_through
from .projections import write_projections
from .stored import Messages, StoredRows, sent_to, sites_of

#: How many patients are derived together.
_BATCH = 200
#: How many batches of each process may wait to be written: one is written while the next is derived.
_AHEAD = 2


class Rebuilt(NamedTuple):
    """Some patients, and all that is to be stored of them in tables that are empty."""

    patient_ids: Sequence[str]
    writes: Writes


def rebuilt(store: Store, patient_ids: Iterable[str], now: datetime, workers: int) -> Iterator[Rebuilt]:
    """Yield what is to be stored of patients, in order, derived by so many processes; by this one, if it is one.

    The others read what was committed, so nobody may record anything meanwhile.
    """
    remaining = iter(patient_ids)
    batches = iter(lambda: list(islice(remaining, _BATCH)), [])
    if workers == 1:
        yield from (_rebuilt(store, batch, now) for batch in batches)
        return
    # Not forked: a copy of this process would have copies of its connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_open, initargs=(store.name,)) as processes:
        waiting: deque[Future[Rebuilt]] = deque()
        for batch in batches:
            waiting.append(processes.submit(_rebuilt_there, batch, now))
            if len(waiting) > _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _open(database: str) -> None:
    """Open the database in a new process."""
    global _store
    _store = connect(database)


_store: Store


def _rebuilt_there(patient_ids: Sequence[str], now: datetime) -> Rebuilt:
    return _rebuilt(_store, patient_ids, now)


def _rebuilt(store: Store, patient_ids: Sequence[str], now: datetime) -> Rebuilt:
    logs = facts.rows_of_patients(store, patient_ids)
    recorded = {patient_id: facts.of_rows(store, logs[patient_id]) for patient_id in patient_ids}
    histories = {patient_id: fold(recorded[patient_id]) for patient_id in patient_ids}
    preferences = notification_preferences.stored_of_patients(store, patient_ids)
    sites, sent = sites_of(store, histories.values()), sent_to(store, patient_ids, now)
    since, writes = unreached.since_of_each(store, patient_ids), Writes()
    for patient_id, history in histories.items():
        last, through = logs[patient_id][-1], visits_through(patient_id, now)
        recorded_at = recorded[patient_id][-1].recorded_at
        schedule = PatientSchedule(versions_named(store, history), history)
        row = patients.row_of(patient_id, schedule.history, last["seq"], last["hash"], recorded_at, through)
        patients.insert(writes, {**row, "preferences": preferences.get(patient_id)})
        dose_words.insert(writes, patient_id, row["version"], history.doses)
        at_sites.insert_former(writes, at_sites.former_rows(patient_id, history))
        stored = StoredRows({}, {}, Messages(sent[patient_id], {}), since.get(patient_id))
        write_projections(writes, patient_id, schedule, preferences.get(patient_id), sites, stored, through, now)
    return Rebuilt(patient_ids, writes)
