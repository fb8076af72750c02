"""List what the site has to do about one patient, and on which days (rules, section 12).

Nothing here depends on today: an entry says on which days it is listed, so that the list of any day is a comparison of
dates, as a visit's status is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.series import Visit

from .amounts import amount_entries
from .doses import dose_entries
from .entry import WorklistEntry
from .pregnancies import pregnancy_entries, with_pregnancy
from .treatment import treatment_entries
from .visits import visit_entries


def worklist(schedule: PatientSchedule, visits: Iterable[Visit] | None, first: date, last: date) -> list[WorklistEntry]:
    """Return all entries of one patient that are listed on any day of `first`…`last`.

    `visits` are the patient's: at least all that open within 7 days of `last` or before, and all done or booked. None
    leaves out all that is about visits.
    """
    history, treatment_plan = schedule.history, schedule.treatment_plan
    found = [
        *(visit_entries(schedule, visits, last) if visits is not None else ()),
        *dose_entries(schedule, first, last),
        *amount_entries(treatment_plan),
        *treatment_entries(treatment_plan),
    ]
    entries = [with_pregnancy(history, entry) for entry in found] + [*pregnancy_entries(treatment_plan)]
    joined = [day for day in (history.registered.consented_on, history.enrolled_on) if day is not None]
    known_from = min(joined, default=date.min)
    kept = []
    for entry in entries:
        from_on = max(entry.from_on, known_from)
        through_on = entry.through_on or last
        if max(from_on, first) <= min(through_on, last):
            kept.append(entry._replace(from_on=from_on))
    return kept
