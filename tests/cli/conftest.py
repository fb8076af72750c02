"""What tests of the commands share: a database of each test's own, and a way to run commands on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scheduler_api.cli import main, samples
from scheduler_api.cli.upkeep import prepare
from scheduler_api.store.connect import connect
from scheduler_api.store.port import Store

#: The day that the loaded samples are for: in the past, whenever tests are run.
TODAY = date(2025, 5, 20)


class Commands:
    """Runs commands on a database, as someone at a terminal would."""

    def __init__(self, database: Path) -> None:
        self.database = database

    def __call__(self, *arguments: str | Path, **environment: str | None) -> Result:
        """Run a command; its output, its complaints and its exit status."""
        clean = {name: None for name in os.environ if name.startswith("SCHEDULER_")}
        return CliRunner().invoke(
            main,
            [str(argument) for argument in arguments],
            env={**clean, "SCHEDULER_DATABASE": str(self.database), **environment},
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
def nowhere(tmp_path: Path) -> Commands:
    """Commands on a database that is not there."""
    return Commands(tmp_path / "data" / "scheduler.db")


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the built-ins, to be copied."""
    return _closed(tmp_path_factory.mktemp("fresh") / "scheduler.db", lambda store: None)


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the samples for TODAY, to be copied."""
    path = tmp_path_factory.mktemp("sampled") / "scheduler.db"
    return _closed(path, lambda store: samples.load(store, samples.entries(TODAY)))


def _closed(path: Path, fill: Callable[[Store], None]) -> Path:
    store = connect(str(path))
    prepare(store, str(path))
    fill(store)
    store.close()
    return path


@pytest.fixture
def run(fresh: Path, tmp_path: Path) -> Commands:
    """Commands on a database with the built-ins and nothing else."""
    return Commands(Path(shutil.copy(fresh, tmp_path / "scheduler.db")))


@pytest.fixture
def run_samples(sampled: Path, tmp_path: Path) -> Commands:
    """Commands on a database with the samples for TODAY."""
    return Commands(Path(shutil.copy(sampled, tmp_path / "scheduler.db")))


@pytest.fixture
def store(run: Commands) -> Iterator[Store]:
    """The database of `run`, to look into."""
    store = connect(str(run.database))
    yield store
    store.close()
