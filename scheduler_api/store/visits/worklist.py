"""The tables `worklist` and `acknowledgements`: what sites have to do, and what of it can wait.

A row of `worklist` is derived from one patient's facts and holds dates: these and today say whether it is listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from scheduler_api.engine.model.history import History
from scheduler_api.engine.worklist.entry import BOOKING_AT_OLD_SITE, UNFORESEEABLE, WorklistEntry
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.database.writes import Writer
from scheduler_api.store.patients import derived, reasons
from scheduler_api.store.patients.time_zones import today_sql
from scheduler_api.store.sites.at_sites import at_sites

_COLUMNS = (
    "patient_id",
    "entry_id",
    "site",
    "protocol",
    "subject_number",
    "time_zone",
    "kind",
    "visit",
    "from_on",
    "through_on",
    "due_on",
    "because",
    "resolve_with",
)
_SELECTED = (
    "w.patient_id, w.entry_id, w.site, w.subject_number, w.kind, w.visit, w.from_on, w.due_on, w.because, "
    "w.resolve_with"
)
_ACKNOWLEDGEMENT = ("entry_id", "patient_id", "note", "until", "because", "acknowledged_at", "role", "name")
#: The last day of an entry, as it is indexed.
_THROUGH = "COALESCE(w.through_on, '9999-12-31')"

#: What stands for a kind in an entry's id, which is part of addresses: those may be logged on their way.
_UNTOLD = {"pregnancy": "to_follow"}


def rows_of(patient_id: str, history: History, entries: Iterable[WorklistEntry]) -> dict[str, Row]:
    """Return the rows of a patient's entries, by a stable id: kind, patient and what the entry is about."""
    patient = derived.patient_columns(patient_id, history)
    rows: dict[str, Row] = {}
    for entry in entries:
        for part, site in _at_sites(entry, history):
            names = (_UNTOLD.get(part.kind, part.kind), patient_id, part.about)
            entry_id = ".".join(filter(None, names))
            rows[entry_id] = {**patient, "site": site, "entry_id": entry_id, **_columns(part)}
    return rows


def _at_sites(entry: WorklistEntry, history: History) -> Iterator[tuple[WorklistEntry, str]]:
    """Yield an entry with its site; one that is listed across a transfer in parts, of which each has a name.

    What one site acknowledged says nothing of what the next is to look at.
    """
    if entry.site is not None:
        yield entry, entry.site
        return
    for number, stay in enumerate(history.stays):
        from_on = max(entry.from_on, stay.from_on or entry.from_on)
        ends = [day for day in (entry.through_on, stay.through_on) if day is not None]
        through_on = min(ends, default=None)
        if through_on is None or from_on <= through_on:
            about = ".".join(filter(None, (entry.about, f"site-{number + 1}"))) if number else entry.about
            yield entry._replace(about=about, from_on=from_on, through_on=through_on), stay.site


def _columns(entry: WorklistEntry) -> Row:
    return {
        "kind": entry.kind,
        "visit": entry.visit,
        "from_on": entry.from_on.isoformat(),
        "through_on": entry.through_on and entry.through_on.isoformat(),
        "due_on": entry.due_on.isoformat(),
        "because": reasons.to_text(entry.because),
        "resolve_with": orjson.dumps([call._asdict() for call in entry.resolve_with]).decode(),
    }


def of_patient(store: Store, patient_id: str) -> dict[str, Row]:
    """Return a patient's stored rows, by id."""
    return derived.of_patient(store, "worklist", "entry_id", patient_id)


def of_patients(store: Store, patient_ids: Collection[str]) -> dict[str, dict[str, Row]]:
    """Return the stored rows of some patients, by patient and id; patients without any are left out."""
    return derived.of_patients(store, "worklist", "entry_id", patient_ids)


def replace(writer: Writer, patient_id: str, rows: Mapping[str, Row], stored: Mapping[str, Row]) -> None:
    """Make a patient's `stored` rows equal to these, touching only those that differ."""
    derived.replace(writer, "worklist", "entry_id", _COLUMNS, patient_id, rows, stored)


@dataclass(frozen=True)
class Query:
    """The conditions of a search for entries: those listed on the day of `todays` in the patient's time zone.

    `over_by` has the present day in each zone when `todays` is another day: entries that are certain only after a day
    are listed for no day after it. `entry` selects one, by patient and id. `acknowledged` includes those that were
    acknowledged until a later day. `after` is the key of the last row of the page before.
    """

    todays: dict[str, date]
    now: datetime
    over_by: dict[str, date] | None = None
    sites: Sequence[str] | None = None
    patient_id: str | None = None
    entry: tuple[str, str] | None = None
    acknowledged: bool = False
    after: tuple[str, str] | None = None
    limit: int = 50


def find(store: Store, query: Query) -> list[Row]:
    """Return the entries that meet a query, soonest `due_on` first.

    Each has today, and its acknowledgement if that is in force.
    """
    if not query.todays:
        return []
    parameters: dict[str, Any] = {"limit": query.limit, "latest_today": max(query.todays.values()).isoformat()}
    today = today_sql(query.todays, "w.time_zone", parameters)
    where = [f"w.from_on <= {today} AND (w.through_on IS NULL OR w.through_on >= {today})"]
    if query.over_by is not None:
        present = today_sql(query.over_by, "w.time_zone", parameters, "present")
        where.append(f"(w.kind <> :when_over OR w.from_on <= {present})")
        parameters["when_over"] = UNFORESEEABLE
    if query.sites is not None:
        # Of whom another site has now, a site learns only which booking of its own to cancel.
        here = at_sites("p.", query.sites, query.now, parameters)
        where.append(f"{one_of('w.site', 'site', query.sites, parameters)} AND (w.kind = :own OR {here})")
        parameters["own"] = BOOKING_AT_OLD_SITE
    if query.patient_id is not None:
        where.append("w.patient_id = :patient_id")
        parameters["patient_id"] = query.patient_id
    if query.entry is not None:
        where.append("w.patient_id = :patient_id AND w.entry_id = :entry_id")
        parameters["patient_id"], parameters["entry_id"] = query.entry
    if not query.acknowledged:
        where.append("a.entry_id IS NULL")
    if query.after is not None:
        where.append("(w.due_on, w.entry_id) > (:after_due, :after_entry)")
        parameters["after_due"], parameters["after_entry"] = query.after
    entries = (
        "worklist w LEFT JOIN acknowledgements a "
        f"ON a.entry_id = w.entry_id AND a.because = w.because AND a.until > {today}"
    )
    if query.sites is None and query.patient_id is None and query.entry is None:
        days = _due_days(store, f"{entries} WHERE {' AND '.join(where)}", query, parameters)
        where.append(one_of("w.due_on", "due_on", days, parameters))
    else:
        # For the index of a site.
        where.append("w.from_on <= :latest_today")
    return store.rows(
        f"SELECT {_SELECTED}, {today} AS today, "
        "a.note, a.until, a.acknowledged_at, a.role AS by_role, a.name AS by_name "
        f"FROM {entries} JOIN patients p ON p.patient_id = w.patient_id "
        f"WHERE {' AND '.join(where)} ORDER BY w.due_on, w.entry_id LIMIT :limit",
        parameters,
    )


def _due_days(store: Store, listed: str, query: Query, parameters: Mapping[str, Any]) -> list[str]:
    """Return the days on which the first entries that are `listed` are due: as many days as a page needs.

    Of all patients, most entries are over or to come. Day by day an index passes over them: over is what ended before
    today, of the days before it; to come is what begins after today, of the others.
    """
    first = "SELECT MIN(due_on) AS day FROM worklist" + (
        " WHERE due_on >= :after_due" if query.after is not None else ""
    )
    # No more than a page is counted: many may be due on one day.
    number = "SELECT COUNT(*) FROM (SELECT 1 FROM {listed} AND w.due_on = days.next_on AND {near} LIMIT :limit) AS page"
    late = number.format(listed=listed, near=f"{_THROUGH} >= :earliest_today")
    later = number.format(listed=listed, near="w.from_on <= :latest_today")
    rows = store.rows(
        "WITH RECURSIVE days (due_on, listed, before, next_on) AS ("
        f"SELECT day, 0, 0, day FROM ({first}) AS first UNION ALL SELECT next_on, CAST("
        f"CASE WHEN next_on < :earliest_today THEN ({late}) ELSE ({later}) END AS INTEGER), before + listed, "
        "(SELECT MIN(due_on) FROM worklist WHERE due_on > days.next_on) "
        "FROM days WHERE next_on IS NOT NULL AND before + listed < :limit) "
        "SELECT due_on FROM days WHERE listed > 0",
        {**parameters, "earliest_today": min(query.todays.values()).isoformat()},
    )
    return [row["due_on"] for row in rows]


def acknowledged(store: Store) -> list[Row]:
    """Return which entries are acknowledged with the reason they have now: their `patient_id` and `entry_id`."""
    return store.rows(
        "SELECT a.patient_id, a.entry_id FROM acknowledgements a JOIN worklist w ON w.entry_id = a.entry_id "
        "AND w.patient_id = a.patient_id AND w.because = a.because"
    )


def renew_acknowledgements(store: Store, entries: Iterable[Row]) -> None:
    """Make the acknowledgements of some entries apply to the reasons these have now."""
    store.write_many(
        "UPDATE acknowledgements SET because = COALESCE((SELECT w.because FROM worklist w "
        "WHERE w.entry_id = :entry_id AND w.patient_id = :patient_id), because) "
        "WHERE entry_id = :entry_id AND patient_id = :patient_id",
        entries,
    )


def acknowledge(store: Store, row: Row) -> None:
    """Record that an entry can wait, replacing an earlier acknowledgement."""
    store.write(
        f"INSERT INTO acknowledgements ({', '.join(_ACKNOWLEDGEMENT)}) "
        f"VALUES ({', '.join(':' + name for name in _ACKNOWLEDGEMENT)}) ON CONFLICT (entry_id) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in _ACKNOWLEDGEMENT[1:])}",
        row,
    )


def take_back(store: Store, entry_id: str, patient_id: str) -> bool:
    """Delete the acknowledgement of an entry; return whether there was one."""
    gone = store.write(
        "DELETE FROM acknowledgements WHERE entry_id = :entry_id AND patient_id = :patient_id",
        {"entry_id": entry_id, "patient_id": patient_id},
    )
    return gone == 1
