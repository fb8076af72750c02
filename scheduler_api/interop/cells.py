"""Put values into the cells of tables: one value in each, and no JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.reason import Reason
from scheduler_api.i18n import ENGLISH, word

#: By this spreadsheets know that a file is UTF-8; without it Excel takes it for the encoding of its country.
MARK = "\ufeff"
#: How a text begins that a spreadsheet would run.
_FORMULA = frozenset("=+-@\t\r")
#: The types of what is written as it is.
_PLAIN = (type(None), int, float)


def text_of(value: Any, language: str = ENGLISH) -> str:
    """Return a value as text; several in one are put with semicolons between, reasons into words of a language."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "; ".join(_guarded(one, language) for one in value)
    if isinstance(value, Mapping):
        # With a colon, spreadsheets take `50: 24` for a time.
        return "; ".join(f"{name}={_guarded(one, language)}" for name, one in value.items())
    return word(value, language) if isinstance(value, Reason) else str(value)


def csv_cell(value: Any, language: str = ENGLISH) -> str | float | None:
    """Return a value as the csv module is to write it; before a text that would be run as a formula there is a `'`."""
    if type(value) in _PLAIN:
        return value
    return _guarded(value, language)


def _guarded(value: Any, language: str) -> str:
    text = text_of(value, language)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text[:1] in _FORMULA and not is_number else text
