"""Write visits and messages of many patients through their periods: in few round trips, and side by side with others.

What is to be written is computed from what was read before anything is locked: so facts do not wait for it, and several
workers compute at once, also where one database has one writer at a time. Then those are locked about whom nobody
writes, and what the result follows from is read again. Who has changed meanwhile is left for the next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.writes import Writes
from scheduler_api.store.patients import patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.reminders import unreached
from scheduler_api.use_cases.session import lock_free_patients, share_patients
from scheduler_api.use_cases.sites.protocols import versions_named

from .horizons import is_to_extend, visits_through
from .projections import write_projections
from .stored import Messages, Sites, messages_of, sites_named, sites_of, stored_rows

#: How many patients are read, and written, together.
BATCH = 200


class Basis(NamedTuple):
    """Holds what an extension of a patient follows from and others may change, beside what the sites want."""

    state: Row
    messages: Messages
    unreached_since: str | None


class Extension(NamedTuple):
    """Holds what to write about some patients, by patient, and what it follows from."""

    writes: Mapping[str, Writes]
    basis: Mapping[str, Basis]
    sites: Sites

    def write(self, store: Store, patient_ids: Iterable[str]) -> None:
        """Write it about some of the patients, inside a unit of work."""
        together = Writes()
        for patient_id in patient_ids:
            together.add(self.writes[patient_id])
        together.flush(store)


def extension_of(store: Store, patient_ids: Sequence[str], now: datetime) -> Extension:
    """Return what to write about some patients, so that visits and messages are stored through their periods."""
    rows, stored = patients.of_patients(store, patient_ids), stored_rows(store, patient_ids, now)
    histories = {row["patient_id"]: of_row(store, row) for row in rows}
    sites = sites_of(store, histories.values())
    writes, basis = {}, {}
    for row in rows:
        patient_id, through = row["patient_id"], visits_through(row["patient_id"], now)
        own, rows_of_patient = Writes(), stored[patient_id]
        schedule = PatientSchedule(versions_named(store, histories[patient_id]), histories[patient_id])
        write_projections(own, patient_id, schedule, row["preferences"], sites, rows_of_patient, through, now)
        patients.set_visits_through(own, patient_id, through)
        writes[patient_id] = own
        state = {name: row[name] for name in patients.STATE}
        basis[patient_id] = Basis(state, rows_of_patient.messages, rows_of_patient.unreached_since)
    return Extension(writes, basis, sites)


def extend(store: Store, patient_ids: Sequence[str], now: datetime) -> int:
    """Extend those of some patients whose period is over; return how many were.

    Left out are those whom another worker extends at the moment, or about whom somebody writes.
    """
    with store.snapshot():
        states = patients.states(store, patient_ids)
        run_out = [one for one in patient_ids if one in states and is_to_extend(states[one]["visits_through"], now)]
        extension = extension_of(store, run_out, now) if run_out else Extension({}, {}, {})
    if not run_out:
        return 0
    with store.transaction():
        share_patients(store)
        # In the order of the ids, so that two who write do not wait for each other.
        free = sorted(lock_free_patients(store, extension.writes.keys()))
        present = _basis(store, free, now)
        same = [one for one in free if present.get(one) == extension.basis[one]]
        if sites_named(store, extension.sites) != extension.sites:
            return 0
        extension.write(store, same)
    return len(same)


def _basis(store: Store, patient_ids: Sequence[str], now: datetime) -> dict[str, Basis]:
    states, messages = patients.states(store, patient_ids), messages_of(store, patient_ids, now)
    since = unreached.since_of_each(store, patient_ids)
    return {one: Basis(state, messages[one], since.get(one)) for one, state in states.items()}
