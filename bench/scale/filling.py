"""Databases of both engines, filled with synthetic patients."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import psycopg

from tests.cluster import Cluster

from ..load import load
from ..peers.plan import size_of
from ..product import Store, connect
from ..service import Service

#: As one would set it on a machine that does nothing else; durable, unlike where tests run.
_SETTINGS = (
    "fsync=on",
    "full_page_writes=on",
    "shared_buffers=2GB",
    "maintenance_work_mem=512MB",
    "max_wal_size=8GB",
)


class Engine(Protocol):
    """Where databases are made."""

    name: str
    indexes: str
    """The query for the name and the definition of each index that is no key's."""

    def new(self, name: str) -> str:
        """An empty database, as `SCHEDULER_DATABASE` names it."""

    def size(self, database: str) -> int:
        """The bytes of a database on the disk, when what is written is in its place."""

    def flush(self, database: str) -> None:
        """What the engine does by itself some time after much was written."""


class Sqlite:
    """Files in a folder."""

    name = "SQLite"
    indexes = "SELECT name, sql AS definition FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> str:
        return str(self._folder / f"{name}.db")

    def size(self, database: str) -> int:
        return size_of(Path(database))

    def flush(self, database: str) -> None:
        self.size(database)


class Postgresql:
    """Databases of a throw-away server."""

    name = "PostgreSQL"
    indexes = (
        "SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'public' "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
    )

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def new(self, name: str) -> str:
        with psycopg.connect(self._cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._cluster.url(name)

    def size(self, database: str) -> int:
        with psycopg.connect(database) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        return int(row[0])

    def flush(self, database: str) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


class Filled(NamedTuple):
    """A service with patients: how many, how long it took to load them, in seconds, and bytes for each."""

    service: Service
    patients: int
    seconds: float
    bytes: float


@contextmanager
def engines(folder: Path) -> Iterator[list[Engine]]:
    """Both engines, while they are needed."""
    with Cluster(settings=_SETTINGS) as cluster:
        yield [Sqlite(folder), Postgresql(cluster)]


def filled(engine: Engine, count: int) -> Filled:
    """A new database with so many patients.

    Indexes are made when all rows are there: sorting once is far faster than finding the place of each row.
    """
    database, now = engine.new(f"with_{count}"), datetime.now(UTC)
    store = connect(database)
    store.migrate()
    empty, began = engine.size(database), time.perf_counter()
    with _without_indexes(store, engine.indexes):
        load(store, count, now)
    engine.flush(database)
    took = time.perf_counter() - began
    store.close()
    return Filled(Service(database, now), count, took, (engine.size(database) - empty) / count)


@contextmanager
def _without_indexes(store: Store, query: str) -> Iterator[None]:
    known = store.rows(query)
    with store.transaction():
        for index in known:
            store.write(f"DROP INDEX {index['name']}", {})
    yield
    for index in known:
        with store.transaction():
            store.write(index["definition"], {})
