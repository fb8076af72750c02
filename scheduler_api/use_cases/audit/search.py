"""Search the audit trail: facts and other events, with who, when, what, old and new values, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.facts import body_to_data
from scheduler_api.store.audit import search
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import facts
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.session import Session, patient_row, readable_until, sites_to_search

#: How many entries an export reads at once.
_PORTION = 500


@dataclass(frozen=True)
class Filters:
    """Filters of audit entries (None: no filter): from `since` on, and before `until`."""

    patient_id: str | None = None
    actor: str | None = None
    action: str | None = None
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(
    session: Session, filters: Filters, after: tuple[str, str, str, str] | None, limit: int
) -> Page[tuple[str, str, str, str]]:
    """Return a page of the audit entries of the actor's sites.

    Raises Forbidden for a nurse, NotFound, ValidationFailed.
    """
    query = replace(_query(session, filters), limit=limit + 1)
    if after is not None:
        at, log, stream, seq = after
        if not (seq.isascii() and seq.isdecimal()):
            raise ValidationFailed([FieldError("/cursor", "Not a cursor of this list.", "malformed")])
        query = replace(query, after=(at, log, stream, int(seq[:15])))
    rows = search.find(session.store, query)
    at, log, stream, seq_of_last = search.position_of(rows[limit - 1]) if len(rows) > limit else ("", "", "", 0)
    items = [_entry(session.store, row) for row in rows[:limit]]
    return Page(items, (at, log, stream, str(seq_of_last)) if len(rows) > limit else None)


def export(session: Session, filters: Filters) -> Iterator[dict[str, Any]]:
    """Yield all audit entries of the actor's sites that pass the filters, read in portions.

    Raises as `find`, before the first entry.
    """
    query = replace(_query(session, filters), limit=_PORTION)
    return (_entry(session.store, row) for rows in search.pages(session.store, query) for row in rows)


def _query(session: Session, filters: Filters) -> search.Query:
    if filters.since is not None and filters.until is not None and filters.until < filters.since:
        raise ValidationFailed([FieldError("/to", "The range is reversed: `to` is before `from`.", "range_reversed")])
    sites = sites_to_search(session, filters.site)
    until = filters.until
    if filters.patient_id is not None:
        # Whoever may see the patient today sees the whole trail; the site before, as far as it goes in its time.
        readable = readable_until(session, patient_row(session, filters.patient_id, former=True))
        until = min((one for one in (until, readable and readable.instant) if one is not None), default=None)
        sites = None if filters.site is None else sites
    since, before = (None if instant is None else stamp(instant) for instant in (filters.since, until))
    return search.Query(session.now, sites, filters.patient_id, filters.actor, filters.action, since, before)


def _entry(store: Store, row: Row) -> dict[str, Any]:
    detail = orjson.loads(row["detail"])
    if row["log"] == "facts":
        old, new, why = _corrected(store, row, detail), {"fact_id": row["fact_id"], **detail}, row["correction"]
        detail = {}
    else:
        old, new, why = (detail.pop(name, None) for name in ("old", "new", "why"))
    return {
        "at": row["at"],
        "log": row["log"],
        "actor": {"id": row["actor"], "role": row["role"], "name": row["name"]},
        "action": row["action"],
        "patient_id": row["patient_id"],
        "site": row["site"],
        "route": row["route"],
        "old": old,
        "new": new,
        "why": why,
        "detail": detail,
        "stream": row["stream"],
        "seq": row["seq"],
        "hash": row["hash"],
    }


def _corrected(store: Store, row: Row, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a fact corrects or voids; None if it does neither."""
    superseded = row["replaces"] or (data.get("voids") if row["action"] == "voided" else None)
    old = facts.get(store, row["patient_id"], superseded) if superseded else None
    return None if old is None else {"fact_id": old.fact_id, "kind": old.kind, **body_to_data(old.body)}
