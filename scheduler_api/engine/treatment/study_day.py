"""Number the days of a patient's study from C1D1 (rules, section 1)."""

from __future__ import annotations

from datetime import date


def study_day(c1d1: date | None, day: date) -> int | None:
    """Return the study day of a date: 1 on C1D1, -1 on the day before, never 0; None while C1D1 is only planned."""
    if c1d1 is None:
        return None
    distance = (day - c1d1).days
    return distance + 1 if distance >= 0 else distance
