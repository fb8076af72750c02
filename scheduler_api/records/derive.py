"""What is derived from a history and kept beside the log, in the transaction of the fact: snapshot and visit rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.dates import EARLIEST
from scheduler_api.engine.history import History
from scheduler_api.engine.protocol import Versions
from scheduler_api.store import patients, visits
from scheduler_api.store.port import Row, Store

#: How far ahead visit rows reach, in days.
HORIZON = 400


def horizon(now: datetime) -> date:
    """The day through which visit rows are kept."""
    return now.date() + timedelta(HORIZON)


def visit_rows(patient_id: str, versions: Versions, history: History, through: date) -> dict[str, Row]:
    """The rows of all visits of a patient that open, or are done or booked, through a day."""
    found = Reckoning(versions, history).visits(_BEGINNING, through)
    return visits.rows_of(patient_id, history, found)


#: Before anything a protocol can plan for a patient.
_BEGINNING = date(EARLIEST.year - 900, 1, 1)


def keep(
    store: Store,
    patient_id: str,
    versions: Versions,
    history: History,
    version: int,
    head: str,
    recorded_at: datetime,
    through: date,
) -> bool:
    """Write what follows from a patient's history after fact number `version`; False if another writer was faster."""
    row = patients.row_of(patient_id, history, version, head, recorded_at, through)
    if version == 1:
        patients.insert(store, row)
    elif not patients.update(store, row):
        return False
    visits.replace(store, patient_id, visit_rows(patient_id, versions, history, through))
    return True
