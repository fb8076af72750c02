"""List what the site has to do about a pregnancy of the patient."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from scheduler_api.engine.dates import day_before
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason, both
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.stopped import changes_of_stopping, is_stopped

from .entry import END_TREATMENT, ResolvingCall, WorklistEntry

#: The outcome of a pregnancy is known at the latest so long after it was reported (40 weeks).
_TERM = timedelta(280)


def pregnancy_entries(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each stretch of a pregnancy: due at once until all that the patient takes is held or ended.

    Each is about its first day, so that what was acknowledged of one says nothing of the next.
    """
    history = treatment_plan.history
    close = ResolvingCall({"kind": "pregnancy_closed"}, ("closed_on", "outcome"))
    hold = ResolvingCall({"kind": "hold_started"}, ("from_on",))
    changes = sorted(changes_of_stopping(treatment_plan)) if history.pregnancies else []
    for from_on, closed_on, because in history.pregnancies:
        cuts = [day for day in changes if from_on < day and (closed_on is None or day < closed_on)]
        stretches: list[tuple[date, bool]] = []
        for day in [from_on, *cuts]:
            stopped = is_stopped(treatment_plan, day)
            if not stretches or stretches[-1][1] != stopped:
                stretches.append((day, stopped))
        for (first, stopped), following in zip(stretches, [*(day for day, _ in stretches[1:]), closed_on], strict=True):
            through_on = day_before(following)
            due_on = max(first, from_on + _TERM) if stopped else first
            why = because if stopped else Reason("pregnant_on_treatment", base=_reopened(history, because))
            calls = (close,) if stopped else (hold, END_TREATMENT, close)
            yield WorklistEntry("pregnancy", first.isoformat(), None, first, through_on, due_on, why, calls)


def _reopened(history: History, because: Reason) -> Reason:
    """Return a reason together with why treatment goes on after an end, if it was reopened."""
    return because if history.reopened is None else both(because, history.reopened.because)


def with_pregnancy(history: History, entry: WorklistEntry) -> WorklistEntry:
    """Return an entry whose reason also names the pregnancy that is open while it is listed, if there is one.

    Only the site that has the patient is told.
    """
    for pregnancy in history.pregnancies:
        if (
            entry.site is None
            and pregnancy.closed_on is None
            and (entry.through_on is None or pregnancy.from_on <= entry.through_on)
        ):
            return entry._replace(because=both(entry.because, pregnancy.because))
    return entry
