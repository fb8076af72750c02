"""How a patient wants to be reminded, and what a site wants to hear of and when; what contradicts itself is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.instants import local_instant


class QuietHours(NamedTuple):
    """From `starts` up to, not including, `ends` nothing is sent; quiet hours may span midnight."""

    starts: time
    ends: time

    def covers(self, at: time) -> bool:
        """Return whether a time of day is quiet."""
        if self.starts <= self.ends:
            return self.starts <= at < self.ends
        return at >= self.starts or at < self.ends

    def held_until(self, instant: datetime, time_zone: str) -> datetime:
        """Return when what is due at an instant may be sent: then, or when the quiet hours of a time zone end."""
        local = instant.astimezone(ZoneInfo(time_zone))
        if not self.covers(local.time()):
            return instant
        return local_instant(local.date() + timedelta(local.time() >= self.ends), self.ends, time_zone)


NIGHT = QuietHours(time(22), time(7))


class NotificationPreferences(NamedTuple):
    """A patient's: when to be reminded of the dose, whether once more after so many minutes, and when not to be.

    `off` are kinds of message the patient does not want. `again_after_minutes` None: not again.
    """

    dose_time: time = time(20)
    again_after_minutes: int | None = 60
    quiet: QuietHours | None = NIGHT
    off: frozenset[str] = frozenset()


class SitePreferences(NamedTuple):
    """A site's: its time zone, when the digest of the day comes, its quiet hours, and the kinds it does not send."""

    time_zone: str
    digest: time = time(8)
    quiet: QuietHours | None = NIGHT
    off: frozenset[str] = frozenset()


def contradictions(preferences: NotificationPreferences) -> Iterator[FieldError]:
    """Yield where a patient's preferences contradict themselves: a reminder that would never come when it is wanted."""
    quiet, at = preferences.quiet, preferences.dose_time
    yield from _in_quiet_hours("/time", at, quiet)
    if preferences.again_after_minutes is None or "dose_again" in preferences.off:
        return
    again = datetime.combine(date.min, at) + timedelta(minutes=preferences.again_after_minutes)
    if again.date() > date.min:
        yield FieldError("/again_after_minutes", "That is past midnight, when the day's dose is no longer due.")
    elif quiet is not None and quiet.covers(again.time()) and not quiet.covers(at):
        yield FieldError("/again_after_minutes", "That is within the quiet hours.")


def site_contradictions(preferences: SitePreferences) -> Iterator[FieldError]:
    """Yield where a site's preferences contradict themselves."""
    yield from _in_quiet_hours("/digest", preferences.digest, preferences.quiet)


def _in_quiet_hours(pointer: str, at: time, quiet: QuietHours | None) -> Iterator[FieldError]:
    if quiet is None:
        return
    if quiet.starts == quiet.ends:
        yield FieldError("/quiet/to", "The same as `from`; for no quiet hours, `quiet` is null.")
    elif quiet.covers(at):
        yield FieldError(pointer, f"Within the quiet hours from {quiet.starts:%H:%M} to {quiet.ends:%H:%M}.")
