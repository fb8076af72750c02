"""Collect what is to be written about many patients, and write it in few round trips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from .port import Parameters, Row, Store


class Writer(Protocol):
    """Writes rows of derived data: a store in a unit of work, or a collection for later."""

    def write_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement for each of many parameters."""

    def bulk_insert(self, table: str, rows: Sequence[Row], conflict: str = "") -> None:
        """Insert rows, all with the same columns."""


class Writes:
    """Statements for later: each is run once for all that was collected for it, in the order of first mention.

    So statements of two patients may change places. Those of one do not where that matters, if everyone's begin alike.
    """

    def __init__(self) -> None:
        self._statements: dict[str, list[Parameters]] = {}
        self._inserts: dict[tuple[str, str], list[Row]] = {}

    def write_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Collect a statement for each of many parameters."""
        self._statements.setdefault(sql, []).extend(parameters)

    def bulk_insert(self, table: str, rows: Sequence[Row], conflict: str = "") -> None:
        """Collect rows to insert; they are inserted after the statements."""
        self._inserts.setdefault((table, conflict), []).extend(rows)

    def add(self, other: Writes) -> None:
        """Add what another has collected."""
        for sql, parameters in other._statements.items():
            self.write_many(sql, parameters)
        for (table, conflict), rows in other._inserts.items():
            self.bulk_insert(table, rows, conflict)

    def flush(self, store: Store) -> None:
        """Write all that was collected, in a unit of work. Raises Duplicate."""
        for sql, parameters in self._statements.items():
            if parameters:
                store.write_many(sql, parameters)
        for (table, conflict), rows in self._inserts.items():
            if rows:
                store.bulk_insert(table, rows, conflict)
