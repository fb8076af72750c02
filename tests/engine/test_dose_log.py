"""A log of what was said of doses says what plain dictionaries say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.model.dose_log import DoseLog, LateWord, Side, Word

FIRST, EIGHT = date(2024, 2, 1), datetime(2024, 2, 1, 8, tzinfo=UTC)
#: More distinct amounts than there are capital letters.
amounts = st.integers(1, 40).map(float)
days = st.integers(0, 60).map(lambda number: FIRST + timedelta(number))
sides: st.SearchStrategy[Side] = st.sampled_from(["staff", "patient", "patient"])
statuses = st.sampled_from(["taken", "taken", "missed", "taken_back"])
#: Day, whose word, what it says, and how many hours after eight it was said.
said = st.lists(st.tuples(days, sides, statuses, amounts, st.integers(0, 5)), max_size=60)

Said = list[tuple[date, Side, str, float | None, int]]


def word_of(number: int, side: Side, status: str, amount: float | None, hours: int) -> Word:
    """Return one word; only patients take back."""
    status = "missed" if side == "staff" and status == "taken_back" else status
    return Word(status, amount if status == "taken" else None, EIGHT + timedelta(hours=hours), f"f-{number}")


def log_of(said: Said) -> DoseLog:
    """Return the log of some words, in the order they were received."""
    log = DoseLog()
    for number, (day, side, *rest) in enumerate(said):
        log = log.with_word(day, side, word_of(number, side, *rest))
    return log


@given(said, days, days)
def test_a_log_says_what_dictionaries_say(said: Said, one: date, other: date) -> None:
    log = log_of(said)
    latest: dict[Side, dict[date, Word]] = {"staff": {}, "patient": {}}
    for number, (day, side, *rest) in enumerate(said):
        word = word_of(number, side, *rest)
        if day not in latest[side] or word.said_at >= latest[side][day].said_at:
            latest[side][day] = word
    stands = {
        day: word for day, word in {**latest["patient"], **latest["staff"]}.items() if word.status != "taken_back"
    }
    first, last = min(one, other), max(one, other)
    inside = [(day, stands[day]) for day in sorted(stands) if first <= day <= last]
    assert [*log.taken(first, last)] == [(day, word.amount) for day, word in inside if word.status == "taken"]
    assert [*log.missed(first, last)] == [day for day, word in inside if word.status == "missed"]
    assert log.words_of(one) == (latest["staff"].get(one), latest["patient"].get(one))
    assert log.words_of(one).standing == stands.get(one)
    assert log.status(one) == (stands[one].status if one in stands else None)
    assert log.is_taken(one) == (log.status(one) == "taken")
    taken = sorted(day for day, word in stands.items() if word.status == "taken")
    assert log.first_taken_on == (taken[0] if taken else None)
    assert log.last_taken_on == (taken[-1] if taken else None)
    assert log.last_recorded_on == max(stands, default=None)
    assert log.last_taken_before(one) == max((day for day in taken if day < one), default=None)


@given(said, days, days)
def test_a_letter_stands_for_each_day_of_a_range(said: Said, one: date, other: date) -> None:
    log, first, last = log_of(said), min(one, other) - timedelta(9), max(one, other) + timedelta(9)
    letters = log.between(first, last)
    assert [*letters] == [log.letter(first + timedelta(number)) for number in range((last - first).days + 1)]
    assert log.between(last, first - timedelta(1)) == ""


@pytest.mark.parametrize(
    ("said", "letters", "amounts"),
    [
        ([(20, "taken", 300), (21, "taken", 300)], "AA", (300,)),
        # Not in order, with a gap, another amount, a day missed.
        ([(24, "taken", 200), (20, "missed", None), (21, "taken", 300)], "mB..A", (200, 300)),
        # Of several words of a day the last counts.
        ([(20, "taken", 300), (20, "missed", None)], "m", (300,)),
        ([(21, "missed", None), (20, "taken", 250), (21, "taken", 300)], "AB", (250, 300)),
        # Taken back at the beginning, at the end, and all that there was.
        ([(20, "missed", None), (21, "missed", None), (20, "taken_back", None)], "m", ()),
        ([(20, "missed", None), (23, "missed", None), (23, "taken_back", None)], "m", ()),
        ([(20, "missed", None), (20, "taken_back", None)], "", ()),
    ],
)
def test_each_day_is_a_letter(
    said: list[tuple[int, str, float | None]], letters: str, amounts: tuple[float, ...]
) -> None:
    log = log_of([(date(2024, 2, day), "patient", status, amount, 0) for day, status, amount in said])
    assert (log.letters, log.amounts) == (letters, amounts)
    standing = [date.fromisoformat(day) for day, words in log.words.items() if words.standing is not None]
    assert log.first_on == min(standing, default=None)


def test_there_may_be_more_amounts_than_capital_letters() -> None:
    given = [(FIRST + timedelta(number), 300.0 + number) for number in range(30)]
    log = log_of([(day, "patient", "taken", amount, 0) for day, amount in given])
    assert [*log.taken(FIRST, FIRST + timedelta(40))] == given


def test_an_older_word_changes_nothing_whoever_sends_it_first() -> None:
    """Phone A says missed at 08:00 and syncs last; phone B said taken at 20:10."""
    day = date(2024, 2, 20)
    older, newer = Word("missed", None, EIGHT, "a"), Word("taken", 300, EIGHT + timedelta(hours=12), "b")
    one = DoseLog().with_word(day, "patient", older).with_word(day, "patient", newer)
    other = DoseLog().with_word(day, "patient", newer).with_word(day, "patient", older)
    assert one.words_of(day).standing == other.words_of(day).standing == newer


def test_taking_back_clears_only_what_was_said_before_it() -> None:
    day = date(2024, 2, 20)
    back = Word("taken_back", None, EIGHT + timedelta(hours=1), "back")
    before, after = Word("missed", None, EIGHT, "before"), Word("missed", None, EIGHT + timedelta(hours=2), "after")
    assert DoseLog().with_word(day, "patient", back).with_word(day, "patient", before).status(day) is None
    assert DoseLog().with_word(day, "patient", after).with_word(day, "patient", back).status(day) == "missed"


def test_what_staff_said_stands_and_what_the_patient_said_is_kept_beside_it() -> None:
    day = date(2024, 2, 20)
    staff, own = Word("missed", None, EIGHT, "staff"), Word("taken", 600, EIGHT + timedelta(hours=3), "own")
    log = DoseLog().with_word(day, "staff", staff).with_word(day, "patient", own)
    words = log.words_of(day)
    assert (words.side, words.standing, words.said_by_patient) == ("staff", staff, own)
    assert log.status(day) == "missed"


def test_a_late_word_counts_for_nothing_but_the_last_dose_until_staff_say_something() -> None:
    day, received_at = date(2024, 2, 20), datetime(2024, 4, 1, tzinfo=UTC)
    late = LateWord(Word("taken", 300, EIGHT + timedelta(19), "late"), received_at)
    log = DoseLog().with_late_word(day, late)
    assert (log.status(day), log.last_taken_on, log.last_unconfirmed_on) == (None, None, day)
    confirmed = log.with_word(day, "staff", Word("missed", None, received_at, "staff"))
    assert confirmed.last_unconfirmed_on is None
    assert [*confirmed.unconfirmed()] == []


def test_a_late_word_of_a_day_to_come_counts_at_most_as_the_day_of_receipt() -> None:
    """The phone's clock was a year ahead: where the patient is, it may be a day later than in Greenwich."""
    received_at = datetime(2024, 4, 1, 12, tzinfo=UTC)
    late = LateWord(Word("taken", 300, received_at, "late"), received_at)
    assert DoseLog().with_late_word(date(2025, 4, 1), late).last_unconfirmed_on == date(2024, 4, 2)
