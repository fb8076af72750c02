"""When the visits of a series end for a patient, and why (rules, section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Recurrence
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.milestones import Reached, reached
from scheduler_api.engine.treatment.regimens import RegimenPlan


def visits_end(
    recurrence: Recurrence,
    protocol: Protocol,
    history: History,
    after: date | None,
    regimen: RegimenPlan | None = None,
) -> Reached | None:
    """Return E, the day on which the visits of one entry of a version of the protocol end for a patient, and why.

    `after`: of progressions and new therapies the earliest after that day counts. `regimen`: the visits are on days of
    its cycles, or doses of it; that it was said to have ended is left out (`with_regimen`). One that has run out ends
    nothing. None while nothing has ended them.
    """
    ends = [reached(history, protocol, "end_of_study")]
    if regimen is not None:
        ends += [_treatment_end(regimen), _no_longer_for_patient(regimen)]
    for names in recurrence.until:
        ends.append(_latest([reached(history, protocol, name, after) for name in names]))
    return _earliest(ends)


def with_regimen(end: Reached | None, regimen: RegimenPlan) -> Reached | None:
    """Return E of visits on days of a regimen, of its doses too: they also end when it was said to have ended."""
    ends = [end]
    for said in regimen.said_to_end:
        day = regimen.history.stands_for(said)
        ends.append(Reached(*day, said.in_words(Reason("regimen_ended", text=regimen.name, day=day.on))))
    return _earliest(ends)


def _treatment_end(regimen: RegimenPlan) -> Reached | None:
    """Return the end of treatment that ended a regimen: visits between the last dose and the decision were required."""
    end = regimen.treatment_end
    return None if end is None else Reached(*end.decided, end.because)


def _no_longer_for_patient(regimen: RegimenPlan) -> Reached | None:
    """Return the first day from which a regimen is no longer for the patient; None if it never was, or still is."""
    last = regimen.last_day_for_patient
    if last is None or last == date.min:
        return None
    since = last + ONE_DAY
    return Reached(since, since, Reason("not_for_patient", day=since))


def _earliest(ends: Iterable[Reached | None]) -> Reached | None:
    """Return the earliest of some ends; None if there is none. It may be any day on which one of them may be.

    It is explained by the one that may come first; of several on one day always by the same, whichever it is.
    """
    found = [end for end in ends if end is not None]
    if not found:
        return None
    first = min(found, key=lambda end: (end.first_on, end.on, end.because.rule))
    return first._replace(on=min(end.on for end in found))


def _latest(ends: Sequence[Reached | None]) -> Reached | None:
    """Return the latest of some milestones; None unless all were reached. None of them may be later than it."""
    found = [end for end in ends if end is not None]
    if len(found) < len(ends):
        return None
    last = max(found, key=lambda end: (end.on, end.first_on))
    return last._replace(first_on=max(end.first_on for end in found))
