"""Pieces of SQL that several tables need."""

from __future__ import annotations

from collections.abc import Collection
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
