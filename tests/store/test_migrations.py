"""Migrations: several processes may start at once, and a database that is whole stays as it is."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from databases import Databases
from service import Service

from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Store

_MIGRATE = """
import sys
from scheduler_api.store.database.connect import connect
store = connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(",".join(store.migrate()), flush=True)
"""


@pytest.fixture
def new(databases: Databases) -> Iterator[str]:
    """A database without tables."""
    database = databases.new()
    yield database
    databases.drop(database)


def test_several_processes_at_once(new: str) -> None:
    command = [sys.executable, "-W", "error", "-c", _MIGRATE, new]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = [subprocess.Popen(command, text=True, **pipes) for _ in range(5)]  # type: ignore[call-overload]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in running]
    assert [(process.returncode, errors) for process, (_, errors) in zip(running, ended, strict=True)] == [(0, "")] * 5
    applied = [names for names, _ in ended if names.strip()]
    assert len(applied) == 1
    assert applied[0].split(",")[:2] == ["m0001_tables", "m0002_append_only"]


def test_several_threads_at_once(databases: Databases) -> None:
    for _ in range(5):
        new = databases.new()
        start, applied, failed = threading.Barrier(6), [], []

        def migrate(store: Store, start=start, applied=applied, failed=failed) -> None:  # type: ignore[no-untyped-def]
            start.wait()
            try:
                applied.append(store.migrate())
            except Exception as error:
                failed.append(error)
            finally:
                store.close()

        stores = [connect(new) for _ in range(6)]
        threads = [threading.Thread(target=migrate, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for store in stores:
            store.close()
        assert failed == []
        assert sorted(map(len, applied))[:-1] == [0] * 5
        databases.drop(new)


def test_a_database_of_this_version_stays_as_it_is(service: Service) -> None:
    with service.unchanged():
        assert service.store.migrate() == []
        assert service.store.pending_migrations() == []


def test_a_new_database_says_what_it_lacks(new: str) -> None:
    store = connect(new)
    waiting = store.pending_migrations()
    assert waiting[0] == "m0001_tables"
    assert store.migrate() == waiting
    assert store.pending_migrations() == []
    store.close()
