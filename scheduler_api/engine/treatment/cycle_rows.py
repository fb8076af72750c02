"""List the cycles of a patient as the calendar shows them (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from scheduler_api.engine.reason import Reason, count

from .cycles import cycles_from
from .doses import TreatmentPlan
from .regimens import RegimenPlan


def cycle_rows(treatment_plan: TreatmentPlan, today: date, first: date, last: date) -> list[dict[str, Any]]:
    """Return the cycles that meet `first`…`last`: those of the first regimen that fits the patient and runs.

    None starts after the end of that regimen.
    """
    rows = []
    for regimen in treatment_plan.regimens:
        for row in _rows(regimen, today, first, last):
            if treatment_plan.regimen_of_day(row["starts_on"]) is regimen:
                rows.append(row)
    return sorted(rows, key=lambda row: row["starts_on"])


def _rows(regimen: RegimenPlan, today: date, first: date, last: date) -> Iterator[dict[str, Any]]:
    started, history, end = regimen.started, regimen.history, regimen.ends_on
    if started is None or not history.is_enrolled:
        return
    for cycle in cycles_from(regimen.runs, first):
        if cycle.starts_on > last or (end is not None and cycle.starts_on > end):
            break
        ends_on, is_first = cycle.ends_on, cycle.number == regimen.runs[0].first_number
        if end is not None and (ends_on is None or ends_on > end):
            ends_on = end
        # The first may wait for its day-1 dose, from which it is counted.
        stretches = [*regimen.stretches(regimen.starts_on if is_first else cycle.starts_on, ends_on)]
        if not stretches:
            continue
        starts_on, ends_on = stretches[0][0], stretches[-1][1]
        if starts_on > last or (ends_on is not None and ends_on < first):
            continue
        if not regimen.begun or today < starts_on:
            status = "upcoming"
        else:
            status = "completed" if ends_on is not None and ends_on < today else "current"
        days = (starts_on - started.on).days
        ends_vaguely = ends_on == end and regimen.may_end_before(ends_on)
        yield {
            "number": cycle.number,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "status": status,
            "provisional": started.provisional or ends_vaguely,
            "because": Reason("after", base=started.because, count=count(days, "day")),
        }
