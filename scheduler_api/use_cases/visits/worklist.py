"""List what a site has to do on a day, across patients, and acknowledge what can wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.facts import UNSCHEDULED
from scheduler_api.engine.worklist.entry import ACKNOWLEDGED_FOR_GOOD, BOOKING_AT_OLD_SITE, urgency
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import reasons, time_zones
from scheduler_api.store.visits import visits as stored_visits
from scheduler_api.store.visits import worklist
from scheduler_api.use_cases.audit import events
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.projections.projections import WORKLIST_REACH
from scheduler_api.use_cases.session import (
    NotFound,
    Session,
    lock_patient,
    patient_row,
    sites_to_search,
)

from . import visits

#: For how long an entry can be acknowledged at most, in days.
LONGEST_ACKNOWLEDGED = 90
#: Kinds of entry that perhaps no fact resolves: the site can acknowledge that it has seen them.
_ACKNOWLEDGE_ONLY = ("pregnancy", "doses_not_taken", "hold_open", *ACKNOWLEDGED_FOR_GOOD)
#: How an acknowledgement without an end is stored: as the last day there is, so that it compares like others.
_FOR_GOOD = date.max.isoformat()


def find(
    session: Session,
    site: str | None = None,
    on: date | None = None,
    acknowledged: bool = False,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> Page[tuple[str, str]]:
    """Return what is to do for the actor's patients today, or on another day as far as it can be foreseen.

    Raises NotFound for another's site, ValidationFailed for a day further away than the worklist reaches.
    """
    present = todays = time_zones.todays(session.store, session.now)
    if on is not None:
        if abs((on - session.now.date()).days) > WORKLIST_REACH:
            raise ValidationFailed(
                [
                    FieldError(
                        "/on",
                        f"The worklist reaches {WORKLIST_REACH} days back and ahead.",
                        "range_too_long",
                    )
                ]
            )
        todays = dict.fromkeys(present, on)
    sites = sites_to_search(session, site)
    over_by = None if on is None else present
    query = worklist.Query(todays, session.now, over_by, sites, acknowledged=acknowledged, after=after, limit=limit + 1)
    rows = worklist.find(session.store, query)
    items = _documents(session.store, todays, rows[:limit])
    return Page(items, (items[-1]["due_on"], items[-1]["entry_id"]) if len(rows) > limit else None)


def of_patient(store: Store, row: Row, today: date, now: datetime) -> list[dict[str, Any]]:
    """Return what to do on a day for a patient whose row is already read, soonest due first, without what can wait."""
    todays = {row["time_zone"]: today}
    query = worklist.Query(todays, now, patient_id=row["patient_id"], limit=200)
    return _documents(store, todays, worklist.find(store, query))


def acknowledge(session: Session, entry_id: str, note: str, until: date | None) -> dict[str, Any]:
    """Acknowledge an entry of today, so that it waits until a day; return the entry.

    It is listed again on that day, and before it if its reason changes. Raises NotFound, Forbidden, ValidationFailed.
    """
    with session.store.transaction():
        lock_patient(session.store, _patient_of(entry_id))
        patient = patient_row(session, _patient_of(entry_id))
        today = civil_date(session.now, patient["time_zone"])
        todays = {patient["time_zone"]: today}
        query = worklist.Query(todays, session.now, entry=(patient["patient_id"], entry_id), acknowledged=True)
        row = next(iter(worklist.find(session.store, query)), None)
        if row is None:
            raise NotFound("No such entry today.")
        for_good = row["kind"] in ACKNOWLEDGED_FOR_GOOD
        if for_good and until is not None:
            raise ValidationFailed([FieldError("/until", "Not null: this entry is acknowledged for good.", "for_good")])
        if not for_good and (until is None or not today < until <= today + timedelta(LONGEST_ACKNOWLEDGED)):
            raise ValidationFailed(
                [
                    FieldError(
                        "/until",
                        f"Not a day after today, at most {LONGEST_ACKNOWLEDGED} days ahead.",
                        "out_of_reach",
                    )
                ]
            )
        worklist.acknowledge(
            session.store,
            {
                "entry_id": entry_id,
                "patient_id": row["patient_id"],
                "note": note,
                "until": until.isoformat() if until else _FOR_GOOD,
                "because": row["because"],
                "acknowledged_at": stamp(session.now),
                "role": session.actor.role,
                "name": session.actor.name,
            },
        )
        new = {"note": note, "until": until.isoformat() if until else None}
        events.note(session, "worklist_acknowledged", patient["patient_id"], entry_id=entry_id, new=new)
        return _documents(session.store, todays, worklist.find(session.store, query))[0]


def take_back(session: Session, entry_id: str) -> None:
    """Take back an acknowledgement, if there is one, so that the entry is listed. Raises NotFound, Forbidden."""
    with session.store.transaction():
        lock_patient(session.store, _patient_of(entry_id))
        patient = patient_row(session, _patient_of(entry_id))
        if worklist.take_back(session.store, entry_id, patient["patient_id"]):
            events.note(session, "worklist_shown_again", patient["patient_id"], entry_id=entry_id)


def _patient_of(entry_id: str) -> str:
    """Return the id of the patient that an entry's id names; empty if it names none."""
    return entry_id.split(".")[1] if "." in entry_id else ""


def _documents(store: Store, todays: dict[str, date], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return entries as clients see them; an entry about a visit has its name and when it could be done."""
    about = {}
    if names := {(row["patient_id"], row["visit"]) for row in rows if row["visit"] is not None}:
        documents = visits.documents(store, stored_visits.named(store, todays, names))
        about = {(item["patient_id"], item["visit"]): item for item in documents}
    return [_document(row, about.get((row["patient_id"], row["visit"]))) for row in rows]


def _document(row: Row, visit: Mapping[str, Any] | None) -> dict[str, Any]:
    acknowledged, because = None, reasons.of_text(row["because"])
    if row["note"] is not None:
        by = {"role": row["by_role"], "name": row["by_name"]}
        until = None if row["until"] == _FOR_GOOD else row["until"]
        acknowledged = {"note": row["note"], "until": until, "by": by, "at": row["acknowledged_at"]}
    return {
        "entry_id": row["entry_id"],
        "kind": row["kind"],
        "patient_id": row["patient_id"],
        "subject_number": row["subject_number"],
        "site": row["site"],
        "visit": row["visit"],
        "due_on": row["due_on"],
        "because": because,
        "today": row["today"],
        "since": row["from_on"],
        "urgency": _urgency(row["due_on"], row["today"]),
        # The reason has the label of a visit that is not planned.
        "label": visit["label"] if visit is not None else because.inputs.get("label"),
        "suggested_days": visit["suggested_days"] if visit is not None and row["kind"] != BOOKING_AT_OLD_SITE else (),
        "resolve_with": _calls(row["patient_id"], row["kind"], row["entry_id"], row["resolve_with"]),
        "acknowledged": acknowledged,
    }


@lru_cache(maxsize=16384)
def _urgency(due_on: str, today: str) -> str:
    return urgency(date.fromisoformat(due_on), date.fromisoformat(today))


@lru_cache(maxsize=16384)
def _calls(patient_id: str, kind: str, entry_id: str, resolve_with: str) -> Sequence[dict[str, Any]]:
    """Return the calls that resolve an entry. The same row always gives the same list, which nobody may change."""
    path = f"/v1/patients/{patient_id}"
    calls = [_resolving_call(path, call["fact"], call["needs"]) for call in orjson.loads(resolve_with)]
    if kind in _ACKNOWLEDGE_ONLY:
        calls.append(
            _call(
                "PUT",
                f"/v1/worklist/{entry_id}/acknowledgement",
                {"until": None} if kind in ACKNOWLEDGED_FOR_GOOD else {},
                ["note"] if kind in ACKNOWLEDGED_FOR_GOOD else ["note", "until"],
            )
        )
    return calls


def _resolving_call(path: str, fact: Mapping[str, Any], needs: list[str]) -> dict[str, Any]:
    """Return the call that records a fact: for a visit, the one that also warns and reports what follows.

    What belongs to no visit, and a part of one, are recorded as facts.
    """
    kind, of_visit = fact["kind"], f"{path}/visits/{fact.get('visit')}"
    if kind == "visit_done" and not {"replaces", "part"} & fact.keys() and fact["visit"] != UNSCHEDULED:
        body = {name: fact[name] for name in ("done_on", "response") if name in fact}
        return _call("PUT", f"{of_visit}/result", body, needs)
    if kind == "visit_booked":
        return _call("DELETE" if "booked_on" in fact else "PUT", f"{of_visit}/booking", {}, needs)
    return _call("POST", f"{path}/facts", dict(fact), needs)


def _call(method: str, path: str, body: dict[str, Any], needs: list[str]) -> dict[str, Any]:
    return {"method": method, "path": path, "body": body, "needs": needs}
