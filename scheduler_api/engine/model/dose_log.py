"""The recorded doses of one patient: one letter a day, exactly as they are stored (rules, section 3).

A history holds one log. With several regimens, or several intakes a day, it will hold one for each. What the service
may come to keep of each day's record (who recorded it, when, and its fact) belongs next to the letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

#: Nothing is recorded; missed; taken, the amount as planned. Any other letter is taken, and names an amount.
SILENT, MISSED, AS_PLANNED = ".", "m", "t"
#: The letters of days that were not taken.
NOT_TAKEN = SILENT + MISSED
#: The letters of the first amounts; the others follow in Unicode.
_CAPITALS = 26


@dataclass(frozen=True, slots=True)
class DoseLog:
    """One letter for each day from `first_on` on, and the distinct `amounts` (mg) that letters stand for.

    The letters begin and end with a recorded day; an empty log has none, and no first day.
    """

    first_on: date | None = None
    letters: str = ""
    amounts: tuple[int | float, ...] = ()

    def letter(self, day: date) -> str:
        """Return the letter of a day."""
        if self.first_on is None:
            return SILENT
        place = day.toordinal() - self.first_on.toordinal()
        return self.letters[place] if 0 <= place < len(self.letters) else SILENT

    def status(self, day: date) -> str | None:
        """Return `taken`, `missed`, or None where nothing is recorded."""
        letter = self.letter(day)
        return None if letter == SILENT else "missed" if letter == MISSED else "taken"

    def is_taken(self, day: date) -> bool:
        """Return whether a day's dose was taken."""
        return self.letter(day) not in NOT_TAKEN

    def amount_of(self, letter: str) -> float | None:
        """Return the amount (mg) that a letter of a day taken stands for; None: as planned."""
        return None if letter == AS_PLANNED else self.amounts[_index(letter)]

    def between(self, first: date, last: date) -> str:
        """Return a letter for each day of `first`…`last`."""
        length = last.toordinal() - first.toordinal() + 1
        if self.first_on is None or length <= 0:
            return SILENT * max(length, 0)
        place = first.toordinal() - self.first_on.toordinal()
        if place >= 0:
            return self.letters[place : place + length].ljust(length, SILENT)
        return (SILENT * -place + self.letters)[:length].ljust(length, SILENT)

    def taken(self, first: date, last: date) -> Iterator[tuple[date, float | None]]:
        """Yield the days taken in `first`…`last`, in order, each with its amount (mg; None: as planned)."""
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

    @property
    def first_taken_on(self) -> date | None:
        """Return the first day taken; None if there is none."""
        rest = self.letters.lstrip(NOT_TAKEN)
        return self._day(len(self.letters) - len(rest)) if rest else None

    @property
    def last_taken_on(self) -> date | None:
        """Return the last day taken; None if there is none."""
        until = self.letters.rstrip(NOT_TAKEN)
        return self._day(len(until) - 1) if until else None

    def last_taken_before(self, day: date) -> date | None:
        """Return the last day taken before a day; None if there is none."""
        if self.first_on is None:
            return None
        until = self.letters[: max(day.toordinal() - self.first_on.toordinal(), 0)].rstrip(NOT_TAKEN)
        return self._day(len(until) - 1) if until else None

    @property
    def last_recorded_on(self) -> date | None:
        """Return the last day for which anything is recorded."""
        return self._day(len(self.letters) - 1) if self.letters else None

    def with_dose(self, day: date, status: str, amount: float | None) -> DoseLog:
        """Return the log with one more record, which replaces any earlier record of the same day.

        `status` is `taken` or `missed`, `amount` is in mg; None: as planned.
        """
        letter, amounts = MISSED, self.amounts
        if status == "taken":
            letter = AS_PLANNED
            if amount is not None:
                if amount not in amounts:
                    amounts = (*amounts, amount)
                letter = _letter(amounts.index(amount))
        if self.first_on is None:
            return DoseLog(day, letter, amounts)
        place = day.toordinal() - self.first_on.toordinal()
        if place < 0:
            return DoseLog(day, letter + SILENT * (-place - 1) + self.letters, amounts)
        letters = self.letters[:place].ljust(place, SILENT) + letter + self.letters[place + 1 :]
        return DoseLog(self.first_on, letters, amounts)

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


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < _CAPITALS else chr(0x100 + index)


def _index(letter: str) -> int:
    return ord(letter) - (ord("A") if letter <= "Z" else 0x100)
