"""Account for the drug that was given to a patient."""

from __future__ import annotations

from typing import Any

from scheduler_api.engine.doses.accountability import count_periods
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.session import Session, patient_row


def accountability_documents(session: Session, patient_id: str) -> list[dict[str, Any]]:
    """Return what was given to a patient of each drug, from return to return, and how the count fits the diary.

    Raises NotFound.
    """
    schedule = schedules.of_row(session.store, patient_row(session, patient_id))
    return [period.row() for period in count_periods(schedule.treatment_plan)]
