"""In which format what is derived of a patient is stored; none is that of no version, so that it is derived anew."""

from __future__ import annotations

from collections.abc import Iterator

from .dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE patients ADD COLUMN format INTEGER NOT NULL DEFAULT 0"
