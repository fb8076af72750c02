"""A pool of connections that is replaced while others take from it: nobody is told of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from databases import Databases
from patience import PATIENCE
from psycopg_pool import ConnectionPool

from scheduler_api.store.database import postgres
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Store, Unavailable

pytestmark = pytest.mark.only("postgresql")


class Gate:
    """Where one thread stops that has been given a pool and has taken nothing from it yet."""

    def __init__(self) -> None:
        self.stopped: threading.Thread | None = None
        self.reached, self.opened = threading.Event(), threading.Event()

    def pool(self) -> type[ConnectionPool[Any]]:
        """psycopg's pool, at whose door that thread stops the first time."""
        gate = self

        class Gated(ConnectionPool[Any]):
            def getconn(self, timeout: float | None = None) -> Any:
                if threading.current_thread() is gate.stopped and not gate.reached.is_set():
                    gate.reached.set()
                    assert gate.opened.wait(timeout=PATIENCE)
                return super().getconn(timeout)

        return Gated


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate in all pools that the store makes."""
    gate = Gate()
    monkeypatch.setattr(postgres, "ConnectionPool", gate.pool())
    return gate


@pytest.fixture
def store(databases: Databases, gate: Gate) -> Iterator[Store]:
    """A store with a number in it, whose pool has been made and has a connection."""
    database = databases.new()
    store = connect(database)
    with store.transaction():
        store.write("CREATE TABLE counter (n INTEGER NOT NULL)", {})
        store.write("INSERT INTO counter VALUES (0)", {})
    yield store
    store.close()
    databases.drop(database)


def read(store: Store) -> None:
    """Read the number."""
    assert store.row("SELECT n FROM counter") is not None


def count(store: Store) -> None:
    """Count the number up in a unit of work."""
    with store.transaction():
        store.write("UPDATE counter SET n = n + 1", {})


def let_all_go(store: Store) -> None:
    """The server lets go of all connections, as when it restarts; who reads next finds that out."""
    with closing(psycopg.connect(store.url, autocommit=True)) as other:  # type: ignore[attr-defined]
        other.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    read(store)


@pytest.mark.parametrize("ask", [read, count])
@pytest.mark.parametrize("replace", [let_all_go, lambda store: store.close()], ids=["replaced", "closed"])
def test_who_was_given_a_pool_that_is_gone_takes_from_the_next(
    store: Store, gate: Gate, replace: Any, ask: Any
) -> None:
    failed: list[BaseException] = []

    def late() -> None:
        try:
            ask(store)
        except BaseException as error:
            failed.append(error)

    gate.stopped = threading.Thread(target=late)
    gate.stopped.start()
    assert gate.reached.wait(timeout=PATIENCE)
    replace(store)
    gate.opened.set()
    gate.stopped.join()
    assert failed == []
    row = store.row("SELECT n FROM counter")
    assert row is not None
    assert row["n"] == (ask is count)


def test_who_finds_all_connections_in_use_is_told_so_and_no_more_are_made(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "MOST_CONNECTIONS", 2)
    database = databases.new()
    store = connect(database)
    in_use, free = threading.Barrier(3), threading.Event()

    def hold() -> None:
        with store.transaction():
            store.write("SELECT 1", {})
            in_use.wait(timeout=PATIENCE)
            assert free.wait(timeout=PATIENCE)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    in_use.wait(timeout=PATIENCE)
    wait = ConnectionPool.getconn
    with monkeypatch.context() as hurried:
        hurried.setattr(ConnectionPool, "getconn", lambda pool: wait(pool, timeout=0.1))
        for _ in range(3):
            with pytest.raises(Unavailable):
                store.row("SELECT 1 AS n")
    with closing(psycopg.connect(database)) as other:
        counted = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert other.execute(counted).fetchone() == (2,)
    free.set()
    for thread in threads:
        thread.join()
    assert store.row("SELECT 1 AS n") == {"n": 1}
    store.close()
    databases.drop(database)
