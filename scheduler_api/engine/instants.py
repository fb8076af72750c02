"""Instants at which a clock in a time zone shows a time of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def local_instant(day: date, at: time, time_zone: str) -> datetime:
    """Return the instant at which a clock in a time zone shows a time of a day.

    A time that the clock skips gives the first instant after the gap; one that it shows twice, the first of the two.
    The instant has the clock's offset then, and not its zone: in that, sums and comparisons would be of clock times, an
    hour off in the night in which the clocks change.
    """
    zone = ZoneInfo(time_zone)
    local = datetime.combine(day, at, zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return _with_offset(local)
    # In the gap: the two readings of the time lie either side of it; it ends at the offset change between them.
    before, after = local.replace(fold=1).astimezone(UTC), instant
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return _with_offset(after.astimezone(zone).replace(microsecond=0))


def with_offset(instant: datetime, time_zone: str) -> datetime:
    """Return an instant with the offset that a time zone has then."""
    return _with_offset(instant.astimezone(ZoneInfo(time_zone)))


def _with_offset(local: datetime) -> datetime:
    """Return the same instant with the offset that its zone has then."""
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0)))


def stamp(instant: datetime) -> str:
    """Return an instant as it is stored: in UTC, to the microsecond, so that texts sort as the instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def end_of(day: date, time_zone: str) -> datetime:
    """Return the first instant after a day in a time zone."""
    return local_instant(day + timedelta(1), time(0), time_zone)
