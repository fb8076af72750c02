"""What is known of one patient: the facts that stand, folded (rules, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from operator import attrgetter, is_
from typing import NamedTuple

from .facts import Enrolled, StudyEnded, TreatmentEnded, VisitDone

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

    `taken` maps each day recorded taken to its mg (None: as planned); `missed` are the days recorded missed.
    `progressed_on` and `new_therapy_on` are the earliest on record. Lists are in order of day, then of receipt.
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
    missed_in_order: list[date] = field(init=False, repr=False, compare=False)
    """The days recorded missed."""
    done_of_series: Mapping[str, Done] = field(init=False, repr=False, compare=False)
    """What was done, by the series it was recorded for."""

    def __post_init__(self) -> None:
        days = sorted(self.taken)
        self._know_from_days(days, [self.taken[day] for day in days])
        ended, left = self.treatment_ended, self.study_ended
        deaths = [ended.decided_on] if ended and ended.reason == "death" else []
        deaths += [left.ended_on] if left and left.reason == "death" else []
        offs = deaths + ([left.ended_on] if left else [])
        last_days = [off - ONE_DAY for off in offs]
        if ended is not None:
            last_days.append(ended.decided_on - ONE_DAY if ended.last_dose_on is None else ended.last_dose_on)
        done: dict[str, Done] = {}
        for visit in self.visits_done:
            of_series = done.setdefault(visit.series, Done([], [], []))
            if visit.visit is None:
                of_series.unnamed.append(visit)
                of_series.days.append(visit.done_on.toordinal())
            else:
                of_series.named.append(visit)
        _set(self, "died_on", min(deaths, default=None))
        _set(self, "off_study_on", min(offs, default=None))
        _set(self, "last_treatment_day", min(last_days, default=None))
        _set(self, "done_of_series", done)

    def _know_from_days(self, taken: list[date], amounts: list[float | None]) -> None:
        """What follows from the recorded days, those taken in order."""
        first, ended = self.first_dose_on, self.treatment_ended
        c1d1 = first or (taken[0] if taken else self.enrolled.planned_first_dose_on)
        words = "first dose" if first else "first day recorded taken" if taken else "planned first dose"
        doses = [first, taken[-1] if taken else None, ended.last_dose_on if ended else None]
        _set(self, "begun", first is not None or bool(taken))
        _set(self, "c1d1", c1d1)
        _set(self, "c1d1_because", f"{words} {c1d1}")
        _set(self, "last_dose_on", max([day for day in doses if day is not None], default=None))
        _set(self, "taken_in_order", (taken, amounts))
        _set(self, "missed_in_order", sorted(self.missed))

    def with_days(
        self, taken: dict[date, float | None], in_order: tuple[list[date], list[float | None]], missed: frozenset[date]
    ) -> History:
        """The history with other recorded days, those taken also in order, and all else as it is."""
        other = object.__new__(History)
        for name, value in zip(_NAMES, _all(self), strict=True):
            _set(other, name, value)
        _set(other, "taken", taken)
        _set(other, "missed", missed)
        other._know_from_days(*in_order)
        return other

    @property
    def off_study_because(self) -> str:
        """Why the patient is off study."""
        return f"died {self.died_on}" if self.off_study_on == self.died_on else f"study ended {self.off_study_on}"

    def has_days_of(self, other: History) -> bool:
        """Whether the recorded days are those of another history that this one came of, without looking at each."""
        return self.taken is other.taken and self.missed is other.missed

    def differs_in_days_alone(self, other: History) -> bool:
        """Whether all but the recorded days is that of another history that this one came of, without looking at it."""
        return all(map(is_, _but_days(self), _but_days(other)))

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


_NAMES = tuple(one.name for one in fields(History))
_all = attrgetter(*_NAMES)
_but_days = attrgetter(*(one.name for one in fields(History) if one.init and one.name not in ("taken", "missed")))
