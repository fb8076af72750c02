"""Watch the machine's clock: nothing is told, recorded or sent by one that jumped.

Every date follows from the clock. One that was a year ahead for some seconds would let each reminder expire unsent, and
give facts instants that hide them for a year. So what needs the present instant asks a watch, which refuses while the
clock cannot be trusted:

- where the database has a clock of its own, the two must agree;
- else the clock must have gone on as the kernel counts the seconds. In a process that has just started it must be near
  the last instant that a worker noted in the database. A service that was stopped for longer cannot know which is
  right: it waits until the clock has gone on evenly for `HOLD`, and after more than `FAR` until somebody says that the
  clock is right (`scheduler-api clock --accept`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Busy, Store, Unavailable
from scheduler_api.store.operations import marks

#: How far clocks may be apart, or a clock may be from where it should be.
TOLERANCE = timedelta(minutes=5)
#: For how long a clock that jumped must have gone on evenly, in seconds, before it is trusted without another to ask.
HOLD = 120.0
#: A longer jump is only right if somebody says so: a battery is flat, or a year was typed wrong.
FAR = timedelta(days=7)
#: For how long a clock that was found right is not compared with anything but the kernel's count, in seconds.
_EVERY = 15.0
#: How uneven a clock may go while it is corrected slowly.
_EVEN = timedelta(seconds=10)
#: The mark with the last instant at which a worker trusted its clock.
_KNOWN = "clock"
_UPTIME = "/proc/uptime"


class ClockNotTrusted(Exception):
    """The machine's clock is not where it should be; the message says how far off it seems, and from what."""


class Reading(NamedTuple):
    """Holds what the clock shows, and how many seconds the kernel has counted, at one moment."""

    at: datetime
    seconds: float

    def jump_since(self, earlier: Reading) -> timedelta:
        """Return by how much more the clock went on than time did (negative: less, or back)."""
        return (self.at - earlier.at) - timedelta(seconds=self.seconds - earlier.seconds)


def seconds_since_boot() -> float:
    """Return the seconds since this machine was started, those included during which it slept."""
    with suppress(OSError, ValueError):
        return float(os.pread(_uptime_file(), 32, 0).split()[0])
    return time.monotonic()


_opened: list[int] = []


def _uptime_file() -> int:
    """Return the kernel's count as an open file: unlike a clock, nothing in the process can set it."""
    if not _opened:
        _opened.append(os.open(_UPTIME, os.O_RDONLY | os.O_CLOEXEC))
    return _opened[0]


class ClockWatch:
    """A clock that refuses to say the time while it cannot be trusted; any number of threads may ask it."""

    def __init__(self, store: Store, clock: Callable[[], datetime], seconds: Callable[[], float] | None) -> None:
        """Watch `clock` by `seconds`, which counts evenly and is never set (None: the clock is always trusted)."""
        self._store, self._clock, self._seconds = store, clock, seconds
        self._trusted: Reading | None = None
        self._jumped: Reading | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the present instant, in UTC. Raises ClockNotTrusted; Unavailable if the database is needed for it."""
        at = self._clock().astimezone(UTC)
        if self._seconds is None:
            return at
        reading = Reading(at, self._seconds())
        if not (self._goes_on(reading) and self._is_recent(reading)):
            with self._lock:
                # Another thread may have checked it meanwhile.
                if not (self._goes_on(reading) and self._is_recent(reading)):
                    self._check(reading)
        return at

    def _goes_on(self, reading: Reading) -> bool:
        """Return whether the clock went on as the seconds did since it was last trusted."""
        return self._trusted is not None and abs(reading.jump_since(self._trusted)) <= TOLERANCE

    def _is_recent(self, reading: Reading) -> bool:
        return self._trusted is not None and reading.seconds - self._trusted.seconds <= _EVERY

    def _check(self, reading: Reading) -> None:
        """Trust the clock, or raise ClockNotTrusted."""
        try:
            other = self._store.clock()
        except (Busy, Unavailable):
            # What needs the database finds out by itself; what does not goes on.
            if not self._goes_on(reading):
                raise
            other = None
        if other is not None:
            if abs(reading.at - other) > TOLERANCE:
                raise ClockNotTrusted(f"The clock is {_words(reading.at - other)} the database's.")
        elif (off := self._jump(reading)) is not None:
            self._wait(reading, off)
        self._trusted, self._jumped = reading, None

    def _jump(self, reading: Reading) -> timedelta | None:
        """Return by how much the clock is away from where it should be; None if it is there, or nobody can say."""
        if self._goes_on(reading):
            return None
        trusted, known = self._trusted, last_known(self._store)
        if known is not None and abs(reading.at - known) <= TOLERANCE:
            return None
        if trusted is not None:
            return reading.jump_since(trusted)
        return None if known is None else reading.at - known

    def _wait(self, reading: Reading, off: timedelta) -> None:
        """Return once the clock has gone on evenly for long enough; raise ClockNotTrusted until then."""
        jumped = self._jumped
        if jumped is None or abs(reading.jump_since(jumped)) > _EVEN:
            self._jumped = jumped = reading
        where = f"The clock is {_words(off)} the last instant that a worker noted."
        if abs(off) > FAR:
            raise ClockNotTrusted(f"{where} If it is right, run `scheduler-api clock --accept`.")
        if reading.seconds - jumped.seconds < HOLD:
            raise ClockNotTrusted(f"{where} It is trusted if it goes on evenly for {HOLD:.0f} seconds.")


def _words(off: timedelta) -> str:
    amount = abs(off)
    return f"{amount - timedelta(microseconds=amount.microseconds)} {'ahead of' if off > timedelta(0) else 'behind'}"


def last_known(store: Store) -> datetime | None:
    """Return the last instant at which a worker trusted its clock, or somebody accepted it; None: never."""
    at = marks.marked(store, _KNOWN)
    return None if at is None else datetime.fromisoformat(at)


def note_trusted(store: Store, now: datetime) -> None:
    """Note that the clock is trusted at an instant, for processes that start later; inside a unit of work."""
    marks.mark(store, _KNOWN, stamp(now))


def check(store: Store, now: datetime, behind: bool = True) -> None:
    """Check the clock once, for a command: that it agrees with the database's, or is not behind what a worker noted.

    Raises ClockNotTrusted. `behind`: whether to compare with what a worker noted.
    """
    other, known = store.clock(), last_known(store)
    if other is not None:
        if abs(now - other) > TOLERANCE:
            raise ClockNotTrusted(f"The clock is {_words(now - other)} the database's.")
    elif behind and known is not None and known - now > TOLERANCE:
        raise ClockNotTrusted(
            f"The clock is {_words(now - known)} the last instant that a worker noted. "
            "If it is right, run `scheduler-api clock --accept`."
        )
