"""Migrations: several processes may start at once, and a database that is whole stays as it is."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from service import Service

from scheduler_api.store.sqlite import SqliteStore

_MIGRATE = """
import sys
from pathlib import Path
from scheduler_api.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(",".join(store.migrate()), flush=True)
"""


def test_several_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scheduler.db"
    command = [sys.executable, "-W", "error", "-c", _MIGRATE, str(path)]
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


def test_several_threads_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        start, applied, failed = threading.Barrier(6), [], []

        def migrate(store: SqliteStore, start=start, applied=applied, failed=failed) -> None:  # type: ignore[no-untyped-def]
            start.wait()
            try:
                applied.append(store.migrate())
            except Exception as error:
                failed.append(error)
            finally:
                store.close()

        stores = [SqliteStore(tmp_path / f"{attempt}.db") for _ in range(6)]
        threads = [threading.Thread(target=migrate, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert sorted(map(len, applied))[:-1] == [0] * 5


def test_a_database_of_this_version_stays_as_it_is(service: Service) -> None:
    with service.unchanged():
        assert service.store.migrate() == []
        assert service.store.pending_migrations() == []


def test_a_new_database_says_what_it_lacks(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "scheduler.db")
    waiting = store.pending_migrations()
    assert waiting[0] == "m0001_tables"
    assert store.migrate() == waiting
    assert store.pending_migrations() == []
    store.close()
