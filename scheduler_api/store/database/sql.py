"""Pieces of SQL that several tables need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from .port import Row


def one_of(column: str, name: str, values: Collection[str], parameters: dict[str, Any]) -> str:
    """Return the condition that a column (or an expression) has one of some values; put them into `parameters`.

    They get the names `name_0`, `name_1`, ... Of no values the condition is true of no row.

    >>> one_of("site", "site", ["BERLIN", "FUSCC"], parameters)
    "site IN (:site_0, :site_1)"
    """
    names = {f"{name}_{number}": value for number, value in enumerate(values)}
    parameters.update(names)
    return f"{column} IN ({', '.join(f':{each}' for each in names)})"


def one_of_rows(columns: Sequence[str], rows: Sequence[Row], parameters: dict[str, Any]) -> str:
    """Return the condition that some columns together have the values of one of some rows, of which there is one.

    They get the names `message_id_0`, `destination_id_0`, `message_id_1`, ... in `parameters`.
    """
    parameters.update({f"{name}_{number}": row[name] for number, row in enumerate(rows) for name in columns})
    values = (", ".join(f":{name}_{number}" for name in columns) for number in range(len(rows)))
    return f"({', '.join(columns)}) IN (VALUES {', '.join(f'({each})' for each in values)})"


def in_turn(select: str, ways: Sequence[str], where: Sequence[str], end: str, alias: str = "rows_found") -> str:
    """Return a query for the rows that meet one of several conditions (`ways`), and all of `where`.

    Each way is looked through by itself, so that each can have an index of its own; no row may meet two. `end` is the
    order, of columns that are selected, and the limit; `alias` is the name that columns have in it.
    """
    parts = " UNION ALL ".join(
        f"SELECT * FROM ({select} WHERE {' AND '.join((way, *where))} {end}) AS way_{number}"
        for number, way in enumerate(ways)
    )
    return f"SELECT * FROM ({parts}) AS {alias} {end}"
