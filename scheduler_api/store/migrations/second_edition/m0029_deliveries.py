"""Find what is due at one destination."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "DROP INDEX deliveries_by_destination"
    yield "CREATE INDEX deliveries_by_destination ON deliveries (destination_id, next_at) WHERE status = 'waiting'"
