"""`demo`, as `make run` starts it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import SAMPLED_ON
from patience import PATIENCE
from ports import free_port

from scheduler_api import utc_now
from scheduler_api.cli.samples import samples
from scheduler_api.engine.dates import civil_date
from scheduler_api.store.database.connect import connect, data_folder

from .conftest import Commands
from .test_serve import start


class Demo:
    """A demo while it runs; `text` is its welcome."""

    def __init__(self, database: str, folder: Path) -> None:
        self.port = free_port()
        self.process = start(database, "demo", "--port", str(self.port), folder=folder)
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.text = "".join(lines)

    def __enter__(self) -> Demo:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()

    def token(self, role: str) -> str:
        """The token that the welcome names for a role."""
        match = re.search(rf"^  {role}\b.* (sch_\S+)$", self.text, re.MULTILINE)
        assert match
        return match[1]

    def ask(self, line: str) -> Any:
        """What a curl line of the welcome would get."""
        words = shlex.split(line)
        assert words[:2] == ["curl", "-s"]
        headers, body, url = {}, None, ""
        rest = iter(words[2:])
        for word in rest:
            if word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest)
            else:
                url = word
        answer = requests.request("POST" if body else "GET", url, headers=headers, data=body, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def end(self) -> tuple[int, str]:
        """End it by SIGTERM; exit status and log, once the last of its processes is gone."""
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, err


def test_the_demo_from_an_empty_folder_to_its_end(nowhere: Commands, tmp_path: Path) -> None:
    run, database = nowhere, nowhere.database
    with Demo(database, tmp_path) as demo:
        assert f"for the ward    http://127.0.0.1:{demo.port}/ward " in demo.text
        assert f"for patients    http://127.0.0.1:{demo.port}/app/ " in demo.text
        assert f"documentation   http://127.0.0.1:{demo.port}/docs\n" in demo.text
        moved = re.search(r"2023-11-28 to 2025-08-15, are moved by (\d+) days, so that\n(\S+) is in its", demo.text)
        assert moved

        calendar, visits, dry_run, moving = (
            demo.ask(line.strip()) for line in demo.text.splitlines() if "curl -s" in line
        )
        assert calendar["status"] == "on_treatment"
        assert {"imaging"} == {visit["series"] for visit in visits["items"]}
        assert {visit["status"] for visit in visits["items"]} == {"open", "upcoming"}
        # Visits from two weeks on are the other site's.
        on = re.search(r"who moves to SYSUCC on (\S+):", demo.text)
        assert on
        to_come = (row for row in moving["visits"] if row["status"] == "upcoming")
        days = [(row["booked_on"] or row["target_on"], row["site"]) for row in to_come]
        assert days
        assert all((site == "SYSUCC") == (day >= on[1]) for day, site in days)
        assert {"treatment", "contraception"} <= {moved["what"] for moved in dry_run["consequences"]}
        assert requests.get(f"http://127.0.0.1:{demo.port}/docs", timeout=PATIENCE).status_code == 200

        # Whom the tokens stand for, and where they are kept.
        file = tmp_path / data_folder(database) / "demo-tokens.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        kept = json.loads(file.read_text())
        assert kept["tokens"] == {role: demo.token(role) for role in ("nurse", "monitor", "admin")}
        assert (str(kept["moved_by_days"]), kept["loaded_for"]) == moved.groups()
        assert not any(token in row for token in kept["tokens"].values() for row in _texts(database))
        assert _reads_and_writes(demo, "nurse") == (200, 422)
        assert _reads_and_writes(demo, "monitor") == (200, 403)

        status, err = demo.end()
        assert status == 0
        assert "ERROR" not in err
    assert "31 patients" in run.ok("verify")
    facts = run.ok("verify")

    with Demo(database, tmp_path) as again:
        # Nothing is loaded again.
        assert "Loading" not in again.text
        assert {role: again.token(role) for role in kept["tokens"]} == kept["tokens"]
        assert moved[0] in again.text
        assert again.end()[0] == 0
    assert run.ok("verify") == facts


def _texts(database: str) -> list[str]:
    """All rows of all tables."""
    store = connect(database)
    found = [repr(row) for table in store.tables() for row in store.rows(f"SELECT * FROM {table}")]
    store.close()
    return found


def _reads_and_writes(demo: Demo, role: str) -> tuple[int, int]:
    """How the service answers a role that reads, and one that enrols nobody."""
    headers = {"Authorization": f"Bearer {demo.token(role)}"}
    url = f"http://127.0.0.1:{demo.port}/v1/patients"
    nobody = {"subject_number": "1", "site": "MOON", "protocol": "nct06110650", "enrolled_on": "2024-01-03"}
    enrolment = {**nobody, "sex": "male", "time_zone": "UTC"}
    enrolling = requests.post(url, headers=headers, json=enrolment, timeout=PATIENCE)
    return requests.get(url, headers=headers, timeout=PATIENCE).status_code, enrolling.status_code


def test_a_database_with_other_patients_is_not_the_demos(run: Commands) -> None:
    who = ("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "male", "--subject-number", "001")
    run.ok("enrol", *who, "--enrolled-on", "2024-01-03")
    (line,) = run.refused("demo", "--port", str(free_port()))
    assert line.startswith(f"{run.database_name} holds data that is not the demo's.")
    assert run.ok("verify") == "All is well: 1 patient, 2 facts.\n"


def test_a_database_with_tokens_of_others_is_not_the_demos(
    run: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run.ok("tokens", "create", "--role", "nurse")
    _tokens_beside(run.database, tmp_path).write_text(
        '{"loaded_for": "2026-01-01", "moved_by_days": 1, "tokens": {"nurse": "sch_of_another_database"}}'
    )
    (line,) = run.refused("demo", "--port", str(free_port()))
    assert "is not the demo's" in line


@pytest.mark.parametrize("content", ["", "[]", '{"tokens": 3}', '{"loaded_for": "soon"}'])
def test_a_token_file_that_is_none_does_not_stop_a_first_start(tmp_path: Path, content: str) -> None:
    from scheduler_api.cli.server.demo import _read

    (tmp_path / "demo-tokens.json").write_text(content)
    assert _read(tmp_path / "demo-tokens.json") is None


def _tokens_beside(database: str, folder: Path) -> Path:
    """The token file of a demo that runs in a folder."""
    file = folder / data_folder(database) / "demo-tokens.json"
    file.parent.mkdir(exist_ok=True)
    return file


@pytest.fixture
def earlier(run_samples: Commands, tmp_path: Path) -> str:
    """A database as an earlier demo left it, with its token file."""
    database = run_samples.database
    kept = {"loaded_for": str(SAMPLED_ON), "moved_by_days": samples.shift(SAMPLED_ON).days}
    tokens = {
        role: Commands(database).ok("tokens", "create", "--role", role).strip()
        for role in ("nurse", "monitor", "admin")
    }
    _tokens_beside(database, tmp_path).write_text(json.dumps({**kept, "tokens": tokens}))
    return database


def _age() -> int:
    """Return how many days ago SAMPLED_ON was in Shanghai."""
    return (civil_date(utc_now(), "Asia/Shanghai") - SAMPLED_ON).days


def test_on_a_later_day_the_samples_stay_what_they_were(earlier: str, tmp_path: Path) -> None:
    before, begun = Commands(earlier).ok("verify"), _age()
    with Demo(earlier, tmp_path) as demo:
        assert (
            f"are moved by {samples.shift(SAMPLED_ON).days} days, so that\n{SAMPLED_ON} is in its middle" in demo.text
        )
        # A day may have begun meanwhile.
        said = [f"That was {age} days ago: nothing was recorded since." for age in (begun, _age())]
        assert any(line in demo.text for line in said)
        assert demo.end()[0] == 0
    assert Commands(earlier).ok("verify") == before


def test_two_demos_do_not_share_a_port(earlier: str, tmp_path: Path) -> None:
    with Demo(earlier, tmp_path) as demo:
        second = start(str(tmp_path / "two" / "two.db"), "demo", "--port", str(demo.port))
        out, err = second.communicate(timeout=PATIENCE)
        assert (second.returncode, out) == (1, "")
        assert err == f"error: Cannot listen on 127.0.0.1 port {demo.port}: Address already in use\n"
        demo.end()
