"""The tables of counts go: each process counts for Prometheus by itself."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Return the statements of this migration."""
    for table in ("reminder_counts", "delivery_counts", "request_counts"):
        yield f"DROP TABLE {table}"
