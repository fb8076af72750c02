"""Keep what was filled in on the pages when a session had ended."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE web_sessions ADD COLUMN form TEXT"
