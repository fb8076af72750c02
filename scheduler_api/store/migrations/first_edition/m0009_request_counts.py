"""Counts of requests by outcome, from all processes, for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_TABLES = (
    # `what` is the bound of a bucket in seconds, or `microseconds` of all together.
    """
    CREATE TABLE request_counts (
        route TEXT NOT NULL,
        method TEXT NOT NULL,
        status TEXT NOT NULL,
        what TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (route, method, status, what)
    )
    """,
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _TABLES
