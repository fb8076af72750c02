"""Put values into the cells of tables: one value in each, and no JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scheduler_api.engine.reason import Reason
from scheduler_api.i18n import ENGLISH, word

#: By this spreadsheets know that a file is UTF-8; without it Excel takes it for the encoding of its country.
MARK = "\ufeff"
#: How a cell begins that a spreadsheet would run.
_FORMULA = re.compile(r"^[=+\-@\t\r]")


def text_of(value: Any) -> str:
    """Return a value as text; several in one are put with semicolons between, reasons into words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {csv_cell(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(csv_cell, value))
    return word(value, ENGLISH) if isinstance(value, Reason) else str(value)


def csv_cell(value: Any) -> str:
    """Return a value as a cell of CSV; before a text that a spreadsheet would run as a formula there is a `'`."""
    text = text_of(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if not is_number and _FORMULA.match(text) else text
