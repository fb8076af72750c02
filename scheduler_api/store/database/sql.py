"""Pieces of SQL that several tables need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any


def one_of(column: str, name: str, values: Collection[str], parameters: dict[str, Any]) -> str:
    """Return the condition that a column (or an expression) has one of some values; put them into `parameters`.

    They get the names `name_0`, `name_1`, ... Of no values the condition is true of no row.

    >>> one_of("site", "site", ["BERLIN", "FUSCC"], parameters)
    "site IN (:site_0, :site_1)"
    """
    names = {f"{name}_{number}": value for number, value in enumerate(values)}
    parameters.update(names)
    return f"{column} IN ({', '.join(f':{each}' for each in names)})"


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
