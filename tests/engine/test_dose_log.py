"""A log of recorded doses says what a plain dictionary of days says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.model.dose_log import DoseLog

FIRST = date(2024, 2, 1)
days = st.integers(0, 60).map(lambda number: FIRST + timedelta(number))
#: More distinct amounts than there are capital letters.
amounts = st.none() | st.integers(1, 40).map(float)
records = st.lists(st.tuples(days, st.sampled_from(["taken", "missed"]), amounts), max_size=60)


def log_of(recorded: list[tuple[date, str, float | None]]) -> DoseLog:
    """Return the log of some records, in the order they were received."""
    log = DoseLog()
    for day, status, amount in recorded:
        log = log.with_dose(day, status, amount)
    return log


@given(records, days, days)
def test_a_log_says_what_a_dictionary_says(
    recorded: list[tuple[date, str, float | None]], one: date, other: date
) -> None:
    log, known = log_of(recorded), {day: (status, amount) for day, status, amount in recorded}
    first, last = min(one, other), max(one, other)
    inside = [(day, *known[day]) for day in sorted(known) if first <= day <= last]
    assert [*log.taken(first, last)] == [(day, amount) for day, status, amount in inside if status == "taken"]
    assert [*log.missed(first, last)] == [day for day, status, _ in inside if status == "missed"]
    assert log.status(one) == known.get(one, (None, None))[0]
    assert log.is_taken(one) == (log.status(one) == "taken")
    taken = sorted(day for day, (status, _) in known.items() if status == "taken")
    assert log.first_taken_on == (taken[0] if taken else None)
    assert log.last_taken_on == (taken[-1] if taken else None)
    assert log.last_recorded_on == max(known, default=None)
    assert log.last_taken_before(one) == max((day for day in taken if day < one), default=None)


@given(records, days, days)
def test_a_letter_stands_for_each_day_of_a_range(
    recorded: list[tuple[date, str, float | None]], one: date, other: date
) -> None:
    log, first, last = log_of(recorded), min(one, other) - timedelta(9), max(one, other) + timedelta(9)
    letters = log.between(first, last)
    assert [*letters] == [log.letter(first + timedelta(number)) for number in range((last - first).days + 1)]
    assert log.between(last, first - timedelta(1)) == ""


@pytest.mark.parametrize(
    ("recorded", "letters", "amounts"),
    [
        ([], "", ()),
        ([(20, "taken", None), (21, "taken", None)], "tt", ()),
        # Not in order, with a gap, another amount, a day missed.
        ([(24, "taken", 200), (20, "missed", None), (21, "taken", None)], "mt..A", (200,)),
        # Of several records of a day the last counts.
        ([(20, "taken", None), (20, "missed", None)], "m", ()),
        ([(21, "missed", None), (20, "taken", 250), (21, "taken", 300)], "AB", (250, 300)),
        ([(20, "taken", 200), (21, "taken", 200)], "AA", (200,)),
    ],
)
def test_each_day_is_a_letter(
    recorded: list[tuple[int, str, float | None]], letters: str, amounts: tuple[float, ...]
) -> None:
    log = log_of([(date(2024, 2, day), status, amount) for day, status, amount in recorded])
    assert (log.letters, log.amounts) == (letters, amounts)
