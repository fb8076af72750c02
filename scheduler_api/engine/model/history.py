"""The history of one patient: the active facts, folded (rules, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from scheduler_api.engine.reason import Reason

from .dose_log import DoseLog
from .facts import Enrolled, StudyEnded, TreatmentEnded, VisitDone

ONE_DAY = timedelta(days=1)


class Hold(NamedTuple):
    """A hold from `from_on` up to, not including, `resumes_on`; open while that is None."""

    from_on: date
    resumes_on: date | None

    def covers(self, day: date) -> bool:
        """Return whether `day` is held."""
        return self.from_on <= day and (self.resumes_on is None or day < self.resumes_on)


class DoseChange(NamedTuple):
    """The planned dose is this many mg a day, from a day on."""

    from_on: date
    amount: int | float


class FertilityChange(NamedTuple):
    """The patient is fertile or not from a day on; `basis` says why not."""

    from_on: date
    fertile: bool
    basis: str | None


class Amendment(NamedTuple):
    """This version of the protocol applies from a day on."""

    from_on: date
    version: int


class Booking(NamedTuple):
    """The day for which a visit is booked, and its time and place as they were entered."""

    booked_on: date
    time: str | None
    place: str | None


class Done(NamedTuple):
    """The visits done of one series, in order: those that name a visit, the others, and the others' days (ordinals)."""

    named: list[VisitDone]
    unnamed: list[VisitDone]
    days: list[int]


@dataclass(frozen=True)
class History:
    """The history of one patient: the active facts, folded.

    Its fields are what is stored of it; a field that is added here is stored and read without further code. `doses` are
    the recorded doses. `progressed_on` and `new_therapy_on` are the earliest on record. Lists are in order of day, then
    of receipt.
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

    # What follows from the fields. A history never changes, so each is computed once, when it is first needed.

    @cached_property
    def begun(self) -> bool:
        """Return whether a start or a taken day is on record; before that no dose is due (section 4)."""
        return self.first_dose_on is not None or self.doses.first_taken_on is not None

    @cached_property
    def c1d1(self) -> date:
        """Return cycle 1 day 1 (section 4): the first dose recorded, else the first day taken, else the planned day."""
        return self.first_dose_on or self.doses.first_taken_on or self.enrolled.planned_first_dose_on

    @cached_property
    def c1d1_because(self) -> Reason:
        """Return why cycle 1 day 1 is that day."""
        taken = self.doses.first_taken_on
        rule = "first_dose" if self.first_dose_on else "first_taken" if taken else "planned_first_dose"
        return Reason(rule, day=self.c1d1)

    @cached_property
    def last_dose_on(self) -> date | None:
        """Return the last dose (section 3), the latest of first dose, days taken and end; None if never dosed."""
        ended = self.treatment_ended
        doses = (self.first_dose_on, self.doses.last_taken_on, ended.last_dose_on if ended else None)
        return max([day for day in doses if day is not None], default=None)

    @cached_property
    def died_on(self) -> date | None:
        """Return the date of death, whichever fact recorded it."""
        ended, left = self.treatment_ended, self.study_ended
        deaths = [ended.decided_on] if ended and ended.reason == "death" else []
        deaths += [left.ended_on] if left and left.reason == "death" else []
        return min(deaths, default=None)

    @cached_property
    def off_study_on(self) -> date | None:
        """Return the first day off study: `ended_on`, or death if only the end of treatment recorded it."""
        offs = (self.died_on, self.study_ended.ended_on if self.study_ended else None)
        return min([day for day in offs if day is not None], default=None)

    @cached_property
    def last_treatment_day(self) -> date | None:
        """Return the last day on which doses and cycles exist (section 4); None while no end is recorded."""
        ended, off = self.treatment_ended, self.off_study_on
        last_days = [off - ONE_DAY] if off is not None else []
        if ended is not None:
            last_days.append(ended.decided_on - ONE_DAY if ended.last_dose_on is None else ended.last_dose_on)
        return min(last_days, default=None)

    @cached_property
    def done_of_series(self) -> Mapping[str, Done]:
        """Return what was done, by the series it was recorded for."""
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
        return done

    @property
    def off_study_because(self) -> Reason:
        """Return why the patient is off study."""
        return Reason("died" if self.off_study_on == self.died_on else "study_ended", day=self.off_study_on)

    def plans_like(self, other: History) -> bool:
        """Return whether cycles, planned doses and visits are those of another history of the patient.

        Nearly every fact records a dose during treatment, which changes none of them.
        """
        return (
            _all_but_doses(self) == _all_but_doses(other)
            and self.treatment_ended is None
            and self.off_study_on is None
            and (self.begun, self.c1d1_because) == (other.begun, other.c1d1_because)
        )

    def is_held(self, day: date) -> bool:
        """Return whether `day` lies in a hold."""
        return bool(self.holds) and any(hold.covers(day) for hold in self.holds)

    def is_fertile(self, day: date) -> bool:
        """Return whether the patient is fertile on a day, by the latest change up to it or by enrolment (section 6)."""
        fertile = self.enrolled.fertility == "fertile"
        for change in self.fertility_changes:
            if change.from_on > day:
                break
            fertile = change.fertile
        return fertile


_all_but_doses = attrgetter(*(one.name for one in fields(History) if one.name != "doses"))
