"""How a patient wants to be reminded, and which messages a site wants and when. Contradictions are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.instants import local_instant


class QuietHours(NamedTuple):
    """The time from `starts` up to, not including, `ends`, in which nothing is sent; it may span midnight."""

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

    def began(self, instant: datetime, time_zone: str) -> datetime:
        """Return when the quiet hours that hold back an instant began in a time zone."""
        local = instant.astimezone(ZoneInfo(time_zone))
        return local_instant(local.date() - timedelta(local.time() < self.starts), self.starts, time_zone)


NIGHT = QuietHours(time(22), time(7))


class NotificationPreferences(NamedTuple):
    """A patient's preferences: when to be reminded of the dose, after how many minutes once more, and when not.

    `off` are kinds of message the patient does not want. `again_after_minutes` None: not again. `stopped` are kinds
    that the site stopped for this patient. `time_set_at` is when the patient last chose another `dose_time`, None:
    never.
    """

    dose_time: time = time(20)
    again_after_minutes: int | None = 60
    quiet: QuietHours | None = NIGHT
    off: frozenset[str] = frozenset()
    time_set_at: datetime | None = None
    stopped: frozenset[str] = frozenset()


class SitePreferences(NamedTuple):
    """A site's preferences: time zone, time of the daily digest, quiet hours, and the kinds that it does not send."""

    time_zone: str
    digest: time = time(8)
    quiet: QuietHours | None = NIGHT
    off: frozenset[str] = frozenset()


def contradictions(preferences: NotificationPreferences) -> Iterator[FieldError]:
    """Yield an error for each contradiction in a patient's preferences: a reminder that could not come when wanted."""
    yield from _in_quiet_hours("/time", preferences.dose_time, preferences.quiet)


def second_at(preferences: NotificationPreferences) -> time | None:
    """Return when the second reminder of a day comes; None: none does.

    Quiet hours hold it back, and after midnight the day's dose is no longer due.
    """
    if preferences.again_after_minutes is None or {"dose_again", "dose_due"} & (preferences.off | preferences.stopped):
        return None
    at, quiet = datetime.combine(date.min, preferences.dose_time), preferences.quiet
    again = at + timedelta(minutes=preferences.again_after_minutes)
    if again.date() > at.date() or quiet is None or not quiet.covers(again.time()):
        return again.time() if again.date() == at.date() else None
    return quiet.ends if quiet.ends > again.time() else None


def site_contradictions(preferences: SitePreferences) -> Iterator[FieldError]:
    """Yield an error for each contradiction in a site's preferences."""
    yield from _in_quiet_hours("/digest", preferences.digest, preferences.quiet)


def _in_quiet_hours(pointer: str, at: time, quiet: QuietHours | None) -> Iterator[FieldError]:
    if quiet is None:
        return
    if quiet.starts == quiet.ends:
        yield FieldError("/quiet/to", "The same as `from`; for no quiet hours, `quiet` is null.", "quiet_hours")
    elif quiet.covers(at):
        yield FieldError(
            pointer,
            f"Within the quiet hours from {quiet.starts:%H:%M} to {quiet.ends:%H:%M}.",
            "quiet_hours",
        )
