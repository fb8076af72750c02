"""Define what differs between databases in the definition of tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Dialect(Protocol):
    """The parts of table definitions that each database writes in its own way."""

    counter: str
    """The type of a primary key that the database counts up by itself."""

    by_key: str
    """The end of a table's definition if its rows are to lie in the order of its key, where the database can."""

    def tidied_after(self, table: str, deleted: int) -> Iterator[str]:
        """Yield statements by which the database tidies up a table after so many deleted rows, however large it is."""

    def append_only(self, table: str, key: str | None = None) -> Iterator[str]:
        """Yield statements that make the database refuse to change or delete a row of a table.

        `key` is the condition under which a row would replace another (`NEW.column` names the new row's),
        where the database would otherwise replace without deleting.
        """
