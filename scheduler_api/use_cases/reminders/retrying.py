"""Decide when a failed delivery is tried again, and for how long a failing destination is paused."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

#: `delivered`; `passing`: try again; `permanent`: never accepted; `gone`: the destination accepts no message any more;
#: `missing`: it was not found, which may pass, and is gone if that lasts; `untried`: its turn did not come.
Result = Literal["delivered", "passing", "permanent", "gone", "missing", "untried"]

#: A destination that was not found for so long is gone.
MISSING_FOR = timedelta(days=1)

#: How long to wait before the second attempt; each further wait is twice as long, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
#: A message is given up after so many attempts at a destination: about a day.
ATTEMPTS = 12
#: A destination that failed so often in a row is paused: for the first pause, then twice as long up to the longest.
TRUSTED_FAILURES = 3
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)


class Outcome(NamedTuple):
    """The outcome of an attempt: why it failed, without health data, and when to retry if the receiver said so."""

    result: Result
    why: str | None = None
    retry_after: float | None = None


#: The outcome of what was claimed and not tried.
UNTRIED = Outcome("untried")


def wait(attempts: int, retry_after: float | None, chance: float) -> timedelta:
    """Return how long to wait after so many attempts.

    It is never shorter than the receiver asked for, up to the longest wait. `chance`, from 0 to 1, makes it up to
    half as long again, so that attempts that failed together are not repeated together.
    """
    usual = FIRST_WAIT * (1 << min(attempts - 1, 10)) * (1 + chance / 2)
    return min(max(usual, timedelta(seconds=min(retry_after or 0, 1e6))), LONGEST_WAIT)


def pause(failures: int, retry_after: float | None) -> timedelta | None:
    """Return for how long a destination that failed so often in a row is paused; None: not at all.

    A receiver that says when to retry is left alone until then.
    """
    requested = None if retry_after is None else min(timedelta(seconds=min(retry_after, 1e6)), LONGEST_WAIT)
    if failures < TRUSTED_FAILURES:
        return requested
    usual = min(FIRST_PAUSE * (1 << min(failures - TRUSTED_FAILURES, 10)), LONGEST_PAUSE)
    return usual if requested is None else max(usual, requested)
