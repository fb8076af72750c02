"""How a patient wants to be reminded, and which messages a site wants and when. Contradictions are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
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


#: When the doses of a day are reminded of if the patient chose nothing, by how many there are.
DEFAULT_TIMES = (
    (time(20),),
    (time(8), time(20)),
    (time(8), time(14), time(20)),
    (time(8), time(12), time(16), time(20)),
)
#: So far apart are the reminders of a day, and so long before the next one the second reminder comes at the latest.
APART, BEFORE_NEXT = timedelta(hours=4), timedelta(hours=2)


class NotificationPreferences(NamedTuple):
    """A patient's preferences: when to be reminded of doses, after how many minutes once more, and when not.

    `times` are those that the patient chose, for each dose of a day (none: as by default). `off` are kinds of message
    the patient does not want. `again_after_minutes` None: not again. `stopped` are kinds that the site stopped for this
    patient. `time_set_at` is when the patient last chose other `times`, None: never.
    """

    times: tuple[time, ...] = ()
    again_after_minutes: int | None = 60
    quiet: QuietHours | None = NIGHT
    off: frozenset[str] = frozenset()
    time_set_at: datetime | None = None
    stopped: frozenset[str] = frozenset()

    def times_of(self, slots: int) -> tuple[time, ...]:
        """Return the time of the reminder of each dose of a day that has so many."""
        return self.times if len(self.times) == slots else DEFAULT_TIMES[min(slots, len(DEFAULT_TIMES)) - 1]


class SitePreferences(NamedTuple):
    """A site's preferences: time zone, time of the daily digest, quiet hours, and the kinds that it does not send."""

    time_zone: str
    digest: time = time(8)
    quiet: QuietHours | None = NIGHT
    off: frozenset[str] = frozenset()


def contradictions(preferences: NotificationPreferences, slots: int) -> Iterator[FieldError]:
    """Yield an error for each contradiction in the preferences of a patient with so many doses a day.

    That is a reminder that could not come when wanted.
    """
    times = preferences.times
    if times and len(times) != slots:
        yield FieldError("/times", f"{len(times)} times, and a day has {slots}.", "malformed")
    midnight = datetime.combine(date.min, time())
    for index, (one, following) in enumerate(pairwise(times), 1):
        if datetime.combine(midnight, following) - datetime.combine(midnight, one) < APART:
            yield FieldError(f"/times/{index}", "Not 4 hours after the one before it.", "order_reversed")
    for index, at in enumerate(preferences.times_of(slots)):
        yield from _in_quiet_hours(f"/times/{index}", at, preferences.quiet)


def second_at(preferences: NotificationPreferences, slot: int, times: tuple[time, ...]) -> time | None:
    """Return when the second reminder of a dose of the day comes; None: none does.

    Quiet hours hold it back, and after midnight, or shortly before the next dose, it makes no sense.
    """
    if preferences.again_after_minutes is None or {"dose_again", "dose_due"} & (preferences.off | preferences.stopped):
        return None
    at, quiet = datetime.combine(date.min, times[slot - 1]), preferences.quiet
    again = at + timedelta(minutes=preferences.again_after_minutes)
    if slot < len(times) and again > datetime.combine(date.min, times[slot]) - BEFORE_NEXT:
        return None
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
