"""What differs between databases in the definition of tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Dialect(Protocol):
    """The words of one database for what SQL has no common word for."""

    counter: str
    """The type of a primary key that the database counts up by itself."""

    by_key: str
    """How a table ends whose rows lie in the order of its primary key, if the database can do that."""

    def append_only(self, table: str, key: str | None = None) -> Iterator[str]:
        """Yield statements that make the database refuse to change or delete a row of a table.

        `key`: the condition under which a row would take the place of another (`NEW.column` names the new row's),
        where the database would otherwise replace without deleting.
        """
