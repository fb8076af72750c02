"""Name a dose by its day, its regimen, and its number among the doses of that day (rules, section 4)."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from scheduler_api.engine.dates import parse_date

_NAMED = re.compile(r"\.(.+)\.([1-9]\d?)", re.ASCII)
_DAY = len("2024-02-20")


class DoseId(NamedTuple):
    """The name of a dose: `2024-02-20.surufatinib.1`, or only its day for the first regimen and slot of that day."""

    day: date
    regimen: str | None = None
    slot: int | None = None

    def __str__(self) -> str:
        """Return it as it is written."""
        return str(self.day) if self.regimen is None else f"{self.day}.{self.regimen}.{self.slot}"


def dose_id(day: date, regimen: str, slot: int) -> str:
    """Return the name of the dose of a day: an intake of a regimen."""
    return f"{day.isoformat()}.{regimen}.{slot}"


def slot_of(name: str) -> int:
    """Return the number of a dose, whose whole name is given, among those of its day."""
    return int(name.rpartition(".")[2])


def parse_dose_id(text: str) -> DoseId:
    """Read the name of a dose. Raises ValueError with a sentence for the sender."""
    day, rest = parse_date(text[:_DAY]), text[_DAY:]
    if not rest:
        return DoseId(day)
    if (named := _NAMED.fullmatch(rest)) is None:
        raise ValueError("Not a dose: a date, or date.regimen.slot.")
    return DoseId(day, named[1], int(named[2]))
