"""List the doses of all patients, consecutive days on which the same is so as one."""

from __future__ import annotations

from datetime import date
from typing import Any

from scheduler_api.engine.doses.dose_runs import dose_runs
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.session import Session, known_to, readable_until
from scheduler_api.use_cases.sites.protocols import versions_named

from .calendars import View
from .study import every_patient, patient_fields


def find(
    session: Session,
    site: str | None = None,
    first: date | None = None,
    last: date | None = None,
    after: tuple[str, ...] | None = None,
    limit: int = 50,
) -> Page[tuple[str, ...]]:
    """Return the runs of dose days of the actor's patients, by subject number and day.

    By default they are those of a calendar: from a week back to six weeks ahead of each patient's today. Those of a
    `site` are of the days on which it has or had the patient; of others it reads what lies before. Raises NotFound;
    ValidationFailed for a range that is reversed or too long.
    """
    items: list[dict[str, Any]] = []
    for row in every_patient(session, site, after=(after[0], "") if after else None, former=True):
        for run in _runs(session, row, View(first, last)):
            item = {**patient_fields(row, session.now), **run}
            if site in (None, item["site"]) and (after is None or run_key(item) > after):
                items.append(item)
        if len(items) > limit:
            break
    return Page(items[:limit], run_key(items[limit - 1]) if len(items) > limit else None)


def run_key(item: dict[str, Any]) -> tuple[str, ...]:
    """Return the key of a run in the list."""
    return item["subject_number"], item["patient_id"], str(item["from_on"]), item["regimen"], f"{item['slot']:02}"


def _runs(session: Session, row: Row, view: View) -> list[dict[str, Any]]:
    history, today = known_to(session, row)
    first, last = view.range(today)
    if (until := readable_until(session, row)) is not None:
        last = min(last, until.day)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    return dose_runs(schedule.doses(today, first, last), history)
