"""Give out the plan of one patient: visits, cycles and contraception, as far as visits are listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.treatment.cycle_rows import cycle_rows
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.use_cases.projections.horizons import horizon
from scheduler_api.use_cases.session import Session, known_to, patient_row, readable_until
from scheduler_api.use_cases.sites.protocols import versions_named

from .patients import document


@dataclass(frozen=True)
class CarePlan:
    """The plan of a patient as seen today, from `first` through `last`.

    `patient` is the document of the patient; visits, cycles and contraception are as in a calendar.
    """

    patient: dict[str, Any]
    first: date
    last: date
    visits: list[dict[str, Any]]
    cycles: list[dict[str, Any]]
    contraception: dict[str, Any]


def get(session: Session, patient_id: str) -> CarePlan:
    """Return the plan of a patient through the last day on which visits are listed.

    A site that had the patient before gets what lies before, as on the last of its days. Raises NotFound.
    """
    row = patient_row(session, patient_id, former=True)
    history, today = known_to(session, row)
    until, last = readable_until(session, row), horizon(session.now)
    if until is not None:
        last = min(last, until.day)
    first = min(history.first_on or today, last)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    return CarePlan(
        document(row, history, today),
        first,
        last,
        [visit.row(today) for visit in schedule.visits(date.min + timedelta(1), last)],
        cycle_rows(schedule.treatment_plan, today, first, last),
        schedule.contraception(today),
    )
