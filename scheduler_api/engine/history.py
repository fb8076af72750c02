"""What is known of one patient: the facts that stand, folded (rules, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from operator import attrgetter
from typing import NamedTuple

from .dose_log import DoseLog
from .facts import Enrolled, StudyEnded, TreatmentEnded, VisitDone
from .reason import Reason

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


class Done(NamedTuple):
    """What was done of one series, in order: what names its visit, and what does not with its days as ordinals."""

    named: list[VisitDone]
    unnamed: list[VisitDone]
    days: list[int]


#: The way to set what is frozen.
_set = object.__setattr__


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one patient: the facts that stand, folded.

    `doses` are the recorded doses. `progressed_on` and `new_therapy_on` are the earliest on record. Lists are in order
    of day, then of receipt.
    """

    enrolled: Enrolled
    time_zone: str
    first_dose_on: date | None = None
    doses: DoseLog = field(default_factory=DoseLog)
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

    # What follows from the rest. A history never changes, so that this is computed once.
    begun: bool = field(init=False, repr=False, compare=False)
    """Whether a start or a taken day is on record; before that nobody is told to take anything (section 4)."""
    c1d1: date = field(init=False, repr=False, compare=False)
    """Cycle 1 day 1 (section 4): the recorded first dose, else the earliest taken day, else the planned day."""
    c1d1_because: Reason = field(init=False, repr=False, compare=False)
    """Why cycle 1 day 1 is that day."""
    last_dose_on: date | None = field(init=False, repr=False, compare=False)
    """The last dose (section 3): the latest of first dose, days taken and recorded end; None: never dosed."""
    died_on: date | None = field(init=False, repr=False, compare=False)
    """The date of death, whichever fact recorded it."""
    off_study_on: date | None = field(init=False, repr=False, compare=False)
    """The day from which the patient is off study: `ended_on`, or death if only treatment's end recorded it."""
    last_treatment_day: date | None = field(init=False, repr=False, compare=False)
    """The last day on which doses and cycles exist (section 4); None while no end is recorded."""
    done_of_series: Mapping[str, Done] = field(init=False, repr=False, compare=False)
    """What was done, by the series it was recorded for."""

    def __post_init__(self) -> None:
        first, taken = self.first_dose_on, self.doses.first_taken_on
        c1d1 = first or taken or self.enrolled.planned_first_dose_on
        rule = "first_dose" if first else "first_taken" if taken else "planned_first_dose"
        ended, left = self.treatment_ended, self.study_ended
        deaths = [ended.decided_on] if ended and ended.reason == "death" else []
        deaths += [left.ended_on] if left and left.reason == "death" else []
        offs = deaths + ([left.ended_on] if left else [])
        last_days = [off - ONE_DAY for off in offs]
        if ended is not None:
            last_days.append(ended.decided_on - ONE_DAY if ended.last_dose_on is None else ended.last_dose_on)
        done: dict[str, Done] = {}
        for visit in self.visits_done:
            of_series = done.get(visit.series)
            if of_series is None:
                of_series = done[visit.series] = Done([], [], [])
            if visit.visit is None:
                of_series.unnamed.append(visit)
                of_series.days.append(visit.done_on.toordinal())
            else:
                of_series.named.append(visit)
        doses = [first, self.doses.last_taken_on, ended.last_dose_on if ended else None]
        _set(self, "begun", first is not None or taken is not None)
        _set(self, "c1d1", c1d1)
        _set(self, "c1d1_because", Reason(rule, day=c1d1))
        _set(self, "last_dose_on", max([day for day in doses if day is not None], default=None))
        _set(self, "died_on", min(deaths, default=None))
        _set(self, "off_study_on", min(offs, default=None))
        _set(self, "last_treatment_day", min(last_days, default=None))
        _set(self, "done_of_series", done)

    @property
    def off_study_because(self) -> Reason:
        """Why the patient is off study."""
        return Reason("died" if self.off_study_on == self.died_on else "study_ended", day=self.off_study_on)

    def plans_like(self, other: History) -> bool:
        """Return whether cycles, planned doses and visits are those of another history of the patient.

        Nearly every fact records a dose while treatment goes on, which changes none of them.
        """
        return (
            _all_but_doses(self) == _all_but_doses(other)
            and self.treatment_ended is None
            and self.off_study_on is None
            and (self.begun, self.c1d1_because) == (other.begun, other.c1d1_because)
        )

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


_all_but_doses = attrgetter(*(one.name for one in fields(History) if one.init and one.name != "doses"))
