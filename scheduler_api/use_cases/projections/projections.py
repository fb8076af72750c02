"""Write what is derived from a history in the fact's transaction: snapshot, visits, worklist, reminders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scheduler_api.engine.dates import EARLIEST
from scheduler_api.engine.doses.accountability import differing
from scheduler_api.engine.doses.dose_gaps import dose_gaps, is_between_doses_taken
from scheduler_api.engine.doses.off_plan import harmful_doses
from scheduler_api.engine.treatment.position import treatment_position
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.series import Visit
from scheduler_api.engine.worklist.entry import ABOUT_VISITS
from scheduler_api.engine.worklist.worklist import worklist as engine_worklist
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.writes import Writer
from scheduler_api.store.patients import dose_words, patients, positions
from scheduler_api.store.sites import at_sites
from scheduler_api.store.visits import visits, worklist

from .horizons import EVERY, period_of
from .planning import is_planned_for, plan_patient
from .reached import unreached_rows
from .stored import Sites, StoredRows, messages_of, sites_of, stored_rows

#: How far back and ahead the worklist reaches, in days; its rows reach a little further, until they are extended.
WORKLIST_REACH = 60
_SLACK = 3


class Derived(NamedTuple):
    """The rows kept of a patient for questions across patients: visits by name, worklist entries by id."""

    visits: dict[str, Row]
    worklist: dict[str, Row]


def derived_rows(patient_id: str, schedule: PatientSchedule, through: date) -> Derived:
    """Return the rows of all visits of a patient that open, or are done or booked, through a day; and what is to do."""
    in_range = schedule.visits(_BEGINNING, through)
    rows = visits.rows_of(patient_id, schedule.history, in_range)
    return Derived(rows, worklist_rows(patient_id, schedule, in_range, through))


def worklist_rows(
    patient_id: str, schedule: PatientSchedule, of: Iterable[Visit] | None, through: date
) -> dict[str, Row]:
    """Return the worklist rows of a patient for some visits, as stored when visits reach through a day.

    None leaves out all that is about visits.
    """
    entries = engine_worklist(schedule, of, *_reach(through))
    return worklist.rows_of(patient_id, schedule.history, entries)


def _reach(through: date) -> tuple[date, date]:
    """Return the range of days that the worklist covers when its visits reach through a day: of a whole period."""
    first, reach = period_of(through), timedelta(WORKLIST_REACH + _SLACK)
    return first - reach, first + timedelta(EVERY) + reach


#: Before anything a protocol can plan for a patient.
_BEGINNING = date(EARLIEST.year - 900, 1, 1)


def insert_patient(store: Store, schedule: PatientSchedule, row: Row, now: datetime) -> None:
    """Write a new patient's row and what follows from the registration. Raises Duplicate."""
    patient_id = row["patient_id"]
    patients.insert(store, row)
    dose_words.write(store, patient_id, row["version"], schedule.history.doses)
    _write_all(store, patient_id, schedule, None, date.fromisoformat(row["visits_through"]), now)


def update_patient(
    store: Store,
    before: PatientSchedule,
    after: PatientSchedule,
    stored: Row,
    row: Row,
    day: date | None,
    now: datetime,
) -> bool:
    """Replace a patient's `stored` row by the `row` after one more fact, and write what follows from the fact.

    `day` is given if the fact is the record of a day. Returns False if another writer was faster. Raises Duplicate.
    """
    if not patients.update(store, stored, row):
        return False
    patient_id, preferences = row["patient_id"], stored["preferences"]
    through = date.fromisoformat(row["visits_through"])
    dose_words.write(store, patient_id, row["version"], after.history.doses)
    if before.history.transfers or after.history.transfers:
        at_sites.replace_former(store, patient_id, at_sites.former_rows(patient_id, after.history))
    reaches_horizon = stored["visits_through"] == row["visits_through"]
    if reaches_horizon and day is not None and after.plans_like(before):
        _write_day(store, patient_id, before, after, day, preferences, through, now)
    else:
        same_visits = reaches_horizon and _same_visits(before, after)
        _write_all(store, patient_id, after, preferences, through, now, same_visits)
    return True


def _write_all(
    store: Store,
    patient_id: str,
    schedule: PatientSchedule,
    preferences: str | None,
    through: date,
    now: datetime,
    visits_unchanged: bool = False,
) -> None:
    stored, sites = stored_rows(store, [patient_id], now)[patient_id], sites_of(store, [schedule.history])
    write_projections(store, patient_id, schedule, preferences, sites, stored, through, now, visits_unchanged)


def _same_visits(before: PatientSchedule, after: PatientSchedule) -> bool:
    """Return whether two schedules of a patient have the same visit rows through a day, without computing them."""
    one, other = before.history, after.history
    if (one.registered, one.enrolled, one.time_zone) != (other.registered, other.enrolled, other.time_zone):
        return False
    # What there is to do about a visit says that the patient is pregnant.
    if one.pregnancies != other.pregnancies:
        return False
    if one.transfers != other.transfers:
        return False
    return not after.changed_series(before)


def _write_day(
    store: Store,
    patient_id: str,
    before: PatientSchedule,
    after: PatientSchedule,
    day: date,
    preferences: str | None,
    through: date,
    now: datetime,
) -> None:
    """Write what the record of a day changes while the plan is the same: entries on doses and counts, and messages."""
    moved = False
    entries_moved = differing(before.treatment_plan, day) != differing(after.treatment_plan, day)
    for plan in after.treatment_plan.doses:
        was_plan = before.treatment_plan.dose_plan(plan.regimen.name, plan.slot)
        if was_plan is None or was_plan.log is plan.log:
            continue
        if not is_between_doses_taken(plan.log, day):
            # Also those too short for the worklist: there is a message about them.
            was, is_now = ([*dose_gaps(one, *_reach(through))] for one in (was_plan, plan))
            moved |= was != is_now
        harmed, harms = (harmful_doses(one, day, day) for one in (was_plan, plan))
        entries_moved |= harmed != harms
    if moved or entries_moved:
        stored_entries, entries = (worklist_rows(patient_id, schedule, None, through) for schedule in (before, after))
        worklist.replace(store, patient_id, entries, stored_entries)
    if moved or is_planned_for(day, after, through, now):
        sites, messages = sites_of(store, [after.history]), messages_of(store, [patient_id], now)[patient_id]
        plan_patient(store, patient_id, after, preferences, sites, messages, through, now)


def write_projections(
    writer: Writer,
    patient_id: str,
    schedule: PatientSchedule,
    preferences: str | None,
    sites: Sites,
    stored: StoredRows,
    through: date,
    now: datetime,
    visits_unchanged: bool = False,
) -> None:
    """Write the derived rows of a patient: visits through a day, position, worklist, reminders.

    Only what differs from the `stored` rows is written. `visits_unchanged` says that the stored visits are right
    already.
    """
    if visits_unchanged:
        # So are the entries about them: only the rest of the worklist is computed.
        about_visits = {key: row for key, row in stored.worklist.items() if row["kind"] in ABOUT_VISITS}
        entries = about_visits | worklist_rows(patient_id, schedule, None, through)
    else:
        rows = derived_rows(patient_id, schedule, through)
        visits.replace(writer, patient_id, rows.visits, stored.visits)
        entries = rows.worklist
    entries |= unreached_rows(patient_id, schedule.history, stored.unreached_since)
    positions.put(writer, patient_id, treatment_position(schedule.treatment_plan))
    worklist.replace(writer, patient_id, entries, stored.worklist)
    plan_patient(writer, patient_id, schedule, preferences, sites, stored.messages, through, now)
