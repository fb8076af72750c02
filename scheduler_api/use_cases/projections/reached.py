"""Keep on the worklist whom the service's messages do not reach: somebody has to call them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scheduler_api.engine.dates import ONE_DAY, civil_date
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.worklist.entry import REACH_NOBODY, WorklistEntry
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.reminders import unreached
from scheduler_api.store.visits import worklist
from scheduler_api.use_cases.session import lock_patient


def unreached_rows(patient_id: str, history: History, since: str | None) -> dict[str, Row]:
    """Return the worklist row of a patient whom no message reached since an instant, by its id; none of others."""
    if since is None:
        return {}
    day = civil_date(datetime.fromisoformat(since), history.time_zone)
    off_on = history.off_study_on
    through_on = None if off_on is None or history.may_be_contacted else off_on - ONE_DAY
    because = Reason("reached_nobody", day=day)
    return worklist.rows_of(
        patient_id, history, [WorklistEntry(REACH_NOBODY, "", None, day, through_on, day, because, ())]
    )


def note_reached(store: Store, outcomes: Mapping[str, bool], now: datetime) -> None:
    """Note by patient whether a message reached the patient, and list or unlist those for whom that is new.

    In a unit of work for each, since what records a fact locks the patient before the messages.
    """
    if not outcomes:
        return
    before = unreached.among(store, list(outcomes))
    for patient_id in sorted(one for one, reached in outcomes.items() if reached == (one in before)):
        with store.transaction():
            lock_patient(store, patient_id)
            row = patients.get(store, patient_id)
            if row is None:
                continue
            history = of_row(store, row)
            stored = {
                key: entry
                for key, entry in worklist.of_patient(store, patient_id).items()
                if entry["kind"] == REACH_NOBODY
            }
            if outcomes[patient_id]:
                unreached.remove(store, patient_id)
            else:
                unreached.add(store, patient_id, stamp(now))
            since = unreached.since(store, patient_id)
            worklist.replace(store, patient_id, unreached_rows(patient_id, history, since), stored)
