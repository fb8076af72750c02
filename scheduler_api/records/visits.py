"""Visits of all patients: what nurses ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.faults import Fault, Impossible
from scheduler_api.store import visits, zones

from .access import Session, sites_to_search
from .derive import HORIZON, horizon

_SHOWN = (
    "patient_id",
    "subject_number",
    "site",
    "visit",
    "series",
    "label",
    "target_on",
    "opens_on",
    "closes_on",
    "status",
    "booked_on",
    "booked_time",
    "booked_place",
    "done_on",
    "days_off",
    "assigned",
    "response",
    "provisional",
    "because",
    "today",
)


@dataclass(frozen=True)
class VisitPage:
    """Some visits, soonest to close first, and the key to go on after (None: there are no more)."""

    items: list[dict[str, Any]]
    after: tuple[str, str, str] | None


def find(
    session: Session,
    series: str | None = None,
    statuses: Sequence[str] | None = None,
    site: str | None = None,
    first: date | None = None,
    last: date | None = None,
    booked: bool | None = None,
    patient_id: str | None = None,
    after: tuple[str, str, str] | None = None,
    limit: int = 50,
) -> VisitPage:
    """The visits of the actor's patients whose window meets `first`…`last`, each with its status today.

    Raises NotFound for another's site, Impossible for a reversed range or one beyond what is reckoned ahead.
    """
    if first is not None and last is not None and last < first:
        raise Impossible([Fault("/to", "The range is reversed: `to` is before `from`.")])
    for name, day in (("from", first), ("to", last)):
        if day is not None and day > horizon(session.now) - timedelta(1):
            raise Impossible([Fault(f"/{name}", f"Visits are listed up to {HORIZON - 1} days ahead.")])
    query = visits.Query(
        zones.todays(session.store, session.now),
        sites_to_search(session, site),
        series,
        statuses,
        first,
        last,
        booked,
        patient_id,
        after,
        limit + 1,
    )
    rows = visits.find(session.store, query)
    items = [{**{name: row[name] for name in _SHOWN}, "provisional": bool(row["provisional"])} for row in rows[:limit]]
    key = None
    if len(rows) > limit:
        key = (items[-1]["closes_on"], items[-1]["patient_id"], items[-1]["visit"])
    return VisitPage(items, key)
