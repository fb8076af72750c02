"""A read replica: questions go to it when it has everything that the primary has, and to the primary otherwise.

So nobody who reads can tell which was asked: who wrote sees what was written, and so does everyone else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from .port import Busy, Parameters, Row, Store, Unavailable

log = logging.getLogger("scheduler_api.replica")

#: How long a replica is left alone that did not catch up, and one that did not answer, in seconds.
BEHIND, AWAY = 1.0, 10.0
#: How long it is waited for, in seconds, before each look but the first: 31 ms in all.
_PAUSES = (0.001, 0.002, 0.004, 0.008, 0.016)

# What was answered as recorded is on the disk of the primary, so before this place in its log. After a failover a place
# means something on the same timeline alone.
_POSITION = (
    "SELECT pg_current_wal_flush_lsn()::text AS position, current_database()::text AS name, "
    "substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8) AS timeline, system_identifier::text AS system "
    "FROM pg_control_system()"
)
_HAS_IT_ALL = (
    "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn) "
    "AND system_identifier::text = :system AND current_database()::text = :name "
    "AND lpad(upper(to_hex(timeline_id)), 8, '0') = :timeline AS so FROM pg_control_system(), pg_control_checkpoint()"
)

Found = TypeVar("Found")


class Replica:
    """A store that asks a replica, and does everything else, reads of a unit of work included, on the primary."""

    def __init__(self, primary: Store, replica: Store) -> None:
        self._primary, self._replica = primary, replica
        self.skip_locked = primary.skip_locked
        self.is_alone = primary.is_alone
        self._local = threading.local()
        self._alone_until = 0.0

    def fresh(self) -> Store:
        """Whom to ask now: this store if its replica has all that is on the primary at this moment, else the primary.

        Raises Unavailable if there is no primary.
        """
        if self._is_left_alone():
            return self._primary
        position = self._primary.row(_POSITION) or {}
        try:
            if self._has_it_all(position):
                return self
            for pause in _PAUSES:
                time.sleep(pause)
                if self._has_it_all(position):
                    return self
            self._leave_alone(BEHIND, "replica is behind")
        except (Busy, Unavailable):
            self._leave_alone(AWAY, "replica is away")
        return self._primary

    def _has_it_all(self, position: Row) -> bool:
        told = self._replica.row(_HAS_IT_ALL, position)
        return told is not None and told["so"] is True

    def _is_left_alone(self) -> bool:
        return time.monotonic() < self._alone_until

    def _leave_alone(self, seconds: float, because: str) -> None:
        log.warning(because)
        self._alone_until = time.monotonic() + seconds

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        return self._read(lambda store: store.rows(sql, parameters))

    def tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        return self._read(lambda store: store.tuples(sql, parameters))

    def row(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        return self._read(lambda store: store.row(sql, parameters))

    def _read(self, read: Callable[[Store], Found]) -> Found:
        if not (self._is_in_block or self._is_left_alone()):
            try:
                return read(self._replica)
            except (Busy, Unavailable):
                self._leave_alone(AWAY, "replica is away")
        return read(self._primary)

    def transaction(self) -> AbstractContextManager[None]:
        return self._on_primary(self._primary.transaction())

    def snapshot(self) -> AbstractContextManager[None]:
        return self._on_primary(self._primary.snapshot())

    @contextmanager
    def _on_primary(self, block: AbstractContextManager[None]) -> Iterator[None]:
        outside = not self._is_in_block
        self._local.is_in_block = True
        try:
            with block:
                yield
        finally:
            self._local.is_in_block = not outside

    @property
    def _is_in_block(self) -> bool:
        return getattr(self._local, "is_in_block", False)

    def lock(self, name: str, shared: bool = False) -> None:
        self._primary.lock(name, shared)

    def lock_free(self, names: Collection[str]) -> Collection[str]:
        return self._primary.lock_free(names)

    def write(self, sql: str, parameters: Parameters) -> int:
        return self._primary.write(sql, parameters)

    def write_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        self._primary.write_many(sql, parameters)

    def bring(self, table: str, rows: Sequence[Row]) -> None:
        self._primary.bring(table, rows)

    def migrate(self) -> list[str]:
        return self._primary.migrate()

    def pending_migrations(self) -> list[str]:
        return self._primary.pending_migrations()

    def tables(self) -> dict[str, tuple[str, ...]]:
        return self._primary.tables()

    def go_on_counting(self) -> None:
        self._primary.go_on_counting()

    def backup(self, target: Path) -> None:
        self._primary.backup(target)

    def exists(self) -> bool:
        return self._primary.exists()

    def close(self) -> None:
        self._replica.close()
