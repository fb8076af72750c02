"""`init`, `rebuild`, `verify`, `roll-forward`, `backup`."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler_api.cli import main
from scheduler_api.cli.opening import session_on
from scheduler_api.engine.facts import TimeZoneChanged
from scheduler_api.records import facts, patients
from scheduler_api.records.access import Actor, Session
from scheduler_api.store.connect import connect

from .conftest import Commands


def test_init_makes_the_folder_and_says_what_it_did(nowhere: Commands) -> None:
    said = nowhere.ok("init")
    assert nowhere.database.is_file()
    assert [line.removeprefix(f"{nowhere.database}: ") for line in said.splitlines()][-2:] == [
        "protocol nct06110650 added",
        "site FUSCC added",
    ]


def test_init_a_second_time_changes_nothing(nowhere: Commands) -> None:
    nowhere.ok("init")
    before = _rows(nowhere.database)
    assert nowhere.ok("init") == f"{nowhere.database}: nothing to do\n"
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
        ["roll-forward"],
        ["backup", "copy.db"],
    ],
    ids=" ".join,
)
def test_without_a_database_every_command_says_to_run_init(nowhere: Commands, command: list[str]) -> None:
    assert nowhere.refused(*command) == [f"There is no database {nowhere.database}: run scheduler-api init"]
    assert not nowhere.database.exists()


def test_a_database_of_an_older_version_is_not_touched(nowhere: Commands) -> None:
    nowhere.database.parent.mkdir()
    with closing(sqlite3.connect(nowhere.database)) as database:
        database.execute("CREATE TABLE something (x)")
    assert nowhere.refused("verify") == [
        f"The database {nowhere.database} is not of this version: run scheduler-api init"
    ]


@pytest.mark.parametrize("command", ["init", "verify", "serve", "demo"])
def test_a_file_that_is_no_database_is_left_as_it_is(nowhere: Commands, command: str) -> None:
    nowhere.database.parent.mkdir()
    nowhere.database.write_text("a letter, not a database; " * 20)
    (line,) = nowhere.refused(command)
    assert line.startswith(f"The database {nowhere.database} cannot be used: ")
    assert nowhere.database.read_text() == "a letter, not a database; " * 20


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (line,) = Commands(tmp_path / "file" / "scheduler.db").refused("init")
    assert str(tmp_path / "file") in line


def test_a_database_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    run = Commands(tmp_path / ("x" * 250 + ".db-with-too-long-a-name"))
    (line,) = run.refused("init")
    assert str(run.database) in line


def test_a_bad_setting_is_named(run: Commands) -> None:
    result = run("verify", SCHEDULER_LOG_LEVEL="LOUD")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: SCHEDULER_LOG_LEVEL is 'LOUD', not one of DEBUG, INFO, WARNING, ERROR.\n"


def test_verify_counts_what_is_well(run_samples: Commands) -> None:
    count = _rows(run_samples.database)["facts"]
    assert run_samples.ok("verify") == f"All is well: 29 patients, {len(count)} facts.\n"


def test_verify_names_a_fact_that_was_changed(run_samples: Commands) -> None:
    with closing(sqlite3.connect(run_samples.database)) as database, database:
        database.execute("DROP TRIGGER facts_refuse_update")
        query = "SELECT patient_id, fact_id, seq FROM facts WHERE kind = 'dose_recorded' LIMIT 1"
        patient_id, fact_id, seq = database.execute(query).fetchone()
        database.execute("UPDATE facts SET recorded_at = '2020-01-01T00:00:00+00:00' WHERE fact_id = ?", [fact_id])
    assert run_samples.refused("verify") == [
        f"patient {patient_id}: fact {fact_id} (number {seq}) is not what was recorded"
    ]


def test_rebuild_makes_again_what_verify_finds_missing(run_samples: Commands) -> None:
    before = _rows(run_samples.database)
    with closing(sqlite3.connect(run_samples.database)) as database, database:
        database.execute("DELETE FROM visits WHERE visit = 'imaging-w6'")
        database.execute("UPDATE patients SET time_zone = 'Asia/Urumqi' WHERE subject_number = 'FUSCC-01'")
    wrong = run_samples.refused("verify")
    assert len(wrong) > 20
    assert any("stored time_zone is not what the facts give" in line for line in wrong)
    assert run_samples.ok("rebuild") == "29 patients rebuilt from the log.\n"
    run_samples.ok("verify")
    after = _rows(run_samples.database)
    assert after["facts"] == before["facts"]


def test_roll_forward_reaches_further_once_a_day(run_samples: Commands) -> None:
    def reached() -> set[str]:
        with closing(sqlite3.connect(run_samples.database)) as database:
            return {day for (day,) in database.execute("SELECT visits_through FROM patients")}

    before = reached()
    assert run_samples.ok("roll-forward") == "29 patients rolled forward.\n"
    assert run_samples.ok("roll-forward") == "0 patients rolled forward.\n"
    (after,) = reached()
    assert after > max(before)
    run_samples.ok("verify")


def test_backup_is_a_whole_copy_that_nobody_else_may_read(run_samples: Commands, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    said = run_samples.ok("backup", copy)
    assert said.startswith(f"{copy}: {copy.stat().st_size} bytes. All is well: 29 patients, ")
    assert _rows(copy) == _rows(run_samples.database)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("copy.db-*"))


def test_backup_refuses_a_file_that_exists(run: Commands, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    assert run.refused("backup", copy) == [f"{copy} exists; a backup goes into a new file."]
    assert copy.read_text() == "mine"


def test_backup_of_a_damaged_log_is_not_kept(run_samples: Commands, tmp_path: Path) -> None:
    with closing(sqlite3.connect(run_samples.database)) as database, database:
        database.execute("DROP TRIGGER facts_refuse_delete")
        database.execute("DELETE FROM facts WHERE seq = 3")
    result = run_samples("backup", tmp_path / "copy.db")
    assert result.exit_code == 1
    assert "fact number 3 is missing" in result.stderr
    assert not (tmp_path / "copy.db").exists()


def test_backup_while_others_write_is_consistent(run_samples: Commands, tmp_path: Path) -> None:
    stop, written = threading.Event(), []

    def write() -> None:
        store = connect(str(run_samples.database))
        session = Session(store, Actor("t", "nurse", "nurse", None), session_on(store).now)
        patient = patients.find(session, subject_number_part="FUSCC-29").items[0]["patient_id"]
        while not stop.is_set():
            written.append(facts.record(session, patient, facts.NewFact(TimeZoneChanged("Asia/Shanghai"))).version)
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            run_samples.ok("backup", tmp_path / f"copy-{number}.db")
    finally:
        stop.set()
        writer.join()
    assert written
    sizes = [len(_rows(tmp_path / f"copy-{number}.db")["facts"]) for number in range(5)]
    assert sizes == sorted(sizes)
    run_samples.ok("verify")


def test_help_lists_the_commands_and_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    listed = CliRunner().invoke(main, ["--help"]).stdout
    for command in ("init", "serve", "demo", "tokens", "import", "calendar", "verify", "backup", "openapi"):
        assert f"\n  {command} " in listed
    assert CliRunner().invoke(main, ["version"]).stdout == f"{version('scheduler-api')}\n"


def _rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with closing(sqlite3.connect(database)) as opened:
        names = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(opened.execute(f"SELECT * FROM {name}"), key=repr) for name in names}
