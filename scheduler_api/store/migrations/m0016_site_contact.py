"""Whom a site's patients call: a name and a telephone number."""

from __future__ import annotations

from collections.abc import Iterator

from .dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE sites ADD COLUMN contact_name TEXT"
    yield "ALTER TABLE sites ADD COLUMN contact_phone TEXT"
