"""What tests of the commands share: a database of each test's own, and a way to run commands on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from databases import Databases, Raw

from scheduler_api.cli import main
from scheduler_api.cli.database.maintenance import prepare
from scheduler_api.store.database.connect import connect, without_password
from scheduler_api.store.database.port import Store


class Commands:
    """Runs commands on a database, as someone at a terminal would."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.database_name = without_password(database)

    def __call__(self, *arguments: str | Path, **environment: str | None) -> Result:
        """Run a command; its output, its complaints and its exit status."""
        clean = {name: None for name in os.environ if name.startswith("SCHEDULER_")}
        return CliRunner().invoke(
            main,
            [str(argument) for argument in arguments],
            env={**clean, "SCHEDULER_DATABASE": self.database, **environment},
            prog_name="scheduler-api",
        )

    def ok(self, *arguments: str | Path) -> str:
        """Run a command that must succeed without complaint; what it printed."""
        result = self(*arguments)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        return result.stdout

    def refused(self, *arguments: str | Path) -> list[str]:
        """Run a command that must be refused, with nothing printed and no traceback; its lines."""
        result = self(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        assert isinstance(result.exception, SystemExit)
        lines = result.stderr.splitlines()
        assert all(line.startswith("error: ") for line in lines), lines
        return [line.removeprefix("error: ") for line in lines]


@pytest.fixture
def nowhere(databases: Databases) -> Iterator[Commands]:
    """Commands on a database that has no tables, or is not even there."""
    database = databases.new()
    yield Commands(database)
    databases.drop(database)


@pytest.fixture
def file(tmp_path: Path) -> Commands:
    """Commands on an SQLite file that is not there."""
    return Commands(str(tmp_path / "data" / "scheduler.db"))


@pytest.fixture
def raw(databases: Databases, run_samples: Commands) -> Iterator[Raw]:
    """Somebody with the database of `run_samples` and any tool for it."""
    with databases.raw(run_samples.database) as raw:
        yield raw


@pytest.fixture(scope="session")
def fresh(databases: Databases) -> str:
    """A database with the built-ins, to be copied."""
    return _fresh(databases)


@cache
def _fresh(databases: Databases) -> str:
    """Once for each engine: a fixture is made anew whenever tests go over to the other engine and back."""
    database = databases.new()
    store = connect(database)
    prepare(store, database)
    store.close()
    return database


@contextmanager
def _on_a_copy(databases: Databases, database: str) -> Iterator[Commands]:
    copied = databases.copy(database)
    yield Commands(copied)
    databases.drop(copied)


@pytest.fixture
def run(databases: Databases, fresh: str) -> Iterator[Commands]:
    """Commands on a database with the built-ins and nothing else."""
    with _on_a_copy(databases, fresh) as commands:
        yield commands


@pytest.fixture
def run_samples(databases: Databases, sampled: tuple[str, dict[str, str]]) -> Iterator[Commands]:
    """Commands on a database with the samples for `SAMPLED_ON`."""
    with _on_a_copy(databases, sampled[0]) as commands:
        yield commands


@pytest.fixture
def store(run: Commands) -> Iterator[Store]:
    """The database of `run`, to look into."""
    store = connect(run.database)
    yield store
    store.close()
