"""Say of the doses of a patient what who takes them has to know: which they are, and whether to call the site first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.engine.views.calendar import PatientSchedule, today_view
from scheduler_api.engine.views.notices import calls_first
from scheduler_api.use_cases.session import Session, known_to, patient_row
from scheduler_api.use_cases.sites.protocols import versions_named


def of_today(session: Session, patient_id: str) -> list[dict[str, Any]]:
    """Return the doses of today as the patient's phone has them, each with what `_told` adds. Raises NotFound."""
    schedule, today = _seen(session, patient_id)
    return [*_told(schedule, today_view(schedule, today)["doses"])]


def of_days(session: Session, patient_id: str, first: date, last: date) -> list[dict[str, Any]]:
    """Return the doses of days as the calendar has them, each with what `_told` adds. Raises NotFound."""
    schedule, today = _seen(session, patient_id)
    return [*_told(schedule, schedule.treatment_plan.rows(today, first, last))]


def _seen(session: Session, patient_id: str) -> tuple[PatientSchedule, date]:
    """Return the schedule of a patient as far as the actor may read it, and the day on which it is seen."""
    history, today = known_to(session, patient_row(session, patient_id, former=True))
    return PatientSchedule(versions_named(session.store, history), history), today


def _told(schedule: PatientSchedule, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows of doses with what tells them apart, and `calls_first`.

    `drug` is None where the patient takes one drug only, `which` says which dose of the day it is, where one drug has
    several. Who `calls_first` asks the site before taking the dose: the amount is not known, or not whether to take it.
    """
    has_several = len({one.regimen.first.drug_name for one in schedule.treatment_plan.doses}) > 1
    for row in rows:
        dose = parse_dose_id(row["dose_id"])
        regimen = schedule.treatment_plan.regimen(dose.regimen)
        slot = dose.slot or 1
        is_one_of_several = slot > 1 or (regimen is not None and regimen.times_on(dose.day) > 1)
        yield {
            **row,
            "drug": row["drug"] if has_several else None,
            "which": slot if is_one_of_several else None,
            "calls_first": calls_first(schedule, row),
        }
