"""Define a protocol as frozen data (rules, section 2); `protocol_file` reads it from JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import accumulate, product
from math import lcm
from typing import Any, Literal

from scheduler_api.engine.reason import Reason

Unit = Literal["d", "w", "m"]

MILESTONES = (
    *("consent", "enrolment", "randomisation", "first_dose", "last_dose", "end_of_treatment"),
    *("progression", "new_therapy", "death", "end_of_study"),
)
"""The milestones that every protocol has (section 2); a protocol may declare others."""
IMAGING = "imaging"
"""The series of tumour imaging."""
CONTRACEPTION = "contraception"
"""The series of contraception follow-up: calls to a patient whose treatment has ended."""


@dataclass(frozen=True, slots=True)
class Who:
    """For which patients something is: all that is named must hold (None: it does not matter)."""

    sex: str | None = None
    fertile: bool | None = None
    arms: frozenset[str] | None = None
    cohorts: frozenset[str] | None = None

    def may_meet(self, other: Who) -> bool:
        """Return whether one patient can be one of these and one of others on one day."""
        return (
            (self.sex is None or other.sex in (None, self.sex))
            and (self.fertile is None or other.fertile in (None, self.fertile))
            and (self.arms is None or other.arms is None or not self.arms.isdisjoint(other.arms))
        )


EVERYBODY = Who()


@dataclass(frozen=True, slots=True)
class Cycles:
    """A choice of cycles by their numbers: those from `first` through `last` (None: all further ones) by `step`."""

    first: int = 1
    last: int | None = None
    step: int = 1

    def __contains__(self, number: int) -> bool:
        """Return whether a cycle is one of them."""
        chosen = number >= self.first and (number - self.first) % self.step == 0
        return chosen and (self.last is None or number <= self.last)

    def reaches(self, number: int) -> bool:
        """Return whether a cycle, or a later one, is one of them."""
        return self.last is None or self.last - (self.last - self.first) % self.step >= number


@dataclass(frozen=True, slots=True)
class DoseDays:
    """Says on which days of which cycles there are doses, of what amount and in what window (None: the regimen's own).

    `cycles` empty stands for all cycles, `days` and `weekdays` (0 is Monday) None for all days. A window is the days
    before and after; only what is given at the site has one.
    """

    cycles: tuple[Cycles, ...] = ()
    days: frozenset[int] | None = None
    weekdays: frozenset[int] | None = None
    amount: float | None = None
    window: tuple[int, int] | None = None

    def has_cycle(self, number: int) -> bool:
        """Return whether a cycle is one of those with doses."""
        return not self.cycles or any(number in choice for choice in self.cycles)

    def may_hold(self, cycle: int, cycle_day: int) -> bool:
        """Return whether some day, whichever weekday it is, can be one of them."""
        return self.has_cycle(cycle) and (cycle_day > 0 if self.days is None else cycle_day in self.days)

    def holds(self, day: date, cycle: int, cycle_day: int) -> bool:
        """Return whether a day, which is `cycle_day` of a cycle, is one of them."""
        return self.may_hold(cycle, cycle_day) and (self.weekdays is None or day.weekday() in self.weekdays)


EVERY_DAY = DoseDays()


@dataclass(frozen=True, slots=True)
class Start:
    """Says when a regimen starts: with the first dose, `after` another regimen and a gap, or at a `milestone`."""

    after: str | None = None
    gap_days: int = 0
    milestone: str | None = None

    @property
    def is_first_dose(self) -> bool:
        """Return whether it starts with the first dose of treatment."""
        return self.after is None and self.milestone is None


FIRST_DOSE = Start()


@dataclass(frozen=True, slots=True)
class Regimen:
    """Says what is taken, how much and when.

    `amount` is that of one intake, `levels` are the other amounts that are allowed, both in `unit`, as are `strengths`,
    those of the pieces that exist, largest first; `per` (`kg`, `m2`, `AUC`) says that the amount of each patient is to
    be calculated. There are `times_a_day` intakes on each of the days that `when` names: of several entries the first
    that holds the day counts, and none at all stands for every day. `cycle_days` is the length of a cycle; with
    `cycles_of` cycles, holds and end are those of another regimen. It ends after `cycles` cycles
    (None: with treatment), or with its dose number `max_doses`; its first cycle has the number `first_cycle`. `drugs`
    are the drug's names in other languages, where the protocol has them.

    One that is `given_by_site` has a visit for each of its doses, in a `window` of days before and after; with
    `counts_actual` its cycles count from the day on which their day-1 dose was given.
    """

    id: str
    drug: str
    route: str
    amount: float
    levels: tuple[float, ...]
    cycle_days: int
    when: tuple[DoseDays, ...]
    extend_on_hold: bool
    strengths: tuple[float, ...] = ()
    drugs: tuple[tuple[str, str], ...] = ()
    unit: str = "mg"
    per: str | None = None
    times_a_day: int = 1
    cycles_of: str | None = None
    starts: Start = FIRST_DOSE
    cycles: int | None = None
    first_cycle: int = 1
    who: Who = EVERYBODY
    max_doses: int | None = None
    given_by_site: bool = False
    counts_actual: bool = False
    window: tuple[int, int] = (0, 0)

    @property
    def entries(self) -> tuple[DoseDays, ...]:
        """Return the entries of `when`: one of every day if it has none."""
        return self.when or (EVERY_DAY,)

    @property
    def drug_name(self) -> Reason:
        """Return the drug's name as a label, which is said in the reader's language if the protocol has it in that."""
        return Reason("label", text=self.drug, n="", day="", labels=self.drugs)

    @property
    def highest(self) -> float:
        """Return the highest amount that the protocol allows."""
        return max(self.amounts | {*self.levels})

    @property
    def amounts(self) -> frozenset[float]:
        """Return the amounts that the protocol itself plans on any day."""
        return frozenset(map(self.amount_of, self.entries))

    def most_planned_from(self, cycle: int) -> float:
        """Return the highest amount that the protocol itself plans in a cycle or a later one."""
        entries = (one for one in self.entries if not one.cycles or any(choice.reaches(cycle) for choice in one.cycles))
        return max(map(self.amount_of, entries), default=self.amount)

    def amounts_on(self, cycle: int, cycle_day: int) -> Iterator[float]:
        """Yield the amounts of a day of a cycle, whichever weekday it is."""
        for entry in self.entries:
            if entry.may_hold(cycle, cycle_day):
                yield self.amount_of(entry)
                if entry.weekdays is None:
                    return

    @property
    def measure(self) -> tuple[str, str | None]:
        """Return in what its amount is said: the unit, and whether it is per kg or m²."""
        return self.unit, self.per

    @property
    def days(self) -> list[tuple[tuple[Cycles, ...], frozenset[int] | None, frozenset[int] | None]]:
        """Return on which days of which cycles there are doses, whatever their amount."""
        return [(one.cycles, one.days, one.weekdays) for one in self.entries]

    @property
    def is_even(self) -> bool:
        """Return whether the protocol plans the same amount on all its days."""
        return not any(one.amount is not None and one.amount != self.amount for one in self.when)

    def amount_on(self, day: date, cycle: int, cycle_day: int | None) -> float | None:
        """Return the protocol's amount of one intake on a day of a cycle; None on a day without a dose.

        A day that does not count (its `cycle_day` is None) has one if the patient takes it.
        """
        if cycle_day is None:
            return None if self.given_by_site else self.amount
        entry = self.entry_on(day, cycle, cycle_day)
        return None if entry is None else self.amount_of(entry)

    def entry_on(self, day: date, cycle: int, cycle_day: int) -> DoseDays | None:
        """Return the first entry of `when` that holds a day of a cycle; None on a day without a dose."""
        if not self.when:
            return EVERY_DAY
        for one in self.when:
            if one.holds(day, cycle, cycle_day):
                return one
        return None

    def amount_of(self, entry: DoseDays) -> float:
        """Return the protocol's amount of one intake on the days of an entry of `when`."""
        return self.amount if entry.amount is None else entry.amount

    def days_listed(self, cycle_days: int) -> list[int]:
        """Return the days on which a cycle of a length may have doses, in order; those before day 1 are of cycle 1."""
        found: set[int] = set()
        for one in self.entries:
            found |= set(range(1, cycle_days + 1)) if one.days is None else one.days
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Holds one entry of a series, or one of its cycle days: when its visits are, for whom, and until when.

    Targets lie at anchor + first + (k-1)·every, or on day `on_day` of the chosen `cycles`. `first` and `every` are days
    (`unit` d or w) or months (m); `every` None is a single visit. Of `until` the earliest counts, and of each of its
    entries the latest. `labels` are the label in other languages, where the protocol itself has them; `place` is the
    recurrence's place in its series.
    """

    label: str
    unit: Unit
    first: int
    every: int | None
    count: int | None
    on_day: int
    before_days: int
    after_days: int
    labels: tuple[tuple[str, str], ...] = ()
    cycles: Cycles = Cycles()
    until: tuple[tuple[str, ...], ...] = ()
    who: Who = EVERYBODY
    place: int = 0


@dataclass(frozen=True, slots=True)
class Anchor:
    """Says what a series is counted from.

    That is the earliest of some milestones; a visit; the first of some `responses` of another series, or `each` of them
    anew; the last dose of the drug of a regimen; or the days of cycles, those of `regimen` or of the lead regimen
    (None). `names_regimen`: names of visits say so.
    """

    milestones: tuple[str, ...] = ()
    visit: str | None = None
    regimen: str | None = None
    names_regimen: bool = False
    responses: tuple[str, ...] = ()
    responses_of: str | None = None
    each: bool = False
    last_dose_of: str | None = None

    @property
    def is_cycle(self) -> bool:
        """Return whether visits are on days of cycles."""
        is_day = self.visit or self.responses_of or self.last_dose_of
        return not self.milestones and not is_day


@dataclass(frozen=True, slots=True)
class Responses:
    """The responses that visits of a series can have, and those of them that mean progression."""

    codes: tuple[str, ...]
    progression: frozenset[str]


RESPONSES: Mapping[str, Responses] = {
    "RECIST 1.1": Responses(("CR", "PR", "SD", "PD", "NE"), frozenset({"PD"})),
    "iRECIST": Responses(("iCR", "iPR", "iSD", "iUPD", "iCPD", "NE"), frozenset({"iCPD"})),
}
"""The criteria that a protocol can name. By iRECIST, unconfirmed progression (iUPD) does not count as progression."""


@dataclass(frozen=True, slots=True)
class Series:
    """A series of visits; its recurrences share their anchor, and their responses (None: they have none).

    `gives` is the regimen of which each visit is a dose, None if visits are no doses. Such a series has one recurrence
    for each entry of the regimen's `when`, in that order; `on_day` is then the same recurrence on one of its days.
    """

    name: str
    anchor: Anchor
    recurrences: tuple[Recurrence, ...]
    responses: Responses | None = None
    gives: Regimen | None = None

    @property
    def most_before_days(self) -> int:
        """Return how many days before its target a visit of this series opens at most."""
        return max(recurrence.before_days for recurrence in self.recurrences)

    def has_visit(self, visit: str) -> bool:
        """Return whether a visit of this name is on this series, whoever the patient is."""
        return self.locate(visit) is not None

    def locate(self, visit: str) -> tuple[Recurrence, int] | None:
        """Return the recurrence and the number k of the visit with this name; None if there is none.

        k counts from 1; on days of cycles it is the number of the cycle. Of several, for different patients, it is the
        first.
        """
        return next(self.locate_all(visit), None)

    def locate_all(self, visit: str) -> Iterator[tuple[Recurrence, int]]:
        """Yield each recurrence that has a visit of this name, and the number k of the visit in it."""
        if self.anchor.each and (response := self.response_of(visit)) > 1:
            visit = self.name + visit.removeprefix(f"{self.name}-{response}")
        if self.is_single:
            if visit == self.name:
                yield self.recurrences[0], self.recurrences[0].cycles.first
            return
        if self.anchor.is_cycle:
            if (place := place_in_cycles(self._stem, visit)) is not None:
                yield from self._on_day(*place)
            return
        match = re.fullmatch(re.escape(self.name) + r"-([dwm])(0|-?[1-9]\d{0,4})", visit, re.ASCII)
        for recurrence in self.recurrences if match else ():
            if match[1] == recurrence.unit:  # type: ignore[index]
                offset = int(match[2]) * (7 if recurrence.unit == "w" else 1)  # type: ignore[index]
                steps, rest = divmod(offset - recurrence.first, recurrence.every or 1)
                last = 1 if recurrence.every is None else recurrence.count or steps + 1
                if rest == 0 and 0 <= steps < last and offset <= recurrence_limit(recurrence):
                    yield recurrence, steps + 1

    def response_of(self, visit: str) -> int:
        """Return from which response (1, 2 …) the visit of this name is counted; 1 also for what is not so counted."""
        found = re.match(re.escape(self.name) + r"-([2-9]|[1-9]\d{1,3})(?=-|$)", visit, re.ASCII)
        return int(found[1]) if found and self.anchor.each else 1

    def _on_day(self, number: int, day: int) -> Iterator[tuple[Recurrence, int]]:
        """Yield each recurrence that has a visit on a day of a cycle, with the number of the cycle."""
        if self.gives is None:
            found = (one for one in self.recurrences if one.on_day == day and number in one.cycles)
        else:
            entries = zip(self.recurrences, self.gives.entries, strict=True)
            is_possible = day <= self.gives.cycle_days
            found = (on_day(one, day) for one, entry in entries if is_possible and entry.may_hold(number, day))
        yield from ((recurrence, number) for recurrence in found)

    @property
    def is_single(self) -> bool:
        """Return whether it has one entry with one target; its visit then has the name of the series."""
        if len(self.recurrences) > 1 or self.gives is not None:
            return False
        one = self.recurrences[0]
        return one.cycles.first == one.cycles.last if one.on_day else one.every is None or one.count == 1

    @property
    def _stem(self) -> str:
        """Return what names of its visits on cycle days begin with."""
        return f"{self.name}-{self.anchor.regimen}" if self.anchor.names_regimen else self.name

    def name_of(self, recurrence: Recurrence, number: int, response: int = 1) -> str:
        """Return the name of a visit: by its cycle (`number`) and day, or its distance from the anchor in its unit.

        What is counted from the second `response`, or a later one, says so.
        """
        name = self.name if response == 1 else f"{self.name}-{response}"
        if self.is_single:
            return name
        if recurrence.on_day:
            return f"{self._stem}-c{number}d{recurrence.on_day}"
        return f"{name}-{recurrence.unit}{number}"


def place_in_cycles(stem: str, visit: str) -> tuple[int, int] | None:
    """Return cycle and cycle day in the name of a visit that begins with a stem; None of any other name."""
    match = re.fullmatch(re.escape(stem) + r"-c([1-9]\d{0,4})d(-?[1-9]\d{0,3})", visit, re.ASCII)
    return None if match is None else (int(match[1]), int(match[2]))


#: Nothing is planned for longer: 100 years, in days.
_LONGEST = 36525


# The same few for every patient of a protocol.
@lru_cache(maxsize=256)
def most_by_day(regimen: Regimen, first_cycle: int) -> tuple[float, ...]:
    """Return the most that a regimen plans through the first day of its cycles, the second …, on any weekday.

    Days before the first dose have its amount; all days after the last one listed have the amount of that.
    """
    # So many cycles later all entries have begun, and what stood before others is over, or comes round again.
    choices = [choice for entry in regimen.entries for choice in entry.cycles]
    latest = max([first_cycle, *(one.first for one in choices), *(one.last or 0 for one in choices)])
    through = min(latest + lcm(*(one.step for one in choices)), first_cycle + _LONGEST // regimen.cycle_days)
    days = product(range(first_cycle, through + 1), range(1, regimen.cycle_days + 1))
    found = [*accumulate((max(regimen.amounts_on(*day), default=0) for day in days), max)]
    first = next((amount for amount in found if amount), regimen.amount)
    return tuple(amount or first for amount in found[: found.index(found[-1]) + 1])


# The same few for every patient of a protocol.
@lru_cache(maxsize=1024)
def on_day(recurrence: Recurrence, day: int) -> Recurrence:
    """Return the recurrence of the doses of a regimen on one of its cycle days."""
    return replace(recurrence, on_day=day)


def recurrence_limit(recurrence: Recurrence) -> int:
    """Return how far from its anchor a visit can be: 100 years, in the recurrence's days or months."""
    return 1200 if recurrence.unit == "m" else _LONGEST


@dataclass(frozen=True, slots=True)
class ContraceptionRule:
    """For how long after the last dose contraception is required: `length` days (`unit` d) or months (m).

    It is required from `since` on (`consent`, `enrolment` or `first_dose`), for the patients that `who` fits. `of` are
    the regimens whose drugs' last dose counts; none stands for all.
    """

    length: int
    unit: Unit
    since: str = "enrolment"
    who: Who = EVERYBODY
    of: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Protocol:
    """One version of one trial's protocol. `definition` is the data it was read from.

    `arms`, `cohorts` and `milestones` are the ids that it declares. `reminders_off` are the kinds of message that the
    trial does not send. `beyond_progression`: treatment may go on after progression without anybody being asked.
    `accountability_margin`: how many percent the count of returned drug may differ from the diary.
    """

    id: str
    version: int
    title: str
    participants: int | None
    regimens: tuple[Regimen, ...]
    series: tuple[Series, ...]
    contraception: tuple[ContraceptionRule, ...]
    arms: tuple[str, ...]
    cohorts: tuple[str, ...]
    milestones: frozenset[str]
    beyond_progression: bool
    reminders_off: frozenset[str]
    definition: Mapping[str, Any]
    accountability_margin: int = 10

    @property
    def taken_by_patient(self) -> tuple[Regimen, ...]:
        """Return the regimens that the patient takes, in the protocol's order; the others are given at the site."""
        return tuple(regimen for regimen in self.regimens if not regimen.given_by_site)

    @property
    def only_regimen(self) -> Regimen | None:
        """Return the regimen that needs no name: the only one."""
        return self.regimens[0] if len(self.regimens) == 1 else None

    @property
    def only_dose(self) -> Regimen | None:
        """Return the regimen whose dose needs no name: the only one that the patient takes, once a day."""
        taken = self.taken_by_patient
        return taken[0] if len(taken) == 1 and taken[0].times_a_day == 1 else None

    def rests_on_first_dose(self, regimen: Regimen) -> bool:
        """Return whether the start of a regimen follows from that of treatment, and from no milestone."""
        before = self.find_regimen(regimen.cycles_of or regimen.starts.after or "")
        return regimen.starts.is_first_dose if before is None else self.rests_on_first_dose(before)

    def find_regimen(self, name: str) -> Regimen | None:
        """Return the regimen with this id, or None."""
        return next((regimen for regimen in self.regimens if regimen.id == name), None)

    def responses_of(self, name: str) -> Responses | None:
        """Return the responses of the series of this name, or None."""
        series = self.find_series(name)
        return None if series is None else series.responses

    def find_series(self, name: str) -> Series | None:
        """Return the series of this name, or None."""
        for series in self.series:
            if series.name == name:
                return series
        return None

    def series_of(self, visit: str) -> Series | None:
        """Return the series that has a visit of this name, or None for an unknown visit."""
        for series in self.series:
            if series.has_visit(visit):
                return series
        return None


Versions = Mapping[int, Protocol]
"""All versions of one protocol, by number."""
