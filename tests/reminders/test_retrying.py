"""When it is tried again: longer and longer, never outside the bounds, never before the receiver wants it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.use_cases.reminders.retrying import (
    FIRST_WAIT,
    LONGEST_PAUSE,
    LONGEST_WAIT,
    TRUSTED_FAILURES,
    pause,
    wait,
)

CHANCE = st.floats(0, 1)
ASKED = st.none() | st.floats(0, 1e12)


@given(st.integers(1, 100), ASKED, CHANCE)
def test_a_wait_is_between_a_minute_and_six_hours_and_as_long_as_asked(
    attempts: int, asked: float | None, chance: float
) -> None:
    waited = wait(attempts, asked, chance)
    assert FIRST_WAIT <= waited <= LONGEST_WAIT
    assert asked is None or waited.total_seconds() >= min(asked, LONGEST_WAIT.total_seconds()) - 0.001


@given(st.integers(1, 99), CHANCE)
def test_each_wait_is_at_least_as_long_as_the_one_before_without_its_jitter(attempts: int, chance: float) -> None:
    assert wait(attempts + 1, None, 0) >= min(wait(attempts, None, chance), wait(attempts, None, 0) * 1.5)
    assert wait(attempts, None, 0) <= wait(attempts, None, chance) <= wait(attempts, None, 0) * 1.5


def test_waits_by_hand() -> None:
    minutes = [wait(attempts, None, 0) / timedelta(minutes=1) for attempts in range(1, 12)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]


@given(st.integers(1, 1000), ASKED)
def test_who_is_trusted_is_only_left_alone_when_asking_for_it(failures: int, asked: float | None) -> None:
    alone = pause(failures, asked)
    if failures < TRUSTED_FAILURES and asked is None:
        assert alone is None
    else:
        assert alone is not None
        assert alone <= (LONGEST_PAUSE if asked is None else LONGEST_WAIT)
        assert asked is None or alone.total_seconds() >= min(asked, LONGEST_WAIT.total_seconds()) - 0.001
