"""Fold facts, corrections and voids into a history (rules, section 3)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter
from typing import assert_never

from .dose_log import DoseLog
from .facts import (
    Body,
    DoseChanged,
    DoseRecorded,
    Enrolled,
    Fact,
    FertilityChanged,
    HoldEnded,
    HoldStarted,
    NewTherapyStarted,
    Progressed,
    ProtocolAmended,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
)
from .history import Amendment, Booking, DoseChange, FertilityChange, History, Hold
from .protocol import IMAGING


def fold(facts: Iterable[Fact]) -> History:
    """Fold all facts of one patient, in the order they were received, into a history (section 3).

    Raises ValueError when there is no active enrolment.
    """
    facts = list(facts)
    superseded, ends_of = _resolve(facts)
    active = [fact for fact in facts if fact.fact_id not in superseded]
    folding = _Folding()
    for fact in active:
        if not isinstance(fact.body, HoldStarted | HoldEnded):
            folding.add(fact.body)
    bodies = {fact.fact_id: fact.body for fact in active}
    for fact_id, body in bodies.items():
        if isinstance(body, HoldStarted):
            end = bodies.get(ends_of.get(fact_id, ""))
            resumes_on = end.resumes_on if isinstance(end, HoldEnded) else body.resumes_on
            insort(folding.holds, Hold(body.from_on, resumes_on), key=_from_on)
    return folding.freeze()


def extend(history: History, body: Body) -> History:
    """Return the history with one more fact that neither replaces nor voids another: as if all were folded again."""
    folding = _Folding(history)
    folding.add(body)
    return folding.freeze()


def superseded_by(facts: Sequence[Fact]) -> dict[str, str]:
    """Return which facts are superseded, each with the fact that replaced or voided it (or its hold's start)."""
    return _resolve(facts)[0]


def _resolve(facts: Sequence[Fact]) -> tuple[dict[str, str], dict[str, str]]:
    """Return which facts are superseded and by what, and which active hold start has which active end."""
    superseded: dict[str, str] = {}
    ends_of: dict[str, str] = {}
    starts_of: dict[str, str] = {}
    open_holds: list[str] = []

    def close(start: str, end: str) -> None:
        ends_of[start], starts_of[end] = end, start

    for fact in facts:
        old, body = fact.supersedes, fact.body
        if old is not None:
            superseded[old] = fact.fact_id
        if isinstance(body, Voided):
            if (end := ends_of.pop(body.voids, None)) is not None:
                superseded[end] = fact.fact_id
                del starts_of[end]
            if (start := starts_of.pop(body.voids, None)) is not None:
                del ends_of[start]
                open_holds.append(start)
            if body.voids in open_holds:
                open_holds.remove(body.voids)
        elif isinstance(body, HoldStarted):
            # A corrected start keeps the end of the hold it corrects, unless it names one itself.
            if old in ends_of and body.resumes_on is None:
                close(fact.fact_id, ends_of.pop(old))
                continue
            if old in ends_of:
                end = ends_of.pop(old)
                superseded[end] = fact.fact_id
                del starts_of[end]
            if old in open_holds:
                open_holds.remove(old)
            if body.resumes_on is None:
                open_holds.append(fact.fact_id)
        elif isinstance(body, HoldEnded):
            if old in starts_of:
                close(starts_of.pop(old), fact.fact_id)
            elif open_holds:
                close(open_holds.pop(), fact.fact_id)
    return superseded, ends_of


def _from_on(entry: Hold | DoseChange | FertilityChange | Amendment) -> date:
    return entry.from_on


class _Folding:
    """Holds a history while facts are being folded into it."""

    def __init__(self, history: History | None = None) -> None:
        self.enrolled = history.enrolled if history else None
        moved = history is not None and history.time_zone != history.enrolled.time_zone
        self.moved_to = history.time_zone if history and moved else None
        self.first_dose_on = history.first_dose_on if history else None
        self.doses = history.doses if history else DoseLog()
        self.holds = list(history.holds) if history else []
        self.dose_changes = list(history.dose_changes) if history else []
        self.bookings = dict(history.bookings) if history else {}
        self.visits_done = list(history.visits_done) if history else []
        self.progressed_on = history.progressed_on if history else None
        self.new_therapy_on = history.new_therapy_on if history else None
        self.treatment_ended = history.treatment_ended if history else None
        self.study_ended = history.study_ended if history else None
        self.fertility_changes = list(history.fertility_changes) if history else []
        self.amendments = list(history.amendments) if history else []

    def add(self, body: Body) -> None:
        """Fold one active fact in."""
        match body:
            case DoseRecorded():
                self.doses = self.doses.with_dose(body.dose_on, body.status, body.amount)
            case VisitDone():
                insort(self.visits_done, body, key=attrgetter("done_on"))
                if body.series == IMAGING and body.response == "PD":
                    self.progressed_on = _earlier(self.progressed_on, body.done_on)
            case VisitBooked():
                self.bookings.pop(body.visit, None)
                if body.booked_on is not None:
                    self.bookings[body.visit] = Booking(body.booked_on, body.time, body.place)
            case HoldStarted():
                insort(self.holds, Hold(body.from_on, body.resumes_on), key=_from_on)
            case HoldEnded():
                index = next(i for i, hold in enumerate(self.holds) if hold.resumes_on is None)
                self.holds[index] = Hold(self.holds[index].from_on, body.resumes_on)
            case DoseChanged():
                insort(self.dose_changes, DoseChange(body.from_on, body.amount), key=_from_on)
            case Enrolled():
                self.enrolled = body
            case TreatmentStarted():
                self.first_dose_on = body.first_dose_on
            case Progressed():
                self.progressed_on = _earlier(self.progressed_on, body.progressed_on)
            case NewTherapyStarted():
                self.new_therapy_on = _earlier(self.new_therapy_on, body.started_on)
            case TreatmentEnded():
                self.treatment_ended = body
            case StudyEnded():
                self.study_ended = body
            case FertilityChanged():
                change = FertilityChange(body.from_on, body.fertility == "fertile", body.basis)
                insort(self.fertility_changes, change, key=_from_on)
            case ProtocolAmended():
                insort(self.amendments, Amendment(body.from_on, body.version), key=_from_on)
            case TimeZoneChanged():
                self.moved_to = body.time_zone
            case Voided():
                pass
            case _:
                assert_never(body)

    def freeze(self) -> History:
        """Return the history so far."""
        if self.enrolled is None:
            raise ValueError("No enrolment is on record.")
        return History(
            enrolled=self.enrolled,
            time_zone=self.moved_to or self.enrolled.time_zone,
            first_dose_on=self.first_dose_on,
            doses=self.doses,
            holds=tuple(self.holds),
            dose_changes=tuple(self.dose_changes),
            bookings=self.bookings,
            visits_done=tuple(self.visits_done),
            progressed_on=self.progressed_on,
            new_therapy_on=self.new_therapy_on,
            treatment_ended=self.treatment_ended,
            study_ended=self.study_ended,
            fertility_changes=tuple(self.fertility_changes),
            amendments=tuple(self.amendments),
        )


def _earlier(earliest: date | None, day: date) -> date:
    return day if earliest is None or day < earliest else earliest
