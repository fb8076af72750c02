"""The table `visits`: a derived row for each visit of each patient, for questions across patients.

Rows hold dates and facts, never a status: that follows from them and from today, in the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler_api.engine.history import History
from scheduler_api.engine.visits import Visit

from . import derived
from .port import Row, Store
from .zones import today_sql

_COLUMNS = ("patient_id", "site", "protocol", "subject_number", "time_zone", *Visit._fields)

#: The statuses of the rules' section 5, in its order; the engine's `Visit.status` says the same.
STATUSES = ("done", "not_required", "upcoming", "open", "overdue", "missed")
_STATUS_SQL = """CASE
    WHEN v.done_on IS NOT NULL THEN 'done'
    WHEN v.ends_on <= v.closes_on THEN 'not_required'
    WHEN {today} < v.opens_on THEN 'upcoming'
    WHEN {today} <= v.closes_on THEN 'open'
    WHEN v.next_opens_on IS NULL OR {today} < v.next_opens_on THEN 'overdue'
    ELSE 'missed' END"""


def rows_of(patient_id: str, history: History, visits: Sequence[Visit]) -> dict[str, Row]:
    """The rows that a patient's visits make, by name. Each has what a list says of its patient."""
    whose = derived.whose(patient_id, history)
    rows: dict[str, Row] = {}
    for visit in visits:
        values = visit._asdict()
        row: dict[str, Any] = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()
        }
        row["provisional"] = int(visit.provisional)
        rows[visit.visit] = {**whose, **row}
    return rows


def of_patient(store: Store, patient_id: str) -> dict[str, Row]:
    """A patient's stored rows, by the visit's name."""
    return derived.of_patient(store, "visits", "visit", patient_id)


def replace(store: Store, patient_id: str, rows: dict[str, Row]) -> None:
    """Make a patient's stored rows equal to these, touching only those that differ."""
    derived.replace(store, "visits", "visit", _COLUMNS, patient_id, rows)


@dataclass(frozen=True)
class Query:
    """Which visits are asked for; None asks for all. `after` is the key of the last row seen."""

    todays: dict[str, date]
    sites: Sequence[str] | None = None
    series: str | None = None
    statuses: Sequence[str] | None = None
    first: date | None = None
    last: date | None = None
    booked: bool | None = None
    patient_id: str | None = None
    after: tuple[str, str, str] | None = None
    limit: int = 50


def find(store: Store, query: Query) -> list[Row]:
    """The visits asked for, soonest `closes_on` first, each with its status, subject number, time zone and today."""
    parameters: dict[str, Any] = {"limit": query.limit}
    today = today_sql(query.todays, "v.time_zone", parameters)
    status = _STATUS_SQL.format(today=today)
    where: list[str] = []

    def one_of(column: str, name: str, values: Sequence[str]) -> None:
        parameters.update({f"{name}_{number}": value for number, value in enumerate(values)})
        names = ", ".join(f":{name}_{number}" for number in range(len(values)))
        where.append(f"{column} IN ({names})" if len(values) != 1 else f"{column} = :{name}_0")

    if query.sites is not None:
        one_of("v.site", "site", query.sites)
    if query.series is not None:
        one_of("v.series", "series", [query.series])
    if query.patient_id is not None:
        one_of("v.patient_id", "patient_id", [query.patient_id])
    if query.statuses is not None:
        one_of(status, "status", query.statuses)
        if "done" not in query.statuses:
            where.append("v.done_on IS NULL")
        if set(query.statuses) <= {"open", "upcoming"} and query.todays:
            # Said once more for the index: what is open or to come closes today or later, wherever the patient lives.
            where.append("v.closes_on >= :earliest_today")
            parameters["earliest_today"] = min(query.todays.values()).isoformat()
    if query.first is not None:
        where.append("v.closes_on >= :first")
        parameters["first"] = query.first.isoformat()
    if query.last is not None:
        where.append("v.opens_on <= :last")
        parameters["last"] = query.last.isoformat()
    if query.booked is not None:
        # A booking before today with nothing done counts as not booked.
        is_booked = f"(v.booked_on IS NOT NULL AND (v.done_on IS NOT NULL OR v.booked_on >= {today}))"
        where.append(is_booked if query.booked else f"NOT {is_booked}")
    if query.after is not None:
        where.append("(v.closes_on, v.patient_id, v.visit) > (:after_closes, :after_patient, :after_visit)")
        parameters.update(zip(("after_closes", "after_patient", "after_visit"), query.after, strict=True))
    return store.rows(
        f"SELECT v.*, {status} AS status, {today} AS today FROM visits v "
        f"{'WHERE ' + ' AND '.join(where) if where else ''} "
        "ORDER BY v.closes_on, v.patient_id, v.visit LIMIT :limit",
        parameters,
    )
