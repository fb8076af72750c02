"""The table about drug accountability: what was given out and came back, and what the diary says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scheduler_api.engine.doses.accountability import count_periods
from scheduler_api.use_cases.patients.exports import ExportedPatient

from .columns import BECAUSE, Column, Table, day, flag, number, text


def _pieces(name: str, label: str) -> Column:
    return text(name, f"{label}: strength and number of pieces, with semicolons between", "14")


def _periods(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    for period in count_periods(patient.schedule.treatment_plan):
        yield {**period.row(), "site": patient.history.site_on(period.from_on)}


ACCOUNTABILITY = Table(
    "accountability",
    "One row for each drug from return to return: what was given out and came back, and what the diary says",
    (
        text("site", "The site that had the patient on the first day", "3"),
        text("drug", "The drug", "4"),
        text("regimens", "The regimens in which it is taken, with semicolons between", "14"),
        day("from_on", "First day on which it was out, or the return before", "14"),
        day("returned_on", "Day of the return; empty: the period is open", "14"),
        _pieces("dispensed", "Given out"),
        _pieces("returned", "Brought back"),
        _pieces("lost", "Lost"),
        _pieces("expected", "By the diary taken"),
        _pieces("left", "Should be with the patient by the diary, while the period is open"),
        number("used_amount", "Used by the count: given out less brought back and lost", "14", "see unit"),
        number("taken_amount", "Taken by the diary until the day before the return", "14", "see unit"),
        number("planned_amount", "Planned on those days; empty: still to be calculated", "14", "see unit"),
        number("difference", "Used by the count less taken by the diary", "14", "see unit"),
        text("unit", "Unit of the amounts and strengths of this row", "2"),
        number("compliance", "Used by the count of what was planned", "14", "ratio"),
        flag("agrees", "The difference is within the protocol's margin", "14"),
        BECAUSE,
    ),
    _periods,
)
