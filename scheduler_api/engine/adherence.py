"""Adherence and relative dose intensity (rules, section 4)."""

from __future__ import annotations

from datetime import date
from operator import add
from typing import Any, NamedTuple

from .doses import Course, Span
from .history import ONE_DAY


class DoseSums(NamedTuple):
    """Days and mg from C1D1 on, to be added up over patients; `full_mg` is what the protocol's dose would come to."""

    planned: int = 0
    taken: int = 0
    missed: int = 0
    held: int = 0
    taken_mg: float = 0.0
    full_mg: float = 0.0

    def plus(self, other: DoseSums) -> DoseSums:
        """Both together."""
        return DoseSums(*map(add, self, other))

    def document(self) -> dict[str, Any]:
        """Counts of days, and the two ratios (None with nothing planned)."""
        return {
            "planned": self.planned,
            "taken": self.taken,
            "missed": self.missed,
            "unrecorded": self.planned - self.taken - self.missed,
            "held": self.held,
            "adherence": round(self.taken / self.planned, 4) if self.planned else None,
            "relative_dose_intensity": (
                round(self.taken_mg / self.full_mg, 4) if self.planned and self.full_mg else None
            ),
        }


def dose_sums(course: Course, today: date) -> DoseSums:
    """What was planned and taken from C1D1 through yesterday.

    Today counts once it is recorded; nothing counts after the end of treatment or before treatment has begun.
    """
    history = course.history
    recorded_today = today in history.taken or today in history.missed
    last = today if recorded_today else today - ONE_DAY
    planned = taken = missed = held = 0
    taken_mg = full_mg = 0.0
    for span in course.spans(course.starts_on, last) if history.begun else ():
        here, amounts = course.taken(span.starts_on, span.ends_on)
        length = (span.ends_on - span.starts_on).days + 1
        taken += len(here)
        taken_mg += sum(filter(None, amounts)) + span.planned_mg * amounts.count(None)
        dosing, dosing_taken = _dosing_days(span, length, here)
        full_mg += dosing * span.dosing.dose_mg
        planned += len(here)
        if span.held:
            held += length - len(here)
        else:
            planned += dosing - dosing_taken
            missed += len(course.missed(span))
    return DoseSums(planned, taken, missed, held, taken_mg, full_mg)


def _dosing_days(span: Span, length: int, taken: list[date]) -> tuple[int, int]:
    """How many days of a span are dosing days, and how many of those were taken."""
    if span.dosing.dosing_days is None:
        return length, len(taken)
    first, recorded = span.starts_on.toordinal(), set(taken)
    days = [date.fromordinal(first + index) for index in range(length)]
    dosing = [day for day in days if not span.rests(day)]
    return len(dosing), sum(1 for day in dosing if day in recorded)
