"""What the definition of a protocol says, read slowly and literally from its JSON."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.model.protocol import Protocol

DAY = timedelta(1)
#: No visit that goes on without a count is looked for after this day.
HORIZON = date(2029, 12, 31)


def months_later(start: date, months: int) -> date:
    year, month = start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def later(start: date, unit: str, number: int) -> date:
    """The day so many days, weeks or months after another."""
    return months_later(start, number) if unit == "months" else start + number * (7 if unit == "weeks" else 1) * DAY


@dataclass
class PlannedVisit:
    """A visit of the naive model.

    `interval` is its `every` in days; `anchor_day` is given for a single visit planned before its anchor,
    `planned_start` for one counted from C1D1 while nobody has recorded that treatment started. `until` are the
    milestones that end it, asked with its `version`; of progressions and new therapies only those after `ends_after`.
    `regimen` is the one on whose cycle day it is; `is_dose`: it is a dose of it at the site; `is_held`: all days of its
    window are held. If its series is counted from each response, it is from the one numbered `from_response`, of the
    day `response_on`.
    """

    name: str
    target: date
    opens: date
    closes: date
    interval: int | None
    anchor_day: date | None = None
    planned_start: date | None = None
    fits: bool = True
    until: list[Any] = field(default_factory=list)
    version: Protocol | None = None
    ends_after: date | None = None
    done: list[Any] = field(default_factory=list)
    how: str | None = None
    next_opens: date | None = None
    regimen: str | None = None
    is_dose: bool = False
    is_held: bool = False
    from_response: int = 1
    response_on: date | None = None

    @property
    def cycle(self) -> int:
        """The cycle in the name of a dose at the site."""
        return int(self.name.rsplit("-c", 1)[1].split("d")[0])

    @property
    def day(self) -> int:
        """The cycle day in the name of a dose at the site."""
        return int(self.name.rsplit("-c", 1)[1].split("d")[1])

    @property
    def done_on(self) -> date:
        return min(record.done_on for record in self.done)

    @property
    def response(self) -> str | None:
        said = [record.response for record in sorted(self.done, key=lambda record: record.number) if record.response]
        return "PD" if "PD" in said else said[-1] if said else None


#: A regimen as the protocol has it: one entry of `regimens`.
Regimen = dict[str, Any]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def regimens(version: Protocol) -> list[Regimen]:
    """The regimens of a version, in the order of the protocol."""
    return version.definition["regimens"]


def regimen_called(version: Protocol, name: str) -> Regimen | None:
    """The regimen with this id, if the version has it."""
    return next((one for one in regimens(version) if one["id"] == name), None)


def rests_on_first_dose(version: Protocol, name: str) -> bool:
    """Return whether the start of a regimen follows from the first dose, by one version."""
    one = regimen_called(version, name)
    if one is None:
        return False
    if "cycles_of" in one:
        return rests_on_first_dose(version, one["cycles_of"])
    starts = one.get("starts", "first_dose")
    return starts == "first_dose" or ("after" in starts and rests_on_first_dose(version, starts["after"]))


def is_given_by_site(one: Regimen) -> bool:
    return one.get("given_by", "patient") == "site"


def drug_name(one: Regimen) -> str:
    """The drug's name: where it is given in several languages, the English one."""
    return one["drug"] if isinstance(one["drug"], str) else one["drug"]["en"]


def is_by_patient(one: Regimen) -> bool:
    """Return whether the amount is the patient's own: by weight, by surface or by kidney function."""
    return one["dose"].get("per") is not None


def extends_on_hold(one: Regimen) -> bool:
    return one.get("on_hold", "continue") == "extend"


def selector(one: Regimen, cycle: int, cycle_day: int, on: date) -> dict[str, Any] | None:
    """The first entry of `when` that fits a day; None where there is no dose by the protocol."""
    for when in one.get("when", [{}]):
        if not in_cycles(when.get("cycles", {}), cycle):
            continue
        days = when.get("days", "all")
        if isinstance(days, dict) and "weekdays" in days:
            if WEEKDAYS[on.weekday()] in days["weekdays"]:
                return when
        # All are all, also in a cycle that keeps the greater length of an earlier version.
        elif days == "all" or cycle_day in listed(days, one.get("cycle_days", cycle_day)):
            return when
    return None


def days_before_1(version: Protocol, name: str) -> Iterator[tuple[int, dict[str, int]]]:
    """Yield the days before day 1 of a regimen by one version, each with its window."""
    one = regimen_called(version, name)
    for when in one.get("when", [{}]) if one is not None else []:
        days = when.get("days", "all")
        is_of_weekdays = isinstance(days, dict) and "from" not in days
        if not is_of_weekdays and in_cycles(when.get("cycles", {}), 1):
            yield from ((day, when.get("window") or one["window"]) for day in listed(days, 1) if day < 0)


def in_cycles(cycles: Any, number: int) -> bool:
    """Return whether a cycle is one of those chosen."""
    return number in _numbers(cycles, number)


def own_amount(one: Regimen, when: dict[str, Any] | None) -> float:
    """The amount of one intake by the protocol: that of the entry of `when`, else the regimen's."""
    return (when or {}).get("amount", one["dose"]["amount"])


def highest_of(one: Regimen) -> float:
    """The highest amount of one intake that the protocol allows."""
    amounts = [own_amount(one, when) for when in one.get("when", [{}])]
    return max([*amounts, *one["dose"].get("levels", [])])


def regimen(version: Protocol) -> Regimen:
    """The one regimen."""
    (only,) = regimens(version)
    return only


def amount(version: Protocol) -> float:
    return regimen(version)["dose"]["amount"]


def highest(version: Protocol) -> float:
    return highest_of(regimen(version))


def listed(days: Any, last: int) -> list[int]:
    """The days of a cycle that `days` lists."""
    if days == "all":
        return [*range(1, last + 1)]
    if isinstance(days, dict):
        first, to = days.get("from", 1), days.get("to", last)
        return [day for day in range(first, to + 1) if (day - first) % days.get("every", 1) == 0]
    return days


def has_dose(version: Protocol, cycle_day: int) -> bool:
    return selector(regimen(version), 1, cycle_day, date.min) is not None


def planned_amount(changed: float | None, since: Iterable[Protocol], now: Protocol) -> float:
    """The amount planned under `now`: what it was `changed` to, while the versions in force `since` stay as they were.

    From the first day of another amount, or of a lower highest one, the lower of it and the protocol's.
    """
    if changed is None:
        return amount(now)
    first, *rest = since
    stays = all(amount(one) == amount(first) and highest(one) >= highest(first) for one in rest)
    return changed if stays else min(changed, amount(now))


def entries_of(version: Protocol, series: str) -> list[dict[str, Any]]:
    return [entry for entry in version.definition["visits"] if entry["series"] == series]


def progressions(entry: dict[str, Any]) -> list[str]:
    """The responses of an entry that mean progression."""
    responses = entry.get("responses", {})
    return NAMED[responses] if isinstance(responses, str) else responses.get("progression", [])


#: The criteria that a protocol can name, each with what means progression.
NAMED = {"RECIST 1.1": ["PD"], "iRECIST": ["iCPD"]}


def is_on_cycle_days(entry: dict[str, Any]) -> bool:
    return isinstance(entry["anchor"], dict) and "days" in entry["anchor"]


def has_one_target(entry: dict[str, Any], cycle_days: int) -> bool:
    if is_on_cycle_days(entry):
        cycles = entry["anchor"].get("cycles", {})
        numbers = _numbers(cycles, 2) if isinstance(cycles, list) or "to" in cycles else [1, 2]
        return len(numbers) == 1 and len(listed(entry["anchor"]["days"], cycle_days)) == 1
    return "every" not in entry or entry.get("count") == 1


def _numbers(cycles: Any, through: int) -> Sequence[int]:
    """The numbers of the cycles that are chosen, as far as `through` where they have no end."""
    if isinstance(cycles, list):
        return cycles
    first, last = cycles.get("from", 1), cycles.get("to", through)
    return range(first, last + 1, cycles.get("every", 1))


def is_chosen(anchor: dict[str, Any], cycle: int, day: int, cycle_days: int) -> bool:
    """Return whether a day of a cycle is one of those that an anchor chooses."""
    return day in listed(anchor["days"], cycle_days) and in_cycles(anchor.get("cycles", {}), cycle)


def from_anchor(entry: dict[str, Any], anchor: date, alone: bool, response: int = 1) -> list[PlannedVisit]:
    """The visits of one entry that are counted from a day, by name; the day may be that of the second response."""
    stem = entry["series"] if response == 1 else f"{entry['series']}-{response}"
    every = next(iter(entry["every"].items())) if "every" in entry else None
    unit, first = next(iter(entry["first"].items())) if "first" in entry else every or ("", 0)
    step = every[1] if every else 0
    if every and every[0] != unit:
        # Of days and weeks one can only say how many days they are.
        first, step = first * (7 if unit == "weeks" else 1), step * (7 if every[0] == "weeks" else 1)
        unit = "days"
    found = []
    for k in range(entry.get("count", 5000) if every else 1):
        offset = first + k * step
        target = later(anchor, unit, offset)
        if target > HORIZON and "count" not in entry:
            break
        name = stem if alone else f"{stem}-{unit[0]}{offset}"
        interval = (target - later(anchor, unit, offset - step)).days if every else None
        one = visit(entry["window"], name, target, interval)
        if (not every or entry.get("count") == 1) and target < anchor:
            one.anchor_day = anchor
        one.from_response = response
        found.append(one)
    return found


def visit(window: dict[str, int], name: str, target: date, interval: int | None = None) -> PlannedVisit:
    """A visit with its window around its target."""
    before, after = window["before_days"] * DAY, window["after_days"] * DAY
    return PlannedVisit(name, target, target - before, target + after, interval)
