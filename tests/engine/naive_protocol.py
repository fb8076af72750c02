"""What the definition of a protocol says, read slowly and literally from its JSON."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
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

    @property
    def done_on(self) -> date:
        return min(record.done_on for record in self.done)

    @property
    def response(self) -> str | None:
        said = [record.response for record in sorted(self.done, key=lambda record: record.number) if record.response]
        return "PD" if "PD" in said else said[-1] if said else None


def regimen(version: Protocol) -> dict[str, Any]:
    """The one regimen."""
    (only,) = version.definition["regimens"]
    return only


def amount(version: Protocol) -> float:
    return regimen(version)["dose"]["amount"]


def highest(version: Protocol) -> float:
    dose = regimen(version)["dose"]
    return max([dose["amount"], *dose.get("levels", [])])


def extends(version: Protocol) -> bool:
    return regimen(version).get("on_hold", "continue") == "extend"


def listed(days: Any, last: int) -> list[int]:
    """The days of a cycle that `days` lists."""
    if days == "all":
        return [*range(1, last + 1)]
    if isinstance(days, dict):
        return [day for day in range(days["from"], days["to"] + 1) if (day - days["from"]) % days.get("every", 1) == 0]
    return days


def has_dose(version: Protocol, cycle_day: int) -> bool:
    one = regimen(version)
    (when,) = one.get("when", [{"days": "all"}])
    # All are all, also in a cycle that keeps the greater length of an earlier version.
    return when["days"] == "all" or cycle_day in listed(when["days"], one["cycle_days"])


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


def is_on_cycle_days(entry: dict[str, Any]) -> bool:
    return isinstance(entry["anchor"], dict) and "days" in entry["anchor"]


def has_one_target(entry: dict[str, Any], cycle_days: int) -> bool:
    if is_on_cycle_days(entry):
        cycles = entry["anchor"].get("cycles", {})
        numbers = _numbers(cycles, 2) if isinstance(cycles, list) or "to" in cycles else [1, 2]
        return len(numbers) == 1 and len(listed(entry["anchor"]["days"], cycle_days)) == 1
    return "every" not in entry or entry.get("count") == 1


def _numbers(cycles: Any, through: int) -> list[int]:
    """The numbers of the cycles that are chosen, as far as `through` where they have no end."""
    if isinstance(cycles, list):
        return cycles
    first, last = cycles.get("from", 1), cycles.get("to", through)
    return [number for number in range(first, last + 1) if (number - first) % cycles.get("every", 1) == 0]


def on_cycle_days(
    entry: dict[str, Any], walked: list[tuple[date, int, int]], start: date, cycle_days: int, alone: bool
) -> list[PlannedVisit]:
    """The visits of one entry on days of cycles.

    `walked` are the days that have a cycle and a cycle day. Days before day 1 are counted back from `start`.
    """
    cycles, days = entry["anchor"].get("cycles", {}), listed(entry["anchor"]["days"], cycle_days)
    numbers = _numbers(cycles, max((number for _, number, _ in walked), default=0))
    found = []
    for day in sorted(days):
        on = [(start + day * DAY, 1)] if day < 0 else [(on, number) for on, number, of in walked if of == day]
        for target, number in on:
            if number in numbers:
                name = entry["series"] if alone else f"{entry['series']}-c{number}d{day}"
                found.append(_visit(entry, name, target, None))
    return found


def from_anchor(entry: dict[str, Any], anchor: date, alone: bool) -> list[PlannedVisit]:
    """The visits of one entry that are counted from a day, by name."""
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
        name = entry["series"] if alone else f"{entry['series']}-{unit[0]}{offset}"
        interval = (target - later(anchor, unit, offset - step)).days if every else None
        visit = _visit(entry, name, target, interval)
        if (not every or entry.get("count") == 1) and target < anchor:
            visit.anchor_day = anchor
        found.append(visit)
    return found


def _visit(entry: dict[str, Any], name: str, target: date, interval: int | None) -> PlannedVisit:
    before, after = entry["window"]["before_days"] * DAY, entry["window"]["after_days"] * DAY
    return PlannedVisit(name, target, target - before, target + after, interval)
