"""Lists as tables that spreadsheets open, CSV or workbooks: a value in each cell, and no JSON."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from scheduler_api.interop.cells import MARK, csv_cell
from scheduler_api.interop.workbooks import Heading, Workbook
from scheduler_api.schemas.fields import Amount, CivilDate, PartialCivilDate, Strict, fields, validate

#: A list of at most so many values has a column for each.
_MOST_COLUMNS = 10
#: What values a column of a workbook has, by the field; of others they are texts.
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (CivilDate, "date"),
    (PartialCivilDate, "partial date"),
    (fields.Boolean, "boolean"),
    (Amount, "number"),
    (fields.Number, "number"),
)


class _Column(NamedTuple):
    """A column: the path to its value, in which numbers count values of a list from 1, and the field at its end."""

    path: tuple[str | int, ...]
    field: Any

    @property
    def heading(self) -> Heading:
        """Return its name and the kind of its values."""
        kind = next((kind for of, kind in _KINDS if isinstance(self.field, of)), "text")
        return Heading(".".join(map(str, self.path)), kind)


def csv_table(items: Sequence[Mapping[str, Any]], schema: type[Strict], language: str, with_mark: bool) -> str:
    """Return items of a schema as CSV, with words in a language: a column for each field, or for `schema.columns`.

    A field of fields has a column for each, as `protocol.id`, and a short list one for each value, as `opening_days.1`;
    the values of a longer one are in one cell, with semicolons between. Lists of objects are left out.
    """
    columns = _columns(schema)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.heading.name for column in columns)
    writer.writerows([csv_cell(_value(item, column.path), language) for column in columns] for item in items)
    return (MARK if with_mark else "") + text.getvalue()


def workbook(items: Sequence[Mapping[str, Any]], schema: type[Strict], language: str, name: str) -> bytes:
    """Return items of a schema as an Excel workbook with a sheet of that name, like `csv_table` otherwise."""
    columns, file = _columns(schema), io.BytesIO()
    with Workbook(file, language) as book:
        sheet = book.sheet(name, [column.heading for column in columns])
        for item in items:
            sheet.add(_value(item, column.path) for column in columns)
    return file.getvalue()


@lru_cache(maxsize=64)
def _columns(schema: type[Strict]) -> tuple[_Column, ...]:
    """Return the columns of a schema."""
    declared = schema.columns or {field.data_key or name: field for name, field in schema().fields.items()}
    return tuple(column for name, field in declared.items() for column in _paths(name, field))


def _paths(name: str, field: Any) -> Iterator[_Column]:
    if isinstance(field, fields.Nested):
        inner = {one.data_key or own: one for own, one in field.schema.fields.items()}
        for own, one in inner.items():
            yield from (_Column((name, *column.path), column.field) for column in _paths(own, one))
    elif isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return
    elif isinstance(field, fields.List) and (most := _most(field)) <= _MOST_COLUMNS:
        yield from (_Column((name, number), field.inner) for number in range(1, most + 1))
    else:
        yield _Column((name,), field)


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
