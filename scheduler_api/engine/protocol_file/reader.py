"""Read fields of data that somebody wrote: check each, and collect an error with a pointer for each that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, TypeVar

from scheduler_api.engine.errors import FieldError, pointer_token

T = TypeVar("T")
#: The languages, besides English, in which a protocol may give its own words.
LANGUAGES = ("zh-CN",)

#: More of a unit is a typing error; of cells a dose has millions.
MOST_AMOUNT = 1_000_000_000_000


class Fields:
    """Reads one field after the other and collects errors; what it returns is valid only if there are none.

    `at` is the JSON pointer of a field, `data` its value (None: it is missing).
    """

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def field_error(self, pointer: str, detail: str) -> None:
        """Add an error at a JSON pointer, at most one for each."""
        if all(error.pointer != pointer for error in self.errors):
            self.errors.append(FieldError(pointer, detail, "malformed"))

    def table(self, at: str, data: Any, required: tuple[str, ...], optional: tuple[str, ...]) -> bool:
        """Return whether the data is an object.

        Adds an error for each missing and each unknown field; the values of the others are not read.
        """
        if not isinstance(data, dict):
            return self._wrong(at, data if at else "", "Not an object.", False)
        for field in required:
            if field not in data:
                self.field_error(f"{at}/{field}", "Missing.")
        known = (*required, *optional)
        for field in data:
            if field not in known:
                self.field_error(f"{at}/{pointer_token(str(field))}", f"Unknown field. {_there_is(field, known)}")
        return True

    def items(self, at: str, data: Any, most: int = 1000) -> list[Any]:
        """Read a list of at most so many entries."""
        if not isinstance(data, list):
            return self._wrong(at, data, "Not a list.", [])
        if len(data) > most:
            self.field_error(at, f"More than {most} entries.")
        return data[:most]

    def text(self, at: str, data: Any, empty: bool = False) -> str:
        """Read a short text."""
        if isinstance(data, str) and (empty or data.strip()) and len(data) <= 200:
            return data
        return self._wrong(at, data, "Not a text of 1 to 200 characters.", "")

    def words(self, at: str, data: Any) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Read a text in English, or in several languages: the English one, and the others by language."""
        if not isinstance(data, dict):
            return self.text(at, data), ()
        self.table(at, data, ("en",), LANGUAGES)
        others = tuple((name, self.text(f"{at}/{name}", data[name])) for name in LANGUAGES if name in data)
        return self.text(f"{at}/en", data["en"]) if "en" in data else "", others

    def pattern(self, at: str, data: Any, pattern: str, words: str) -> str:
        """Read a text that matches a pattern, which `words` describe."""
        if isinstance(data, str) and re.fullmatch(pattern, data, re.ASCII):
            return data
        return self._wrong(at, data, f"Not a name: {words}.", "")

    def choice(self, at: str, data: Any, choices: Collection[str], words: str = "one of {}") -> Any:
        """Read a text that is one of the choices, which `words` may describe."""
        if isinstance(data, str) and data in choices:
            return data
        return self._wrong(at, data, f"Not {words.format(', '.join(choices))}.{_perhaps(data, choices)}", "")

    def integer(self, at: str, data: Any, least: int, most: int, instead: int = 1) -> int:
        """Read a whole number within limits; return `instead` if it is not one."""
        if isinstance(data, int) and not isinstance(data, bool) and least <= data <= most:
            return data
        return self._wrong(at, data, f"Not a whole number from {least} to {most}.", instead)

    def amount(self, at: str, data: Any) -> float:
        """Read an amount of a drug."""
        if isinstance(data, int | float) and not isinstance(data, bool) and 0 < data <= MOST_AMOUNT:
            return data
        return self._wrong(at, data, f"Not a number above 0, at most {MOST_AMOUNT}.", 0.0)

    def flag(self, at: str, data: Any) -> bool:
        """Read true or false."""
        return data if isinstance(data, bool) else self._wrong(at, data, "Not true or false.", False)

    def _wrong(self, at: str, data: Any, detail: str, instead: T) -> T:
        """Add an error, and return a value that causes no other."""
        self.field_error(at, "Missing." if data is None else detail)
        return instead


def _there_is(field: Any, known: Collection[str]) -> str:
    """Return which fields there are, and which of them may have been meant."""
    return f"There are: {', '.join(known)}.{_perhaps(field, known)}"


def _perhaps(data: Any, choices: Collection[str]) -> str:
    near = get_close_matches(data, choices, 2) if isinstance(data, str) else []
    return f" Did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""


def resolves(data: Any, pointer: str) -> bool:
    """Return whether a JSON pointer leads to a value of the data."""
    if not pointer.startswith("/"):
        return False
    for token in pointer[1:].split("/"):
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and key.isascii() and len(key) < 6 and int(key) < len(data):
            data = data[int(key)]
        else:
            return False
    return True
