"""What speaks against a dose that a patient said was taken (rules, section 5)."""

from __future__ import annotations

from typing import Any

from scheduler_api.engine.model.facts import DoseRecorded
from scheduler_api.engine.views.warnings import warnings
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.session import Session, patient_row


def dose_warnings(session: Session, patient_id: str, body: DoseRecorded) -> list[dict[str, Any]]:
    """Return what speaks against what a patient said of a day, also where the site's record of that day stands."""
    return warnings(schedules.of_row(session.store, patient_row(session, patient_id)), body)
