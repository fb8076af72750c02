"""`copy`: a whole database into another, of either engine."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from databases import Databases, Raw

from scheduler_api.store.database.connect import connect

from .conftest import Commands


@pytest.fixture
def other(databases: Databases) -> Iterator[Commands]:
    """Commands on a database without tables, to copy into."""
    database = databases.new()
    yield Commands(database)
    databases.drop(database)


def rows(database: str) -> dict[str, list[str]]:
    """All rows of all tables."""
    store = connect(database)
    found = {table: sorted(map(repr, store.rows(f"SELECT * FROM {table}"))) for table in store.tables()}
    store.close()
    return found


def test_there_and_back_everything_is_equal(run_samples: Commands, other: Commands, file: Commands) -> None:
    """From either engine into itself, and on into an SQLite file."""
    said = run_samples.ok("copy", run_samples.database, other.database)
    assert said.startswith(f"{other.database_name}: 31 patients and ")
    assert said.endswith("every row, and so every calendar, is equal.\n")
    run_samples.ok("copy", other.database, file.database)
    assert rows(other.database) == rows(file.database) == rows(run_samples.database)
    assert file.ok("verify") == run_samples.ok("verify")


@pytest.mark.only("postgresql")
def test_from_a_file_to_a_server(run_samples: Commands, other: Commands, file: Commands) -> None:
    run_samples.ok("copy", run_samples.database, file.database)
    assert "31 patients" in run_samples.ok("copy", file.database, other.database)
    assert rows(other.database) == rows(file.database)


def test_what_is_copied_is_guarded_and_goes_on(run_samples: Commands, other: Commands, databases: Databases) -> None:
    run_samples.ok("copy", run_samples.database, other.database)
    with databases.raw(other.database) as raw, pytest.raises(Exception, match="append-only"):
        raw.execute("DELETE FROM facts")
    who = ("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "male", "--subject-number", "new")
    other.ok("enrol", *who, "--enrolled-on", "2025-05-01")
    assert other.ok("verify").startswith("All is well: 32 patients")


#: Copies as the command does, until the first facts have come: then it is killed.
KILLED = """
import os, signal, sys
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.copying import copy

source, target = map(connect, sys.argv[1:])
target.migrate()
copy(source, target, lambda table, rows: table == "facts" and os.kill(os.getpid(), signal.SIGKILL))
"""


def test_killed_it_goes_on_where_it_was(run_samples: Commands, other: Commands, databases: Databases) -> None:
    """By SIGKILL, as soon as some facts and not all have come."""
    source, target = run_samples.database, other.database
    killed = subprocess.run([sys.executable, "-c", KILLED, source, target], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert 0 < _facts(databases, target) < _facts(databases, source)
    run_samples.ok("copy", source, target)
    assert rows(target) == rows(source)


def _facts(databases: Databases, database: str) -> int:
    with databases.raw(database) as raw:
        return int(raw.execute("SELECT COUNT(*) AS n FROM facts")[0]["n"])


def test_a_database_with_facts_of_its_own_is_not_copied_into(run_samples: Commands, run: Commands) -> None:
    who = ("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "male", "--subject-number", "mine")
    run.ok("enrol", *who, "--enrolled-on", "2025-05-01")
    before = rows(run.database)
    (line,) = run_samples.refused("copy", run_samples.database, run.database)
    assert line == f"{run.database_name} has facts of its own; a copy goes into an empty database."
    assert rows(run.database) == before


def test_what_differs_is_named(run_samples: Commands, other: Commands, raw: Raw) -> None:
    run_samples.ok("copy", run_samples.database, other.database)
    raw.execute("UPDATE visits SET booked_on = '2025-06-01' WHERE visit = 'imaging-w6'")
    raw.execute("UPDATE patients SET time_zone = 'UTC' WHERE subject_number = 'FUSCC-01'")
    lines = run_samples.refused("copy", run_samples.database, other.database)
    assert any(line.startswith("visits: the row p-") for line in lines)
    assert any(line.startswith("patients: the row p-") for line in lines)
