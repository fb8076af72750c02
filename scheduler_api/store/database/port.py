"""The database port: what the rest of the store needs of any database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

Row = Mapping[str, Any]
Parameters = Mapping[str, Any]


class Busy(Exception):
    """Another writer held the database for longer than we wait; nothing was written, the call may be tried again."""


class Unavailable(Exception):
    """The database cannot be opened or read, or lacks the tables of this version; nothing was written.

    If it was lost during a commit, either everything was written or nothing; a request repeated with its idempotency
    key finds out which.
    """


class Damaged(Unavailable):
    """The database says that what it has stored is damaged: only a backup helps."""


class Duplicate(Exception):
    """A row would repeat a key that must be unique; nothing was written, and the unit of work must end.

    A caller that wants to go on after it writes in a block inside the block.
    """


class Store(Protocol):
    """A database. SQL has named parameters (`:name`), `ON CONFLICT` and `RETURNING`, and no dialect's own features.

    One store serves any number of threads. Writes happen inside `transaction` only, and what a write depends on
    is read after `lock`: except in SQLite, several transactions run at once.
    """

    name: str
    """The name by which another process opens the same database."""

    for_update: str
    """Makes, at the end of a SELECT inside `transaction`, its rows this transaction's, so that others wait for them."""

    skip_locked: str
    """Leaves out, after `for_update`, the rows that others have: each of several workers takes other rows."""

    is_alone: bool
    """Whether a transaction has the database to itself from its beginning to its end."""

    def __hash__(self) -> int:
        """Make a store equal to itself alone, so that what never changes in it may be cached by store."""

    def transaction(self) -> AbstractContextManager[None]:
        """Run one unit of work: all of it is durable when the block ends, none of it if the block raises.

        A block inside a block is part of it, and undone alone if it raises. Raises Busy.
        """

    def snapshot(self) -> AbstractContextManager[None]:
        """Make all reads inside the block see one state of the database, whatever others write meanwhile."""

    def lock(self, name: str, shared: bool = False) -> None:
        """Wait until no other transaction holds this name, and hold it until ours ends. Raises Busy.

        Transactions that share it wait only for one that does not share it.
        """

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Return all rows of a query."""

    def tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query as tuples of values, for reads so frequent that dicts would cost too much."""

    def row(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        """Return the first row of a query, if there is one."""

    def rows_of_each(self, sql: str, parameters: Sequence[Parameters]) -> list[Row]:
        """Return all rows of one query for each of many parameters, in few round trips."""

    def write(self, sql: str, parameters: Parameters) -> int:
        """Run a statement that changes rows; return how many it changed. Raises Duplicate."""

    def write_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement for each of many parameters. Raises Duplicate."""

    def bulk_insert(self, table: str, rows: Sequence[Row], conflict: str = "") -> None:
        """Insert many rows, all with the same columns, as fast as the database can. Raises Duplicate.

        `conflict` is the end of the statement (`ON CONFLICT …`); with it, no two of the rows may have the same key.
        """

    def migrate(self) -> list[str]:
        """Apply the pending migrations; return their names. Several processes may call it at once."""

    def pending_migrations(self) -> list[str]:
        """Return the names of the migrations that this version needs and the database has not seen."""

    def lock_free(self, names: Collection[str]) -> Collection[str]:
        """Lock those of some names that no other transaction holds, until this one ends, and return them.

        It does not wait.
        """

    def damage(self) -> list[str]:
        """Return what the database itself finds wrong with what it has stored, as far as it can look: it reads all."""

    def missing_triggers(self) -> list[str]:
        """Return the names of the triggers that keep the logs from being changed and are not there as they were made.

        Where they can be there and not fire, those that would not fire count as missing.
        """

    def tables(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the service's tables, each with the columns of its primary key."""

    def tidy(self, table: str) -> None:
        """Free the places of deleted rows of a table, where the database does not do so at once; in no transaction."""

    def reset_sequences(self) -> None:
        """Make generated keys continue after the greatest one present; inside `transaction`."""

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database to a new SQLite file, while others read and write."""

    def clock(self) -> datetime | None:
        """Return the present instant by the database's own clock; None if it has none but this machine's."""

    def exists(self) -> bool:
        """Return whether there is a database, as far as one can see without opening it."""

    def close(self) -> None:
        """Close what this thread has opened; the thread that made the store closes everything."""


def keys_by_table(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Return the result of `tables` from a row for each part of a key, in order.

    `part` is None in the row of a table without a key.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for row in rows:
        keys[row["name"]] = keys.get(row["name"], ()) + ((row["part"],) if row["part"] else ())
    return keys
