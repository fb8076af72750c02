"""When something was said on a phone whose clock may be wrong (rules, section 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler_api.engine.phone_clocks import Spoken, clock_off, spoken

NOON = datetime(2024, 2, 20, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize("off", [timedelta(0), SECOND, 5 * MINUTE, -5 * MINUTE])
def test_a_clock_that_is_up_to_five_minutes_off_is_right(off: timedelta) -> None:
    assert clock_off(NOON + off, NOON) == timedelta(0)


@pytest.mark.parametrize("off", [5 * MINUTE + SECOND, -5 * MINUTE - SECOND, timedelta(365)])
def test_a_clock_that_is_further_off_is_off_by_what_it_shows(off: timedelta) -> None:
    assert clock_off(NOON + off, NOON) == off


def test_what_a_right_clock_says_counts_as_said_in_the_order_sent() -> None:
    said = [NOON - HOUR, NOON - 3 * HOUR]
    assert spoken(said, timedelta(0), NOON) == [Spoken(at, at) for at in said]


def test_nothing_is_said_after_it_was_received() -> None:
    assert spoken([NOON + MINUTE], timedelta(0), NOON) == [Spoken(NOON + MINUTE, NOON)]


@pytest.mark.parametrize("off", [2 * HOUR, -2 * HOUR])
def test_a_wrong_clock_is_put_right_also_of_what_is_said_as_it_is_sent(off: timedelta) -> None:
    for ago in (timedelta(0), HOUR):
        by_phone = NOON - ago + off
        assert spoken([by_phone], off, NOON) == [Spoken(by_phone, NOON - ago)]


def test_what_would_have_been_said_after_its_receipt_was_said_while_the_clock_was_right() -> None:
    """The clock was set two hours back after it was said."""
    assert spoken([NOON - HOUR], -2 * HOUR, NOON) == [Spoken(NOON - HOUR, NOON - HOUR)]


def test_what_would_have_been_said_before_what_the_phone_said_earlier_was_said_while_the_clock_was_right() -> None:
    known = [Spoken(NOON - 3 * HOUR, NOON - 3 * HOUR)]
    assert spoken([NOON - 2 * HOUR], 2 * HOUR, NOON, known) == [Spoken(NOON - 2 * HOUR, NOON - 2 * HOUR)]
    # At the very same time is not before; and what the phone said later, by its own clock, says nothing.
    assert spoken([NOON - HOUR], 2 * HOUR, NOON, known) == [Spoken(NOON - HOUR, NOON - 3 * HOUR)]
    later = [Spoken(NOON - HOUR, NOON - HOUR)]
    assert spoken([NOON - HOUR], 2 * HOUR, NOON, later) == [Spoken(NOON - HOUR, NOON - 3 * HOUR)]


def test_of_what_is_sent_together_the_earlier_goes_first_however_it_is_sent() -> None:
    """Of three hours ago by a right clock, and of one hour ago by one that is two hours ahead."""
    said = [NOON + HOUR, NOON - 3 * HOUR]
    known = [Spoken(NOON - 4 * HOUR, NOON - 4 * HOUR)]
    assert spoken(said, 2 * HOUR, NOON, known) == [
        Spoken(NOON + HOUR, NOON - HOUR),
        Spoken(NOON - 3 * HOUR, NOON - 3 * HOUR),
    ]
