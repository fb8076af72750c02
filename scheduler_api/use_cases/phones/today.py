"""Compose what a patient's phone shows: today, and the calendar without what only the site may tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import end_of, local_instant
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.views.calendar import PatientSchedule, calendar, today_view
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.patients.calendars import View
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.projections.stored_preferences import patients
from scheduler_api.use_cases.session import Session, patient_row
from scheduler_api.use_cases.sites.protocols import versions_named

#: The fields of a visit on today's screen.
VISIT_FIELDS = ("visit", "label", "target_on", "opens_on", "closes_on", "status", "booked_on", "booked_time", "because")


def today_document(session: Session, patient_id: str) -> dict[str, Any]:
    """Return today's screen: dose, days to catch up on, visits that are open or next, contraception. Raises NotFound.

    `changes_at` is the instant at which it changes by itself: the patient's next midnight.
    """
    row = patient_row(session, patient_id)
    return today_of(schedules.of_row(session.store, row), row["preferences"], session.now)


def today_of(schedule: PatientSchedule, preferences: str | None, now: datetime) -> dict[str, Any]:
    """Return today's screen of the patient with this schedule. `preferences` are the patient's, as stored."""
    history = schedule.history
    today = civil_date(now, history.time_zone)
    document = today_view(schedule, today)
    if document["dose"] is not None:
        remind_at = local_instant(today, patients(preferences).dose_time, history.time_zone)
        # Who is to call the site first is reminded by no notification of the phone's own either.
        document["dose"]["remind_at"] = None if document["call_site"] else remind_at
    document["visits"] = [{name: visit[name] for name in VISIT_FIELDS} for visit in document["visits"]]
    document["changes_at"] = end_of(today, history.time_zone)
    return document


def calendar_document(session: Session, patient_id: str, view: View) -> dict[str, Any]:
    """Return the patient's calendar, without what only the site may tell: responses and progression.

    Raises as its view.
    """
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    today = civil_date(session.now, history.time_zone)
    first, last = view.range(today)
    document = calendar(versions_named(session.store, history), history, today, first, last)
    for visit in document["visits"]:
        visit["response"] = None
        if visit["because"].rule == "not_required":
            visit["because"] = Reason("not_required_untold", base=visit["because"].inputs["base"])
    if (ended := document["treatment"]["ended"]) is not None:
        ended["reason"] = None
    for done in document["unscheduled"]:
        done["response"] = None
    return {"patient_id": patient_id, **document}
