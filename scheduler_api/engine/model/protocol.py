"""A protocol as data (rules, section 2). Frozen; `protocol_file` reads it from JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Anchor = Literal["enrolment", "first_dose", "cycle", "last_dose", "visit"]
Until = Literal["progression", "end_of_treatment", "end_of_study"]
Unit = Literal["d", "w", "m"]

IMAGING = "imaging"
"""The series of tumour imaging: its visits carry a response, and one done with `PD` is a progression."""
PROGRESSION = "PD"
"""The response that says that the disease progressed."""
CONTRACEPTION = "contraception"
"""The series of contraception follow-up: calls to a patient whose treatment has ended."""


@dataclass(frozen=True, slots=True)
class Dosing:
    """What is taken, how much and when. Amounts in mg, `dosing_days` are days of the cycle (None: all of them).

    `strengths_mg` are those of the capsules that exist, largest first.
    """

    drug: str
    route: str
    dose_mg: float
    reduced_doses_mg: tuple[float, ...]
    cycle_days: int
    dosing_days: frozenset[int] | None
    extend_on_hold: bool
    strengths_mg: tuple[float, ...] = ()
    #: The numbers of the doses of a day.
    slots: ClassVar[tuple[int, ...]] = (1,)
    #: The unit of amounts and strengths.
    unit: ClassVar[str] = "mg"

    @property
    def regimen(self) -> str:
        """Return the name of the regimen. A protocol has one, which is named after its drug."""
        return self.drug


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One entry of a series: targets at anchor + first + (k-1)·every, or `on_day` of each cycle.

    `first` and `every` are days (`unit` d or w) or months (m); `every` None is a single visit. `labels` are the label
    in other languages, where the protocol itself has them.
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


@dataclass(frozen=True, slots=True)
class Series:
    """A series of visits; its recurrences share their anchor, their end and the patients they apply to."""

    name: str
    anchor: Anchor
    anchor_visit: str | None
    until: Until
    fertile_only: bool
    recurrences: tuple[Recurrence, ...]

    @property
    def most_before_days(self) -> int:
        """Return how many days before its target a visit of this series opens at most."""
        return max(recurrence.before_days for recurrence in self.recurrences)

    def has_visit(self, visit: str) -> bool:
        """Return whether a visit of this name is on this series, whoever the patient is."""
        return self.locate(visit) is not None

    def locate(self, visit: str) -> tuple[Recurrence, int] | None:
        """Return the recurrence and the number k of the visit with this name; None if there is none.

        k counts from 1; for the anchor `cycle` it is the number of the cycle.
        """
        if self.anchor == "cycle":
            match = re.fullmatch(re.escape(self.name) + r"-c([1-9]\d{0,4})d([1-9]\d{0,3})", visit, re.ASCII)
            for recurrence in self.recurrences if match else ():
                number = int(match[1])  # type: ignore[index]
                if int(match[2]) == recurrence.on_day and number <= (recurrence.count or number):  # type: ignore[index]
                    return recurrence, number
            return None
        match = re.fullmatch(re.escape(self.name) + r"(?:-([dwm])(0|-?[1-9]\d{0,4}))?", visit, re.ASCII)
        for recurrence in self.recurrences if match else ():
            if recurrence.every is None:
                if visit == self.name:
                    return recurrence, 1
            elif match[1] == recurrence.unit:  # type: ignore[index]
                offset = int(match[2]) * (7 if recurrence.unit == "w" else 1)  # type: ignore[index]
                steps, rest = divmod(offset - recurrence.first, recurrence.every)
                if (
                    rest == 0
                    and 0 <= steps < (recurrence.count or steps + 1)
                    and offset <= recurrence_limit(recurrence)
                ):
                    return recurrence, steps + 1
        return None


def recurrence_limit(recurrence: Recurrence) -> int:
    """Return how far from its anchor a visit can be: 100 years, in the recurrence's days or months."""
    return 1200 if recurrence.unit == "m" else 36525


@dataclass(frozen=True, slots=True)
class Protocol:
    """One version of one trial's protocol. `definition` is the data it was read from.

    `reminders_off` are the kinds of message that the trial does not send.
    """

    id: str
    version: int
    title: str
    participants: int | None
    dosing: Dosing
    series: tuple[Series, ...]
    months_after_last_dose: int
    reminders_off: frozenset[str]
    definition: Mapping[str, Any]

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
