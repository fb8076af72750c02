"""What was said of doses day by day stands beside the history, of which it was by far the longest part.

Rows of the format before are derived anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from .dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE patients ADD COLUMN dose_words TEXT NOT NULL DEFAULT '{}'"
