"""Write a time zone for calendar apps (RFC 5545, VTIMEZONE) as two yearly rules, the form that all of them read.

Outlook reads one rule for summer and one for winter, and nothing else. A zone whose clocks change otherwise in the
years of a feed (Morocco goes by the moon) has no such form: what lies in it is written in UTC.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import icalendar

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: The years of which a rule is known to hold begin so long before the first moment: it is in force on 1 January.
_BEFORE = 1


class Change(NamedTuple):
    """A change of clocks: when, as clocks showed it before it, and the offsets and the name from it on."""

    onset: datetime
    old: timedelta
    new: timedelta
    name: str


@lru_cache(maxsize=512)
def changes(time_zone: str, year: int) -> tuple[Change, ...]:
    """Return the changes of a zone's offset in a year of UTC, to the minute."""
    zone = ZoneInfo(time_zone)
    found = []
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        following = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            found.append(_change(zone, at, following))
        at = following
    return tuple(found)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> Change:
    """Return the change between two instants."""
    old = _offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return Change((after + old).replace(tzinfo=None), old, _offset(zone, after), after.astimezone(zone).tzname() or "")


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def component(time_zone: str, first: date, last: date) -> icalendar.Timezone | None:
    """Return a zone as yearly rules that hold from a day through another; None if there are none that do."""
    years = [changes(time_zone, year) for year in range(first.year - _BEFORE, last.year + 1)]
    written = icalendar.Timezone()
    written.add("tzid", time_zone)
    if not any(years):
        start = datetime(first.year - _BEFORE, 1, 1, tzinfo=UTC)
        offset, name = _offset(ZoneInfo(time_zone), start), start.astimezone(ZoneInfo(time_zone)).tzname() or time_zone
        written.add_component(_observance(Change(start.replace(tzinfo=None), offset, offset, name), None))
        return written
    if any(len(year) != 2 for year in years):
        return None
    for same in zip(*years, strict=True):
        if len({(one.onset.month, one.onset.weekday(), one.onset.time(), one.old, one.new) for one in same}) != 1:
            return None
        weeks = set.intersection(*(_weeks(one.onset) for one in same))
        if not weeks:
            return None
        onset = same[0].onset
        rule = {"freq": "yearly", "bymonth": onset.month, "byday": f"{max(weeks, key=_order)}{_DAYS[onset.weekday()]}"}
        written.add_component(_observance(same[0], rule))
    return written


def _weeks(onset: datetime) -> set[int]:
    """Return which of its weekday in its month a day is: the n-th, and -1 if it is the last."""
    is_last = onset.day + 7 > monthrange(onset.year, onset.month)[1]
    return {(onset.day - 1) // 7 + 1, *((-1,) if is_last else ())}


def _order(week: int) -> bool:
    # That it is the last holds in more years than that it is the fourth or fifth.
    return week == -1


def _observance(change: Change, rule: dict[str, object] | None) -> icalendar.Component:
    part = icalendar.TimezoneDaylight() if change.new > change.old else icalendar.TimezoneStandard()
    part.add("dtstart", change.onset)
    part.add("tzoffsetfrom", change.old)
    part.add("tzoffsetto", change.new)
    part.add("tzname", change.name)
    if rule is not None:
        part.add("rrule", rule)
    return part
