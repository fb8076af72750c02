"""Whether the plan has a visit, or there is only a booking left of it."""

from __future__ import annotations

from collections.abc import Iterator

from .dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE visits ADD COLUMN in_plan INTEGER NOT NULL DEFAULT 1"
