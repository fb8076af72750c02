"""Which database a setting names."""

from __future__ import annotations

from pathlib import Path

from .port import Store
from .sqlite import SqliteStore


def connect(database: str) -> Store:
    """The store that `database` (a path of an SQLite file) names; it is opened when it is first used."""
    return SqliteStore(Path(database))
