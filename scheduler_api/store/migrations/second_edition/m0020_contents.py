"""Add a third chained log: what was last written into each row, besides the facts, on which a date or right rests."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: A chain for each row: `stream` is its table and key, `digest` that of its content (null: it was deleted).
_CONTENTS = """
    CREATE TABLE contents (
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        digest TEXT,
        hash TEXT NOT NULL,
        PRIMARY KEY (stream, seq)
    ) {by_key}
    """


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield _CONTENTS.format(by_key=dialect.by_key)
    yield "CREATE INDEX contents_by_time ON contents (at, stream, seq)"
    yield from dialect.append_only("contents", "stream = NEW.stream AND seq = NEW.seq")
