"""Through which day a visit can be overdue, and of how many records it is made."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE visits RENAME COLUMN next_opens_on TO overdue_through"
    yield "ALTER TABLE visits ADD COLUMN parts INTEGER NOT NULL DEFAULT 0"
