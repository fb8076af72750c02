"""Copy one database into another, of any engine, table by table, in the order of the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .port import Row, Store

#: How many rows are read and written together.
PORTION = 1000


def copy(source: Store, target: Store, progress: Callable[[str, int], None] = lambda table, rows: None) -> None:
    """Copy all rows of a source, which nobody changes meanwhile, to a target with the tables of this version.

    Each portion is durable when it is reported to `progress`. A repeated copy goes on where an interrupted one ended:
    rows come in the order of their keys, so it continues after the last.
    """
    for table, key in source.tables().items():
        if not key:
            _copy_at_once(source, target, table, progress)
            continue
        for rows in portions(source, table, key, after=_last(target, table, key)):
            with target.transaction():
                target.bulk_insert(table, rows)
            progress(table, len(rows))
    with target.transaction():
        target.reset_sequences()


def portions(store: Store, table: str, key: Sequence[str], after: Row | None = None) -> Iterator[list[Row]]:
    """Yield all rows of a table after a row (None: from the first), in the order of the key, in portions."""
    order = ", ".join(key)
    beyond = f"WHERE ({order}) > ({', '.join(':' + name for name in key)})"
    while rows := store.rows(
        f"SELECT * FROM {table} {beyond if after else ''} ORDER BY {order} LIMIT :portion",
        {**(after or {}), "portion": PORTION},
    ):
        yield rows
        after = rows[-1]


def _last(store: Store, table: str, key: Sequence[str]) -> Row | None:
    return store.row(
        f"SELECT {', '.join(key)} FROM {table} ORDER BY {', '.join(f'{name} DESC' for name in key)} LIMIT 1"
    )


def _copy_at_once(source: Store, target: Store, table: str, progress: Callable[[str, int], None]) -> None:
    """Copy a small table that has no key, all of it or nothing."""
    rows = source.rows(f"SELECT * FROM {table}")
    with target.transaction():
        target.write(f"DELETE FROM {table}", {})
        if rows:
            target.bulk_insert(table, rows)
    progress(table, len(rows))
