"""Read fields of data that somebody wrote: check each, and collect an error with a pointer for each that is wrong."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from scheduler_api.engine.errors import FieldError

T = TypeVar("T")


class Fields:
    """Reads one field after the other and collects errors; what it returns is valid only if there are none.

    `at` is the JSON pointer of a field, `data` its value (None: it is missing).
    """

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def field_error(self, pointer: str, detail: str) -> None:
        """Add an error at a JSON pointer."""
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
        for field in data:
            if field not in required and field not in optional:
                self.field_error(f"{at}/{str(field).replace('~', '~0').replace('/', '~1')}", "Unknown field.")
        return True

    def items(self, at: str, data: Any) -> list[Any]:
        """Read a list."""
        return data if isinstance(data, list) else self._wrong(at, data, "Not a list.", [])

    def text(self, at: str, data: Any, empty: bool = False) -> str:
        """Read a short text."""
        if isinstance(data, str) and (empty or data.strip()) and len(data) <= 200:
            return data
        return self._wrong(at, data, "Not a text of 1 to 200 characters.", "")

    def pattern(self, at: str, data: Any, pattern: str, words: str) -> str:
        """Read a text that matches a pattern, which `words` describe."""
        if isinstance(data, str) and re.fullmatch(pattern, data, re.ASCII):
            return data
        return self._wrong(at, data, f"Not a name: {words}.", "")

    def choice(self, at: str, data: Any, choices: tuple[str, ...], words: str = "one of {}") -> Any:
        """Read a text that is one of the choices, which `words` may describe."""
        if isinstance(data, str) and data in choices:
            return data
        return self._wrong(at, data, f"Not {words.format(', '.join(choices))}.", "")

    def integer(self, at: str, data: Any, least: int, most: int, instead: int = 1) -> int:
        """Read a whole number within limits; return `instead` if it is not one."""
        if isinstance(data, int) and not isinstance(data, bool) and least <= data <= most:
            return data
        return self._wrong(at, data, f"Not a whole number from {least} to {most}.", instead)

    def amount(self, at: str, data: Any) -> float:
        """Read a number of mg."""
        if isinstance(data, int | float) and not isinstance(data, bool) and 0 < data <= 100_000:
            return data
        return self._wrong(at, data, "Not a number of mg above 0, at most 100000.", 0.0)

    def _wrong(self, at: str, data: Any, detail: str, instead: T) -> T:
        """Add an error, at most one for each field, and return a value that causes no other."""
        if not any(field_error.pointer == at for field_error in self.errors):
            self.field_error(at, "Missing." if data is None else detail)
        return instead
