"""Search both logs as one, in the order of time: facts and audit events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scheduler_api.engine.model.facts import KIND_OF
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.sites.at_sites import at_sites, site_sql, was_at_sites

#: The position of a row in the order of time: its instant, its log, its stream, and its number in that.
Position = tuple[str, str, str, int]

_SELECTS = {
    "audit": (
        "SELECT 'audit' AS log, a.stream, a.seq, a.at, a.actor, a.role, a.name, a.action, a.patient_id, a.site, "
        "a.route, a.detail, NULL AS fact_id, NULL AS replaces, NULL AS correction, a.hash FROM audit a"
    ),
    "facts": (
        "SELECT 'facts' AS log, f.patient_id AS stream, f.seq, f.recorded_at AS at, f.actor, f.role, f.name, "
        "f.kind AS action, f.patient_id, {site} AS site, NULL AS route, f.data AS detail, f.fact_id, f.replaces, "
        "f.correction, f.hash FROM facts f JOIN patients p ON p.patient_id = f.patient_id"
    ),
}
#: The names of the columns of each log: time, stream, number, action, actor, patient.
_NAMES = {
    "audit": ("a.at", "a.stream", "a.seq", "a.action", "a.actor", "a.patient_id"),
    "facts": ("f.recorded_at", "f.patient_id", "f.seq", "f.kind", "f.actor", "f.patient_id"),
}
_KINDS = frozenset(KIND_OF.values())


@dataclass(frozen=True)
class Query:
    """The conditions of a search (None: no condition): from `since` on, before `until`, after a position."""

    now: datetime
    sites: Sequence[str] | None = None
    patient_id: str | None = None
    actor: str | None = None
    action: str | None = None
    since: str | None = None
    until: str | None = None
    after: Position | None = None
    limit: int = 50


def position_of(row: Row) -> Position:
    """Return the position of a row in the order of time."""
    return row["at"], row["log"], row["stream"], row["seq"]


def find(store: Store, query: Query) -> list[Row]:
    """Return the rows that meet a query, oldest first.

    Those about a patient are for the site that has the patient, and for one before as far as they are of its time.
    """
    rows = []
    for log in _SELECTS:
        if query.action is None or (query.action in _KINDS) == (log == "facts"):
            rows += _of_log(store, log, query)
    return sorted(rows, key=position_of)[: query.limit]


def _of_log(store: Store, log: str, query: Query) -> list[Row]:
    at, stream, seq, action, actor, patient_id = _NAMES[log]
    parameters: dict[str, Any] = {"limit": query.limit}
    where: list[str] = []

    def condition(sql: str, **values: Any) -> None:
        where.append(sql)
        parameters.update(values)

    for name, column in (("patient_id", patient_id), ("actor", actor), ("action", action)):
        if (value := getattr(query, name)) is not None:
            condition(f"{column} = :{name}", **{name: value})
    if query.since is not None:
        condition(f"{at} >= :since", since=query.since)
    if query.until is not None:
        condition(f"{at} < :until", until=query.until)
    if query.sites is not None:
        here = at_sites("p.", query.sites, query.now, parameters)
        of_patient = f"({here} OR {was_at_sites('p.patient_id', query.sites, at, parameters)})"
        condition(of_patient if log == "facts" else _of_sites(query.sites, of_patient, parameters))
    if query.after is not None:
        instant, after_log, after_stream, after_seq = query.after
        if log == after_log:
            condition(f"({at}, {stream}, {seq}) > (:after, :after_stream, :after_seq)", after=instant)
            parameters.update(after_stream=after_stream, after_seq=after_seq)
        else:
            condition(f"{at} {'>=' if log > after_log else '>'} :after", after=instant)
    conditions = f" WHERE {' AND '.join(where)}" if where else ""
    select = _SELECTS[log].replace("{site}", site_sql("p.", query.now, parameters))
    return store.rows(f"{select}{conditions} ORDER BY {at}, {stream}, {seq} LIMIT :limit", parameters)


def _of_sites(sites: Sequence[str], of_patient: str, parameters: dict[str, Any]) -> str:
    seen = f"SELECT 1 FROM patients p WHERE p.patient_id = a.patient_id AND {of_patient}"
    about_none = f"(a.patient_id IS NULL AND {one_of('a.site', 'site', sites, parameters)})"
    return f"({about_none} OR EXISTS ({seen}))"


def pages(store: Store, query: Query) -> Any:
    """Yield all rows that meet a query, in pages of `query.limit`."""
    while rows := find(store, query):
        yield rows
        if len(rows) < query.limit:
            return
        query = replace(query, after=position_of(rows[-1]))


def after(store: Store, at: str, limit: int = 200) -> list[Row]:
    """Return the log, stream, number and instant of what was recorded later than an instant, a limit of each log."""
    logs = (("facts", "facts", "patient_id", "recorded_at"), ("audit", "audit", "stream", "at"))
    return [
        row
        for log, table, stream, instant in logs
        for row in store.rows(
            f"SELECT '{log}' AS log, {stream} AS stream, seq, {instant} AS at FROM {table} "
            f"WHERE {instant} > :at ORDER BY {instant}, {stream}, seq LIMIT :limit",
            {"at": at, "limit": limit},
        )
    ]
