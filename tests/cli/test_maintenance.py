"""`init`, `rebuild`, `verify`, `extend-horizon`, `backup`."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from databases import Databases, Raw
from patience import PATIENCE
from ports import free_port

from scheduler_api.cli import main
from scheduler_api.cli.opening import session_on
from scheduler_api.engine.model.facts import TimeZoneChanged
from scheduler_api.store.database.connect import connect
from scheduler_api.use_cases.patients import facts, patients
from scheduler_api.use_cases.session import Actor, Session

from .conftest import Commands


def test_init_makes_the_folder(file: Commands) -> None:
    file.ok("init")
    assert Path(file.database).is_file()


def test_init_says_what_it_did(nowhere: Commands) -> None:
    said = nowhere.ok("init")
    assert [line.removeprefix(f"{nowhere.database_name}: ") for line in said.splitlines()][-2:] == [
        "protocol nct06110650 added",
        "site FUSCC added",
    ]


def test_init_a_second_time_changes_nothing(nowhere: Commands) -> None:
    nowhere.ok("init")
    before = _rows(nowhere.database)
    assert nowhere.ok("init") == f"{nowhere.database_name}: nothing to do\n"
    assert _rows(nowhere.database) == before


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["tokens", "list"],
        ["tokens", "create", "--role", "nurse"],
        ["protocols", "list"],
        ["calendar", "001"],
        ["rebuild"],
        ["verify"],
        ["extend-horizon"],
        ["backup", "copy.db"],
    ],
    ids=" ".join,
)
def test_without_a_database_every_command_says_to_run_init(file: Commands, command: list[str]) -> None:
    assert file.refused(*command) == [f"There is no database {file.database}: run scheduler-api init"]
    assert not Path(file.database).exists()


def test_a_database_of_an_older_version_is_not_touched(databases: Databases, run: Commands) -> None:
    with databases.raw(run.database) as raw:
        raw.execute(f"DELETE FROM {databases.migrations}")
    assert run.refused("verify") == [f"The database {run.database_name} is not of this version: run scheduler-api init"]


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    run = Commands("postgresql://somebody:secret@127.0.0.1:1/trial")
    for command in ("init", "verify", "serve", "worker"):
        lines = run.refused(command)
        assert lines[0].startswith("The database postgresql://127.0.0.1:1/trial cannot be used: connection failed")
        assert "secret" not in "".join(lines)


@pytest.mark.parametrize("command", ["init", "verify", "serve", "demo"])
def test_a_file_that_is_no_database_is_left_as_it_is(file: Commands, command: str) -> None:
    letter = Path(file.database)
    letter.parent.mkdir()
    letter.write_text("a letter, not a database; " * 20)
    port = ("--port", str(free_port())) if command in ("serve", "demo") else ()
    (line,) = file.refused(command, *port)
    assert line.startswith(f"The database {letter} cannot be used: ")
    assert letter.read_text() == "a letter, not a database; " * 20


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (line,) = Commands(str(tmp_path / "file" / "scheduler.db")).refused("init")
    assert str(tmp_path / "file") in line


def test_a_database_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    run = Commands(str(tmp_path / ("x" * 250 + ".db-with-too-long-a-name")))
    (line,) = run.refused("init")
    assert run.database in line


def test_a_bad_setting_is_named(run: Commands) -> None:
    result = run("verify", SCHEDULER_LOG_LEVEL="LOUD")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: SCHEDULER_LOG_LEVEL is 'LOUD', not one of DEBUG, INFO, WARNING, ERROR.\n"


def test_verify_counts_what_is_well(run_samples: Commands) -> None:
    count = _rows(run_samples.database)["facts"]
    assert run_samples.ok("verify") == f"All is well: 31 patients, {len(count)} facts.\n"


def test_verify_names_a_fact_that_was_changed(run_samples: Commands, raw: Raw) -> None:
    raw.unguarded()
    (fact,) = raw.execute("SELECT * FROM facts WHERE kind = 'dose_recorded' LIMIT 1")
    raw.execute("UPDATE facts SET recorded_at = '2020-01-01T00:00:00+00:00' WHERE fact_id = :fact_id", fact)
    assert run_samples.refused("verify") == [
        f"patient {fact['patient_id']}: fact {fact['fact_id']} (number {fact['seq']}) is not what was recorded"
    ]


def test_rebuild_makes_again_what_verify_finds_missing(run_samples: Commands, raw: Raw) -> None:
    before = _rows(run_samples.database)
    raw.execute("DELETE FROM visits WHERE visit = 'imaging-w6'")
    raw.execute("UPDATE patients SET time_zone = 'Asia/Urumqi' WHERE subject_number = 'FUSCC-01'")
    wrong = run_samples.refused("verify")
    assert len(wrong) > 20
    assert any("stored time_zone is not what the facts give" in line for line in wrong)
    assert run_samples.ok("rebuild") == "31 patients rebuilt from the log.\n"
    run_samples.ok("verify")
    after = _rows(run_samples.database)
    assert after["facts"] == before["facts"]


def test_extending_the_horizon_reaches_further_once_a_day(run_samples: Commands, raw: Raw) -> None:
    def reached() -> set[str]:
        return {row["visits_through"] for row in raw.execute("SELECT visits_through FROM patients")}

    before = reached()
    assert run_samples.ok("extend-horizon") == "31 patients extended.\n"
    assert run_samples.ok("extend-horizon") == "0 patients extended.\n"
    # Their periods begin on different days.
    assert min(reached()) > max(before)
    run_samples.ok("verify")


def test_backup_is_a_whole_copy_that_nobody_else_may_read(run_samples: Commands, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    said = run_samples.ok("backup", copy)
    assert said.startswith(f"{copy}: {copy.stat().st_size} bytes. All is well: 31 patients, ")
    assert _rows(str(copy)) == _rows(run_samples.database)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("copy.db-*"))


def test_backup_refuses_a_file_that_exists(run: Commands, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    assert run.refused("backup", copy) == [f"{copy} exists; a backup goes into a new file."]
    assert copy.read_text() == "mine"


def test_backup_while_others_write_is_consistent(run_samples: Commands, tmp_path: Path) -> None:
    stop, written, more = threading.Event(), [], threading.Semaphore(0)

    def write() -> None:
        store = connect(run_samples.database)
        session = Session(store, Actor("t", "nurse", "nurse", None), session_on(store).now)
        patient = patients.find(session, subject_number_part="FUSCC-29").items[0]["patient_id"]
        while not stop.is_set():
            written.append(facts.record(session, patient, facts.NewFact(TimeZoneChanged("Asia/Shanghai"))).version)
            more.release()
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            # In the middle of others' work, however long a thread waits for its turn.
            assert more.acquire(timeout=PATIENCE)
            run_samples.ok("backup", tmp_path / f"copy-{number}.db")
    finally:
        stop.set()
        writer.join()
    assert written
    sizes = [len(_rows(str(tmp_path / f"copy-{number}.db"))["facts"]) for number in range(5)]
    assert sizes == sorted(sizes)
    run_samples.ok("verify")


def test_help_lists_the_commands_and_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    listed = CliRunner().invoke(main, ["--help"]).stdout
    for command in ("init", "serve", "demo", "tokens", "import", "calendar", "verify", "backup", "openapi"):
        assert f"\n  {command} " in listed
    assert CliRunner().invoke(main, ["version"]).stdout == f"{version('scheduler-api')}\n"


def _rows(database: str) -> dict[str, list[str]]:
    """All rows of all tables."""
    store = connect(database)
    found = {table: sorted(map(repr, store.rows(f"SELECT * FROM {table}"))) for table in store.tables()}
    store.close()
    return found
