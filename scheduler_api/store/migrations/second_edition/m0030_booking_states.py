"""Say whether what is booked stands or is in vain, and whether the dates of a visit are vague."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    # The rows are computed anew: their format has changed.
    yield "ALTER TABLE visits ADD COLUMN booking TEXT"
    yield "ALTER TABLE visits ADD COLUMN is_vague INTEGER NOT NULL DEFAULT 0"
