"""When the access token of a pair was used first: the phone has received the pair."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE device_tokens ADD COLUMN used_at TEXT"
