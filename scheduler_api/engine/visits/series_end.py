"""When a series of visits ends for a patient, and why (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.fertility import fertile_periods


class SeriesEnd(NamedTuple):
    """The day E on which a series ends, and why."""

    on: date
    because: Reason


def series_end(series: Series, history: History) -> SeriesEnd | None:
    """Return E, the day on which a series ends for a patient, and why (section 5); None while nothing has ended it."""
    ends = []
    if history.off_study_on is not None:
        ends.append(SeriesEnd(history.off_study_on, history.off_study_because))
    if series.until == "progression":
        if history.progressed_on is not None:
            ends.append(SeriesEnd(history.progressed_on, Reason("progressed", day=history.progressed_on)))
        if history.new_therapy_on is not None:
            ends.append(SeriesEnd(history.new_therapy_on, Reason("new_therapy", day=history.new_therapy_on)))
    if (ended := history.treatment_ended) is not None:
        if series.until == "end_of_treatment":
            last = history.last_dose_on or ended.decided_on
            ends.append(SeriesEnd(last, Reason("treatment_ended", day=last)))
        if series.anchor == "cycle" and history.last_treatment_day is not None:
            ends.append(SeriesEnd(history.last_treatment_day, Reason("no_cycle_after", day=history.last_treatment_day)))
    if series.fertile_only and (periods := fertile_periods(history)) and (change := periods[-1].ended_by):
        ends.append(SeriesEnd(change.from_on, Reason("not_fertile", day=change.from_on)))
    # Of several on one day always the same one is taken, whichever it is.
    return min(ends, default=None, key=lambda end: (end.on, end.because.rule))
