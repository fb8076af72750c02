"""In which format what is derived of a patient is stored; 0 is that of no version, so that it is derived anew.

The recorded doses stand in the history, as all else.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE patients ADD COLUMN format INTEGER NOT NULL DEFAULT 0"
    yield "ALTER TABLE patients DROP COLUMN days"
