"""What is derived from a history and kept in the fact's transaction: snapshot, visits, worklist, reminders."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from scheduler_api.engine import worklist as engine_worklist
from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.dates import EARLIEST
from scheduler_api.engine.history import History
from scheduler_api.engine.protocol import Versions
from scheduler_api.engine.standing import standing
from scheduler_api.store import patients, standings, visits, worklist
from scheduler_api.store.port import Row, Store

from .planning import plan_patient

#: How far ahead visit rows reach, in days.
HORIZON = 400
#: How far back and ahead the worklist reaches, in days; its rows reach a little further, until they are rolled.
WORKLIST_REACH = 60
_SLACK = 3


class Derived(NamedTuple):
    """The rows kept of a patient for questions across patients: visits by name, worklist entries by id."""

    visits: dict[str, Row]
    worklist: dict[str, Row]


def horizon(now: datetime) -> date:
    """The day through which visit rows are kept."""
    return now.date() + timedelta(HORIZON)


def derived_rows(patient_id: str, reckoning: Reckoning, through: date) -> Derived:
    """The rows of all visits of a patient that open, or are done or booked, through a day; and what is to do."""
    history, found = reckoning.history, reckoning.visits(_BEGINNING, through)
    now, reach = through - timedelta(HORIZON), timedelta(WORKLIST_REACH + _SLACK)
    entries = engine_worklist.worklist(reckoning, found, now - reach, now + reach)
    return Derived(visits.rows_of(patient_id, history, found), worklist.rows_of(patient_id, history, entries))


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
    """Write what a patient's history says of the days to come: visits as far as they are kept, worklist, reminders.

    Beside the visits stands where the patient stands.
    """
    rows = derived_rows(patient_id, reckoning, horizon(now))
    visits.replace(store, patient_id, rows.visits)
    standings.put(store, patient_id, standing(reckoning.course))
    worklist.replace(store, patient_id, rows.worklist)
    plan_patient(store, patient_id, reckoning, wishes, now)
