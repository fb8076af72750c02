"""Compute the course of treatment of each patient of a study: what a swimmer plot and a map of adherence show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.use_cases.session import Session, known_to
from scheduler_api.use_cases.sites.protocols import versions_named

from .study import every_patient, patient_fields

#: The statuses that count as planned, as for adherence: what is taken counts, whatever was planned on that day.
_ASKED = ("taken", "missed", "unrecorded")


def courses(session: Session, protocol: str, site: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the course of each of the actor's patients of a protocol, by subject number. Raises NotFound.

    `first_on` and `last_on` are the first and last day of treatment so far (None: it has not begun), `cycles` the
    planned and taken doses of each cycle through today.
    """
    for row in every_patient(session, site, protocol):
        history, today = known_to(session, row)
        schedule = PatientSchedule(versions_named(session.store, history), history)
        yield {**patient_fields(row, session.now), **_course(schedule, today)}


def _course(schedule: PatientSchedule, today: date) -> dict[str, Any]:
    plan, history = schedule.treatment_plan, schedule.history
    ended = history.treatment_ended
    first_on = history.c1d1 if history.begun else None
    last_on = None if first_on is None else min(plan.ends_on or today, today)
    is_treated = first_on is not None and last_on is not None and first_on <= last_on
    doses = plan.rows(today, first_on, last_on) if is_treated and first_on and last_on else []
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
        "cycles": [*_cycles(doses)],
    }


def _holds(history: History, last_on: date) -> Iterator[dict[str, date]]:
    """Yield the stretches without doses, as far as they lie within treatment."""
    for hold in history.holds:
        through_on = last_on if hold.resumes_on is None else min(hold.resumes_on - timedelta(1), last_on)
        if hold.from_on <= through_on:
            yield {"from_on": hold.from_on, "through_on": through_on}


def _cycles(doses: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield for each cycle how many doses were planned, and taken, through today."""
    counts: dict[int, dict[str, int]] = {}
    for dose in doses:
        if dose["cycle"] is not None and dose["status"] in _ASKED:
            of_cycle = counts.setdefault(dose["cycle"], {"planned": 0, "taken": 0})
            of_cycle["planned"] += 1
            of_cycle["taken"] += dose["status"] == "taken"
    for number, count in sorted(counts.items()):
        yield {"cycle": number, **count, "adherence": round(count["taken"] / count["planned"], 4)}
