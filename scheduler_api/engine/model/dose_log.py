"""Keep what was said of the doses of one patient: the latest word of each side about a day (rules, section 3).

A history holds one log for each intake of each regimen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Literal, NamedTuple, Protocol, runtime_checkable

#: Nothing stands; missed. Any other letter is taken, and names an amount.
SILENT, MISSED = ".", "m"
#: The letters of days that were not taken.
NOT_TAKEN = SILENT + MISSED
#: The letters of the first amounts; the others follow in Unicode.
_CAPITALS = 26

Side = Literal["staff", "patient"]


class Word(NamedTuple):
    """What somebody said of a day's dose: `taken`, `missed`, or `taken_back` what was said before.

    `amount` is that of a dose taken, `fact_id` the fact that says it; `said_at` is an instant, and so is `taken_at`, if
    somebody said when the dose was taken.
    """

    status: str
    amount: int | float | None
    said_at: datetime
    fact_id: str
    taken_at: datetime | None = None


class Words(NamedTuple):
    """The latest word of each side about one day. Staff's stands before the patient's."""

    staff: Word | None = None
    patient: Word | None = None

    @property
    def side(self) -> Side:
        """Return whose word stands, or would if it had not been taken back."""
        return "patient" if self.staff is None else "staff"

    @property
    def standing(self) -> Word | None:
        """Return the word that stands; None if there is none, or it was taken back."""
        return self.said_by_patient if self.staff is None else self.staff

    @property
    def said_by_patient(self) -> Word | None:
        """Return what the patient says of the day, also where staff's word stands against it."""
        word = self.patient
        return None if word is None or word.status == "taken_back" else word


class LateWord(NamedTuple):
    """A patient's word that staff are to confirm, and when it was received."""

    word: Word
    received_at: datetime


@runtime_checkable
class DayWords(Protocol):
    """The words about each day, written `2024-02-20`: a dict, or what reads stored words when they are needed."""

    def get(self, day: str, default: Words, /) -> Words:
        """Return the words about a day, or the default."""

    def __or__(self, other: dict[str, Words], /) -> DayWords:
        """Return the words with others in the place of those about the same days."""


def log_name(regimen: str | None, slot: int | None) -> str:
    """Return the name of the log of an intake of a regimen; empty in a protocol that has only one of both."""
    return "" if regimen is None else f"{regimen}.{slot}"


def regimen_of_log(name: str) -> str:
    """Return the regimen in the name of a log; empty where a protocol has only one dose."""
    return name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class DoseLog:
    """What was said of each day, and of what stands a letter for each day from `first_on` on.

    The letters begin and end with a day on which a word stands; without one there is no letter, and no first day.
    `amounts` are the distinct amounts that letters stand for. `words` are by day, written `2024-02-20`; so are those
    `to_confirm`: the patient's words that do not count before staff confirm them, the one of each day said last; and
    `set_aside`: what the patient says was taken where a word of staff's stands.
    """

    first_on: date | None = None
    letters: str = ""
    amounts: tuple[int | float, ...] = ()
    words: DayWords = field(default_factory=dict[str, Words])
    to_confirm: Mapping[str, LateWord] = field(default_factory=dict)
    set_aside: Mapping[str, Word] = field(default_factory=dict)

    def letter(self, day: date) -> str:
        """Return the letter of a day."""
        if self.first_on is None:
            return SILENT
        place = day.toordinal() - self.first_on.toordinal()
        return self.letters[place] if 0 <= place < len(self.letters) else SILENT

    def words_of(self, day: date) -> Words:
        """Return the latest word of each side about a day."""
        return self.words.get(day.isoformat(), _NO_WORDS)

    def status(self, day: date) -> str | None:
        """Return `taken`, `missed`, or None where no word stands."""
        letter = self.letter(day)
        return None if letter == SILENT else "missed" if letter == MISSED else "taken"

    def is_taken(self, day: date) -> bool:
        """Return whether a day's dose was taken."""
        return self.letter(day) not in NOT_TAKEN

    def amount_of(self, letter: str) -> int | float:
        """Return the amount that a letter of a day taken stands for."""
        return self.amounts[_index(letter)]

    def between(self, first: date, last: date) -> str:
        """Return a letter for each day of `first`…`last`."""
        length = last.toordinal() - first.toordinal() + 1
        if self.first_on is None or length <= 0:
            return SILENT * length
        place = first.toordinal() - self.first_on.toordinal()
        if place >= 0:
            return self.letters[place : place + length].ljust(length, SILENT)
        return (SILENT * -place + self.letters)[:length].ljust(length, SILENT)

    def taken(self, first: date, last: date) -> Iterator[tuple[date, int | float]]:
        """Yield the days taken in `first`…`last`, in order, each with its amount."""
        for day, letter in self._recorded(first, last):
            if letter != MISSED:
                yield day, self.amount_of(letter)

    def missed(self, first: date, last: date) -> Iterator[date]:
        """Yield the days recorded missed in `first`…`last`, in order."""
        if self.first_on is None:
            return
        begin = self.first_on.toordinal()
        place, end = max(first.toordinal() - begin, 0), max(last.toordinal() - begin + 1, 0)
        while (place := self.letters.find(MISSED, place, end)) >= 0:
            yield date.fromordinal(begin + place)
            place += 1

    def unconfirmed(self) -> Iterator[tuple[date, LateWord]]:
        """Yield what the patient said and staff are still to confirm, by day.

        A record of staff about the day settles it, and so does a word that the patient said later.
        """
        for written in sorted(self.to_confirm):
            day, late = date.fromisoformat(written), self.to_confirm[written]
            words = self.words_of(day)
            if words.staff is None and (words.patient is None or words.patient.said_at <= late.word.said_at):
                yield day, late

    def taken_by_patient(self) -> Iterator[tuple[date, Word]]:
        """Yield what the patient says was taken and does not count, by day: a word of staff's stands, or is awaited."""
        late = {day: late.word for day, late in self.unconfirmed() if late.word.status == "taken"}
        aside = {date.fromisoformat(written): word for written, word in self.set_aside.items()}
        yield from sorted({**late, **aside}.items(), key=itemgetter(0))

    @property
    def first_taken_on(self) -> date | None:
        """Return the first day taken; None if there is none."""
        behind = self.letters.lstrip(NOT_TAKEN)
        return self._day(len(self.letters) - len(behind)) if behind else None

    @property
    def last_taken_on(self) -> date | None:
        """Return the last day taken; None if there is none."""
        until = self.letters.rstrip(NOT_TAKEN)
        return self._day(len(until) - 1) if until else None

    @property
    def last_unconfirmed_on(self) -> date | None:
        """Return the last day that may have been taken by words still to confirm; None without any.

        Nothing was taken after it was received, so a later day counts as the day of receipt, wherever the patient is.
        """
        taken = [(day, late) for day, late in self.unconfirmed() if late.word.status == "taken"]
        return max((min(day, late.received_at.date() + timedelta(1)) for day, late in taken), default=None)

    def last_taken_before(self, day: date) -> date | None:
        """Return the last day taken before a day; None if there is none."""
        if self.first_on is None:
            return None
        until = self.letters[: max(day.toordinal() - self.first_on.toordinal(), 0)].rstrip(NOT_TAKEN)
        return self._day(len(until) - 1) if until else None

    @property
    def last_recorded_on(self) -> date | None:
        """Return the last day of which a word stands."""
        return self._day(len(self.letters) - 1) if self.letters else None

    def with_word(self, day: date, side: Side, word: Word) -> DoseLog:
        """Return the log with one more word of a side about a day, received after all before it.

        It takes the place of what that side said before it; one that the side said earlier than its latest changes
        nothing.
        """
        words = self.words_of(day)
        latest = words.staff if side == "staff" else words.patient
        if latest is not None and word.said_at < latest.said_at:
            return self
        words = words._replace(**{side: word})
        set_aside = self.set_aside
        if (own := words.said_by_patient) is not None and words.staff is not None and own.status == "taken":
            set_aside = {**set_aside, day.isoformat(): own}
        elif day.isoformat() in set_aside:
            set_aside = {written: word for written, word in set_aside.items() if written != day.isoformat()}
        log = replace(self, words=self.words | {day.isoformat(): words}, set_aside=set_aside)
        return log._with_letter(day, words.standing)

    def with_late_word(self, day: date, late: LateWord) -> DoseLog:
        """Return the log with one more word of the patient's that staff are to confirm; the one said last is kept."""
        known = self.to_confirm.get(day.isoformat())
        if known is not None and late.word.said_at < known.word.said_at:
            return self
        return replace(self, to_confirm={**self.to_confirm, day.isoformat(): late})

    def _with_letter(self, day: date, word: Word | None) -> DoseLog:
        """Return the log with the letter of the word that stands on a day."""
        letter, amounts = SILENT if word is None else MISSED, self.amounts
        if word is not None and word.amount is not None:
            if word.amount not in amounts:
                amounts = (*amounts, word.amount)
            letter = _letter(amounts.index(word.amount))
        if self.letter(day) == letter:
            return self
        first_on = day if self.first_on is None else min(day, self.first_on)
        last = first_on if self.first_on is None else self._day(len(self.letters) - 1)
        letters = self.between(first_on, max(day, last))
        place = day.toordinal() - first_on.toordinal()
        letters = letters[:place] + letter + letters[place + 1 :]
        begun = letters.lstrip(SILENT)
        if not begun:
            return replace(self, first_on=None, letters="", amounts=amounts)
        first_on = date.fromordinal(first_on.toordinal() + len(letters) - len(begun))
        return replace(self, first_on=first_on, letters=begun.rstrip(SILENT), amounts=amounts)

    def _recorded(self, first: date, last: date) -> Iterator[tuple[date, str]]:
        if self.first_on is None:
            return
        begin = self.first_on.toordinal()
        start, end = max(first.toordinal() - begin, 0), last.toordinal() - begin + 1
        for place, letter in enumerate(self.letters[start : max(end, 0)], begin + start):
            if letter != SILENT:
                yield date.fromordinal(place), letter

    def _day(self, place: int) -> date:
        assert self.first_on is not None, "an empty log has no days"
        return date.fromordinal(self.first_on.toordinal() + place)


_NO_WORDS = Words()


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < _CAPITALS else chr(0x100 + index)


def _index(letter: str) -> int:
    return ord(letter) - (ord("A") if letter <= "Z" else 0x100)
