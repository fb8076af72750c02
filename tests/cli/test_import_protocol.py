"""`protocols import`: the same as the call, for a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from usdm_files import ANSWERS, FOLDER, NAMES, study

from scheduler_api.interop.usdm.answers import answers_of
from scheduler_api.interop.usdm.draft import import_study
from scheduler_api.schemas.imports import ImportSchema

from .conftest import Commands

LOOP = (
    *("--reference", "c1d1=first_dose", "--reference", "EOT=end_of_treatment", "--until", "end_of_treatment"),
    *("--until", "end-of-treatment=end_of_study", "--until", "follow-up=new_therapy", "--loop", "again=2-6"),
    *("--cycle-days", "28", "--on-hold", "continue", "--contraception", "6m"),
)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_place_for_the_draft_both_are_printed(file: Commands, name: str) -> None:
    assert json.loads(file.ok("protocols", "import", FOLDER / f"{name}.json")) == json.loads(
        json.dumps(import_study(study(name), answers_of({})).document())
    )


def test_options_are_the_answers_of_the_call(run: Commands, tmp_path: Path) -> None:
    """A draft that is complete checks, shows its dates, and can be added."""
    draft = tmp_path / "draft.json"
    shown = run.ok("protocols", "import", FOLDER / "loop.json", "--draft", draft, *LOOP)
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "ScheduledActivityInstance last LAST - in_loop timing-8 counts it from delay, which repeats." in lines
    assert "To fill in: 0" in lines
    answers = ImportSchema().load({"document": {}, "answers": ANSWERS["loop"]})["answers"]
    assert json.loads(draft.read_text("utf-8")) == import_study(study("loop"), answers_of(answers)).draft
    dates = [" ".join(line.split()) for line in run.ok("protocols", "check", draft).splitlines()]
    assert any(line.startswith("day-15-of-the-cycle-c2d15 Day 15 of the cycle 2024-02-16 2024-02-14") for line in dates)
    assert run.ok("protocols", "add", draft) == "nct00000002 version 1 added.\n"


def test_what_is_not_said_is_asked_with_the_option_that_says_it(file: Commands, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    shown = file.ok("protocols", "import", FOLDER / "loop.json", "--draft", draft, "--id", "trial", "--version", "3")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "Which milestone is C1D1 (c1d1)? --reference c1d1= /visits/0/anchor, /visits/1/anchor" in lines
    assert any(
        line.endswith("repeat, every 28 days? --loop again= /visits/2/anchor/cycles, /visits/3/anchor/cycles")
        for line in lines
    )
    errors = file.refused("protocols", "check", draft)
    assert "/visits/2/anchor/cycles: Missing." in errors
    assert "/contraception: Missing." in errors
    document = json.loads(draft.read_text("utf-8"))
    assert (document["id"], document["version"]) == ("trial", 3)


def test_windows_doses_and_what_is_left_out(file: Commands) -> None:
    options = (
        "--window",
        "1,2",
        "--window",
        "evening-call=0,0",
        "--dose-mg",
        "5.5",
        "--leave-out",
        "day-7",
        "--responses",
        "day-8=iRECIST",
    )
    shown = file.ok("protocols", "import", FOLDER / "minutes.json", "--contraception", "none", *options)
    draft = json.loads(shown)["draft"]
    assert [visit["window"] for visit in draft["visits"] if visit["series"] == "evening-call"] == [
        {"before_days": 0, "after_days": 0}
    ]
    assert draft["contraception"] == []
    assert [visit["series"] for visit in draft["visits"] if visit.get("responses") == "iRECIST"] == ["day-8"]
    assert draft["regimens"][0]["dose"]["amount"] == 5.5
    assert "day-7" not in [visit["series"] for visit in draft["visits"]]


def test_a_draft_that_is_there_is_not_written_over(file: Commands, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    draft.write_text("filled in")
    assert file.refused("protocols", "import", FOLDER / "loop.json", "--draft", draft) == [
        f"{draft} is there already, and may have been filled in."
    ]
    assert draft.read_text() == "filled in"


def test_a_refused_import_writes_no_draft(file: Commands, tmp_path: Path) -> None:
    draft, other = tmp_path / "draft.json", tmp_path / "truncated.json"
    other.write_text((FOLDER / "loop.json").read_text()[:5000])
    (line,) = file.refused("protocols", "import", other, "--draft", draft)
    assert line.startswith(f"{other} is not JSON: ")
    other.write_text('{"id": "a-protocol"}')
    assert file.refused("protocols", "import", other, "--draft", draft) == [
        "Not a USDM document: it has no `study` with `versions`."
    ]
    (line,) = file.refused("protocols", "import", FOLDER / "loop.json", "--draft", draft, "--reference", "c1d1=birth")
    assert line.startswith("/answers/references/c1d1: Not one of consent, enrolment")
    assert not draft.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--reference", "c1d1"),
        ("--window", "3"),
        ("--window", "screening=-1,2"),
        ("--loop", "again"),
        ("--loop", "again=2"),
        ("--contraception", "6 months"),
    ],
)
def test_an_option_that_cannot_be_read_says_how_it_is_written(file: Commands, option: str, value: str) -> None:
    result = file("protocols", "import", FOLDER / "loop.json", option, value)
    assert result.exit_code == 2
    assert f"Invalid value for {option}: '{value.rpartition('=')[2]}'" in result.stderr


@pytest.mark.parametrize("command", ["check", "add"])
def test_a_usdm_document_that_is_no_protocol_says_how_to_import_it(run: Commands, command: str) -> None:
    (line,) = run.refused("protocols", command, FOLDER / "loop.json")
    assert line.startswith("This is a USDM document, not a protocol: `scheduler-api protocols import FILE`")
