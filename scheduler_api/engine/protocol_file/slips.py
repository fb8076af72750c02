"""Find what in a valid protocol is probably a slip: a warning, and nothing that keeps it from being used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from operator import attrgetter
from typing import Literal, NamedTuple, get_args

from scheduler_api.engine.model.protocol import Protocol, Recurrence

SlipCode = Literal[
    "contraception_in_months",
    "gap_between_parts",
    "given_every_day",
    "intravenous_by_patient",
    "pregnancy_test_of_all",
    "window_wide",
]
"""Names what may be a slip. Programs go by it: its words may change, the code does not."""
SLIPS: tuple[SlipCode, ...] = get_args(SlipCode)


class Slip(NamedTuple):
    """Tells what may be a slip, and where: `pointer` is a JSON pointer into the protocol."""

    pointer: str
    code: SlipCode
    detail: str


def slips(protocol: Protocol) -> list[Slip]:
    """Return what in a protocol is probably not meant so, in the order of its parts."""
    return [*_of_regimens(protocol), *_of_visits(protocol), *_of_contraception(protocol)]


def _of_regimens(protocol: Protocol) -> Iterator[Slip]:
    for index, regimen in enumerate(protocol.regimens):
        if not regimen.given_by_site and re.search(r"intraven|infusion|\biv\b", regimen.route, re.IGNORECASE):
            detail = f"{regimen.route}, and yet the patient is to take it and confirm each dose."
            yield Slip(f"/regimens/{index}/route", "intravenous_by_patient", detail)
        if regimen.given_by_site and regimen.cycle_days > 1 and "when" not in protocol.definition["regimens"][index]:
            detail = f"Without `when` it is given at the site on all {regimen.cycle_days} days of each cycle."
            yield Slip(f"/regimens/{index}/when", "given_every_day", detail)


def _of_visits(protocol: Protocol) -> Iterator[Slip]:
    entries = protocol.definition["visits"]
    for index, entry in enumerate(entries):
        at, who = f"/visits/{index}", entry.get("who", {})
        if re.search("pregnan", f"{entry['series']} {entry['label']}", re.IGNORECASE) and "sex" not in who:
            yield Slip(f"{at}/who", "pregnancy_test_of_all", "It looks like a test for women, and no `sex` is named.")
        every = _days(entry["every"]) if "every" in entry else None
        width = entry["window"]["before_days"] + entry["window"]["after_days"]
        if every is not None and 2 * width > every:
            detail = f"The window is {width} days wide, more than half of the {every} days from one visit to the next."
            yield Slip(f"{at}/window", "window_wide", detail)
    for series in protocol.series:
        parts = [] if series.anchor.is_cycle else sorted(series.recurrences, key=attrgetter("first"))
        for before, after in pairwise(parts):
            gap = after.first - before.first - ((before.count or 1) - 1) * (before.every or 0)
            longest = max(before.every or 0, after.every or 0)
            alike = (before.unit == "m") == (after.unit == "m") and before.who == after.who
            if alike and longest and gap > longest:
                places = [place for place, entry in enumerate(entries) if entry["series"] == series.name]
                detail = f"It begins {gap} {_units(after)} after the part before it, more than either interval."
                yield Slip(f"/visits/{places[after.place]}/first", "gap_between_parts", detail)


def _units(recurrence: Recurrence) -> str:
    return "months" if recurrence.unit == "m" else "days"


def _of_contraception(protocol: Protocol) -> Iterator[Slip]:
    for index, entry in enumerate(protocol.definition["contraception"]):
        at = f"/contraception/{index}/after_last_dose"
        notes = [
            source.get("note", "")
            for pointer, source in protocol.definition.get("sources", {}).items()
            if f"{at}/".startswith(f"{pointer}/") or pointer.startswith(at)
        ]
        if "months" in entry["after_last_dose"] and any(re.search(r"\bdays?\b", note) for note in notes):
            yield Slip(at, "contraception_in_months", "It is said in months, and its source speaks of days.")


def _days(duration: dict[str, int]) -> int:
    """Return the fewest days of a duration."""
    unit, number = next(iter(duration.items()))
    return number * {"days": 1, "weeks": 7, "months": 28}[unit]
