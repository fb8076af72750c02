"""Read parts of a document that somebody else's program wrote: what is of the wrong type is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scheduler_api.engine.errors import FieldError, ValidationFailed

#: Half a character, which no file can hold.
_HALF = re.compile("[\ud800-\udfff]")
#: A file that is no USDM at all would have thousands.
MOST_ERRORS = 50


class Reader:
    """Reads values and collects an error for each that is not what it must be. `at` is a JSON pointer."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def wrong(self, at: str, detail: str) -> None:
        """Add an error."""
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(FieldError(at, detail, "malformed"))

    def end(self) -> None:
        """Raise ValidationFailed if anything was wrong."""
        if self.errors:
            raise ValidationFailed(self.errors)

    def table(self, at: str, data: Any) -> Mapping[str, Any]:
        """Return an object; an empty one for anything else."""
        if isinstance(data, dict):
            return data
        self.wrong(at, "Missing." if data is None else "Not an object.")
        return {}

    def tables(self, at: str, data: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the pointer and the object of each entry of a list, which may be missing."""
        entries = data.get(name)
        if entries is None:
            return
        if not isinstance(entries, list):
            self.wrong(f"{at}/{name}", "Not a list.")
            return
        for index, entry in enumerate(entries):
            if isinstance(entry, dict):
                yield f"{at}/{name}/{index}", entry
            else:
                self.wrong(f"{at}/{name}/{index}", "Not an object.")

    def text(self, at: str, data: Mapping[str, Any], name: str) -> str:
        """Return a text in one line; empty if it is missing."""
        value = data.get(name)
        if value is None or (isinstance(value, str) and not _HALF.search(value)):
            return " ".join((value or "").split())
        self.wrong(f"{at}/{name}", "Not a text.")
        return ""

    def needed(self, at: str, data: Mapping[str, Any], name: str) -> str:
        """Return a text that must be there."""
        text = self.text(at, data, name)
        if not text and data.get(name) in (None, ""):
            self.wrong(f"{at}/{name}", "Missing.")
        return text

    def texts(self, at: str, data: Mapping[str, Any], name: str) -> tuple[str, ...]:
        """Return a list of texts, which may be missing."""
        entries = data.get(name)
        if entries is None:
            return ()
        if isinstance(entries, list) and all(isinstance(entry, str) for entry in entries):
            return tuple(entries)
        self.wrong(f"{at}/{name}", "Not a list of texts.")
        return ()

    def code(self, at: str, data: Mapping[str, Any], name: str) -> tuple[str, str]:
        """Return the code and the words of a coded value, also of one with aliases; both empty if it is missing."""
        value = data.get(name)
        if value is None:
            return "", ""
        coded = self.table(f"{at}/{name}", value)
        if "standardCode" in coded:
            return self.code(f"{at}/{name}", coded, "standardCode")
        return self.text(f"{at}/{name}", coded, "code"), self.text(f"{at}/{name}", coded, "decode")
