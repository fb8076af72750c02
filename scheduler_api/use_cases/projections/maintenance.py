"""Maintain derived data: rebuild it from the log, verify it against the log, extend its horizon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from scheduler_api.engine.model.facts import Fact
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.reminders.kinds import DOSE_TO_CHECK
from scheduler_api.engine.treatment.position import treatment_position
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.audit import events
from scheduler_api.store.database.port import Busy, Damaged, Row, Store, Unavailable
from scheduler_api.store.patients import dose_words, facts, patients, positions
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.reminders import notification_preferences, planned_messages
from scheduler_api.store.sites import at_sites, sites
from scheduler_api.store.visits import visits, worklist
from scheduler_api.use_cases.audit import checkpoints, contents, integrity
from scheduler_api.use_cases.session import lock_patient, lock_patients
from scheduler_api.use_cases.sites.protocols import versions_of

from .planning import digest_rows, plan_site, wrongly_planned
from .projections import HORIZON, derived_rows, horizon, write_projections
from .reached import unreached_rows


def rebuild(store: Store, now: datetime, progress: Callable[[str], None] = lambda patient_id: None) -> int:
    """Delete all derived data and write it anew from the log, in one unit of work; return the number of patients."""
    count = 0
    with store.transaction():
        lock_patients(store)
        acknowledged = worklist.acknowledged(store)
        # A record called for them, and no calendar does.
        to_check = planned_messages.of_kind(store, DOSE_TO_CHECK)
        patients.delete_all(store)
        for patient_id in facts.patients(store):
            rows = facts.rows_of_patient(store, patient_id)
            recorded = facts.of_rows(store, rows)
            _rebuild_patient(store, patient_id, recorded, rows[-1], now)
            progress(patient_id)
            count += 1
        # Another version may word a reason differently; the entry is still the same.
        worklist.renew_acknowledgements(store, acknowledged)
        planned_messages.put(store, to_check)
        _plan_sites(store, now)
    return count


def _rebuild_patient(store: Store, patient_id: str, recorded: list[Fact], last: Row, now: datetime) -> None:
    history = fold(recorded)
    row = patients.row_of(patient_id, history, last["seq"], last["hash"], recorded[-1].recorded_at, horizon(now))
    patients.insert(store, row)
    dose_words.write(store, patient_id, row["version"], history.doses)
    at_sites.replace_former(store, patient_id, at_sites.former_rows(patient_id, history))
    schedule = PatientSchedule(versions_of(store, history.registered.protocol), history)
    write_projections(store, patient_id, schedule, notification_preferences.refresh_copy(store, patient_id), now)


def verify(
    store: Store,
    progress: Callable[[str], None] = lambda patient_id: None,
    keys: checkpoints.Keys = checkpoints.NO_KEYS,
    kept: Iterable[Row] = (),
    now: datetime | None = None,
) -> Iterator[str]:
    """Yield what is wrong with the logs or with what is derived from them, a sentence each; nothing if all is well.

    `kept` are checkpoints that were exported. `now` is the present instant (None: nothing is compared with it).
    """
    yield from _careful("the database itself", lambda: (f"the database itself: {line}" for line in store.damage()))
    for patient_id in facts.patients(store):
        yield from _careful(f"patient {patient_id}", lambda: _wrong_of(store, patient_id, now))  # noqa: B023
        progress(patient_id)
    yield from _careful("derived rows", lambda: _stray(store))
    for stream in events.streams(store):
        yield from _careful(f"stream {stream}", lambda: integrity.event_breaks(store, stream))  # noqa: B023
    yield from _careful("contents", lambda: contents.content_breaks(store))
    yield from _careful("checkpoints", lambda: checkpoints.breaks(store, keys, kept))
    yield from (f"trigger {name}: is missing, or not as it was made" for name in store.missing_triggers())
    if now is not None:
        yield from _careful("instants", lambda: _ahead(store, now))


def _careful(what: str, check: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Yield what a check finds; a check that cannot even read what somebody put there has found something, too."""
    try:
        yield from check()
    except Damaged as error:
        yield f"{what}: cannot be read ({error})"
    except (Busy, Unavailable):
        raise
    except Exception as error:
        yield f"{what}: cannot be read ({type(error).__name__})"


def _wrong_of(store: Store, patient_id: str, now: datetime | None) -> list[str]:
    with store.snapshot():
        rows = facts.rows_of_patient(store, patient_id)
        return list(integrity.fact_breaks(patient_id, rows)) or list(_differences(store, patient_id, rows, now))


def _stray(store: Store) -> Iterator[str]:
    for table, patient_id in patients.without_facts(store):
        yield f"patient {patient_id}: has a row in {table} but no facts"
    for time_zone in patients.unnoted_time_zones(store):
        yield f"time zone {time_zone}: is missing, though patients live in it"
    for row in planned_messages.of_sites(store):
        day = date.fromisoformat(row["about"])
        wanted = digest_rows(store, row["site"], day, day).get(row["message_id"])
        # One that was late at night is held back by the worker.
        if wanted is None or row["next_at"] < wanted["next_at"] or {**row, "next_at": ""} != {**wanted, "next_at": ""}:
            yield f"site {row['site']}: the digest of {day} is not what the site wants"


def _ahead(store: Store, now: datetime) -> Iterator[str]:
    yield from integrity.ahead(store, now)
    for patient_id in patients.extended_beyond(store, horizon(now + timedelta(1)), 200):
        yield f"patient {patient_id}: visits and reminders are planned from a day that is still to come"


def _differences(store: Store, patient_id: str, rows: list[Row], now: datetime | None) -> Iterator[str]:
    """Yield where stored and rebuilt rows differ."""
    stored = patients.get(store, patient_id)
    if stored is None:
        yield f"patient {patient_id}: has facts but no row"
        return
    try:
        recorded, last = facts.of_rows(store, rows), rows[-1]
        fold(recorded)
    except (ValueError, TypeError, KeyError, StopIteration):
        yield f"patient {patient_id}: the facts cannot be read, though their chain holds"
        return
    if (stored["version"], stored["head"]) != (last["seq"], last["hash"]):
        yield f"patient {patient_id}: the log ends at number {last['seq']}, the patient is at {stored['version']}"
        return
    history, through = fold(recorded), date.fromisoformat(stored["visits_through"])
    rebuilt = patients.row_of(patient_id, history, last["seq"], last["hash"], recorded[-1].recorded_at, through)
    rebuilt = {**rebuilt, "preferences": notification_preferences.stored_of_patient(store, patient_id)}
    for column in rebuilt:
        if rebuilt[column] != stored[column]:
            yield f"patient {patient_id}: stored {column} is not what the facts give"
    schedule = PatientSchedule(versions_of(store, history.registered.protocol), history)
    if positions.get(store, patient_id) != positions.to_text(treatment_position(schedule.treatment_plan)):
        yield f"patient {patient_id}: the stored position is not what the facts give"
    expected = derived_rows(patient_id, schedule, through)
    to_do = expected.worklist | unreached_rows(store, patient_id, history)
    for what, derived, stored_rows in (
        (
            "what is stored of the doses of",
            dose_words.by_month(history.doses),
            dose_words.of_patient(store, patient_id),
        ),
        ("the former site", at_sites.former_rows(patient_id, history), at_sites.former(store, patient_id)),
        ("the row of visit", expected.visits, visits.of_patient(store, patient_id)),
        ("the worklist's entry", to_do, worklist.of_patient(store, patient_id)),
    ):
        for name in sorted({*derived, *stored_rows}):
            if derived.get(name) != stored_rows.get(name):
                named = " ".join(name[::-1]).strip() if isinstance(name, tuple) else name
                yield f"patient {patient_id}: {what} {named} is not what the facts give"
    for kind, about in wrongly_planned(store, stored, schedule, through - timedelta(HORIZON), now):
        yield f"patient {patient_id}: the reminder {kind} of {about} is not what the facts give"


def replan(store: Store, now: datetime) -> int:
    """Plan all patients and sites anew from today on; return how many patients: a clock was ahead when they were.

    What a tick by that clock skipped as expired is planned again.
    """
    count = 0
    for patient_ids in _batched(facts.patients(store), 200):
        with store.transaction():
            for patient_id in patient_ids:
                extend_horizon(store, patient_id, now)
        count += len(patient_ids)
    with store.transaction():
        _plan_sites(store, now)
    return count


def _batched(items: Iterator[str], size: int) -> Iterator[list[str]]:
    """Yield items in lists of a size, the last as long as is left."""
    while batch := list(islice(items, size)):
        yield batch


def extend_horizons(store: Store, now: datetime) -> int:
    """Extend the visits and reminders of all patients to the horizon; return how many patients were extended."""
    count = 0
    while extended := extend_some(store, now):
        count += extended
    with store.transaction():
        _plan_sites(store, now)
    return count


def extend_some(store: Store, now: datetime) -> int:
    """Extend some patients to the horizon in one unit of work; return how many (0: all reach it)."""
    patient_ids = patients.not_extended_through(store, horizon(now), 200)
    # From a day that is still to come nothing is planned until that day: a clock was ahead.
    patient_ids = patient_ids or patients.extended_beyond(store, horizon(now + timedelta(1)), 200)
    with store.transaction():
        # In the order of their ids, so that two who do this at once do not wait for each other.
        for patient_id in sorted(patient_ids):
            extend_horizon(store, patient_id, now)
    return len(patient_ids)


def extend_horizon(store: Store, patient_id: str, now: datetime) -> None:
    """Extend the visits and reminders of one patient to the horizon, inside a unit of work."""
    lock_patient(store, patient_id)
    row = patients.get(store, patient_id)
    if row is None:
        return
    schedule = PatientSchedule(versions_of(store, row["protocol"]), of_row(store, row))
    write_projections(store, patient_id, schedule, row["preferences"], now)
    patients.set_visits_through(store, patient_id, horizon(now))


def _plan_sites(store: Store, now: datetime) -> None:
    for site in sites.every(store):
        plan_site(store, site["site"], now)
