"""The tables in SQLite: its dialect, and the migrations as sqlite-utils applies them.

Beware of `table.transform()`: it drops the triggers that keep the log append-only.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlite_utils import Database, Migrations

from scheduler_api.store.migrations import MIGRATIONS, Migration


class SqliteDialect:
    """SQLite's dialect."""

    counter = "INTEGER PRIMARY KEY"
    by_key = "WITHOUT ROWID"

    def tidied_after(self, table: str, deleted: int) -> Iterator[str]:
        """Yield nothing: deleted rows are gone at once."""
        yield from ()

    def append_only(self, table: str, key: str | None = None) -> Iterator[str]:
        """Yield triggers that refuse changes and deletions.

        If a key is given, one of them refuses insertion of an existing key, since REPLACE deletes without the others.
        """
        refuse = f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
        if key is not None:
            exists = f"EXISTS (SELECT 1 FROM {table} WHERE {key})"
            yield f"CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} WHEN {exists} {refuse}"
        for action in ("UPDATE", "DELETE"):
            yield f"CREATE TRIGGER {table}_refuse_{action.lower()} BEFORE {action} ON {table} {refuse}"


migrations = Migrations("scheduler_api")


def _register(migration: Migration) -> None:
    @migrations(name=migration.name)
    def apply(database: Database) -> None:
        for statement in migration.statements(SqliteDialect()):
            database.execute(statement)


for _migration in MIGRATIONS:
    _register(_migration)


def triggers() -> dict[str, str]:
    """Return the statement of each trigger that a database of this version has, by name."""
    statements = (one for migration in MIGRATIONS for one in migration.statements(SqliteDialect()))
    return {one.split()[2]: one for one in statements if one.startswith("CREATE TRIGGER")}
