"""`protocols`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .conftest import Commands

BUILT_IN = Path(str(files("scheduler_api") / "protocols" / "nct06110650.json"))


@pytest.fixture
def definition() -> dict[str, Any]:
    """The definition of the built-in protocol, to be changed."""
    return json.loads(BUILT_IN.read_text())


def _written(folder: Path, document: object) -> Path:
    file = folder / "protocol.json"
    file.write_text(json.dumps(document))
    return file


def test_list_shows_the_built_in_protocol(run: Commands) -> None:
    (_, row) = run.ok("protocols", "list").splitlines()
    assert row.split()[:2] == ["nct06110650", "1"]
    assert "Surufatinib in advanced soft tissue sarcoma" in row


def test_check_needs_no_database_and_shows_the_first_year(file: Commands) -> None:
    shown = file.ok("protocols", "check", BUILT_IN)
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "regimen surufatinib, oral, 300 mg every day" in lines
    until = "until progression or new therapy or end of study; all"
    assert f"imaging every 6 weeks from enrolment; 7 days before to 7 after; {until}" in lines
    assert "1 2024-01-05 2024-01-25" in lines
    assert "imaging-w6 Week 6 tumour imaging 2024-02-14 2024-02-07 2024-02-21 enrolment 2024-01-03 + 6 weeks" in lines
    assert "contraception-m1 Month 1 contraception follow-up 2024-08-03 2024-07-27 2024-08-10" in " ".join(lines)
    assert lines[-1] == ("Contraception required from 2024-01-03 through 2025-01-03: last dose 2024-07-03 + 6 months")


def test_check_reads_every_anchor_and_rhythm(file: Commands, tmp_path: Path, definition: dict[str, Any]) -> None:
    common = {"window": {"before_days": 1, "after_days": 2}, "until": ["end_of_treatment"]}
    definition["regimens"][0] |= {"when": [{"days": [1, 2, 3, 4, 8, 15, 16]}], "on_hold": "extend"}
    definition["visits"] = [
        {"series": "screening", "label": "Screening", "anchor": "first_dose", "first": {"days": -14}, **common},
        {"series": "clinic", "label": "Cycle {n}", "anchor": {"days": [1], "cycles": {"from": 2}}, **common},
        {"series": "call", "label": "Call", "anchor": {"visit": "screening"}, "first": {"weeks": 6}, **common},
        {
            "series": "scan",
            "label": "Scan {n}",
            "anchor": "enrolment",
            "first": {"weeks": 4},
            "every": {"weeks": 8},
            "count": 3,
            "responses": "RECIST 1.1",
            **common,
        },
        {
            "series": "confirmation",
            "label": "Confirming scan",
            "anchor": {"response": ["PR", "CR"], "of": "scan", "each": True},
            "first": {"weeks": 4},
            **common,
        },
    ]
    del definition["sources"]
    shown = file.ok("protocols", "check", _written(tmp_path, definition))
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "regimen surufatinib, oral, 300 mg on days 1-4, 8, 15-16" in lines
    assert "cycles 21 days; a hold makes a cycle longer" in lines
    end = "1 days before to 2 after; until end of treatment or end of study; all"
    assert f"screening -14 days from first dose; {end}" in lines
    assert f"clinic on day 1 of each cycle from cycle 2; {end}" in lines
    assert f"call 6 weeks from screening; {end}" in lines
    assert f"scan every 8 weeks from enrolment, first after 4 weeks, 3 times; {end}" in lines
    assert f"confirmation 4 weeks from each PR or CR of scan; {end}" in lines
    # Before enrolment, and still of the patient's first year.
    assert any(line.startswith("screening Screening 2023-12-22 2023-12-21 2023-12-24") for line in lines)


def test_check_shows_a_patient_of_each_arm_and_sex_and_what_may_be_a_slip(
    file: Commands, tmp_path: Path, definition: dict[str, Any]
) -> None:
    definition |= {"arms": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}], "sources": {}}
    definition["visits"][0] |= {"who": {"arm": "a"}}
    definition["visits"][1] |= {"who": {"sex": "female", "fertile": True}}
    definition["contraception"] = [{"who": {"sex": "female"}, "after_last_dose": {"months": 6}}]
    definition["regimens"][0]["route"] = "intravenous"
    shown = file.ok("protocols", "check", _written(tmp_path, definition))
    patients = shown.split("For example a fertile ")[1:]
    assert [patient.partition(":")[0] for patient in patients] == [
        "woman in arm a",
        "man in arm a",
        "woman in arm b",
        "man in arm b",
    ]
    assert ["imaging-w6" in patient for patient in patients] == [True, True, False, False]
    assert ["contraception-m1" in patient for patient in patients] == [True, False, True, False]
    assert "Contraception not required: the protocol asks this patient for none" in patients[1]
    assert "Meant so? /regimens/0/route: intravenous, and yet" in shown


def test_check_draws_the_year_of_each_sample_patient(file: Commands, tmp_path: Path) -> None:
    shown = file.ok("protocols", "check", BUILT_IN, "--pictures", tmp_path)
    drawn = tmp_path / "nct06110650-1-female.svg"
    assert shown.splitlines()[-1] == f"{drawn}: drawn."
    picture = ElementTree.fromstring(drawn.read_bytes())
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [text for element in picture.iter() if (text := (element.text or "").strip())]
    assert {"surufatinib", "Tumour imaging", "Contraception", "Week 6 tumour imaging"} <= {*texts}
    again = file("protocols", "check", BUILT_IN, "--pictures", tmp_path)
    assert again.exit_code == 1
    assert f"{drawn} exists; a picture goes into a new file." in again.output


def test_check_names_every_fault(file: Commands, tmp_path: Path, definition: dict[str, Any]) -> None:
    definition["regimens"][0]["dose"]["amount"] = "300"
    del definition["contraception"], definition["sources"]
    definition["visits"][0]["window"]["before_days"] = -1
    definition["visits"][1]["until"] = "doomsday"
    definition["colour"] = "blue"
    errors = file.refused("protocols", "check", _written(tmp_path, definition))
    assert {field_error.partition(": ")[0] for field_error in errors} == {
        "/regimens/0/dose/amount",
        "/contraception",
        "/visits/0/window/before_days",
        "/visits/1/until",
        "/colour",
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"id": }', "is not JSON: Expecting value, line 1 column 8."),
        (b"\xff\xfe", "is not UTF-8: invalid start byte at byte 0."),
        (b"[" * 100_000, "is not JSON that can be read: "),
    ],
    ids=["JSON", "UTF-8", "depth"],
)
def test_check_of_what_is_no_json_says_so(file: Commands, tmp_path: Path, content: bytes, complaint: str) -> None:
    document = tmp_path / "protocol.json"
    document.write_bytes(content)
    (line,) = file.refused("protocols", "check", document)
    assert line.startswith(f"{document} {complaint}")


@pytest.mark.parametrize("document", [None, [], "x", 3, {}])
def test_check_of_what_is_no_protocol_says_so(file: Commands, tmp_path: Path, document: object) -> None:
    assert file.refused("protocols", "check", _written(tmp_path, document))


def test_a_file_that_is_not_there_is_named(file: Commands) -> None:
    result = file("protocols", "check", "file.json")
    assert result.exit_code == 2
    assert "'file.json' does not exist" in result.stderr


def test_add_takes_the_next_version_and_never_changes_one(
    run: Commands, tmp_path: Path, definition: dict[str, Any]
) -> None:
    definition["version"] = 3
    assert run.refused("protocols", "add", _written(tmp_path, definition)) == [
        "/version: The next version of this protocol is 2."
    ]
    definition["version"] = 2
    file = _written(tmp_path, definition)
    assert run.ok("protocols", "add", file) == "nct06110650 version 2 added.\n"
    assert run.refused("protocols", "add", file) == ["/version: Version 2 is there, and a version never changes."]
    versions = [line.split()[1] for line in run.ok("protocols", "list").splitlines()[1:]]
    assert versions == ["1", "2"]
