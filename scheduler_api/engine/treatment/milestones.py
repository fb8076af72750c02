"""Find the day of a milestone of a patient: what series are counted from, and what they end at (rules, section 2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.model.records import MilestoneDay, ReportedDay, earliest
from scheduler_api.engine.reason import Reason


class Reached(NamedTuple):
    """The day of a milestone that is on record, and why. It was a day of `first_on`…`on`, if not exactly known."""

    on: date
    first_on: date
    because: Reason


class AnchorDay(NamedTuple):
    """The day a series is counted from, whether it may still move for lack of a record, and why it is that day.

    `enrolment_from` is the day for which enrolment is planned, if the patient is not enrolled: only visits that aim
    before it are planned yet. `planned_start` is C1D1 if the day follows from it and nobody has recorded yet that
    treatment started; `stated_start`, of C1D1, is the start as it was recorded or planned, whatever was taken before.
    `by_target`: it may move only because it is the target of a visit that was not done.
    """

    day: date
    provisional: bool
    because: Reason
    enrolment_from: date | None = None
    planned_start: date | None = None
    stated_start: date | None = None
    by_target: bool = False

    @property
    def is_vague(self) -> bool:
        """Return whether it is only planned or not exactly known, so that nothing is late by it (sections 1 and 4)."""
        return self.provisional and not self.by_target


def reached(history: History, protocol: Protocol, name: str, after: date | None = None) -> Reached | None:
    """Return when a milestone was reached; None while it is only planned or announced, or not on record at all.

    Of progressions and new therapies it is the earliest, or the earliest after a day.
    """
    match name:
        case "progression":
            return _earliest("progressed", history, history.progressions_since_enrolment, after)
        case "new_therapy":
            return _earliest("new_therapy", history, history.new_therapies, after)
        case "end_of_treatment":
            ended = history.treatment_ended
            return None if ended is None else Reached(*ended.decided, ended.because)
        case "death":
            return None if history.died is None else Reached(*history.died, history.died_because)
        case "end_of_study":
            return None if history.off_study is None else Reached(*history.off_study, history.off_study_because)
        case "first_dose":
            return _exactly(history.known_c1d1, history.c1d1_because)
        case "consent":
            return _exactly(history.registered.consented_on, Reason("consent", day=history.registered.consented_on))
        case "enrolment":
            return _exactly(history.enrolled_on, history.enrolment_because)
        case "last_dose":
            last, day = history.last_dose, last_dose(history)
            return None if last is None or day is None else Reached(*last, day.because)
    if (own := _own(history, name)) is not None:
        return None if own.is_announced else Reached(own.from_on, own.from_on, own.because)
    if name == "randomisation":
        if not protocol.arms:
            return reached(history, protocol, "enrolment")
        if history.arms:
            first = history.arms[0]
            return Reached(first.from_on, first.from_on, Reason("arm_assigned", text=first.arm, day=first.from_on))
    return None


def _own(history: History, name: str) -> MilestoneDay | None:
    """Return what was said of a milestone of the protocol's own, or of randomisation."""
    return next((one for one in history.milestones if one.name == name), None)


def _exactly(day: date | None, because: Reason) -> Reached | None:
    return None if day is None else Reached(day, day, because)


def _earliest(rule: str, history: History, days: Iterable[ReportedDay], after: date | None) -> Reached | None:
    milestones = map(history.stands_for, days)
    first = earliest(one for one in milestones if after is None or one.on > after)
    return None if first is None else Reached(*first, Reason(rule, day=first.on))


def anchor_day(history: History, protocol: Protocol, names: Iterable[str]) -> AnchorDay | None:
    """Return the earliest day of some milestones as an anchor, planned ones too; None while none has a day."""
    days = (_anchor(history, protocol, name) for name in names)
    # Of two on one day the one that is on record counts: nothing that is required waits for a start.
    return min((day for day in days if day is not None), default=None, key=_earlier)


def _earlier(anchor: AnchorDay) -> tuple[date, bool, bool, bool]:
    waits = anchor.planned_start is not None, anchor.enrolment_from is not None
    return anchor.day, *waits, anchor.provisional


def _anchor(history: History, protocol: Protocol, name: str) -> AnchorDay | None:
    match name:
        case "enrolment":
            return _enrolment(history)
        case "first_dose":
            return start_of_treatment(history)
        case "last_dose":
            return last_dose(history)
        case "randomisation" if not protocol.arms and _own(history, name) is None:
            return _enrolment(history)
    planned = _planned_enrolment(history)
    if (own := _own(history, name)) is not None and own.is_announced:
        return AnchorDay(own.from_on, True, own.because, planned)
    day = reached(history, protocol, name)
    return None if day is None else AnchorDay(day.on, day.first_on != day.on, day.because, planned)


def _planned_enrolment(history: History) -> date | None:
    """Return for when enrolment is planned, of a patient who is not enrolled."""
    return None if history.is_enrolled else history.enrolment_on


def _enrolment(history: History) -> AnchorDay | None:
    """Return enrolment as an anchor: the day planned, until it is known."""
    day, planned = history.enrolment_on, _planned_enrolment(history)
    return None if day is None else AnchorDay(day, planned is not None, history.enrolment_because, planned)


def start_of_treatment(history: History) -> AnchorDay | None:
    """Return C1D1 as an anchor (section 4): the day planned, until it is known."""
    start = history.c1d1
    if start is None:
        return None
    is_planned = history.first_dose_on is None
    # Of a treatment that ended before it began, no start is awaited.
    awaits_start = not history.begun and not history.ends_of_treatment
    planned_start = start if awaits_start else None
    planned = history.enrolled.planned_first_dose_on if history.enrolled is not None else None
    stated = history.first_dose_on or planned
    enrolment_from = _planned_enrolment(history)
    return AnchorDay(start, is_planned, history.c1d1_because, enrolment_from, planned_start, stated)


def last_dose(history: History) -> AnchorDay | None:
    """Return the last dose as an anchor, once treatment or the study has ended (section 2)."""
    last, ended = history.last_dose_on, history.treatment_ended
    if last is None or (ended is None and history.off_study is None):
        return None
    return AnchorDay(last, ended is None or history.last_dose_is_provisional, history.last_dose_because)
