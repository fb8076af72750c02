"""Compute the course of treatment of each patient of a study: what a swimmer plot and a map of adherence show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.use_cases.session import Session

from .study import Counts, every_patient, patient_fields, schedule_of


def cohort(session: Session, protocol: str, site: str | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a study's `summary`, and the course of each of the actor's patients of it by subject number.

    `first_on` and `last_on` are the first and last day of treatment so far (None: it has not begun), `cycles` the
    planned and taken doses of each cycle through today. Raises NotFound.
    """
    counts, courses = Counts(session, protocol, site), []
    for row in every_patient(session, site, protocol, former=True):
        schedule, today = schedule_of(session, row)
        counts.add(row, schedule, today)
        fields = patient_fields(row, session.now)
        if counts.is_of(fields["site"]):
            courses.append({**fields, **_course(schedule, today)})
    return counts.document(), courses


def _course(schedule: PatientSchedule, today: date) -> dict[str, Any]:
    plan, history = schedule.treatment_plan, schedule.history
    ended = history.treatment_ended
    first_on = history.c1d1 if history.begun else None
    last_on = None if first_on is None else min(plan.ends_on or today, today)
    is_treated = first_on is not None and last_on is not None and first_on <= last_on
    visits = schedule.visits(first_on, today) if first_on is not None else []
    return {
        "today": today,
        "status": patient_status(history, today),
        "enrolled_on": history.enrolled_on,
        "first_on": first_on if is_treated else None,
        "last_on": last_on if is_treated else None,
        "ended": ended.reason if ended is not None else None,
        "progressed_on": history.progressed_on,
        "holds": [*_holds(history, last_on)] if is_treated and last_on else [],
        "responses": [
            {"on": visit.done_on, "response": visit.response}
            for visit in visits
            if visit.done_on is not None and visit.response is not None
        ],
        "cycles": [
            {"cycle": number, "planned": one.planned, "taken": one.taken, "adherence": one.adherence}
            for number, one in schedule.cycle_sums(today).items()
            if one.planned
        ],
    }


def _holds(history: History, last_on: date) -> Iterator[dict[str, date]]:
    """Yield the stretches without doses, as far as they lie within treatment."""
    for hold in history.holds:
        through_on = last_on if hold.resumes_on is None else min(hold.resumes_on - timedelta(1), last_on)
        if hold.from_on <= through_on:
            yield {"from_on": hold.from_on, "through_on": through_on}
