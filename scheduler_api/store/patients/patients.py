"""The table `patients`: one derived row for each, so that a read is one row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.status import status_days
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import in_turn, one_of
from scheduler_api.store.database.writes import Writer
from scheduler_api.store.sites.at_sites import at_sites, site_columns, ways_to_sites

from .snapshots import FORMAT, text_of
from .time_zones import today_sql

_COLUMNS = (
    "patient_id",
    "protocol",
    "subject_number",
    "site",
    "moved_to",
    "moved_at",
    "version",
    "head",
    "recorded_at",
    "time_zone",
    "failed_screening",
    "enrolled_from",
    "on_treatment_from",
    "follow_up_from",
    "off_study_from",
    "visits_through",
    "history",
    "format",
)
_IN_ORDER = "ORDER BY subject_number, patient_id LIMIT :limit"


def row_of(
    patient_id: str,
    history: History,
    version: int,
    head: str,
    recorded_at: datetime,
    visits_through: date,
) -> Row:
    """Return a patient's row, made from the history."""
    registered = history.registered
    values = (
        patient_id,
        registered.protocol,
        registered.subject_number,
        *site_columns(history),
        version,
        head,
        recorded_at.isoformat(),
        history.time_zone,
        int(history.failed_screening),
        *(day and day.isoformat() for day in status_days(history)),
        visits_through.isoformat(),
        text_of(history),
        FORMAT,
    )
    return dict(zip(_COLUMNS, values, strict=True))


def insert(writer: Writer, row: Row) -> None:
    """Add a patient. Raises Duplicate when another who is no screen failure has the number in this protocol."""
    writer.bulk_insert("patients", [row])
    _note_time_zone(writer, row)


def update(store: Store, stored: Row, row: Row) -> bool:
    """Replace a patient's `stored` row by that of the next version; return False if another writer was faster.

    Only what differs is written: the indexes over the rest stay untouched.
    """
    changed = [name for name in _COLUMNS if row[name] != stored[name]]
    if "time_zone" in changed:
        _note_time_zone(store, row)
    sql = (
        f"UPDATE patients SET {', '.join(f'{name} = :{name}' for name in changed)} "
        "WHERE patient_id = :patient_id AND version = :version - 1"
    )
    return store.write(sql, row) == 1


def _note_time_zone(writer: Writer, row: Row) -> None:
    writer.bulk_insert("time_zones", [{"time_zone": row["time_zone"]}], "ON CONFLICT DO NOTHING")


def get(store: Store, patient_id: str) -> Row | None:
    """Return one patient's row."""
    return store.row("SELECT * FROM patients WHERE patient_id = :patient_id", {"patient_id": patient_id})


def by_subject(store: Store, protocol: str, subject_number: str) -> Row | None:
    """Return the patient with a subject number: of several the one who is no screen failure, else the last of them."""
    return store.row(
        "SELECT * FROM patients WHERE protocol = :protocol AND subject_number = :subject_number "
        "ORDER BY failed_screening, recorded_at DESC LIMIT 1",
        {"protocol": protocol, "subject_number": subject_number},
    )


def of_patients(store: Store, patient_ids: Collection[str]) -> list[Row]:
    """Return the rows of some patients, in any order."""
    parameters: dict[str, Any] = {}
    return store.rows(
        f"SELECT * FROM patients WHERE {one_of('patient_id', 'patient', patient_ids, parameters)}", parameters
    )


def recipients(store: Store, patient_ids: Collection[str]) -> dict[str, Row]:
    """Return the id, subject number and preferences of some patients, by patient."""
    parameters: dict[str, Any] = {}
    rows = store.rows(
        "SELECT patient_id, subject_number, preferences FROM patients "
        f"WHERE {one_of('patient_id', 'patient', patient_ids, parameters)}",
        parameters,
    )
    return {row["patient_id"]: row for row in rows}


#: What else than the history decides what is stored of a patient, and is changed by whoever changes that.
STATE = ("patient_id", "version", "visits_through", "preferences")


def states(store: Store, patient_ids: Collection[str]) -> dict[str, Row]:
    """Return the columns `STATE` of some patients, by patient."""
    parameters: dict[str, Any] = {}
    of_them = one_of("patient_id", "patient", patient_ids, parameters)
    rows = store.rows(f"SELECT {', '.join(STATE)} FROM patients WHERE {of_them}", parameters)
    return {row["patient_id"]: row for row in rows}


def not_extended_through(store: Store, through: date) -> list[str]:
    """Return the ids of the patients whose visit rows do not yet reach `through`."""
    return _by_visits_through(store, "<", through)


def extended_beyond(store: Store, through: date) -> list[str]:
    """Return the ids of the patients whose visit rows reach further than `through`."""
    return _by_visits_through(store, ">", through)


def _by_visits_through(store: Store, relation: str, through: date) -> list[str]:
    rows = store.tuples(
        f"SELECT patient_id FROM patients WHERE visits_through {relation} :through", {"through": through.isoformat()}
    )
    return [patient_id for (patient_id,) in rows]


def set_visits_through(writer: Writer, patient_id: str, through: date) -> None:
    """Record through which day a patient has visit rows."""
    writer.write_many(
        "UPDATE patients SET visits_through = :through WHERE patient_id = :patient_id",
        [{"patient_id": patient_id, "through": through.isoformat()}],
    )


def delete_all(store: Store) -> None:
    """Delete all derived rows: patients, dose words, visits, treatment positions, worklist, time zones and reminders.

    The log stays.
    """
    for table in (
        *("patients", "dose_words", "former_sites", "visits", "treatment_positions", "worklist", "time_zones"),
        *("reminders", "reminder_times"),
    ):
        store.write(f"DELETE FROM {table}", {})


@dataclass(frozen=True)
class Query:
    """The conditions of a search for patients; None sets no condition. `after` is the key of the last row of a page."""

    todays: dict[str, date]
    now: datetime
    sites: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    protocol: str | None = None
    patient_id: str | None = None
    subject_number: str | None = None
    subject_number_part: str | None = None
    after: tuple[str, str] | None = None
    limit: int = 50


def find(store: Store, query: Query) -> list[Row]:
    """Return the patients that meet a query, by subject number, each with its status and today."""
    parameters: dict[str, Any] = {"limit": query.limit}
    today = today_sql(query.todays, "time_zone", parameters)
    status = (
        f"CASE WHEN off_study_from <= {today} THEN 'off_study' WHEN follow_up_from <= {today} THEN 'follow_up' "
        f"WHEN on_treatment_from <= {today} THEN 'on_treatment' WHEN enrolled_from <= {today} THEN 'enrolled' "
        "ELSE 'screening' END"
    )
    ways = ["TRUE"] if query.sites is None else ways_to_sites("", query.sites, query.now, parameters)
    where = []
    if query.statuses is not None:
        where.append(one_of(status, "status", query.statuses, parameters))
    for column in ("protocol", "patient_id", "subject_number"):
        if (value := getattr(query, column)) is not None:
            where.append(f"{column} = :{column}")
            parameters[column] = value
    if query.subject_number_part is not None:
        where.append("LOWER(subject_number) LIKE :part ESCAPE '!'")
        part = query.subject_number_part.lower()
        for special in "!%_":
            part = part.replace(special, f"!{special}")
        parameters["part"] = f"%{part}%"
    if query.after is not None:
        where.append("(subject_number, patient_id) > (:after_subject, :after_patient)")
        parameters["after_subject"], parameters["after_patient"] = query.after
    select = (
        "SELECT patient_id, subject_number, version, time_zone, history, format, "
        f"{status} AS status, {today} AS today FROM patients"
    )
    return store.rows(in_turn(select, ways, where, _IN_ORDER), parameters)


def whole(
    store: Store,
    sites: Sequence[str] | None,
    now: datetime,
    protocol: str | None,
    after: tuple[str, str] | None,
    limit: int,
    former: bool = False,
) -> list[Row]:
    """Return whole rows of patients, by subject number and id, after the one named; of sites, of a protocol.

    `former` includes those whom another site has since.
    """
    where, parameters = _after(protocol, after)
    ways = ["TRUE"] if sites is None else ways_to_sites("", sites, now, parameters, former)
    return store.rows(in_turn("SELECT * FROM patients", ways, where, _IN_ORDER), {**parameters, "limit": limit})


def count_after(
    store: Store, sites: Sequence[str] | None, now: datetime, protocol: str | None, after: tuple[str, str] | None
) -> int:
    """Return how many patients `whole` would give without a limit."""
    where, parameters = _after(protocol, after)
    if sites is not None:
        where.append(at_sites("", sites, now, parameters))
    row = store.row(f"SELECT COUNT(*) AS count FROM patients WHERE {' AND '.join(where)}", parameters)
    return int(row["count"]) if row else 0


def _after(protocol: str | None, after: tuple[str, str] | None) -> tuple[list[str], dict[str, Any]]:
    parameters: dict[str, Any] = dict(zip(("subject_number", "patient_id"), after or ("", ""), strict=True))
    where = ["(subject_number, patient_id) > (:subject_number, :patient_id)"]
    if protocol is not None:
        where.append("protocol = :protocol")
        parameters["protocol"] = protocol
    return where, parameters


def is_any_of_another_format(store: Store) -> bool:
    """Return whether any patient's derived rows were written in another format than this version's."""
    return store.row("SELECT 1 FROM patients WHERE format <> :format LIMIT 1", {"format": FORMAT}) is not None


#: The tables with derived rows of patients.
DERIVED = ("patients", "dose_words", "former_sites", "visits", "treatment_positions", "worklist", "reminders")


def without_facts(store: Store) -> Iterator[tuple[str, str]]:
    """Yield patients with derived rows but without a fact in the log, with the table: there should be none."""
    for table in DERIVED:
        for row in store.rows(
            f"SELECT DISTINCT patient_id FROM {table} t WHERE patient_id IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM facts f WHERE f.patient_id = t.patient_id) ORDER BY patient_id LIMIT 200"
        ):
            yield table, row["patient_id"]


def unnoted_time_zones(store: Store) -> list[str]:
    """Return the time zones that patients live in and the table `time_zones` does not have: there should be none."""
    rows = store.rows(
        "SELECT DISTINCT time_zone FROM patients p "
        "WHERE NOT EXISTS (SELECT 1 FROM time_zones z WHERE z.time_zone = p.time_zone) ORDER BY time_zone"
    )
    return [row["time_zone"] for row in rows]


def of_site(store: Store, site: str) -> list[str]:
    """Return the ids of the patients whom a site has or is to have, or had until their latest transfer."""
    rows = store.rows(
        "SELECT patient_id FROM patients WHERE site = :site OR moved_to = :site ORDER BY patient_id", {"site": site}
    )
    return [row["patient_id"] for row in rows]
