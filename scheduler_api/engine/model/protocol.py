"""A protocol as data (rules, section 2). Frozen; `protocol_file` reads it from JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

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
class Regimen:
    """Says what is taken, how much and when.

    `amount` is that of one intake, `levels` are the other amounts that are allowed, both in `unit`, as are `strengths`,
    those of the capsules that exist, largest first. `days` are days of the cycle (None: all of them). `drugs` are the
    drug's names in other languages, where the protocol has them.
    """

    id: str
    drug: str
    route: str
    amount: float
    levels: tuple[float, ...]
    cycle_days: int
    days: frozenset[int] | None
    extend_on_hold: bool
    strengths: tuple[float, ...] = ()
    drugs: tuple[tuple[str, str], ...] = ()
    #: The numbers of the doses of a day.
    slots: ClassVar[tuple[int, ...]] = (1,)
    #: The unit of amounts and strengths.
    unit: ClassVar[str] = "mg"

    @property
    def drug_name(self) -> Reason:
        """Return the drug's name as a label, which is said in the reader's language if the protocol has it in that."""
        return Reason("label", text=self.drug, n="", day="", labels=self.drugs)

    @property
    def highest(self) -> float:
        """Return the highest amount that the protocol allows."""
        return max(self.amount, *self.levels) if self.levels else self.amount


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
    """Says what a series is counted from: the earliest of some milestones, a visit, or the days of cycles."""

    milestones: tuple[str, ...] = ()
    visit: str | None = None

    @property
    def is_cycle(self) -> bool:
        """Return whether visits are on days of cycles."""
        return not self.milestones and self.visit is None


@dataclass(frozen=True, slots=True)
class Responses:
    """The responses that visits of a series can have, and those of them that mean progression."""

    codes: tuple[str, ...]
    progression: frozenset[str]


RESPONSES: Mapping[str, Responses] = {
    "RECIST 1.1": Responses(("CR", "PR", "SD", "PD", "NE"), frozenset({"PD"})),
    "iRECIST": Responses(("iCR", "iPR", "iSD", "iUPD", "iCPD", "NE"), frozenset({"iCPD"})),
}
"""The criteria that a protocol can name. Of iRECIST, unconfirmed progression is none."""


@dataclass(frozen=True, slots=True)
class Series:
    """A series of visits; its recurrences share their anchor, and their responses (None: they have none)."""

    name: str
    anchor: Anchor
    recurrences: tuple[Recurrence, ...]
    responses: Responses | None = None

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
        if self.is_single:
            if visit == self.name:
                yield self.recurrences[0], self.recurrences[0].cycles.first
            return
        if self.anchor.is_cycle:
            match = re.fullmatch(re.escape(self.name) + r"-c([1-9]\d{0,4})d(-?[1-9]\d{0,3})", visit, re.ASCII)
            for recurrence in self.recurrences if match else ():
                number = int(match[1])  # type: ignore[index]
                if int(match[2]) == recurrence.on_day and number in recurrence.cycles:  # type: ignore[index]
                    yield recurrence, number
            return
        match = re.fullmatch(re.escape(self.name) + r"-([dwm])(0|-?[1-9]\d{0,4})", visit, re.ASCII)
        for recurrence in self.recurrences if match else ():
            if match[1] == recurrence.unit:  # type: ignore[index]
                offset = int(match[2]) * (7 if recurrence.unit == "w" else 1)  # type: ignore[index]
                steps, rest = divmod(offset - recurrence.first, recurrence.every or 1)
                last = 1 if recurrence.every is None else recurrence.count or steps + 1
                if rest == 0 and 0 <= steps < last and offset <= recurrence_limit(recurrence):
                    yield recurrence, steps + 1

    @property
    def is_single(self) -> bool:
        """Return whether it has one entry with one target; its visit then has the name of the series."""
        if len(self.recurrences) > 1:
            return False
        one = self.recurrences[0]
        return one.cycles.first == one.cycles.last if one.on_day else one.every is None or one.count == 1

    def name_of(self, recurrence: Recurrence, number: int) -> str:
        """Return the name of a visit: by its cycle (`number`) and day, or its distance from the anchor in its unit."""
        if self.is_single:
            return self.name
        if recurrence.on_day:
            return f"{self.name}-c{number}d{recurrence.on_day}"
        return f"{self.name}-{recurrence.unit}{number}"


def recurrence_limit(recurrence: Recurrence) -> int:
    """Return how far from its anchor a visit can be: 100 years, in the recurrence's days or months."""
    return 1200 if recurrence.unit == "m" else 36525


@dataclass(frozen=True, slots=True)
class ContraceptionRule:
    """For how long after the last dose contraception is required: `length` days (`unit` d) or months (m).

    It is required from `since` on (`consent`, `enrolment` or `first_dose`), for the patients that `who` fits.
    """

    length: int
    unit: Unit
    since: str = "enrolment"
    who: Who = EVERYBODY


@dataclass(frozen=True, slots=True)
class Protocol:
    """One version of one trial's protocol. `definition` is the data it was read from.

    `arms`, `cohorts` and `milestones` are the ids that it declares. `reminders_off` are the kinds of message that the
    trial does not send. `beyond_progression`: treatment may go on after progression without anybody being asked.
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

    @property
    def regimen(self) -> Regimen:
        """Return the lead regimen."""
        return self.regimens[0]

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
