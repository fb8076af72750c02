"""Read what several parts of a protocol have: durations, choices of days and cycles, and for whom something is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from scheduler_api.engine.model.protocol import EVERYBODY, MILESTONES, Cycles, Unit, Who

from .reader import Fields

_UNITS: Mapping[str, tuple[Unit, int, int]] = {"days": ("d", 1, 3660), "weeks": ("w", 7, 522), "months": ("m", 1, 120)}


class Declared(NamedTuple):
    """The ids that a protocol declares; None where something is wrong, so that no name counts as unknown."""

    arms: tuple[str, ...] | None
    cohorts: tuple[str, ...] | None
    milestones: tuple[str, ...] | None

    def names_milestones(self, data: Any) -> tuple[str, ...]:
        """Return the milestones that there are, and what is named itself while it is not known which are declared."""
        more = (data,) if self.milestones is None and isinstance(data, str) else self.milestones or ()
        return (*MILESTONES, *more)


def read_duration(fields: Fields, at: str, data: Any, least: int | None) -> tuple[Unit, int]:
    """Read a unit and a number of days (also of weeks) or months; `least` None: it may be negative."""
    if not isinstance(data, dict) or len(data) != 1 or (unit := next(iter(data))) not in _UNITS:
        fields.field_error(at, 'Not one of {"days": n}, {"weeks": n}, {"months": n}.')
        return "d", 1
    letter, per_unit, most = _UNITS[unit]
    return letter, fields.integer(f"{at}/{unit}", data[unit], -most if least is None else least, most) * per_unit


def read_days(fields: Fields, at: str, data: Any, least: int, most: int) -> tuple[int, ...] | None:
    """Read days of a cycle, in order: a list, or {"from", "to", "every"}; None for "all". There is no day 0."""
    if data == "all":
        return None
    if isinstance(data, dict):
        fields.table(at, data, ("from", "to"), ("every",))
        first = fields.integer(f"{at}/from", data.get("from"), 1, most)
        last = fields.integer(f"{at}/to", data.get("to"), 1, most, instead=most)
        every = fields.integer(f"{at}/every", data.get("every", 1), 1, most)
        if last < first:
            fields.field_error(f"{at}/to", "Before `from`.")
        return tuple(range(first, last + 1, every))
    if not isinstance(data, list):
        fields.field_error(at, 'Not `all`, a list of days of the cycle, or {"from": n, "to": n, "every": n}.')
        return None
    before = len(fields.errors)
    days = [fields.integer(f"{at}/{index}", day, least, most) for index, day in enumerate(data[:366])]
    if 0 in days:
        fields.field_error(at, "There is no day 0: the day before day 1 is day -1.")
    elif len(fields.errors) == before and (not days or len(set(days)) < len(data)):
        fields.field_error(at, "A day is listed twice." if days else "No days.")
    return tuple(sorted(set(days)))


def read_cycles(fields: Fields, at: str, data: Any) -> tuple[Cycles, ...]:
    """Read a choice of cycles: a list of numbers, or {"from", "to", "every"}."""
    if isinstance(data, dict):
        fields.table(at, data, (), ("from", "to", "every"))
        first = fields.integer(f"{at}/from", data.get("from", 1), 1, 10_000)
        last = data.get("to")
        if last is not None and fields.integer(f"{at}/to", last, 1, 10_000, instead=10_000) < first:
            fields.field_error(f"{at}/to", "Before `from`.")
        return (Cycles(first, last, fields.integer(f"{at}/every", data.get("every", 1), 1, 1000)),)
    numbers = [
        fields.integer(f"{at}/{index}", number, 1, 10_000) for index, number in enumerate(fields.items(at, data, 200))
    ]
    if not numbers and isinstance(data, list):
        fields.field_error(at, "No cycles.")
    elif len(set(numbers)) < len(numbers) and not any(error.pointer.startswith(at) for error in fields.errors):
        fields.field_error(at, "A cycle is listed twice.")
    return tuple(Cycles(number, number) for number in sorted(set(numbers)))


def read_window(fields: Fields, at: str, data: Any) -> tuple[int, int]:
    """Read the days before and after the target that the window of a visit has."""
    if not fields.table(at, data, ("before_days", "after_days"), ()):
        return 0, 0
    before = fields.integer(f"{at}/before_days", data.get("before_days"), 0, 366)
    return before, fields.integer(f"{at}/after_days", data.get("after_days"), 0, 366)


def read_who(fields: Fields, at: str, data: Any, declared: Declared) -> Who:
    """Read for whom something is; for everybody if nothing is said."""
    if data is None:
        return EVERYBODY
    if not fields.table(at, data, (), ("sex", "fertile", "arm", "cohort")):
        return EVERYBODY
    return Who(
        fields.choice(f"{at}/sex", data["sex"], ("female", "male")) if "sex" in data else None,
        fields.flag(f"{at}/fertile", data["fertile"]) if "fertile" in data else None,
        _one_of(fields, f"{at}/arm", data["arm"], declared.arms, "arms") if "arm" in data else None,
        _one_of(fields, f"{at}/cohort", data["cohort"], declared.cohorts, "cohorts") if "cohort" in data else None,
    )


def _one_of(fields: Fields, at: str, data: Any, declared: tuple[str, ...] | None, kind: str) -> frozenset[str]:
    """Read one id, or a list of ids, of those that are declared."""
    if declared is None:
        return frozenset()
    words = f"one of the protocol's {kind} ({{}})"
    if not isinstance(data, list):
        return frozenset([fields.choice(at, data, declared, words)])
    if not data:
        fields.field_error(at, "None is listed.")
    listed = enumerate(fields.items(at, data, 20))
    return frozenset(fields.choice(f"{at}/{index}", entry, declared, words) for index, entry in listed)
