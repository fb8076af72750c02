"""`keys`: made once, for their owner alone, and never made anew over the old ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler_api.cli import main
from scheduler_api.reminders.outbound.keys import NoKeys, read

CONTACT = "mailto:trial@example.org"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings want the keys."""
    path = tmp_path / "instance" / "delivery-keys.json"
    monkeypatch.setenv("SCHEDULER_DELIVERY_KEYS", str(path))
    return path


def test_keys_are_made_once(path: Path) -> None:
    made = CliRunner().invoke(main, ["keys", "--contact", CONTACT])
    assert made.exit_code == 0, made.output
    assert made.output == f"{read(path).public}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    again = CliRunner().invoke(main, ["keys"])
    assert (again.exit_code, again.output) == (0, made.output)
    assert path.read_bytes() == before
    assert read(path).contact == CONTACT


@pytest.mark.parametrize("contact", [None, "trial@example.org", "mailto:trial", "http://example.org", ""])
def test_keys_need_a_contact_that_push_services_take(contact: str | None, path: Path) -> None:
    said = CliRunner().invoke(main, ["keys", *(["--contact", contact] if contact is not None else [])])
    assert said.exit_code == 1
    assert "mailto:you@example.org" in said.output
    assert not path.exists()


@pytest.mark.parametrize(
    "change", [{"vapid_private": ""}, {"vapid_private": "A" * 43}, {"webhook_root": "!"}, {"contact": None}]
)
def test_what_is_no_file_of_keys_is_told_so(change: dict[str, object], path: Path) -> None:
    CliRunner().invoke(main, ["keys", "--contact", CONTACT])
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    said = CliRunner().invoke(main, ["keys"])
    assert said.exit_code == 1
    with pytest.raises(NoKeys):
        read(path)
