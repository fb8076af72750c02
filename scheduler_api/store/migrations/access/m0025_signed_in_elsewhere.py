"""Sessions on the pages of staff who signed in elsewhere: of no token of ours."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: A session is that of a token, or of `actor`, whose id, role, name and sites are kept as the provider gave them.
_SESSIONS = """
    CREATE TABLE web_sessions (
        hash TEXT PRIMARY KEY,
        token_id TEXT,
        actor TEXT,
        started_at TEXT NOT NULL,
        ends_at TEXT NOT NULL
    )
    """


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration: whoever is signed in to the pages does so once more."""
    yield "DROP TABLE web_sessions"
    yield _SESSIONS
