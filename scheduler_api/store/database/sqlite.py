"""SQLite behind the port, by sqlite-utils: the embedded default.

A recorded fact survives a power cut (`synchronous=FULL`), readers never wait for a writer (WAL), and a writer takes its
lock at the start (`BEGIN IMMEDIATE`): one that reads first and locks later would fail when two do so at once.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from .port import Busy, Damaged, Duplicate, Parameters, Row, Unavailable, keys_by_table
from .sqlite_tables import migrations, triggers

#: How long a writer waits for another, in milliseconds.
BUSY_TIMEOUT = 10_000


#: The file cannot be opened, read or written, or is no database.
_UNUSABLE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
)


class SqliteStore:
    """A database in one file; each thread has a connection of its own, as sqlite3 demands."""

    #: There is one writer at a time.
    for_update = skip_locked = ""
    is_alone = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._local = threading.local()

    def clock(self) -> datetime | None:
        return None

    def exists(self) -> bool:
        return self.path.is_file()

    @property
    def _database(self) -> Database:
        try:
            return self._local.database
        except AttributeError:
            self._local.database = database = self._open()
            return database

    def _open(self) -> Database:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT / 1000, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
            connection.execute("PRAGMA synchronous = FULL")
            # A batch of reminders changes more pages than the usual 1000: the log would be emptied after each.
            connection.execute("PRAGMA wal_autocheckpoint = 8000")
            connection.execute("PRAGMA foreign_keys = ON")
            # 16 MB a connection: a page of a list comes from all over a large file, and is asked for again and again.
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("PRAGMA trusted_schema = OFF")
        except BaseException:
            connection.close()
            raise
        return Database(connection, execute_plugins=False)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with _translated:
            connection: Any = self._database.conn
        begin, keep, undo = "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"
        if connection.in_transaction:
            begin, keep, undo = "SAVEPOINT inner", "RELEASE inner", "ROLLBACK TO inner; RELEASE inner"
        with _translated:
            connection.execute(begin)
        try:
            yield
            with _translated:
                connection.execute(keep)
        except BaseException:
            # A failing statement may have ended the transaction by itself.
            if connection.in_transaction:
                for statement in undo.split("; "):
                    connection.execute(statement)
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with _translated:
            connection: Any = self._database.conn
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

    def lock(self, name: str, shared: bool = False) -> None:
        # A transaction is alone from its beginning.
        self._writing()

    def lock_free(self, names: Collection[str]) -> Collection[str]:
        self._writing()
        return names

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        with _translated:
            cursor = self._database.conn.execute(sql, parameters or {})
            names = [column[0] for column in cursor.description]
            # Plain tuples: a dict of an sqlite3.Row looks each name up, and takes five times as long.
            return [dict(zip(names, row)) for row in cursor]  # noqa: B905

    def tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        with _translated:
            return self._database.conn.execute(sql, parameters or {}).fetchall()

    def row(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        with _translated:
            cursor = self._database.conn.execute(sql, parameters or {})
            values = cursor.fetchone()
        return None if values is None else dict(zip((column[0] for column in cursor.description), values))  # noqa: B905

    def rows_of_each(self, sql: str, parameters: Sequence[Parameters]) -> list[Row]:
        return [row for each in parameters for row in self.rows(sql, each)]

    def write(self, sql: str, parameters: Parameters) -> int:
        connection = self._writing()
        with _translated:
            return connection.execute(sql, parameters).rowcount

    def write_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        connection = self._writing()
        with _translated:
            connection.executemany(sql, parameters)

    def bulk_insert(self, table: str, rows: Sequence[Row], conflict: str = "") -> None:
        names = list(rows[0])
        parameters = ", ".join(f":{name}" for name in names)
        self.write_many(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({parameters}) {conflict}", rows)

    def _writing(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._database.conn
        if not connection.in_transaction:
            raise RuntimeError("A write outside a transaction.")
        return connection

    def migrate(self) -> list[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Health data: for nobody else on this machine. SQLite gives the files beside it the same rights.
        self.path.touch(mode=0o600)
        database = self._database
        # One at a time, by a lock on the folder: of two that start at once, the second finds nothing left to do. (A
        # change of the journal's mode does not wait for the database's own locks.)
        with _alone_in(self.path.parent):
            database.conn.execute("PRAGMA journal_mode = WAL")
            names = self.pending_migrations()
            migrations.apply(database)
        return names

    def pending_migrations(self) -> list[str]:
        with _translated:
            return [migration.name for migration in migrations.pending(self._database)]

    def damage(self) -> list[str]:
        found = [row[0] for row in self.tuples("PRAGMA integrity_check(20)") if row[0] != "ok"]
        return found + [
            f"{row[0]}: names a row of {row[2]} that is missing" for row in self.tuples("PRAGMA foreign_key_check")
        ]

    def missing_triggers(self) -> list[str]:
        rows = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        there = {row["name"]: row["sql"] for row in rows}
        return [name for name, statement in triggers().items() if there.get(name) != statement]

    def tables(self) -> dict[str, tuple[str, ...]]:
        rows = self.rows(
            "SELECT t.name AS name, c.name AS part FROM sqlite_master t LEFT JOIN pragma_table_info(t.name) c "
            "ON c.pk > 0 WHERE t.type = 'table' AND substr(t.name, 1, 1) <> '_' AND substr(t.name, 1, 7) <> 'sqlite_' "
            "ORDER BY t.name, c.pk"
        )
        return keys_by_table(rows)

    def tidy(self, table: str) -> None:
        # A deleted row is gone when the transaction ends.
        pass

    def reset_sequences(self) -> None:
        # SQLite looks at the greatest itself.
        self._writing()

    def backup(self, target: Path) -> None:
        with sqlite3.connect(target) as copy:
            self._database.conn.backup(copy)
        copy.close()

    def close(self) -> None:
        database = self._local.__dict__.pop("database", None)
        if database is not None:
            database.conn.close()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class _Translated:
    """Translates SQLite's errors into those of the port."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.DatabaseError):
            return
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
            raise Duplicate(str(error)) from error
        if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(str(error)) from error
        if code & 0xFF == sqlite3.SQLITE_CORRUPT:
            raise Damaged(str(error)) from error
        if code & 0xFF in _UNUSABLE or str(error).startswith("no such table"):
            raise Unavailable(str(error)) from error


_translated = _Translated()
