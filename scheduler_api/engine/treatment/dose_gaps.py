"""Find runs of planned doses that were missed or that nobody recorded (rules, section 12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, pairwise
from typing import NamedTuple

from scheduler_api.engine.dates import days
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.reason import Reason

from .doses import TreatmentPlan

#: How many days ahead the second of two doses in a row is looked for; after a longer pause they are not in a row.
_LONGEST_PAUSE = 400


class DoseGap(NamedTuple):
    """Two or more planned doses in a row that were not taken: the first two days, and the last day of the run.

    `reported_on` is the day from which it is reported: the second if that is recorded missed, else the day after it.
    """

    first_on: date
    second_on: date
    reported_on: date
    through_on: date | None

    @property
    def because(self) -> Reason:
        """Return why it is reported."""
        return Reason("no_dose_taken", day=self.first_on)


def is_between_doses_taken(history: History, day: date) -> bool:
    """Return whether doses were taken the day before and the day after.

    Then the day is in no run, whatever is recorded for it.
    """
    return history.doses.is_taken(day - ONE_DAY) and history.doses.is_taken(day + ONE_DAY)


def dose_gaps(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[DoseGap]:
    """Yield runs of two or more planned doses, missed or unrecorded, through `last`.

    A day taken or held ends a run, a rest day does not. Runs that end before `first` are left out.
    """
    if not treatment_plan.history.begun:
        return
    for start, end in _untaken_periods(treatment_plan, first):
        two = list(islice(_planned(treatment_plan, start, min(end or date.max, last)), 2))
        if len(two) == 2:
            reported_on = two[1] if treatment_plan.history.doses.status(two[1]) == "missed" else two[1] + ONE_DAY
            yield DoseGap(two[0], two[1], reported_on, end)


def _untaken_periods(treatment_plan: TreatmentPlan, first: date) -> Iterator[tuple[date, date | None]]:
    """Yield the periods of the plan without a day taken or held, leaving out those that end before `first`."""
    start: date | None = treatment_plan.starts_on
    for hold in treatment_plan.history.holds:
        if start is not None and start < hold.from_on:
            yield from _between_taken(treatment_plan, start, hold.from_on - ONE_DAY, first)
        resumes_on = hold.resumes_on
        start = None if start is None or resumes_on is None else max(start, resumes_on)
    if start is not None:
        yield from _between_taken(treatment_plan, start, None, first)


def _between_taken(
    treatment_plan: TreatmentPlan, start: date, end: date | None, first: date
) -> Iterator[tuple[date, date | None]]:
    """Yield the periods between the days taken in `start`…`end`."""
    if treatment_plan.last_dose_day is not None:
        end = treatment_plan.last_dose_day if end is None else min(end, treatment_plan.last_dose_day)
    if end is not None and (end < start or end < first):
        return
    doses, earliest, begin = treatment_plan.history.doses, start - ONE_DAY, max(start, first)
    # Long before `first` everything is past: begin with the last day taken before it.
    edges = [
        max(doses.last_taken_before(begin) or earliest, earliest),
        *(day for day, _ in doses.taken(begin, end or date.max)),
    ]
    # As many days as lie between them: each was taken, as is usual.
    if (edges[-1] - edges[0]).days >= len(edges):
        for one, following in pairwise(edges):
            if (following - one).days > 2:
                yield one + ONE_DAY, following - ONE_DAY
    if end is None or edges[-1] < end:
        yield edges[-1] + ONE_DAY, end


def _planned(treatment_plan: TreatmentPlan, start: date, end: date) -> Iterator[date]:
    """Yield the days of a period on which a dose is planned."""
    end = min(end, start + timedelta(_LONGEST_PAUSE))
    for span in treatment_plan.spans(start, end):
        yield from (day for day in days(span.starts_on, span.ends_on) if not span.rests(day))
