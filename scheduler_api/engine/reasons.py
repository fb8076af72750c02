"""Why a date or a status is what it is after a fact: the words of consequences, said of what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from .calendar import Reckoning
from .doses import Span
from .history import History
from .phases import phase
from .visits import Visit


def why_phase(history: History, today: date) -> str:
    """Why the patient is in the phase of a day."""
    match phase(history, today):
        case "off_study":
            return history.off_study_because
        case "follow_up":
            return _ended(history)
        case "on_treatment":
            return history.c1d1_because
    return history.c1d1_because if history.begun else f"enrolment {history.enrolled.enrolled_on}"


def why_treatment(reckoning: Reckoning, today: date, changed: Collection[str]) -> str:
    """Why the fields of `treatment` that changed are what they are; of a new patient (none) why it starts then."""
    history = reckoning.history
    said = [history.c1d1_because] if "first_dose_on" in changed else []
    if "ended" in changed:
        said.append(_ended(history))
    elif "last_dose_on" in changed:
        said.append(f"last dose {history.last_dose_on}" if history.last_dose_on else "no dose on record")
    if "on_hold" in changed and reckoning.course.holds_day(today):
        said.append(_held(history, today))
    if "dose_mg" in changed and reckoning.course.holds_day(today):
        said.append(_amount(reckoning, today))
    last = history.last_treatment_day
    if not said and last is not None and today > last:
        said.append(why_no_more_treatment(history))
    return "; ".join(dict.fromkeys(said)) or history.c1d1_because


def why_doses(reckoning: Reckoning, span: Span) -> str:
    """Why doses are planned, or held, as they are from the first day of a span on."""
    history, day = reckoning.history, span.starts_on
    if span.held:
        return _held(history, day)
    said = [history.c1d1_because] if day == reckoning.course.starts_on else []
    if any(hold.resumes_on == day for hold in history.holds):
        said.append(_held(history, day))
    return "; ".join([*said, _amount(reckoning, day)])


def why_cycle(reckoning: Reckoning, row: Mapping[str, Any], changed: Collection[str]) -> str:
    """Why a cycle begins or ends when it does."""
    because: str = row["because"]
    if [*changed] == ["ends_on"] and row["ends_on"] == reckoning.history.last_treatment_day:
        return why_no_more_treatment(reckoning.history)
    if changed and any(run.holds for run in reckoning.course.runs):
        return f"{because}; held days are not counted"
    return because


def why_visit(visit: Visit, changed: Collection[str]) -> str:
    """Why a visit is what it is: what was done or booked if only that changed, else its place in the plan."""
    if not changed or not {"target_on", "opens_on", "closes_on", "provisional"}.isdisjoint(changed):
        return visit.because
    if "done_on" in changed and visit.done_on is None:
        return "nothing on record belongs to it any more"
    if "done_on" in changed:
        how = {
            "named": "recorded for it",
            "window": "inside its window",
            "nearest": "the nearest visit: to be confirmed",
        }
        return f"done {visit.done_on}, {how[visit.assigned or 'named']}"
    if "response" in changed:
        return f"response {visit.response}" if visit.response else "the response was taken back"
    if "booked_on" in changed:
        return f"booked {visit.booked_on}" if visit.booked_on else "booking cancelled"
    return visit.because


def why_no_more_treatment(history: History) -> str:
    """Why there are no doses and no cycles after the last day of treatment."""
    if history.treatment_ended is not None and history.died_on is None:
        return _ended(history)
    return history.off_study_because


def _ended(history: History) -> str:
    ended = history.treatment_ended
    if ended is None:
        return "the end of treatment was taken back"
    last = f"last dose {ended.last_dose_on}" if ended.last_dose_on else f"never dosed, decided {ended.decided_on}"
    return f"treatment ended ({ended.reason}), {last}"


def _held(history: History, day: date) -> str:
    """Why a day is held, or not any more."""
    for hold in history.holds:
        if hold.covers(day):
            until = f", resumes {hold.resumes_on}" if hold.resumes_on else ", end not known"
            return f"held from {hold.from_on}{until}"
    resumed = [hold.resumes_on for hold in history.holds if hold.resumes_on is not None and hold.resumes_on <= day]
    return f"resumed {max(resumed)}" if resumed else "no hold on record"


def _amount(reckoning: Reckoning, day: date) -> str:
    """Why so much is planned on a day."""
    protocol = reckoning.protocol_on(day)
    most = protocol.dosing.dose_mg
    changes = [change for change in reckoning.history.dose_changes if change.from_on <= day]
    if changes and changes[-1].dose_mg <= most:
        return f"{changes[-1].dose_mg:g} mg from {changes[-1].from_on}"
    return f"{most:g} mg by version {protocol.version} of the protocol"
