"""`audit`, and `verify --checkpoints`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from databases import Raw

from .conftest import Commands


def test_the_trail_of_a_patient_as_json_lines(run_samples: Commands, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in run_samples.ok("audit", "export", "--patient", "FUSCC-04").splitlines()]
    assert lines[0]["action"] == "registered"
    assert len({line["patient_id"] for line in lines}) == 1
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    file = tmp_path / "trail.jsonl"
    run_samples.ok("audit", "export", file, "--from", lines[3]["at"], "--patient", "FUSCC-04")
    assert [json.loads(line) for line in file.read_text().splitlines()] == lines[3:]
    assert len(run_samples.ok("audit", "export").splitlines()) > len(lines)


def test_what_is_no_instant_is_named(run: Commands) -> None:
    (line,) = run.refused("audit", "export", "--from", "yesterday")
    assert line.startswith("/from: Not an RFC 3339 instant")


def test_a_key_is_its_owners_and_overwrites_nothing(run: Commands, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    assert run.ok("audit", "key", file).startswith("-----BEGIN PUBLIC KEY-----")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run.refused("audit", "key", file) == [f"{file} exists; a key goes into a new file."]


def test_a_log_that_was_cut_off_is_told_by_a_checkpoint_that_was_kept(
    run_samples: Commands, raw: Raw, tmp_path: Path
) -> None:
    key, kept = tmp_path / "key.pem", tmp_path / "kept.jsonl"
    run_samples.ok("audit", "key", key)
    made = run_samples("audit", "checkpoint", SCHEDULER_CHECKPOINT_KEY=str(key)).stdout
    kept.write_text(run_samples.ok("audit", "checkpoint", "--all"))
    assert json.loads(kept.read_text()) == json.loads(made)
    assert run_samples.ok("verify", "--checkpoints", kept).startswith("All is well: 31 patients")
    raw.unguarded()
    # All that was ever noted of anybody, and that it was.
    for table in ("audit", "checkpoints", "checkpoint_heads"):
        raw.execute(f"DELETE FROM {table}")
    assert run_samples.ok("verify").startswith("All is well")
    assert run_samples.refused("verify", "--checkpoints", kept) == [
        "checkpoint 1: is not the one that was exported, or is missing"
    ]


def test_a_bad_key_is_named(run: Commands, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("a letter")
    result = run("audit", "checkpoint", SCHEDULER_CHECKPOINT_KEY=str(tmp_path / "key.pem"))
    assert (result.exit_code, result.stderr) == (1, "error: There is no key in it.\n")
