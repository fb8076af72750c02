"""When a series of visits ends for a patient, and why (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.fertility import fertile_periods


class SeriesEnd(NamedTuple):
    """The day E on which a series ends, and why. It ended on a day of `first_on`…`on`, if that is not exactly known."""

    on: date
    first_on: date
    because: Reason


def series_end(series: Series, history: History) -> SeriesEnd | None:
    """Return E, the day on which a series ends for a patient, and why (section 6); None while nothing has ended it."""
    ends = []
    if (off := history.off_study) is not None:
        ends.append(SeriesEnd(*off, history.off_study_because))
    if series.until == "progression":
        for rule, milestone in (("progressed", history.progressed), ("new_therapy", history.new_therapy)):
            if milestone is not None:
                ends.append(SeriesEnd(*milestone, Reason(rule, day=milestone.on)))
    if (ended := history.treatment_ended) is not None:
        if series.until == "end_of_treatment":
            ends.append(SeriesEnd(*ended.decided, Reason("treatment_ended", day=ended.decided_on)))
        if series.anchor == "cycle" and (last := history.last_treatment_day) is not None:
            ends.append(SeriesEnd(last, last, Reason("no_cycle_after", day=last)))
    if series.fertile_only and (periods := fertile_periods(history)) and (change := periods[-1].ended_by):
        ends.append(SeriesEnd(change.from_on, change.from_on, Reason("not_fertile", day=change.from_on)))
    # Of several on one day always the same one is taken, whichever it is.
    return min(ends, default=None, key=lambda end: (end.on, end.first_on, end.because.rule))
