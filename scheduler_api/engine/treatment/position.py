"""A patient's position on any day, from facts alone: cycle, day, hold, what was done last (sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.history import Hold

from .cycles import CycleRun, run_of
from .doses import TreatmentPlan


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


class TreatmentPosition(NamedTuple):
    """Holds what a patient's position on any day is computed from. Dates and facts only: nothing changes at midnight.

    `from_on` is C1D1, None while treatment has not begun; `through_on` is the last day of treatment; `last_done` is the
    latest visit of each series, including unscheduled ones.
    """

    from_on: date | None
    through_on: date | None
    runs: tuple[CycleRun, ...]
    holds: tuple[Hold, ...]
    last_done: Mapping[str, LastDone]

    def at(self, today: date) -> Place:
        """Return the patient's position on a day, as the calendar's `treatment` shows it."""
        if self.from_on is None or today < self.from_on or (self.through_on is not None and today > self.through_on):
            return Place(None, None, False)
        cycle, cycle_day = run_of(self.runs, today).place(today)
        return Place(cycle, cycle_day, any(hold.covers(today) for hold in self.holds))


def treatment_position(treatment_plan: TreatmentPlan) -> TreatmentPosition:
    """Return the position of the patient who has this treatment plan."""
    history = treatment_plan.history
    return TreatmentPosition(
        history.known_c1d1,
        treatment_plan.ends_on,
        treatment_plan.runs,
        history.holds,
        # They are in order of days, then of receipt: the last of each series stays.
        {visit.series: LastDone(visit.done_on, visit.response) for visit in history.visits_done},
    )
