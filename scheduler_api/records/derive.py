"""What is derived from a history and kept beside the log, in the fact's transaction: snapshot, visits, reminders."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.dates import EARLIEST
from scheduler_api.engine.history import History
from scheduler_api.engine.protocol import Versions
from scheduler_api.store import patients, visits
from scheduler_api.store.port import Row, Store

from .planning import plan_patient

#: How far ahead visit rows reach, in days.
HORIZON = 400


def horizon(now: datetime) -> date:
    """The day through which visit rows are kept."""
    return now.date() + timedelta(HORIZON)


def visit_rows(patient_id: str, reckoning: Reckoning, through: date) -> dict[str, Row]:
    """The rows of all visits of a patient that open, or are done or booked, through a day."""
    return visits.rows_of(patient_id, reckoning.history, reckoning.visits(_BEGINNING, through))


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
    now: datetime,
    wishes: str | None,
) -> bool:
    """Write what follows from a patient's history after fact number `version`; False if another writer was faster.

    `wishes` are the patient's as kept: how to be reminded.
    """
    row = patients.row_of(patient_id, history, version, head, recorded_at, horizon(now))
    if version == 1:
        patients.insert(store, row)
    elif not patients.update(store, row):
        return False
    keep_ahead(store, patient_id, Reckoning(versions, history), wishes, now)
    return True


def keep_ahead(store: Store, patient_id: str, reckoning: Reckoning, wishes: str | None, now: datetime) -> None:
    """Write what a patient's history says of the days to come: visits as far as they are kept, and reminders."""
    visits.replace(store, patient_id, visit_rows(patient_id, reckoning, horizon(now)))
    plan_patient(store, patient_id, reckoning, wishes, now)
