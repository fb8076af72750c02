"""Find runs of planned doses that were missed or that nobody recorded (rules, section 12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, pairwise
from operator import itemgetter
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.dose_log import DoseLog
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.doses import DosePlan

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


def is_between_doses_taken(log: DoseLog, day: date) -> bool:
    """Return whether doses were taken the day before and the day after.

    Then the day is in no run, whatever is recorded for it.
    """
    return log.is_taken(day - ONE_DAY) and log.is_taken(day + ONE_DAY)


def dose_gaps(plan: DosePlan, first: date, last: date) -> Iterator[DoseGap]:
    """Yield runs of two or more planned doses, missed or unrecorded, through `last`.

    A day taken or held ends a run, a rest day does not. Runs that end before `first` are left out.
    """
    if not plan.regimen.begun or plan.starts_on == date.max:
        return
    for start, end in _untaken_periods(plan, first):
        two = list(islice(_planned(plan, start, min(end or date.max, last)), 2))
        if len(two) == 2:
            reported_on = two[1] if plan.log.status(two[1]) == "missed" else two[1] + ONE_DAY
            yield DoseGap(two[0], two[1], reported_on, end)


def _untaken_periods(plan: DosePlan, first: date) -> Iterator[tuple[date, date | None]]:
    """Yield the periods of the plan without a day taken or held, leaving out those that end before `first`.

    Days on which there is no such dose of the patient's end a run too.
    """
    start: date | None = plan.starts_on
    for from_on, resumes_on in _breaks(plan):
        if start is not None and start < from_on:
            yield from _between_taken(plan, start, from_on - ONE_DAY, first)
        start = None if start is None or resumes_on is None else max(start, resumes_on)
    if start is not None:
        yield from _between_taken(plan, start, None, first)


def _breaks(plan: DosePlan) -> list[tuple[date, date | None]]:
    """Return the holds, and the days without such a dose, as the first day and the day after the last."""
    holds = [(hold.from_on, hold.resumes_on) for hold in plan.regimen.holds]
    return sorted([*holds, *plan.absences()], key=itemgetter(0))


def _between_taken(plan: DosePlan, start: date, end: date | None, first: date) -> Iterator[tuple[date, date | None]]:
    """Yield the periods between the days taken in `start`…`end`."""
    if plan.last_dose_day is not None:
        end = plan.last_dose_day if end is None else min(end, plan.last_dose_day)
    if end is not None and (end < start or end < first):
        return
    doses, earliest, begin = plan.log, start - ONE_DAY, max(start, first)
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


def _planned(plan: DosePlan, start: date, end: date) -> Iterator[date]:
    """Yield the days of a period on which a dose is planned."""
    end = min(end, start + timedelta(_LONGEST_PAUSE))
    for span in plan.spans(start, end):
        yield from span.with_dose()
