"""Say of a visit at which a dose is given how much is planned, how much was given, and in what unit."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    for column in ("amount", "given_amount"):
        yield f"ALTER TABLE visits ADD COLUMN {column} DOUBLE PRECISION"
    # Null of every visit that is no dose.
    yield "ALTER TABLE visits ADD COLUMN unit TEXT"
