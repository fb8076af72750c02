"""Civil dates (rules, section 1): strict reading, months, study days, and the range of dates the service works with."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate, repeat
from operator import add
from zoneinfo import ZoneInfo, available_timezones

ONE_DAY = timedelta(1)
#: Dates outside are typing errors: no trial ran before, and every offset a protocol may have stays below year 9999.
EARLIEST = date(1900, 1, 1)
LATEST = date(2199, 12, 31)

_CIVIL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_date(text: str) -> date:
    """Read a civil date `YYYY-MM-DD` between `EARLIEST` and `LATEST`.

    Raises ValueError, with a sentence for the sender, for any other form, an impossible day or a date out of range.
    """
    if not _CIVIL_DATE.fullmatch(text):
        raise ValueError("Not a date of the form YYYY-MM-DD.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("This date does not exist.") from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"Not between {EARLIEST} and {LATEST}.")
    return day


_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which only the month (`2024-05`) or the year (`2024`) is known: some day of `first`…`last`."""

    first: date
    last: date

    def isoformat(self) -> str:
        """Return it as it is written."""
        return self.first.isoformat()[: 7 if self.first.month == self.last.month else 4]

    def __str__(self) -> str:
        return self.isoformat()


def parse_partial_date(text: str) -> date | PartialDate:
    """Read a civil date, or one of which only the month or the year is known (section 1).

    Raises ValueError as `parse_date`.
    """
    known = _PARTIAL_DATE.fullmatch(text)
    if known is None:
        return parse_date(text)
    year, month = known.groups()
    first = parse_date(f"{year}-{month or '01'}-01")
    return PartialDate(first, add_months(first, 1 if month else 12) - ONE_DAY)


def between_changes(
    changes: Iterable[date], first: date = date.min, last: date | None = None
) -> Iterator[tuple[date, date | None]]:
    """Yield the stretches of `first`…`last` between days of change: the first day, and the last (None: no end)."""
    if last is not None and last < first:
        return
    starts = sorted({first, *(day for day in changes if first < day and (last is None or day <= last))})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield start, last if following is None else following - ONE_DAY


def earliest_of(*days: date | None) -> date | None:
    """Return the earliest of some days, each of which may be none; None if there is none."""
    return min((day for day in days if day is not None), default=None)


def day_before(day: date | None) -> date | None:
    """Return the day before another, if there is one."""
    return None if day is None else day - ONE_DAY


def days(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` through `last`, in order; `first` alone if `last` is before it."""
    return accumulate(repeat(ONE_DAY, (last - first).days), add, initial=first)


def add_months(day: date, months: int) -> date:
    """Add `months` (may be negative) to `day` in one step; a day that the month lacks becomes its last (section 1)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    try:
        return date(year, month, day.day)
    except ValueError:
        return date(year, month, monthrange(year, month)[1])


def study_day(c1d1: date | None, day: date) -> int | None:
    """Return the study day of a date: 1 on C1D1, -1 on the day before, never 0; None while C1D1 is only planned."""
    if c1d1 is None:
        return None
    distance = (day - c1d1).days
    return distance + 1 if distance >= 0 else distance


def is_time_zone(name: str) -> bool:
    """Return whether `name` is an IANA time zone such as `Asia/Shanghai`."""
    return name in _time_zones()


_FIXED = re.compile(r"(?:GMT|UTC|Etc/GMT|Etc/UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII | re.IGNORECASE)


def time_zone_of(name: str) -> str:
    """Return the IANA time zone that a phone means: its own name, or for a fixed offset (`GMT+08:00`) `Etc/GMT-8`.

    Raises ValueError, with a sentence for the sender, for an offset that no zone has.
    """
    fixed = None if is_time_zone(name) else _FIXED.fullmatch(name)
    if fixed is None:
        return name
    sign, hours, minutes = fixed[1], int(fixed[2]), int(fixed[3] or 0)
    # Of these zones the sign is the other way round.
    zone = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"
    if minutes or not is_time_zone(zone):
        raise ValueError("No time zone has this offset alone: send that of the place, such as Asia/Kolkata.")
    return zone


@cache
def _time_zones() -> frozenset[str]:
    # These are files of some systems' databases, not places.
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def civil_date(instant: datetime, time_zone: str) -> date:
    """Return the civil date of an instant (with offset), seen in an IANA time zone (section 1: `today`)."""
    return instant.astimezone(ZoneInfo(time_zone)).date()
