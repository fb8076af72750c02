"""PostgreSQL behind the port, by psycopg and its pool: the same service on several machines.

A thread takes a connection from the pool for a unit of work, or for one read, and gives it back. A connection that the
database has closed (a restart, a failover) is replaced, without an error unless a unit of work was running on it.
Writers wait for each other only where a unit of work says so, by `lock`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from psycopg import Connection, Cursor, DataError, Error, InterfaceError, OperationalError, RawCursor, connect, errors
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from scheduler_api.store.migrations import MIGRATIONS

from .copying import copy
from .port import Busy, Damaged, Duplicate, Parameters, Row, Unavailable, keys_by_table
from .postgres_tables import MIGRATIONS_TABLE, REFUSAL, REFUSED_KINDS, REFUSING, statements_of, triggers
from .sqlite import SqliteStore

#: How long a writer waits for another, in milliseconds.
BUSY_TIMEOUT = 10_000
#: How many connections one process may have, and how long a thread waits for one, in seconds.
MOST_CONNECTIONS, CONNECTION_TIMEOUT = 10, 5.0
#: How many values one statement inserts at most; PostgreSQL takes 65,535.
MOST_PARAMETERS = 8_000
#: Settings that detect a dead connection sooner than the network would by itself.
_LIVELINESS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure, errors.TooManyConnections)
#: The server said goodbye; the end of the connection itself may not have been read yet.
_SHUT_DOWN = (errors.AdminShutdown, errors.CrashShutdown)
_DAMAGED = (errors.DataCorrupted, errors.IndexCorrupted)
_UNUSABLE = (OperationalError, InterfaceError, errors.UndefinedTable, errors.ReadOnlySqlTransaction)

Result = TypeVar("Result")
_Connection = Connection[Row]


class PostgresStore:
    """A database of a PostgreSQL server, by its URL."""

    # Not for a key: a row that refers to these may be written meanwhile.
    for_update, skip_locked = "FOR NO KEY UPDATE", "SKIP LOCKED"
    is_alone = False

    def __init__(self, url: str) -> None:
        self.url = self.name = url
        self._local = threading.local()
        self._pool: ConnectionPool[_Connection] | None = None
        self._opening = threading.Lock()
        self._made_by = threading.get_ident()

    def clock(self) -> datetime | None:
        row = self.row("SELECT clock_timestamp() AS now")
        return None if row is None else row["now"]

    def exists(self) -> bool:
        return True

    def _connections(self) -> ConnectionPool[_Connection]:
        with self._opening:
            if self._pool is None:
                # Connect once without the pool, which would try again and again and not say why it cannot.
                connect(self.url, **_LIVELINESS).close()  # type: ignore[arg-type]
                self._pool = ConnectionPool(
                    self.url,
                    kwargs={"autocommit": True, "row_factory": dict_row, **_LIVELINESS},
                    connection_class=Connection[Row],
                    configure=_configure,
                    min_size=0,
                    max_size=MOST_CONNECTIONS,
                    timeout=CONNECTION_TIMEOUT,
                    # The next request tries anew.
                    reconnect_timeout=1,
                    open=True,
                )
            return self._pool

    def _take_connection(self) -> tuple[ConnectionPool[_Connection], _Connection]:
        """Take a connection; return the pool to give it back to, and the connection."""
        while True:
            pool = self._connections()
            try:
                return pool, pool.getconn()
            except PoolClosed:
                # Another thread has replaced this pool since we were given it.
                if self._pool is pool:
                    raise

    def _renew(self, pool: ConnectionPool[_Connection]) -> None:
        """Replace a pool whose connections are dead; the new one is made at the next use."""
        with self._opening:
            if self._pool is pool:
                self._pool = None
        pool.close(timeout=0)

    @contextmanager
    def _connection(self, begin: Callable[[_Connection], Result]) -> Iterator[tuple[_Connection, Result]]:
        """Yield a connection of the pool and the result of `begin`, which may be tried twice, on it."""
        for may_try_again in (True, False):
            pool, connection = self._take_connection()
            try:
                begun = begin(connection)
                break
            except BaseException as error:
                closed = connection.closed and isinstance(error, OperationalError | InterfaceError)
                dead = closed or isinstance(error, _SHUT_DOWN)
                pool.putconn(connection)
                if not (dead and may_try_again):
                    raise
                self._renew(pool)
        try:
            yield connection, begun
        finally:
            pool.putconn(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        held = self._held
        if held is None:
            with self._block("BEGIN"):
                yield
            return
        with _translated:
            held.execute("SAVEPOINT inner_block")
        try:
            yield
            with _translated:
                held.execute("RELEASE inner_block")
        except BaseException:
            with suppress(Error):
                held.execute("ROLLBACK TO inner_block")
                held.execute("RELEASE inner_block")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if self._held is not None:
            yield
            return
        with self._block("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def _block(self, begin: str) -> Iterator[None]:
        with _translated, self._connection(lambda connection: connection.execute(begin)) as (connection, _):
            self._local.connection = connection
            try:
                yield
                ended = connection.execute("COMMIT").statusmessage
            except BaseException:
                if connection.info.transaction_status is not TransactionStatus.IDLE:
                    with suppress(Error):
                        connection.execute("ROLLBACK")
                raise
            finally:
                del self._local.connection
            if ended != "COMMIT":
                raise RuntimeError("A unit of work went on after a statement of it had been refused.")

    @property
    def _held(self) -> _Connection | None:
        """Return the connection of this thread's unit of work, if it is in one."""
        return getattr(self._local, "connection", None)

    def lock(self, name: str, shared: bool = False) -> None:
        connection = self._writing()
        how = b"pg_advisory_xact_lock_shared" if shared else b"pg_advisory_xact_lock"
        with _translated:
            connection.execute(b"SELECT %s(hashtextextended(%%s, 0))" % how, [name])

    def lock_free(self, names: Collection[str]) -> Collection[str]:
        connection = self._writing()
        free = "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_try_advisory_xact_lock(hashtextextended(name, 0))"
        with _translated:
            return {row["name"] for row in connection.execute(free, [list(names)])}

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        return self._read(lambda connection: _execute(connection, sql, parameters or {}).fetchall())

    def tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        return [(*row.values(),) for row in self.rows(sql, parameters)]

    def row(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        return self._read(lambda connection: _execute(connection, sql, parameters or {}).fetchone())

    def rows_of_each(self, sql: str, parameters: Sequence[Parameters]) -> list[Row]:
        def read(connection: _Connection) -> list[Row]:
            if not parameters:
                return []
            found: list[Row] = []
            with connection.cursor() as cursor:
                cursor.executemany(translated(sql), parameters, returning=True)
                while True:
                    found += cursor.fetchall()
                    if not cursor.nextset():
                        return found

        return self._read(read)

    def _read(self, read: Callable[[_Connection], Result]) -> Result:
        with _translated:
            held = self._held
            if held is not None:
                return read(held)
            with self._connection(read) as (_, result):
                return result

    def write(self, sql: str, parameters: Parameters) -> int:
        connection = self._writing()
        with _translated:
            return connection.execute(translated(sql), parameters).rowcount

    def write_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        connection = self._writing()
        with _translated, connection.cursor() as cursor:
            cursor.executemany(translated(sql), parameters)

    def bulk_insert(self, table: str, rows: Sequence[Row], conflict: str = "") -> None:
        names = (*rows[0],)
        if conflict:
            self._insert_many(table, names, rows, conflict)
            return
        copy_in = f"COPY {table} ({', '.join(names)}) FROM STDIN".encode()
        with _translated, self._writing().cursor() as cursor, cursor.copy(copy_in) as copying:
            for row in rows:
                copying.write_row([row[name] for name in names])

    def _insert_many(self, table: str, names: tuple[str, ...], rows: Sequence[Row], conflict: str) -> None:
        """Insert rows by statements of many rows: COPY knows no conflicts."""
        connection, portion = self._writing(), MOST_PARAMETERS // len(names)
        with _translated, RawCursor(connection) as cursor:
            for first in range(0, len(rows), portion):
                part = rows[first : first + portion]
                values = [one[name] for one in part for name in names]
                # Long statements of any number of rows would only push others out of those that are prepared.
                cursor.execute(
                    _insert(table, names, len(part), conflict), values, prepare=None if len(part) == 1 else False
                )

    def _writing(self) -> _Connection:
        held = self._held
        if held is None:
            raise RuntimeError("A write outside a transaction.")
        return held

    def migrate(self) -> list[str]:
        with self.transaction():
            # One at a time: of two that start at once, the second finds nothing left to do.
            self.lock("migrations")
            self.write(MIGRATIONS_TABLE, {})
            names = self.pending_migrations()
            for migration in MIGRATIONS:
                if migration.name in names:
                    for statement in statements_of(migration):
                        self.write(statement, {})
                    self.write("INSERT INTO migrations (name) VALUES (:name)", {"name": migration.name})
        return names

    def pending_migrations(self) -> list[str]:
        made = self.row("SELECT to_regclass('migrations') IS NOT NULL AS made")
        applied = self.rows("SELECT name FROM migrations") if made and made["made"] else []
        done = {row["name"] for row in applied}
        return [migration.name for migration in MIGRATIONS if migration.name not in done]

    def damage(self) -> list[str]:
        # Pages are checked as they are read, where the cluster has checksums; indexes by an extension, if it is there.
        invalid = self.rows(
            "SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE NOT (i.indisvalid AND i.indisready) AND c.relnamespace = current_schema()::regnamespace"
        )
        found = [f"the index {row['name']} is not valid" for row in invalid]
        failures = self.row(
            "SELECT checksum_failures AS number FROM pg_stat_database WHERE datname = current_database()"
        )
        if failures and failures["number"]:
            found.append(f"{failures['number']} pages failed their checksum")
        if self.row("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'") is not None:
            found += self._wrong_indexes()
        return found

    def _wrong_indexes(self) -> list[str]:
        found = []
        for row in self.rows(
            "SELECT c.oid AS id, c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' "
            "AND c.relnamespace = current_schema()::regnamespace"
        ):
            try:
                self.rows("SELECT bt_index_check(CAST(:id AS oid), true)", row)
            except Damaged as error:
                found.append(f"the index {row['name']}: {error}")
        return found

    def missing_triggers(self) -> list[str]:
        # They fire unless they are disabled, or whoever connects has them switched off by a setting.
        there = self.rows(
            "SELECT t.tgname AS name, c.relname AS table_name, p.proname AS called, p.prosrc AS body, t.tgtype AS kind "
            "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL "
            "AND c.relnamespace = current_schema()::regnamespace "
            "AND current_setting('session_replication_role') <> 'replica'"
        )
        found = {
            (row["name"], row["table_name"])
            for row in there
            if (row["called"], row["body"], row["kind"]) == (REFUSING, REFUSAL, REFUSED_KINDS)
        }
        return [name for name, table in triggers().items() if (name, table) not in found]

    def tables(self) -> dict[str, tuple[str, ...]]:
        rows = self.rows(
            "SELECT c.relname AS name, a.attname AS part FROM pg_class c LEFT JOIN pg_index i "
            "ON i.indrelid = c.oid AND i.indisprimary LEFT JOIN pg_attribute a ON a.attrelid = c.oid "
            "AND a.attnum = ANY (i.indkey) WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND c.relnamespace = current_schema()::regnamespace "
            "AND c.relname <> 'migrations' ORDER BY c.relname, array_position(i.indkey::int2[], a.attnum)"
        )
        return keys_by_table(rows)

    def tidy(self, table: str) -> None:
        # Not if it is done at the moment; and without locking out anybody to give pages back to the disk.
        vacuum = f"VACUUM (SKIP_LOCKED, TRUNCATE FALSE) {table}".encode()
        with _translated, self._connection(lambda connection: connection.execute(vacuum)):
            pass

    def reset_sequences(self) -> None:
        for row in self.rows(
            "SELECT table_name AS name, column_name AS part FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND is_identity = 'YES'"
        ):
            table, column = row["name"], row["part"]
            self.write(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "
                f"COALESCE((SELECT MAX({column}) FROM {table}), 0) + 1, false)",
                {},
            )

    def backup(self, target: Path) -> None:
        copied = SqliteStore(target)
        try:
            copied.migrate()
            with self.snapshot():
                copy(self, copied)
        finally:
            copied.close()

    def close(self) -> None:
        # Threads hold no connection between blocks: the thread that made the store closes it for all.
        if threading.get_ident() == self._made_by and self._pool is not None:
            pool, self._pool = self._pool, None
            pool.close()


@lru_cache(maxsize=128)
def _insert(table: str, names: tuple[str, ...], number: int, conflict: str) -> bytes:
    """Return the statement that inserts so many rows, as PostgreSQL itself numbers parameters."""
    places = (f"${place}" for place in range(1, number * len(names) + 1))
    rows = ", ".join(f"({', '.join(islice(places, len(names)))})" for _ in range(number))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {rows} {conflict}".encode()


def _execute(connection: _Connection, sql: str, parameters: Parameters) -> Cursor[Row]:
    """Run a query. PostgreSQL stores no NUL, so a text with one must match nothing: it is replaced by U+FFFF."""
    try:
        return connection.execute(translated(sql), parameters)
    except DataError:
        texts = {name: value for name, value in parameters.items() if isinstance(value, str) and "\0" in value}
        if not texts:
            raise
        unlike = {name: text.replace("\0", "\uffff") for name, text in texts.items()}
        return connection.execute(translated(sql), {**parameters, **unlike})


def _configure(connection: _Connection) -> None:
    """Configure a connection: how long it waits for locks, and that what is committed is on disk."""
    connection.execute(
        "SELECT set_config('lock_timeout', %s, false), set_config('idle_in_transaction_session_timeout', '60s', false)",
        [f"{BUSY_TIMEOUT}ms"],
    )
    # A stronger guarantee by the server (replicas included) stays as it is.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


#: A literal, a name in quotes, a cast, an empty list, a parameter, and what psycopg would take for one.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|::|\bIN \(\)|:([A-Za-z_]\w*)|%""")


@lru_cache(maxsize=1024)
def translated(sql: str) -> bytes:
    """Return a statement of the port as psycopg wants it: `:name` becomes `%(name)s`.

    Nothing is in an empty list, nor in one of NULL alone, which is the one that PostgreSQL can read.
    """
    return _TOKEN.sub(_translated_token, sql).encode()


def _translated_token(match: re.Match[str]) -> str:
    if match[1]:
        return f"%({match[1]})s"
    return "IN (NULL)" if match[0] == "IN ()" else match[0].replace("%", "%%")


class _Translated:
    """Translates PostgreSQL's errors into those of the port."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Error):
            return
        if isinstance(error, errors.UniqueViolation):
            raise Duplicate(str(error)) from error
        if isinstance(error, _BUSY):
            raise Busy(str(error)) from error
        if isinstance(error, _DAMAGED):
            raise Damaged(str(error)) from error
        if isinstance(error, PoolTimeout):
            raise Unavailable("No connection is available.") from error
        if isinstance(error, _UNUSABLE):
            raise Unavailable(str(error)) from error


_translated = _Translated()
