"""The table `contents`: what was last written into each row from which a date or a right follows, besides the facts.

Protocols, sites, tokens and the like are rows that can be edited in the database. So each write of one adds a digest of
its content to a chain of that row, in the same unit of work: an edit, a deletion or an insertion by anybody else can be
detected. All writes of these tables go through the functions here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from .database.chain import CONTENT, link
from .database.copying import portions
from .database.port import Busy, Duplicate, Row, Store

#: How often we try to become the next entry of a row that others write too.
_TRIES = 20


class Covered(NamedTuple):
    """A table whose rows are covered: the columns of its key, and those that only say how the service is doing."""

    key: tuple[str, ...]
    left_out: frozenset[str] = frozenset()


#: The tables from which a date or a right follows, besides the logs and what is derived from the facts.
COVERED: Mapping[str, Covered] = {
    "protocols": Covered(("protocol", "version")),
    "sites": Covered(("site",)),
    "approvals": Covered(("site", "protocol", "version")),
    "site_calendars": Covered(("site",)),
    "site_preferences": Covered(("site",)),
    "patient_preferences": Covered(("patient_id",)),
    "tokens": Covered(("token_id",)),
    "activations": Covered(("hash",)),
    "devices": Covered(("device_id",)),
    "feeds": Covered(("hash",)),
    "site_feeds": Covered(("feed_id",)),
    "destinations": Covered(
        ("destination_id",), frozenset(("failures", "refusals", "failing_since", "problem", "paused_until"))
    ),
}


def insert(store: Store, table: str, row: Row, at: str, columns: Sequence[str] | None = None) -> None:
    """Insert a row at an instant; `columns` are those it gives (by default all of `row`). Raises Duplicate."""
    names = columns or tuple(row)
    values = ", ".join(f":{name}" for name in names)
    _record(
        store, table, store.rows(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) RETURNING *", row), at
    )


def put(store: Store, table: str, row: Row, at: str, columns: Sequence[str]) -> None:
    """Insert a row at an instant, or replace the one with its key."""
    names, key = ", ".join(columns), COVERED[table].key
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    _record(
        store,
        table,
        store.rows(
            f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in columns)}) "
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes} RETURNING *",
            row,
        ),
        at,
    )


def update(store: Store, table: str, change: str, parameters: Mapping[str, Any], at: str) -> int:
    """Change rows at an instant by what follows `SET`, with its condition; return how many were changed."""
    return _record(store, table, store.rows(f"UPDATE {table} SET {change} RETURNING *", parameters), at)


def delete(store: Store, table: str, condition: str, parameters: Mapping[str, Any], at: str) -> int:
    """Delete the rows that meet a condition, at an instant; return how many there were."""
    gone = store.rows(f"DELETE FROM {table} WHERE {condition} RETURNING *", parameters)
    for row in gone:
        _add(store, stream_of(table, row), None, at)
    return len(gone)


def cover_all(store: Store, at: str) -> int:
    """Cover all rows that are there, of a database in which none was covered yet; return how many."""
    if store.row("SELECT 1 FROM contents LIMIT 1") is not None:
        return 0
    return sum(
        _record(store, table, rows, at)
        for table, covered in COVERED.items()
        for rows in portions(store, table, covered.key)
    )


def _record(store: Store, table: str, rows: Sequence[Row], at: str) -> int:
    for row in rows:
        _add(store, stream_of(table, row), digest_of(table, row), at)
    return len(rows)


def _add(store: Store, stream: str, digest: str | None, at: str) -> None:
    entry: dict[str, Any] = {"stream": stream, "at": at, "digest": digest}
    for _ in range(_TRIES):
        last = store.row("SELECT seq, hash FROM contents WHERE stream = :stream ORDER BY seq DESC LIMIT 1", entry)
        entry["seq"] = last["seq"] + 1 if last else 1
        entry["hash"] = link(last["hash"] if last else "", entry, CONTENT)
        try:
            with store.transaction():
                store.write(
                    "INSERT INTO contents (stream, seq, at, digest, hash) VALUES (:stream, :seq, :at, :digest, :hash)",
                    entry,
                )
            return
        except Duplicate:
            # Another was faster; where databases let writers work side by side, its entry can be seen now.
            continue
    raise Busy("Too many writers to one row.")


def stream_of(table: str, row: Row) -> str:
    """Return the chain of a row: its table and key."""
    return " ".join((table, *(str(row[name]) for name in COVERED[table].key)))


def digest_of(table: str, row: Row) -> str:
    """Return the digest of a row's content. A value that is null counts as none: a column may be added later."""
    left_out = COVERED[table].left_out
    content = {name: row[name] for name in sorted(row) if name not in left_out and row[name] is not None}
    return hashlib.sha256(orjson.dumps(content, repr)).hexdigest()


def streams(store: Store) -> Iterator[list[Row]]:
    """Yield the entries of each chain, in order, all chains in the order of their names."""
    chain: list[Row] = []
    for rows in portions(store, "contents", ("stream", "seq")):
        for row in rows:
            if chain and chain[0]["stream"] != row["stream"]:
                yield chain
                chain = []
            chain.append(row)
    if chain:
        yield chain


def rows_of(store: Store, table: str) -> Iterator[Row]:
    """Yield all rows of a table, in the order of its key."""
    for rows in portions(store, table, COVERED[table].key):
        yield from rows


def last_digest(store: Store, stream: str) -> Row | None:
    """Return the last entry of a chain; None if there is no such chain."""
    return store.row("SELECT digest FROM contents WHERE stream = :stream ORDER BY seq DESC LIMIT 1", {"stream": stream})
