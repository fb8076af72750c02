"""Lists as CSV that spreadsheets open: a value in each cell, and no JSON."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from scheduler_api.engine.reason import Reason
from scheduler_api.i18n import word
from scheduler_api.schemas.fields import Strict, fields, validate

#: How a cell begins that a spreadsheet would run.
_FORMULA = re.compile(r"^[=+\-@\t\r]")
#: By this spreadsheets know that a file is UTF-8; without it Excel takes it for the encoding of its country.
MARK = "\ufeff"
#: A list of at most so many values has a column for each.
_MOST_COLUMNS = 10


def table(items: Sequence[Mapping[str, Any]], schema: type[Strict], language: str, with_mark: bool) -> str:
    """Return items of a schema as CSV, with words in a language: a column for each field, or for `schema.columns`.

    A field of fields has a column for each, as `protocol.id`, and a short list one for each value, as `opening_days.1`;
    the values of a longer one are in one cell, with semicolons between. Lists of objects are left out.
    """
    columns = _columns(schema)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(".".join(map(str, path)) for path in columns)
    writer.writerows([_cell(_value(item, path), language) for path in columns] for item in items)
    return (MARK if with_mark else "") + text.getvalue()


@lru_cache(maxsize=64)
def _columns(schema: type[Strict]) -> tuple[tuple[str | int, ...], ...]:
    """Return the columns of a schema, each as the path to its value; numbers count values of a list from 1."""
    declared = {field.data_key or name: field for name, field in schema().fields.items()}
    names = schema.columns or tuple(declared)
    return tuple(path for name in names for path in _paths(name, declared.get(name)))


def _paths(name: str, field: Any) -> Iterator[tuple[str | int, ...]]:
    if field is None:
        yield tuple(name.split("."))
    elif isinstance(field, fields.Nested):
        inner = {one.data_key or own: one for own, one in field.schema.fields.items()}
        yield from ((name, *path) for own, one in inner.items() for path in _paths(own, one))
    elif isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return
    elif isinstance(field, fields.List) and (most := _most(field)) <= _MOST_COLUMNS:
        yield from ((name, number) for number in range(1, most + 1))
    else:
        yield (name,)


def _most(field: Any) -> int:
    """Return how many values a list has at most."""
    lengths = [rule.max for rule in field.validators if isinstance(rule, validate.Length) and rule.max is not None]
    return min(lengths, default=sys.maxsize)


def _value(item: Any, path: tuple[str | int, ...]) -> Any:
    """Return the value at the end of a path; None where there is none."""
    for step in path:
        if item is None:
            return None
        item = _nth(item, step) if isinstance(step, int) else item.get(step)
    return item


def _nth(items: Sequence[Any], number: int) -> Any:
    return items[number - 1] if number <= len(items) else None


def _cell(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        value = "; ".join(f"{name}: {_cell(one, language)}" for name, one in value.items())
    elif isinstance(value, list | tuple):
        value = "; ".join(_cell(one, language) for one in value)
    elif isinstance(value, Reason):
        value = word(value, language)
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text
