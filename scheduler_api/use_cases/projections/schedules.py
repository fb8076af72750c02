"""Compute the schedule of a stored patient."""

from __future__ import annotations

from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import snapshots
from scheduler_api.use_cases.sites.protocols import versions_named


def of_row(store: Store, row: Row) -> PatientSchedule:
    """Return the schedule of the patient with this row."""
    history = snapshots.of_row(store, row)
    return PatientSchedule(versions_named(store, history), history)
