"""A restore, by the commands of docs/operations.md: backup, loss, restore, verify, revoke, serve."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from databases import Databases, Raw
from service import Client, end

from scheduler_api import create_app, utc_now
from scheduler_api.cli.opening import session_on
from scheduler_api.config import Settings
from scheduler_api.store.database.connect import connect
from scheduler_api.use_cases.auth import tokens
from scheduler_api.use_cases.patients import patients
from scheduler_api.use_cases.phones import feeds, phones
from scheduler_api.use_cases.reminders import destinations
from scheduler_api.use_cases.visits import booking_feeds

from .conftest import Commands

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"


def made(run: Commands) -> dict[str, str]:
    """Something of each kind that can be revoked: the tokens that open them, and their ids."""
    store = connect(run.database)
    session = session_on(store)
    patient_id = patients.find(session, statuses=["on_treatment"], limit=1).items[0]["patient_id"]
    code = phones.make_code(session, patient_id)["code"]
    phone = phones.activate(store, code, "phone", "192.0.2.1", session.now)
    feed = feeds.make(session, patient_id, feeds.Options())
    bookings = booking_feeds.make(session, "FUSCC", booking_feeds.Options())
    destination = destinations.add_to_site(session, "FUSCC", "log", "site", "", "en")
    staff = tokens.create(store, "nurse", ["FUSCC"], "left since", session.now)
    (token_id,) = (row["token_id"] for row in tokens.list_all(store) if row["name"] == "left since")
    store.close()
    names = {"patient": patient_id, "device": phone["device_id"], "destination": destination["destination_id"]}
    names |= {"bookings": bookings["secret"], "bookings_id": bookings["feed_id"]}
    return {"staff": staff, "phone": phone["access_token"], "feed": feed["secret"], "token": token_id, **names}


def revoked(run: Commands, made: dict[str, str]) -> None:
    """All of it is revoked."""
    store = connect(run.database)
    session = session_on(store)
    run.ok("tokens", "revoke", made["token"])
    destinations.end_of_site(session, "FUSCC", made["destination"])
    feeds.close(session, made["patient"])
    booking_feeds.revoke(session, "FUSCC", made["bookings_id"])
    phones.end_device(session, made["patient"], made["device"])
    store.close()


def statuses(run: Commands, made: dict[str, str]) -> list[int]:
    """What comes of asking with each secret."""
    app = create_app(Settings(database=run.database), utc_now)
    asked = [(made["staff"], "/v1/sites"), (made["phone"], "/v1/me/today")]
    asked += [("", f"/v1/feeds/{made['feed']}.ics"), ("", f"/v1/feeds/bookings/{made['bookings']}.ics")]
    found = [Client(app, token).get(path).status_code for token, path in asked]
    end(app)
    return found


@pytest.mark.parametrize("kept", ["the database", "its trail"])
@pytest.mark.only("sqlite")
def test_a_restore_from_backup_to_service(run_samples: Commands, tmp_path: Path, kept: str) -> None:
    run, copy, trail = run_samples, tmp_path / "backup.db", tmp_path / "trail.jsonl"
    secrets = made(run)
    assert statuses(run, secrets) == [200] * 4
    run.ok("backup", copy)
    revoked(run, secrets)
    assert statuses(run, secrets) == [401, 401, 404, 404]
    run.ok("audit", "export", trail)
    lost = Path(run.database).rename(tmp_path / "lost.db")
    for beside in Path(run.database).parent.glob("scheduler.db-*"):
        beside.rename(tmp_path / beside.name.replace("scheduler", "lost"))
    shutil.copy(copy, run.database)
    assert run.ok("verify").startswith("All is well")
    assert statuses(run, secrets) == [200] * 4
    source = lost if kept == "the database" else trail
    listed = run.ok("restore", source)
    for name in ("token", "device", "patient", "destination", "bookings_id"):
        assert secrets[name] in listed
    assert listed.endswith("All of it is valid again; --revoke revokes it.\n")
    assert statuses(run, secrets) == [200] * 4
    assert run.ok("restore", source, "--revoke").endswith("5 revoked again.\n")
    assert statuses(run, secrets) == [401, 401, 404, 404]
    assert run.ok("restore", source) == "Nothing that was revoked since is valid again.\n"
    assert run.ok("verify").startswith("All is well")


@pytest.mark.one_engine
def test_the_documented_steps_are_those_that_are_tested() -> None:
    section = DOCS.read_text().partition("## Backup and restore")[2].partition("\n## ")[0]
    steps = re.findall(r"scheduler-api (\w+)", section)
    assert [step for step in steps if step in ("backup", "verify", "restore", "serve")] == [
        *("backup", "verify", "restore", "restore", "verify", "serve"),
    ]


def test_a_backup_of_what_is_not_well_is_kept_and_marked(
    run_samples: Commands, databases: Databases, tmp_path: Path
) -> None:
    raw: Raw
    with databases.raw(run_samples.database) as raw:
        raw.unguarded()
        raw.execute("DELETE FROM facts WHERE seq = 3")
    result = run_samples("backup", tmp_path / "copy.db")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "fact number 3 is missing" in result.stderr
    marked = tmp_path / "copy.db.not-well"
    assert f"error: The copy is kept as {marked}: it is not well.\n" in result.stderr
    assert marked.stat().st_size > 100_000
    assert not (tmp_path / "copy.db").exists()
    # Another time it does not take its place.
    again = run_samples("backup", tmp_path / "copy.db")
    assert f"{marked} exists; a backup goes into a new file." in again.stderr


@pytest.mark.only("sqlite")
def test_a_damaged_file_is_named_by_verify_and_backup(run_samples: Commands, tmp_path: Path) -> None:
    file = Path(run_samples.database)
    store = connect(run_samples.database)
    page = store.row("SELECT rootpage FROM sqlite_master WHERE name = 'visits_by_closing'")
    store.close()
    assert page is not None
    size = 4096
    with file.open("r+b") as damaged:
        # A page of an index that no question of verify goes by.
        damaged.seek((page["rootpage"] - 1) * size + 8)
        damaged.write(b"\xff" * 200)
    result = run_samples("verify")
    assert result.exit_code == 1
    assert "error: the database itself: " in result.stderr
    assert "Traceback" not in result.output
    result = run_samples("backup", tmp_path / "copy.db")
    assert result.exit_code == 1
    assert (tmp_path / "copy.db.not-well").exists()
