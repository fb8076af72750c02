"""What is derived from a history and kept in the fact's transaction: snapshot, visits, worklist, reminders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scheduler_api.engine import worklist as engine_worklist
from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.dates import EARLIEST
from scheduler_api.engine.history import History
from scheduler_api.engine.standing import standing
from scheduler_api.engine.visits import Visit
from scheduler_api.store import patients, standings, visits, worklist
from scheduler_api.store.port import Row, Store
from scheduler_api.store.snapshots import remember

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
    found = reckoning.visits(_BEGINNING, through)
    rows = visits.rows_of(patient_id, reckoning.history, found)
    return Derived(rows, worklist_rows(patient_id, reckoning, found, through))


def worklist_rows(patient_id: str, reckoning: Reckoning, of: Iterable[Visit], through: date) -> dict[str, Row]:
    """The rows of what is to do about a patient and some visits, kept on the day that has visits through a day."""
    now, reach = through - timedelta(HORIZON), timedelta(WORKLIST_REACH + _SLACK)
    entries = engine_worklist.worklist(reckoning, of, now - reach, now + reach)
    return worklist.rows_of(patient_id, reckoning.history, entries)


#: Before anything a protocol can plan for a patient.
_BEGINNING = date(EARLIEST.year - 900, 1, 1)


def same_visits(before: Reckoning, after: Reckoning) -> bool:
    """Whether the visit rows of two histories of a patient, through one day, are the same without being reckoned."""
    one, other = before.history, after.history
    return (one.enrolled, one.time_zone) == (other.enrolled, other.time_zone) and not after.series_unlike(before)


def keep(
    store: Store,
    patient_id: str,
    reckoning: Reckoning,
    version: int,
    head: str,
    recorded_at: datetime,
    now: datetime,
    wishes: str | None,
    before: History | None = None,
    visits_stand: bool = False,
) -> bool:
    """Write what follows from a patient's history after fact number `version`; False if another writer was faster.

    `wishes` are the patient's as kept: how to be reminded. `before` is the history that is stored, and `visits_stand`
    says that the visit rows stored are right already.
    """
    history = reckoning.history
    row = patients.row_of(patient_id, history, version, head, recorded_at, horizon(now), before)
    if version == 1:
        patients.insert(store, row)
    elif not patients.update(store, row):
        return False
    remember(patient_id, head, history)
    keep_ahead(store, patient_id, reckoning, wishes, now, visits_stand)
    return True


def keep_ahead(
    store: Store,
    patient_id: str,
    reckoning: Reckoning,
    wishes: str | None,
    now: datetime,
    visits_stand: bool = False,
) -> None:
    """Write what a patient's history says of the days to come: visits as far as they are kept, worklist, reminders.

    Beside the visits stands where the patient stands.
    """
    if visits_stand:
        # So does what is to do about them: only the rest of the worklist is reckoned.
        about_visits = {key: row for key, row in worklist.of_patient(store, patient_id).items() if row["visit"]}
        entries = about_visits | worklist_rows(patient_id, reckoning, (), horizon(now))
    else:
        rows = derived_rows(patient_id, reckoning, horizon(now))
        visits.replace(store, patient_id, rows.visits)
        entries = rows.worklist
    standings.put(store, patient_id, standing(reckoning.course))
    worklist.replace(store, patient_id, entries)
    plan_patient(store, patient_id, reckoning, wishes, now)
