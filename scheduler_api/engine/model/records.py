"""Define what a history is made of, as it stands: holds, changes, bookings, what was done, ends, pregnancies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.reason import Reason


class Hold(NamedTuple):
    """A hold from `from_on` up to, not including, `resumes_on`; open while that is None.

    `recorded_at`: the instant since which somebody could know of it. It holds the `regimens` named, None all of them;
    `fact_id` is the fact that started it.
    """

    from_on: date
    resumes_on: date | None
    recorded_at: datetime
    regimens: tuple[str, ...] | None = None
    fact_id: str = ""

    def covers(self, day: date) -> bool:
        """Return whether `day` is held."""
        return self.from_on <= day and (self.resumes_on is None or day < self.resumes_on)

    def through(self, day: date) -> Hold:
        """Return the same hold, over on the day after `day` at the latest."""
        goes_on = day < date.max and (self.resumes_on is None or self.resumes_on > day + ONE_DAY)
        return self._replace(resumes_on=day + ONE_DAY) if goes_on else self


class DoseChange(NamedTuple):
    """The planned amount of one intake of a regimen from a day on; known since the instant `recorded_at`.

    `regimen` None is the only one of the version with which the patient was registered. `times_a_day` and the `days` of
    the cycle are those of the protocol where None.
    """

    from_on: date
    amount: int | float
    recorded_at: datetime
    regimen: str | None = None
    times_a_day: int | None = None
    days: tuple[int, ...] | None = None


class FertilityChange(NamedTuple):
    """The patient is fertile or not from a day on; `basis` says why not."""

    from_on: date
    fertile: bool
    basis: str | None


class ArmChange(NamedTuple):
    """The patient is in this arm from a day on."""

    from_on: date
    arm: str


class CohortChange(NamedTuple):
    """The patient is, or is no longer, in a cohort from a day on."""

    from_on: date
    cohort: str
    member: bool


class MilestoneDay(NamedTuple):
    """A milestone that a protocol declares, or `randomisation`, and its day.

    `is_announced`: the day was still ahead when it was recorded.
    """

    from_on: date
    name: str
    is_announced: bool
    fact_id: str

    @property
    def because(self) -> Reason:
        """Return what it is, with its day."""
        # Randomisation is everybody's milestone; others have the trial's own name.
        if self.name == "randomisation":
            return Reason("randomisation", day=self.from_on)
        return Reason("milestone", text=self.name, day=self.from_on)


class Amendment(NamedTuple):
    """This version of the protocol applies from a day on."""

    from_on: date
    version: int


class Transfer(NamedTuple):
    """This site has the patient from a day on; `known_since` is when that was first recorded, before any correction."""

    from_on: date
    site: str
    known_since: datetime


class Stay(NamedTuple):
    """A site that has the patient from a day (None: from the beginning) through a day (None: from then on).

    `next` is the transfer that ends it.
    """

    site: str
    from_on: date | None
    through_on: date | None
    next: Transfer | None


class Booking(NamedTuple):
    """The day for which a visit is booked, and its time and place as they were entered.

    Day and time are on the clock of the site that it was booked for, in the time zone which that site had then.
    `series` is given for an unscheduled appointment. `since` is when the service received that it is at this time.
    """

    booked_on: date
    time: str | None
    place: str | None
    site: str
    time_zone: str
    series: str | None
    since: datetime

    def is_at_time_of(self, other: Booking) -> bool:
        """Return whether it is at the same time as another."""
        return (self.booked_on, self.time, self.time_zone) == (other.booked_on, other.time, other.time_zone)


class ReportedDay(NamedTuple):
    """A day as it was reported: one of `first_on`…`last_on`, which differ where only month or year is known.

    `last_on` is not after the patient's day on which it was received. `text` is what was written.
    """

    first_on: date
    last_on: date
    text: str

    @property
    def is_exact(self) -> bool:
        """Return whether the very day is known."""
        return len(self.text) == 10

    def in_words(self, because: Reason) -> Reason:
        """Return a reason that names the day it stands for: of an inexact one with the words of the report."""
        return because if self.is_exact else Reason("reported", base=because, text=self.text)


class RegimenEnd(NamedTuple):
    """The end of one regimen as a fact reported it."""

    regimen: str
    last_dose: ReportedDay


class DrugCount(NamedTuple):
    """Says what was `dispensed`, `returned` or `lost` on a day: how many pieces of each strength, as reported."""

    on: date
    what: str
    units: Mapping[str, int]
    regimen: str | None
    kit: str | None
    fact_id: str


class EndOfTreatment(NamedTuple):
    """The end of treatment as a fact reported it. `last_dose` None: never dosed, unless `last_dose_unknown`.

    `is_settled`: staff recorded something about treatment since.
    """

    fact_id: str
    last_dose: ReportedDay | None
    last_dose_unknown: bool
    decided: ReportedDay
    reason: str
    is_settled: bool


class EndOfStudy(NamedTuple):
    """The end of the study as a fact reported it; `contact`: whether messages may go to the patient afterwards."""

    fact_id: str
    ended: ReportedDay
    reason: str
    contact: bool


class Milestone(NamedTuple):
    """A day that something is counted from or ends on. It stands for a day of `first_on`…`on`, if not exactly known."""

    on: date
    first_on: date

    @property
    def is_vague(self) -> bool:
        """Return whether it may be an earlier day."""
        return self.first_on < self.on


def earliest(days: Iterable[Milestone]) -> Milestone | None:
    """Return the earliest of some days; None if there is none. It may be any day on which one of them may be."""
    found = list(days)
    return Milestone(min(day.on for day in found), min(day.first_on for day in found)) if found else None


class TreatmentEnd(NamedTuple):
    """The end of treatment, each day standing for what was reported, `said` (section 1).

    `last_dose` None: nobody was dosed.
    """

    last_dose: Milestone | None
    decided: Milestone
    said: EndOfTreatment

    @property
    def reason(self) -> str:
        """Return why treatment ended."""
        return self.said.reason

    @property
    def is_provisional(self) -> bool:
        """Return whether the day of the last dose is not exactly known, or not at all."""
        stated = self.said.last_dose
        return self.said.last_dose_unknown or (stated is not None and not stated.is_exact)

    @property
    def last_dose_on(self) -> date | None:
        """Return the day of the last dose."""
        return None if self.last_dose is None else self.last_dose.on

    @property
    def decided_on(self) -> date:
        """Return the day of the decision."""
        return self.decided.on

    @property
    def because(self) -> Reason:
        """Return why it is that day."""
        return self.said.decided.in_words(Reason("treatment_ended", day=self.decided_on))

    @property
    def last_day(self) -> date:
        """Return the last day of what it ended (section 4): that of the last dose, else of the decision."""
        return self.end.on

    @property
    def end(self) -> Milestone:
        """Return the same with the first day that it may be."""
        return self.last_dose or self.decided

    def states_last_dose(self, day: date) -> bool:
        """Return whether it says that the last dose was taken on that very day."""
        return self.last_dose_on == day and not self.is_provisional


class Reopening(NamedTuple):
    """Says that treatment goes on after an end: a `regimen` starts at a milestone, `from_on` (section 4)."""

    from_on: date
    regimen: str

    @property
    def because(self) -> Reason:
        """Return why treatment goes on."""
        return Reason("treatment_reopened", text=self.regimen, day=self.from_on)


class PregnancyReport(NamedTuple):
    """A pregnancy as a fact reported it, `of` the patient or a partner.

    `is_settled`: staff recorded something about treatment since (section 6).
    """

    reported_on: date
    of: str
    fact_id: str
    is_settled: bool


class Pregnancy(NamedTuple):
    """A pregnancy of the patient, open from `from_on` up to, not including, `closed_on` (None: it is open)."""

    from_on: date
    closed_on: date | None
    because: Reason


class DoneVisit(NamedTuple):
    """A visit recorded as done, and the fact that says so; `number` counts them in the order they were received.

    `amount` is what was given, if it is a dose given at the site; `before_start`: of a day before day 1. `said_at` is
    when that was said; None of what nobody recorded yet.
    """

    series: str
    done_on: date
    visit: str | None
    response: str | None
    part: bool
    fact_id: str
    number: int
    progression: bool
    amount: int | float | None = None
    before_start: bool = False
    said_at: datetime | None = None


class Done(NamedTuple):
    """The visits done of one series, in order: those that say which visit it was, the others, and parts of any."""

    named: list[DoneVisit]
    unnamed: list[DoneVisit]
    parts: list[DoneVisit]
