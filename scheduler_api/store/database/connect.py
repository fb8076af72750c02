"""Open the database that a setting names: `postgresql://…`, or the path of an SQLite file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from .port import Store

_SCHEMES = ("postgresql://", "postgres://")
#: Where a text may have a password: in an address, up to the last @ of the line, or by name.
_PASSWORD = re.compile(r"(?<=://).*(?=@)|(?<=password=)('[^']*'|[^\s&]*)", re.IGNORECASE)


def is_postgres(database: str) -> bool:
    """Return whether a setting names a PostgreSQL database."""
    return database.startswith(_SCHEMES)


def connect(database: str) -> Store:
    """Return the store that `database` names; it is opened when it is first used."""
    # Each driver takes time to import, and only one of them is needed.
    if is_postgres(database):
        from .postgres import PostgresStore

        return PostgresStore(database)
    from .sqlite import SqliteStore

    return SqliteStore(Path(database))


def without_password(database: str) -> str:
    """Return the name of a database without its password, so that it can be printed and logged."""
    if not is_postgres(database):
        return database
    parts = urlsplit(database)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_passwords(text: str) -> str:
    """Return what a driver says of a failure as it may be logged: without the passwords of addresses in it."""
    return _PASSWORD.sub("…", text)


def data_folder(database: str) -> Path:
    """Return the folder for files that belong to a database: an SQLite file's own, else `instance`."""
    return Path("instance") if is_postgres(database) else Path(database).parent
