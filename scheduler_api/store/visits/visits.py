"""The table `visits`: a derived row for each visit of each patient, for questions across patients.

Rows hold dates and facts, never a status: that follows from them and from today, in the query. Of what is only booked
(`in_plan` 0, or with an `appointment`) the window is the booked day, as in the engine's `Visit`: so it has its place in
every order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.history import History
from scheduler_api.engine.visits.series import Visit
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import in_turn, one_of
from scheduler_api.store.database.writes import Writer
from scheduler_api.store.patients import derived, reasons
from scheduler_api.store.patients.time_zones import today_sql
from scheduler_api.store.sites.at_sites import site_columns

_COLUMNS = (
    *("patient_id", "site", "moved_to", "moved_on", "day_site", "protocol", "subject_number", "time_zone"),
    *Visit._fields,
    "booked_from",
)

#: The statuses of the rules' section 5, in its order; the engine's `Visit.status` says the same.
STATUSES = ("done", "not_required", "upcoming", "open", "overdue", "missed")
_STATUS_SQL = """CASE
    WHEN v.done_on IS NOT NULL THEN 'done'
    WHEN v.ends_on <= v.closes_on THEN 'not_required'
    WHEN v.awaits_start = 1 OR {today} < v.opens_on THEN 'upcoming'
    WHEN {today} <= v.closes_on THEN 'open'
    WHEN v.overdue_through IS NULL OR {today} <= v.overdue_through THEN 'overdue'
    ELSE 'missed' END"""
#: Whether a booking is not over by what was done on another day.
_KEPT = "(done_on IS NULL OR done_on = booked_on OR booking = 'stands')"


def rows_of(patient_id: str, history: History, visits: Sequence[Visit]) -> dict[str, Row]:
    """Return the rows of a patient's visits, by the visit's name. Each has the columns that name its patient."""
    site, moved_to, _ = site_columns(history)
    moved_on = history.transfers[-1].from_on.isoformat() if history.transfers else None
    moved = {"site": site, "moved_to": moved_to, "moved_on": moved_on}
    patient = {**derived.patient_columns(patient_id, history), **moved}
    rows: dict[str, Row] = {}
    for visit in visits:
        values = visit._asdict()
        row: dict[str, Any] = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()
        }
        row["label"], row["because"] = reasons.to_text(visit.label), reasons.to_text(visit.because)
        # In UTC, so that it sorts as the instants do.
        row["booked_from"] = visit.booked_from and stamp(visit.booked_from)
        for flag in ("has_response", "provisional", "is_vague", "awaits_start", "in_plan"):
            row[flag] = int(row[flag])
        rows[visit.visit] = {**patient, **row, "day_site": history.site_on(visit.day)}
    return rows


def of_patient(store: Store, patient_id: str) -> dict[str, Row]:
    """Return a patient's stored rows, by the visit's name."""
    return derived.of_patient(store, "visits", "visit", patient_id)


def of_patients(store: Store, patient_ids: Collection[str]) -> dict[str, dict[str, Row]]:
    """Return the stored rows of some patients, by patient and visit; patients without any are left out."""
    return derived.of_patients(store, "visits", "visit", patient_ids)


def replace(writer: Writer, patient_id: str, rows: Mapping[str, Row], stored: Mapping[str, Row]) -> None:
    """Make a patient's `stored` rows equal to these, touching only those that differ."""
    derived.replace(writer, "visits", "visit", _COLUMNS, patient_id, rows, stored)


#: The orders in which visits are listed: the columns of each. A row's key in an order is unique.
SORTS: Mapping[str, tuple[str, ...]] = {
    "closes_on": ("closes_on", "patient_id", "visit"),
    "opens_on": ("opens_on", "patient_id", "visit"),
    "target_on": ("target_on", "patient_id", "visit"),
    "subject": ("subject_number", "patient_id", "target_on", "visit"),
    "booked_at": ("booked_from", "patient_id", "visit"),
}

#: The columns read for a list of visits, in addition to status, today and the patient's position.
_LISTED = (
    *("patient_id", "subject_number", "visit", "series", "label", "target_on", "opens_on", "closes_on"),
    "overdue_through",
    *(
        "booked_on",
        "booked_time",
        "booked_place",
        "booked_site",
        "booked_time_zone",
        "booked_from",
        "done_on",
        "days_off",
        "assigned",
        "response",
        "parts",
        "provisional",
        "in_plan",
        "appointment",
    ),
    *("because", "amount", "given_amount", "unit"),
)


@dataclass(frozen=True)
class Query:
    """The conditions of a search for visits (None: no condition). `after` is the last row's key in the order `sort`.

    `booked_first` and `booked_last` are the first and last booked day; `kept` leaves out what was done on another day
    than it was booked for, unless a part of it is to come. The order `booked_at` has only what is booked.
    """

    series: str | None = None
    statuses: Sequence[str] | None = None
    first: date | None = None
    last: date | None = None
    booked_first: date | None = None
    booked_last: date | None = None
    booked: bool | None = None
    patient_id: str | None = None
    sort: str = "closes_on"
    after: Sequence[str] | None = None
    limit: int = 50
    kept: bool = False


def find(store: Store, todays: dict[str, date], sites: Sequence[str] | None, query: Query) -> list[Row]:
    """Return the visits of some sites (None: all) that meet a query, in order, and one more if there are more.

    Each has the columns of a list, with `status` and `today`, and the patient's `position` as text.
    """
    parameters: dict[str, Any] = {"limit": query.limit + 1}
    today = today_sql(todays, "v.time_zone", parameters)
    where = [*_conditions(query, todays, today, parameters)]
    order = [f"v.{column}" for column in SORTS[query.sort]]
    if query.after is not None:
        names = [f"after_{number}" for number in range(len(order))]
        where.append(f"({', '.join(order)}) > ({', '.join(f':{name}' for name in names)})")
        parameters.update(zip(names, query.after, strict=True))
    listed, end = _listed_sql(today), f"ORDER BY {', '.join(order)} LIMIT :limit"
    ways = ["TRUE"]
    if sites is not None:
        stayed = f"{one_of('v.site', 'site', sites, parameters)} AND (v.moved_on IS NULL OR v.moved_on > {today})"
        came = f"{one_of('v.moved_to', 'site', sites, parameters)} AND v.moved_on <= {today}"
        ways = [stayed, came]
    statuses = set(query.statuses or STATUSES)
    if statuses <= {"open", "upcoming"} and query.sort == "closes_on" and todays:
        # Says it again for the index: what is open or to come closes today or later, wherever the patient lives, or
        # awaits the start of treatment. In another order it would only lead away from the index of that order.
        parameters["earliest_today"] = min(todays.values()).isoformat()
        awaiting = f"({' OR '.join(ways)}) AND v.awaits_start = 1 AND v.closes_on < :earliest_today"
        ways = [*(f"{way} AND v.closes_on >= :earliest_today" for way in ways), awaiting]
    elif statuses <= {"overdue", "missed"} and todays:
        # Likewise: it has closed, so that what is to come need not be looked through.
        parameters["latest_today"] = max(todays.values()).isoformat()
        where.append("v.closes_on < :latest_today")
        if query.sort in ("opens_on", "target_on"):
            where.append(f"v.{query.sort} < :latest_today")
    elif "done" in statuses and len(statuses) > 1 and query.sort in ("opens_on", "target_on", "subject"):
        # What is done and what is not have an index each.
        ways = [f"{way} AND v.done_on IS {done} NULL" for way in ways for done in ("", "NOT")]
    return store.rows(in_turn(listed, ways, where, end, "v"), parameters)


def named(store: Store, todays: dict[str, date], names: Collection[tuple[str, str]]) -> list[Row]:
    """Return the same columns of the visits named by patient and visit, in any order."""
    parameters: dict[str, Any] = {}
    sql = _listed_sql(today_sql(todays, "v.time_zone", parameters))
    for number, (patient_id, visit) in enumerate(names):
        parameters[f"patient_{number}"], parameters[f"visit_{number}"] = patient_id, visit
    pairs = ", ".join(f"(:patient_{number}, :visit_{number})" for number in range(len(names)))
    return store.rows(
        f"WITH wanted (patient_id, visit) AS (VALUES {pairs}) "
        f"{sql} JOIN wanted w ON w.patient_id = v.patient_id AND w.visit = v.visit",
        parameters,
    )


def _listed_sql(today: str) -> str:
    columns = ", ".join(f"v.{column}" for column in _LISTED)
    status = _STATUS_SQL.format(today=today)
    # What is to do is not due before today: the engine's `Visit.site` says the same.
    site = (
        f"CASE WHEN v.moved_on IS NULL OR v.done_on IS NOT NULL OR v.booked_on IS NOT NULL OR v.target_on >= {today} "
        f"OR {status} NOT IN ('open', 'overdue') THEN v.day_site "
        f"WHEN v.moved_on <= {today} THEN v.moved_to ELSE v.site END"
    )
    return (
        f"SELECT {columns}, {site} AS site, {status} AS status, {today} AS today, s.position "
        "FROM visits v JOIN treatment_positions s ON s.patient_id = v.patient_id"
    )


def listed(row: Row, site: str, status: str, today: date, treatment_position: str) -> Row:
    """Return a row of `rows_of` as `find` would give it, on a day."""
    columns = {column: row[column] for column in _LISTED}
    return {**columns, "site": site, "status": status, "today": today.isoformat(), "position": treatment_position}


def _conditions(query: Query, todays: dict[str, date], today: str, parameters: dict[str, Any]) -> Iterator[str]:
    """Yield the conditions of a query in SQL, and put their values into `parameters`."""
    if query.series is not None:
        yield one_of("v.series", "series", [query.series], parameters)
    if query.patient_id is not None:
        yield one_of("v.patient_id", "patient_id", [query.patient_id], parameters)
    if query.statuses is not None:
        if "done" not in query.statuses:
            yield "v.done_on IS NULL"
        elif set(query.statuses) == {"done"}:
            yield "v.done_on IS NOT NULL"
        if set(query.statuses) == {"open", "upcoming"}:
            # Both, the most frequent query, without computing a status for each row.
            yield f"(v.ends_on IS NULL OR v.ends_on > v.closes_on) AND (v.closes_on >= {today} OR v.awaits_start = 1)"
        else:
            yield one_of(_STATUS_SQL.format(today=today), "status", query.statuses, parameters)
    if query.first is not None:
        yield "v.closes_on >= :first"
        parameters["first"] = query.first.isoformat()
    if query.last is not None:
        yield "v.opens_on <= :last"
        parameters["last"] = query.last.isoformat()
    if query.sort == "booked_at":
        yield "v.booked_from IS NOT NULL"
    for sign, day, name in ((">=", query.booked_first, "booked_first"), ("<=", query.booked_last, "booked_last")):
        if day is not None:
            yield f"v.booked_on {sign} :{name}"
            parameters[name] = day.isoformat()
    if query.kept:
        yield _KEPT
    if query.booked is not None:
        # A booking before today with nothing done counts as not booked.
        is_booked = f"(v.booked_on IS NOT NULL AND (v.done_on IS NOT NULL OR v.booked_on >= {today}))"
        yield is_booked if query.booked else f"NOT {is_booked}"


def booked_per_day(store: Store, sites: Sequence[str], series: str, first: str, last: str) -> list[Row]:
    """Return how many bookings of a series were made for some sites on each day: rows `site`, `booked_on`, `count`.

    A visit done on another day no longer counts on the day for which it was booked, unless a part of it is to come.
    """
    parameters: dict[str, Any] = {"series": series, "first": first, "last": last}
    return store.rows(
        "SELECT booked_site AS site, booked_on, COUNT(*) AS count FROM visits "
        f"WHERE {one_of('booked_site', 'site', sites, parameters)} AND series = :series "
        "AND booked_site IS NOT NULL AND booked_on BETWEEN :first AND :last "
        f"AND {_KEPT} GROUP BY booked_site, booked_on",
        parameters,
    )
