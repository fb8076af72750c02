"""Databases for tests, of either engine: new ones, copies, and hands in them that go round the service."""

from __future__ import annotations

import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
from cluster import Cluster
from psycopg.rows import dict_row

from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.postgres import translated

ENGINES = ("sqlite", "postgresql")


class Raw(Protocol):
    """Somebody with the database and any tool for it, whom no trigger stops once `unguarded`."""

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a statement with `:name` parameters; the rows it gives."""

    def unguarded(self) -> None:
        """From now on no trigger fires."""


class Databases(Protocol):
    """What tests want of an engine. A database is named as `SCHEDULER_DATABASE` names it."""

    engine: str
    migrations: str
    """The table that says which migrations were applied."""

    def new(self) -> str:
        """A database without tables."""

    def copy(self, database: str) -> str:
        """A copy of a database that nobody uses at the moment."""

    def drop(self, database: str) -> None:
        """Remove a database, whoever still uses it."""

    def lent(self, database: str) -> Any:
        """A context with what looks like a copy; quicker than one, for who uses it in this process only."""

    def raw(self, database: str) -> Any:
        """A context with a Raw."""


class Sqlite:
    """Files in a folder."""

    engine = "sqlite"
    migrations = "_sqlite_migrations"

    def __init__(self, folder: Path) -> None:
        self._folders = (folder / str(number) for number in count())

    def new(self) -> str:
        folder = next(self._folders)
        folder.mkdir()
        return str(folder / "scheduler.db")

    def copy(self, database: str) -> str:
        return str(shutil.copy(database, self.new()))

    def drop(self, database: str) -> None:
        shutil.rmtree(Path(database).parent, ignore_errors=True)

    @contextmanager
    def lent(self, database: str) -> Iterator[str]:
        copied = self.copy(database)
        yield copied
        self.drop(copied)

    @contextmanager
    def raw(self, database: str) -> Iterator[_RawSqlite]:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            # Nothing here need survive a power cut.
            connection.execute("PRAGMA synchronous = OFF")
            yield _RawSqlite(connection)


class _RawSqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._triggers: dict[str, str] = {}

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        if not self._triggers:
            return self._execute(statement, parameters)
        for name in self._triggers:
            self._execute(f"DROP TRIGGER {name}")
        found = self._execute(statement, parameters)
        for made in self._triggers.values():
            self._execute(made)
        return found

    def _execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(statement, parameters or {}).fetchall()]

    def unguarded(self) -> None:
        """Each statement finds no trigger, and leaves them as they were."""
        rows = self._execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        self._triggers = {row["name"]: row["sql"] for row in rows}


class Postgresql:
    """Databases of a throw-away server."""

    engine = "postgresql"
    migrations = "migrations"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._names = (f"test_{number}" for number in count())
        self._lent: dict[str, list[str]] = defaultdict(list)
        #: The tables of each database that was lent.
        self._tables: dict[str, list[str]] = {}

    def new(self) -> str:
        return self._made("CREATE DATABASE {}")

    def copy(self, database: str) -> str:
        return self._made(f"CREATE DATABASE {{}} TEMPLATE {_name(database)}")

    def _made(self, statement: str) -> str:
        name = next(self._names)
        self._administer(statement.format(name))
        return self.cluster.url(name)

    def drop(self, database: str) -> None:
        self._administer(f"DROP DATABASE {_name(database)} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        with closing(psycopg.connect(self.cluster.url("postgres"), autocommit=True)) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    @contextmanager
    def lent(self, database: str) -> Iterator[str]:
        """A copy, which a later one to ask gets again with its rows as they were: rows are quicker than files."""
        used = self._lent[database]
        if used:
            copied = used.pop()
            again = "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept.{table}"
            first = "SET session_replication_role = replica"
        else:
            copied = self.copy(database)
            again, first = "CREATE TABLE kept.{table} AS TABLE {table}", "CREATE SCHEMA kept"
        if database not in self._tables:
            store = connect(copied)
            self._tables[database] = list(store.tables())
            store.close()
        whole = "; ".join([first, *(again.format(table=table) for table in self._tables[database])])
        with closing(psycopg.connect(copied)) as connection, connection:
            connection.execute(whole)  # type: ignore[call-overload]
        yield copied
        used.append(copied)

    @contextmanager
    def raw(self, database: str) -> Iterator[_RawPostgresql]:
        with closing(psycopg.connect(database, autocommit=True, row_factory=dict_row)) as connection:
            yield _RawPostgresql(connection)


class _RawPostgresql:
    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        cursor = self._connection.execute(translated(statement), parameters or {})
        return cursor.fetchall() if cursor.description else []

    def unguarded(self) -> None:
        self.execute("SET session_replication_role = replica")


def _name(database: str) -> str:
    """The name that the server knows a database by."""
    return str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
