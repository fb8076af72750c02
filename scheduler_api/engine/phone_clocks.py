"""When something was said on a phone whose clock may be wrong (rules, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

#: A clock that is off by no more is right.
TOLERANCE = timedelta(minutes=5)


class Spoken(NamedTuple):
    """When something was said: by the phone's own clock, and as it counts."""

    by_phone: datetime
    said_at: datetime


def clock_off(sent_at: datetime, received_at: datetime) -> timedelta:
    """Return how far a phone's clock is ahead that showed `sent_at` when we received it; zero if it is right."""
    off = sent_at - received_at
    return off if abs(off) > TOLERANCE else timedelta(0)


def spoken(
    by_phone: Sequence[datetime], off: timedelta, received_at: datetime, known: Iterable[Spoken] = ()
) -> list[Spoken]:
    """Return when each of some things was said that a phone, whose clock is `off`, sent together.

    Each is corrected by what the clock is off, unless that would put it before what the same phone said earlier by its
    own clock, be it sent now or `known`; or after its receipt: then the clock was right when it was said. Nothing is
    said after it was received.
    """
    earlier = list(known)
    found: dict[int, Spoken] = {}
    for index in sorted(range(len(by_phone)), key=by_phone.__getitem__):
        as_sent = by_phone[index]
        said_at = as_sent - off
        before = max((other.said_at for other in earlier if other.by_phone < as_sent), default=said_at)
        if off and (said_at > received_at or said_at < before):
            said_at = as_sent
        found[index] = Spoken(as_sent, min(said_at, received_at))
        earlier.append(found[index])
    return [found[index] for index in range(len(by_phone))]
