"""Folding facts, corrections and voids into what is known of a patient (rules, section 3)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple, assert_never

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
from .protocol import IMAGING

ONE_DAY = timedelta(days=1)


class Hold(NamedTuple):
    """A hold from `from_on` up to, not including, `resumes_on`; open while that is None."""

    from_on: date
    resumes_on: date | None

    def covers(self, day: date) -> bool:
        """Whether `day` is held."""
        return self.from_on <= day and (self.resumes_on is None or day < self.resumes_on)


class DoseChange(NamedTuple):
    """From a day on, this many mg a day are planned."""

    from_on: date
    dose_mg: float


class FertilityChange(NamedTuple):
    """From a day on, the patient is fertile or not, and why not."""

    from_on: date
    fertile: bool
    basis: str | None


class Amendment(NamedTuple):
    """From a day on, this version of the protocol applies."""

    from_on: date
    version: int


class Booking(NamedTuple):
    """A visit's booked day, and its time and place as written."""

    booked_on: date
    time: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one patient: the facts that stand, folded.

    `taken` maps each day recorded taken, in order of days, to its mg (None: as planned); `missed` are the days recorded
    missed. `progressed_on` and `new_therapy_on` are the earliest on record. Lists are in order of day, then of receipt.
    """

    enrolled: Enrolled
    time_zone: str
    first_dose_on: date | None = None
    taken: dict[date, float | None] = field(default_factory=dict)
    missed: frozenset[date] = frozenset()
    holds: tuple[Hold, ...] = ()
    dose_changes: tuple[DoseChange, ...] = ()
    bookings: Mapping[str, Booking] = field(default_factory=dict)
    visits_done: tuple[VisitDone, ...] = ()
    progressed_on: date | None = None
    new_therapy_on: date | None = None
    treatment_ended: TreatmentEnded | None = None
    study_ended: StudyEnded | None = None
    fertility_changes: tuple[FertilityChange, ...] = ()
    amendments: tuple[Amendment, ...] = ()

    # What follows from the rest. A history never changes, so that it is reckoned once.
    begun: bool = field(init=False, repr=False, compare=False)
    """Whether a start or a taken day is on record; before that nobody is told to take anything (section 4)."""
    c1d1: date = field(init=False, repr=False, compare=False)
    """Cycle 1 day 1 (section 4): the recorded first dose, else the earliest taken day, else the planned day."""
    c1d1_because: str = field(init=False, repr=False, compare=False)
    """Why cycle 1 day 1 is that day."""
    last_dose_on: date | None = field(init=False, repr=False, compare=False)
    """The last dose (section 3): the latest of first dose, days taken and recorded end; None: never dosed."""
    died_on: date | None = field(init=False, repr=False, compare=False)
    """The date of death, whichever fact recorded it."""
    off_study_on: date | None = field(init=False, repr=False, compare=False)
    """The day from which the patient is off study: `ended_on`, or death if only treatment's end recorded it."""
    last_treatment_day: date | None = field(init=False, repr=False, compare=False)
    """The last day on which doses and cycles exist (section 4); None while no end is recorded."""
    taken_in_order: tuple[list[date], list[float | None]] = field(init=False, repr=False, compare=False)
    """The days recorded taken, and beside them the mg of each (None: as planned)."""
    done_of_series: Mapping[str, Sequence[VisitDone]] = field(init=False, repr=False, compare=False)
    """What was done, by the series it was recorded for."""

    def __post_init__(self) -> None:
        first, taken, ended, left = self.first_dose_on, [*self.taken], self.treatment_ended, self.study_ended
        c1d1 = first or (taken[0] if taken else self.enrolled.planned_first_dose_on)
        words = "first dose" if first else "first day recorded taken" if taken else "planned first dose"
        deaths = [ended.decided_on] if ended and ended.reason == "death" else []
        deaths += [left.ended_on] if left and left.reason == "death" else []
        offs = deaths + ([left.ended_on] if left else [])
        doses = [first, taken[-1] if taken else None, ended.last_dose_on if ended else None]
        last_days = [off - ONE_DAY for off in offs]
        if ended is not None:
            last_days.append(ended.decided_on - ONE_DAY if ended.last_dose_on is None else ended.last_dose_on)
        done: dict[str, list[VisitDone]] = {}
        for visit in self.visits_done:
            done.setdefault(visit.series, []).append(visit)
        # The way to set what is frozen.
        know = partial(object.__setattr__, self)
        know("begun", first is not None or bool(taken))
        know("c1d1", c1d1)
        know("c1d1_because", f"{words} {c1d1}")
        know("last_dose_on", max([day for day in doses if day is not None], default=None))
        know("died_on", min(deaths, default=None))
        know("off_study_on", min(offs, default=None))
        know("last_treatment_day", min(last_days, default=None))
        know("taken_in_order", (taken, [*self.taken.values()]))
        know("done_of_series", done)

    @property
    def off_study_because(self) -> str:
        """Why the patient is off study."""
        return f"died {self.died_on}" if self.off_study_on == self.died_on else f"study ended {self.off_study_on}"

    def is_held(self, day: date) -> bool:
        """Whether `day` lies in a hold."""
        return bool(self.holds) and any(hold.covers(day) for hold in self.holds)

    def is_fertile(self, day: date) -> bool:
        """Fertility on a day: the latest change from that day or before, else that of enrolment (section 6)."""
        fertile = self.enrolled.fertility == "fertile"
        for change in self.fertility_changes:
            if change.from_on > day:
                break
            fertile = change.fertile
        return fertile


def fold(facts: Iterable[Fact]) -> History:
    """The history of one patient from all its facts, in the order they were received (section 3).

    Raises ValueError when no enrolment stands: then nothing is known of the patient.
    """
    facts = list(facts)
    struck, ends_of = _resolve(facts)
    standing = [fact for fact in facts if fact.fact_id not in struck]
    folding = _Folding()
    for fact in standing:
        if not isinstance(fact.body, HoldStarted | HoldEnded):
            folding.add(fact.body)
    bodies = {fact.fact_id: fact.body for fact in standing}
    for fact_id, body in bodies.items():
        if isinstance(body, HoldStarted):
            end = bodies.get(ends_of.get(fact_id, ""))
            resumes_on = end.resumes_on if isinstance(end, HoldEnded) else body.resumes_on
            insort(folding.holds, Hold(body.from_on, resumes_on), key=_from_on)
    return folding.freeze()


def extend(history: History, body: Body) -> History:
    """The history with one more fact that neither replaces nor voids another: equal to folding all facts again."""
    folding = _Folding(history)
    folding.add(body)
    return folding.freeze()


def struck_by(facts: Sequence[Fact]) -> dict[str, str]:
    """Which facts no longer stand, each with the fact that replaced or voided it (or its hold's start)."""
    return _resolve(facts)[0]


def _resolve(facts: Sequence[Fact]) -> tuple[dict[str, str], dict[str, str]]:
    """What is struck and by what; and which standing end belongs to which standing start of a hold."""
    struck: dict[str, str] = {}
    ends_of: dict[str, str] = {}
    open_holds: list[str] = []
    for fact in facts:
        old, body = fact.strikes, fact.body
        if old is not None:
            struck[old] = fact.fact_id
        if isinstance(body, Voided):
            if (end := ends_of.pop(body.voids, None)) is not None:
                struck[end] = fact.fact_id
            for start in [start for start, end in ends_of.items() if end == body.voids]:
                del ends_of[start]
                open_holds.append(start)
            if body.voids in open_holds:
                open_holds.remove(body.voids)
        elif isinstance(body, HoldStarted):
            # A corrected start keeps the end of the hold it corrects, unless it names one itself.
            if old in ends_of and body.resumes_on is None:
                ends_of[fact.fact_id] = ends_of.pop(old)
                continue
            if old in ends_of:
                struck[ends_of.pop(old)] = fact.fact_id
            if old in open_holds:
                open_holds.remove(old)
            if body.resumes_on is None:
                open_holds.append(fact.fact_id)
        elif isinstance(body, HoldEnded):
            replaced = [start for start, end in ends_of.items() if end == old]
            if replaced:
                ends_of[replaced[0]] = fact.fact_id
            elif open_holds:
                ends_of[open_holds.pop()] = fact.fact_id
    return struck, ends_of


def _from_on(entry: Hold | DoseChange | FertilityChange | Amendment) -> date:
    return entry.from_on


class _Folding:
    """A history while it is being folded."""

    def __init__(self, history: History | None = None) -> None:
        self.enrolled = history.enrolled if history else None
        moved = history is not None and history.time_zone != history.enrolled.time_zone
        self.moved_to = history.time_zone if history and moved else None
        self.first_dose_on = history.first_dose_on if history else None
        self.taken = dict(history.taken) if history else {}
        self.missed = set(history.missed) if history else set()
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
        """Fold one standing fact in."""
        match body:
            case DoseRecorded():
                self.taken.pop(body.dose_on, None)
                self.missed.discard(body.dose_on)
                if body.status == "taken":
                    self.taken[body.dose_on] = body.dose_mg
                else:
                    self.missed.add(body.dose_on)
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
                insort(self.dose_changes, DoseChange(body.from_on, body.dose_mg), key=_from_on)
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
        """The history so far."""
        if self.enrolled is None:
            raise ValueError("No enrolment is on record.")
        taken = self.taken
        days = list(taken)
        if any(later < earlier for earlier, later in pairwise(days)):
            taken = dict(sorted(taken.items()))
        return History(
            enrolled=self.enrolled,
            time_zone=self.moved_to or self.enrolled.time_zone,
            first_dose_on=self.first_dose_on,
            taken=taken,
            missed=frozenset(self.missed),
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


def _earlier(known: date | None, day: date) -> date:
    return day if known is None or day < known else known
