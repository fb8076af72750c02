"""Tell a patient's position on any day, by facts alone: cycle, day, hold, what was done last (sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.records import Hold

from .cycles import CycleRun, run_of
from .doses import TreatmentPlan
from .regimens import RegimenPlan


class Place(NamedTuple):
    """Cycle and cycle day on some day, and whether that day is held.

    Outside treatment both are None; the cycle day is also None on a held day that does not count.
    """

    cycle: int | None
    cycle_day: int | None
    on_hold: bool


class LastDone(NamedTuple):
    """A visit that was done, and for imaging its response."""

    done_on: date
    response: str | None


class Course(NamedTuple):
    """Holds days, `from_on`…`through_on` (None: for good), on which a regimen runs, its cycles and its holds."""

    from_on: date
    through_on: date | None
    runs: tuple[CycleRun, ...]
    holds: tuple[Hold, ...]


class TreatmentPosition(NamedTuple):
    """Holds what a patient's position on any day is computed from. Dates and facts only: nothing changes at midnight.

    `started_on` is C1D1, None while treatment has not begun; `courses` are those of each regimen that has begun, in the
    protocol's order; `last_done` is the latest visit of each series, including unscheduled ones.
    """

    started_on: date | None
    courses: tuple[Course, ...]
    last_done: Mapping[str, LastDone]

    def at(self, today: date) -> Place:
        """Return the patient's position on a day, as the calendar's `treatment` shows it."""
        for course in self.courses:
            if course.from_on <= today and (course.through_on is None or today <= course.through_on):
                cycle, cycle_day = run_of(course.runs, today).place(today)
                return Place(cycle, cycle_day, any(hold.covers(today) for hold in course.holds))
        return Place(None, None, False)


def treatment_position(treatment_plan: TreatmentPlan) -> TreatmentPosition:
    """Return the position of the patient who has this treatment plan."""
    history = treatment_plan.history
    regimens = [one for one in treatment_plan.regimens if one.begun]
    return TreatmentPosition(
        history.known_c1d1,
        tuple(course for regimen in regimens for course in _courses(regimen)),
        # They are in order of days, then of receipt: the last of each series stays.
        {visit.series: LastDone(visit.done_on, visit.response) for visit in history.visits_done},
    )


def _courses(regimen: RegimenPlan) -> Iterator[Course]:
    """Yield the stretches of days on which a regimen runs: several, if it is not always for this patient."""
    if regimen.started is None or not regimen.history.is_enrolled:
        return
    for first, last in regimen.stretches(regimen.starts_on, regimen.ends_on):
        yield Course(first, last, regimen.runs, regimen.holds)
