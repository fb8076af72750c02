"""When a series of visits ends for a patient, and why (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series
from scheduler_api.engine.reason import Reason


class SeriesEnd(NamedTuple):
    """The day E on which a series ends, and why. It ended on a day of `first_on`…`on`, if that is not exactly known."""

    on: date
    first_on: date
    because: Reason


def series_end(series: Series, history: History) -> SeriesEnd | None:
    """Return E, the day on which a series of one version of the protocol ends for a patient, and why (section 5).

    None while nothing has ended it.
    """
    ends = []
    if (off := history.off_study) is not None:
        ends.append(SeriesEnd(*off, history.off_study_because))
    if series.until == "progression":
        for rule, milestone in (("progressed", history.progressed), ("new_therapy", history.new_therapy)):
            if milestone is not None:
                ends.append(SeriesEnd(*milestone, Reason(rule, day=milestone.on)))
    # Visits between the last dose and the decision were required, those on days of cycles too.
    ended = history.treatment_ended
    if ended is not None and (series.until == "end_of_treatment" or series.anchor == "cycle"):
        ends.append(SeriesEnd(*ended.decided, Reason("treatment_ended", day=ended.decided_on)))
    # Of several on one day always the same one is taken, whichever it is.
    return min(ends, default=None, key=lambda end: (end.on, end.first_on, end.because.rule))
