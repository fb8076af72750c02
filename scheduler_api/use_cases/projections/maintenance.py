"""Maintain derived data: rebuild it from the log, verify it against the log, extend its horizon."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice

from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.reminders.kinds import DOSE_TO_CHECK
from scheduler_api.engine.treatment.position import treatment_position
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.audit import events
from scheduler_api.store.database.port import Busy, Damaged, Row, Store, Unavailable
from scheduler_api.store.patients import dose_words, facts, patients, positions
from scheduler_api.store.reminders import notification_preferences, planned_messages, unreached
from scheduler_api.store.sites import at_sites, sites
from scheduler_api.store.visits import visits, worklist
from scheduler_api.use_cases.audit import checkpoints, contents, integrity
from scheduler_api.use_cases.session import lock_patient, lock_patients
from scheduler_api.use_cases.sites.protocols import versions_of

from .extending import BATCH, extend, extension_of
from .horizons import farthest, has_run_out
from .planning import digest_rows, plan_site, wrongly_planned
from .projections import derived_rows
from .reached import unreached_rows
from .rebuilding import rebuilt


def rebuild(
    store: Store, now: datetime, progress: Callable[[str], None] = lambda patient_id: None, workers: int = 1
) -> int:
    """Delete all derived data and write it anew from the log, in one unit of work; return the number of patients.

    So many `workers`, processes of their own unless it is one, compute what this one writes.
    """
    count = 0
    with store.transaction():
        lock_patients(store)
        acknowledged = worklist.acknowledged(store)
        # A record called for them, and no calendar does.
        to_check = planned_messages.of_kind(store, DOSE_TO_CHECK)
        patients.delete_all(store)
        # In the order in which their messages lie, so that few places are written.
        for batch in rebuilt(store, sorted(facts.patients(store), key=_place), now, workers):
            batch.writes.flush(store)
            for patient_id in batch.patient_ids:
                progress(patient_id)
            count += len(batch.patient_ids)
        # Another version may word a reason differently; the entry is still the same.
        worklist.renew_acknowledgements(store, acknowledged)
        planned_messages.put(store, to_check)
        _plan_sites(store, now)
    return count


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
    for patient_id in patients.extended_beyond(store, farthest(now)):
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
    schedule = PatientSchedule(versions_of(store, history.registered.protocol), history)
    history = schedule.history
    rebuilt = patients.row_of(patient_id, history, last["seq"], last["hash"], recorded[-1].recorded_at, through)
    rebuilt = {**rebuilt, "preferences": notification_preferences.stored_of_patient(store, patient_id)}
    for column in rebuilt:
        if rebuilt[column] != stored[column]:
            yield f"patient {patient_id}: stored {column} is not what the facts give"
    if positions.get(store, patient_id) != positions.to_text(treatment_position(schedule.treatment_plan)):
        yield f"patient {patient_id}: the stored position is not what the facts give"
    expected = derived_rows(patient_id, schedule, through)
    to_do = expected.worklist | unreached_rows(patient_id, history, unreached.since(store, patient_id))
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
    for kind, about in wrongly_planned(store, stored, schedule, now):
        yield f"patient {patient_id}: the reminder {kind} of {about} is not what the facts give"


def replan(store: Store, now: datetime) -> int:
    """Plan all patients and sites anew from today on; return how many patients: a clock was ahead when they were.

    What a tick by that clock skipped as expired is planned again.
    """
    count = 0
    patient_ids = facts.patients(store)
    while batch := list(islice(patient_ids, BATCH)):
        with store.transaction():
            for patient_id in batch:
                extend_horizon(store, patient_id, now)
        count += len(batch)
    with store.transaction():
        _plan_sites(store, now)
    return count


def extend_horizons(store: Store, now: datetime) -> int:
    """Extend the visits and messages of patients whose period is over; return how many were extended.

    Any number of workers may do so at once: each takes other patients.
    """
    count = 0
    while extended := sum(extend(store, batch, now) for batch in _run_out(store, now)):
        count += extended
    with store.transaction():
        _plan_sites(store, now)
    return count


def _run_out(store: Store, now: datetime) -> Iterator[list[str]]:
    """Yield the ids of the patients who are to be extended, in batches."""
    run_out = patients.not_extended_through(store, has_run_out(now))
    beyond = patients.extended_beyond(store, farthest(now))
    # In the order in which their messages lie, so that few places are written. Each worker begins somewhere else, and
    # walks past what others have done.
    in_order = sorted([*run_out, *beyond], key=_place)
    first = random.randrange(len(in_order)) if in_order else 0
    in_order = in_order[first:] + in_order[:first]
    return (in_order[start : start + BATCH] for start in range(0, len(in_order), BATCH))


def _place(patient_id: str) -> str:
    """Return where a patient's messages lie among all that are due at one instant."""
    return planned_messages.beginning(patient_id, "")


def extend_horizon(store: Store, patient_id: str, now: datetime) -> None:
    """Write the visits and messages of one patient through the patient's period, inside a unit of work."""
    lock_patient(store, patient_id)
    extension_of(store, [patient_id], now).write(store, [patient_id])


def _plan_sites(store: Store, now: datetime) -> None:
    for site in sites.every(store):
        plan_site(store, site["site"], now)
