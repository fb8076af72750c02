"""Sessions of staff who signed in to the pages."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: `hash` is of the secret that the browser holds.
_SESSIONS = """
    CREATE TABLE web_sessions (
        hash TEXT PRIMARY KEY,
        token_id TEXT NOT NULL,
        started_at TEXT NOT NULL,
        ends_at TEXT NOT NULL
    )
    """


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield _SESSIONS
