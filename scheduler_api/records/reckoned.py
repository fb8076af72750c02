"""The schedule of a stored patient."""

from __future__ import annotations

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.store import snapshots
from scheduler_api.store.port import Row, Store

from .protocols import versions_named


def of_row(store: Store, row: Row) -> Reckoning:
    """Return the schedule of the patient whose row this is."""
    history = snapshots.of_row(store, row)
    return Reckoning(versions_named(store, history), history)
