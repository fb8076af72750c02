"""`/ward/patients`: all patients, and the page of one."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

from flask import Response, g

from scheduler_api.api.http.operation import any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.schemas.fields import Choice, Strict, Text
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.patients import accountability, calendars, facts, intakes, patients, supply
from scheduler_api.use_cases.phones import phones
from scheduler_api.use_cases.reminders import reminders
from scheduler_api.use_cases.session import patient_row, readable_until
from scheduler_api.use_cases.visits import visits, worklist
from scheduler_api.web.pages import blueprint, language, page
from scheduler_api.web.queries import all_sites, asked
from scheduler_api.web.ward.lists import may_record
from scheduler_api.web.ward.tasks import grouped

from .changes import pieces_in
from .choices import labels_of, strengths_of
from .history import data_of_fact, rows_of_fact
from .month import Month, month_of
from .recording import COUNTS, with_form

#: How many patients a page of the list has, and how many next visits the page of one.
_PATIENTS, _NEXT = 100, 4
#: What is recorded every day, and so is left out of the history unless it is asked for.
_OF_DAYS = ("dose_recorded", "dose_taken_back")


class PatientsQuery(Strict):
    """Says which patients are listed; `after` and `after_id` name the last one of the page before."""

    site = Text(40)
    status = Choice(*PATIENT_STATUSES)
    q = Text(40)
    after = Text(40)
    after_id = Text(40)


class PatientQuery(Strict):
    """Says what of a patient is shown: a month, and the history with or without the doses of each day."""

    month = Text(7, pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    history = Choice("all")


@blueprint.route("/ward/patients")
@signed_in()
@any_query
def show_patients() -> Response:
    """List patients by subject number"""
    query = asked(PatientsQuery)
    after = (query["after"], query["after_id"]) if {"after", "after_id"} <= query.keys() else None
    statuses = [query["status"]] if "status" in query else None
    found = patients.find(session(), query.get("site"), statuses, None, query.get("q"), after=after, limit=_PATIENTS)
    g.item_count = len(found.items)
    return page(
        "patients.html",
        patients=found.items,
        more=found.after,
        query=query,
        sites=all_sites(),
        statuses=PATIENT_STATUSES,
        may_record=may_record(),
    )


@blueprint.route("/ward/patients/<string:patient_id>")
@signed_in()
@any_query
def show_patient(patient_id: str) -> Response:
    """Show where a patient stands, what comes next and why, a month, the history, and the devices"""
    query, now = asked(PatientQuery), session().now
    row = patient_row(session(), patient_id, former=True)
    until = readable_until(session(), row)
    today = until.day if until is not None else civil_date(now, row["time_zone"])
    shown = date.fromisoformat(f"{query['month']}-01") if "month" in query else today.replace(day=1)
    last = (shown + timedelta(31)).replace(day=1) - timedelta(1)
    calendar = calendars.calendar_document(session(), patient_id, calendars.View(shown, last))
    whole = facts.history_documents(session(), patient_id)[::-1]
    history = whole if query.get("history") else [fact for fact in whole if fact["kind"] not in _OF_DAYS]
    is_ours = until is None
    return page(
        "patient.html",
        patient=patients.get(session(), patient_id),
        calendar=calendar,
        doses_today=intakes.of_today(session(), patient_id),
        month_shown=month_of(Month(shown, last, today), calendar),
        earlier=shown - timedelta(1),
        later=last + timedelta(1),
        today=today,
        next_visits=_next_visits(patient_id) if is_ours else [],
        groups=grouped(worklist.of_patient(session().store, row, today, now), language()) if is_ours else [],
        history=history,
        doses_left_out=len(whole) - len(history),
        devices=phones.list_devices(session(), patient_id) if is_ours else [],
        fact_rows=partial(rows_of_fact, labels=labels_of(session(), row), language=language()),
        fact_data=partial(data_of_fact, zone=row["time_zone"]),
        correctable=with_form(),
        is_ours=is_ours,
        supply=_supply(patient_id) if is_ours else None,
        periods=accountability.accountability_documents(session(), patient_id) if is_ours else [],
        pieces=pieces_in,
        counts=COUNTS if is_ours and strengths_of(session(), row) else (),
        stopped=reminders.stopped_messages(session(), patient_id) if is_ours else None,
        may_record=may_record() and is_ours,
    )


def _supply(patient_id: str) -> dict[str, Any] | None:
    """Return what is to be handed out until the next visit; None if none is ahead, or no dose is planned."""
    try:
        found = supply.supply_document(session(), patient_id, None, None)
    except ValidationFailed:
        return None
    return found if any(regimen["doses"] for regimen in found["regimens"]) else None


def _next_visits(patient_id: str) -> list[dict[str, Any]]:
    """Return the visits that are still to do, that whose window closes soonest first."""
    query = Query(statuses=("open", "upcoming", "overdue"), patient_id=patient_id, limit=_NEXT)
    return visits.find(session(), query).items
