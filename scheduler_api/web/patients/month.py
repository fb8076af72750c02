"""A month of a patient's calendar, as weeks of days: doses, windows and visits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple


class Month(NamedTuple):
    """The first and last day of a month, and the present day."""

    first: date
    last: date
    today: date


class Day(NamedTuple):
    """A day of a month: its cycle and day of the cycle, its doses, and its visits with what they are on this day.

    `marks` are pairs of a visit and `done`, `booked`, `target` or `window`.
    """

    day: date
    is_today: bool
    cycle: int | None
    cycle_day: int | None
    doses: list[Mapping[str, Any]]
    marks: list[tuple[Mapping[str, Any], str]]


def month_of(month: Month, calendar: Mapping[str, Any]) -> list[list[Day | None]]:
    """Return the weeks of a month, Monday first, from a calendar of it; None stands for a day of another month."""
    doses: dict[date, list[Mapping[str, Any]]] = {}
    for dose in calendar["doses"]:
        doses.setdefault(dose["dose_on"], []).append(dose)
    days: list[Day | None] = [None] * month.first.weekday()
    for number in range((month.last - month.first).days + 1):
        day = month.first + timedelta(number)
        of_day = doses.get(day, [])
        place = of_day[0] if of_day else {}
        marks = [(visit, mark) for visit in calendar["visits"] if (mark := _mark(visit, day)) is not None]
        days.append(Day(day, day == month.today, place.get("cycle"), place.get("cycle_day"), of_day, marks))
    days += [None] * (-len(days) % 7)
    return [days[start : start + 7] for start in range(0, len(days), 7)]


def _mark(visit: Mapping[str, Any], day: date) -> str | None:
    """Return what a visit is on a day; None if nothing."""
    if visit["done_on"] is not None:
        return "done" if visit["done_on"] == day else None
    if visit["booked_on"] == day:
        return "booked"
    if visit["status"] == "not_required" or visit["opens_on"] is None:
        return None
    if visit["target_on"] == day:
        return "target"
    return "window" if visit["opens_on"] <= day <= visit["closes_on"] else None
