"""`import`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from scheduler_api.cli.opening import session_on
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.patients import calendars, facts, patients
from scheduler_api.use_cases.sites import approvals

from .conftest import Commands

HEAD = "subject_number,kind,protocol,version,site,enrolled_on,sex,time_zone,first_dose_on,dose_on,status,amount,note\n"
ENROLLED = "{},registered,nct06110650,{},FUSCC,2024-01-03,female,Asia/Shanghai,,,,,\n"
STARTED = "{},treatment_started,,,,,,,2024-01-05,,,,\n"
DOSE = "{},dose_recorded,,,,,,,,{},taken,{},\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file to import."""
    return tmp_path / "patients.csv"


def _history(store: Store, subject_number: str) -> list[dict[str, object]]:
    session = session_on(store)
    (patient,) = patients.find(session, subject_number_part=subject_number).items
    return facts.history_documents(session, patient["patient_id"])


def test_appointments_of_a_file_are_booked(run: Commands, store: Store, file: Path) -> None:
    """Appointments are imported of a visit, one more of it, and one that belongs to no visit."""
    file.write_text(HEAD + ENROLLED.format("001", 1))
    run.ok("import", file)
    rows = ["imaging-w6,,,2024-02-14", "imaging-w6,,true,2024-02-19", "unscheduled,imaging,false,2024-03-12"]
    head = "subject_number,kind,visit,series,part,booked_on\n"
    file.write_text(head + "".join(f"001,visit_booked,{row}\n" for row in rows))
    run.ok("import", file)
    booked = [fact for fact in _history(store, "001") if fact["kind"] == "visit_booked"]
    assert [(fact["visit"], fact.get("part"), fact.get("series")) for fact in booked] == [
        ("imaging-w6", None, None),
        ("imaging-w6", True, None),
        ("unscheduled", None, "imaging"),
    ]
    head_of_visits = "subject_number,kind,visits,done_on,response\n"
    file.write_text(head_of_visits + "001,visit_done,imaging-w6,2024-02-14,SD\n")
    run.ok("import", file)
    file.write_text(head_of_visits + "001,visit_done,imaging-w6 imaging-w12,2024-02-14,SD\n")
    assert run.refused("import", file)[0].startswith("row 2, column visits/1: Another visit of the series imaging")
    file.write_text(head + "001,visit_booked,imaging-w6,,yes,2024-02-14\n")
    assert run.refused("import", file)[0].startswith("row 2, column part: Not true or false.")


def test_patients_and_facts_of_a_file_are_recorded_in_its_order(run: Commands, store: Store, file: Path) -> None:
    rows = [ENROLLED.format("001", 1), ENROLLED.format("002", ""), STARTED.format("001"), STARTED.format("002")]
    rows += [DOSE.format("001", "2024-01-06", "250"), DOSE.format("001", "2024-01-07", "187.5")]
    file.write_text(HEAD + "".join(rows) + ",,,,,,,,,,,,\n")
    assert run.ok("import", file) == f"{file}: 2 patients registered, 4 more facts recorded.\n"
    history = _history(store, "001")
    assert [fact["kind"] for fact in history] == [
        "registered",
        "enrolled",
        "treatment_started",
        "dose_recorded",
        "dose_recorded",
    ]
    assert [fact["amount"] for fact in history[3:]] == [250, 187.5]
    assert {json.dumps(fact["recorded_by"]) for fact in history} == {'{"role": "admin", "name": "cli"}'}
    assert len(_history(store, "002")) == 3
    run.ok("verify")


def test_every_bad_row_is_named_and_nothing_recorded(run: Commands, store: Store, file: Path) -> None:
    run.ok("enrol", *("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "male"), *_on("007", "2024-01-03"))
    rows = [
        ENROLLED.format("001", 1),
        ENROLLED.format("002", 9),
        STARTED.format("001"),
        STARTED.format("001"),
        STARTED.format("002"),
        DOSE.format("001", "2024-02-30", "much"),
        DOSE.format("099", "2024-01-06", ""),
        DOSE.format("001", "2024-01-02", ""),
        "001,dose_given,,,,,,,,2024-01-07,taken,,\n",
        ",dose_recorded,,,,,,,,2024-01-07,taken,,\n",
        '001,treatment_started,,,,,,,2024-01-05,,,,"not of\nthis kind"\n',
        "001,,,,,,,,,2024-01-07,taken,,\n",
        ENROLLED.format("007", 1),
        ENROLLED.format("a b", ""),
    ]
    file.write_text(HEAD + "".join(rows))
    *errors, last = run.refused("import", file)
    assert [field_error.partition(": ")[0] for field_error in errors] == [
        "row 3, column version",
        "row 5, column kind",
        "row 7, column dose_on",
        "row 7, column amount",
        "row 8, column subject_number",
        "row 9, column dose_on",
        "row 10, column kind",
        "row 11, column subject_number",
        "row 12, column note",
        "row 13, column kind",
        "row 14, column subject_number",
        "row 15, column subject_number",
    ]
    assert errors[0] == "row 3, column version: The protocol has no version 9."
    assert errors[2] == "row 7, column dose_on: This date does not exist."
    assert last == f"Nothing of {file} was recorded."
    assert [row["kind"] for row in store.rows("SELECT kind FROM facts")] == ["registered", "enrolled"]


def _on(subject_number: str, day: str) -> tuple[str, ...]:
    return "--subject-number", subject_number, "--enrolled-on", day


def test_null_and_texts_that_look_like_numbers_are_read_as_meant(run: Commands, store: Store, file: Path) -> None:
    run.ok("enrol", *("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "male"), *_on("001", "2024-01-03"))
    head = "subject_number,kind,visit,booked_on,time,place,last_dose_on,decided_on,reason\n"
    rows = "001,visit_booked,imaging-w6,2024-02-12,09:30,17,,,\n001,visit_booked,imaging-w6,null,,,,,\n"
    file.write_text(f"{head}{rows}001,treatment_ended,,,,,null,2024-01-09,withdrawal\n")
    run.ok("import", file)
    (*_, booked, cancelled, ended) = _history(store, "001")
    assert (booked["place"], booked["time"]) == ("17", "09:30")
    assert cancelled["booked_on"] is None
    assert ended["last_dose_on"] is None


def test_without_a_day_of_enrolment_a_patient_is_registered_and_enrolled_by_a_later_row(
    run: Commands, store: Store, file: Path
) -> None:
    head = "subject_number,kind,protocol,site,sex,time_zone,consented_on,planned_enrolment_on,enrolled_on,ended_on"
    head += ",reason\n"
    place = "nct06110650,FUSCC,male,Asia/Shanghai"
    rows = (
        f"001,registered,{place},2024-01-02,2024-01-20,,,\n"
        f"002,registered,{place},2024-01-02,,,,\n"
        "001,enrolled,,,,,,,2024-01-22,,\n"
        "002,study_ended,,,,,,,,2024-01-15,screen_failure\n"
        # The number is free again.
        f"002,registered,{place},,,2024-02-01,,\n"
    )
    file.write_text(head + rows)
    assert run.ok("import", file) == f"{file}: 3 patients registered, 2 more facts recorded.\n"
    session = session_on(store)
    shown = [(item["subject_number"], str(item["enrolled_on"])) for item in patients.find(session).items]
    assert sorted(shown) == [("001", "2024-01-22"), ("002", "2024-02-01"), ("002", "None")]
    (failed,) = patients.find(session, statuses=["off_study"]).items
    assert (failed["subject_number"], str(failed["consented_on"])) == ("002", "2024-01-02")
    file.write_text(head + f"002,registered,{place},,,,,\n")
    (line, _) = run.refused("import", file)
    assert line == "row 2, column subject_number: nct06110650 has another patient 002."


def test_an_amendment_has_its_version_in_the_column_of_that_name(
    run: Commands, store: Store, file: Path, tmp_path: Path
) -> None:
    from .test_protocols import BUILT_IN

    definition = json.loads(BUILT_IN.read_text()) | {"version": 2}
    second = tmp_path / "second.json"
    second.write_text(json.dumps(definition))
    run.ok("protocols", "add", second)
    run.ok(
        *("enrol", "--protocol", "nct06110650", "--version", "1", "--site", "FUSCC", "--sex", "male"),
        *_on("001", "2024-01-03"),
    )
    file.write_text("subject_number,kind,version,from_on\n001,protocol_amended,2,2024-02-01\n")
    assert run.refused("import", file)[0] == "row 2, column version: Version 2 is not approved for FUSCC on 2024-02-01."
    assert [fact["kind"] for fact in _history(store, "001")] == ["registered", "enrolled"]
    approvals.record(session_on(store), "FUSCC", "nct06110650", 2, date(2024, 2, 1))
    run.ok("import", file)
    assert _history(store, "001")[-1]["version"] == 2


def test_a_subject_number_of_two_protocols_needs_the_protocol(
    run: Commands, store: Store, file: Path, tmp_path: Path
) -> None:
    from .test_protocols import BUILT_IN

    other = tmp_path / "other.json"
    other.write_text(json.dumps(json.loads(BUILT_IN.read_text()) | {"id": "other"}))
    run.ok("protocols", "add", other)
    ids = [
        run.ok("enrol", "--protocol", protocol, "--site", "FUSCC", "--sex", "male", *_on("001", "2024-01-03")).strip()
        for protocol in ("nct06110650", "other")
    ]
    file.write_text("subject_number,kind,protocol,first_dose_on\n001,treatment_started,,2024-01-05\n")
    field_error, _ = run.refused("import", file)
    assert field_error.startswith("row 2, column subject_number: There are several patients 001: ")
    assert all(patient_id in field_error for patient_id in ids)
    file.write_text("subject_number,kind,protocol,first_dose_on\n001,treatment_started,other,2024-01-05\n")
    run.ok("import", file)
    session = session_on(store)
    started = [calendars.calendar_document(session, patient_id, calendars.View())["provisional"] for patient_id in ids]
    assert started == [True, False]


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        (b"", ["row 1: there is no column subject_number.", "row 1: there is no column kind."]),
        (
            b"subject_number,kind,colour,dose_on,dose_on\n",
            [
                "row 1, column colour: no kind of fact has it.",
                "row 1, column dose_on: given more than once.",
                "Nothing of {file} was recorded.",
            ],
        ),
        (
            b"subject_number,kind\n1,voided,x\n",
            [
                "row 2: x stands in no column that has a name.",
                "row 2, column subject_number: No such patient: 1.",
                "row 2, column voids: Missing.",
                "row 2, column reason: Missing.",
                "Nothing of {file} was recorded.",
            ],
        ),
        (b"subject_number,kind\n\xff\n", ["{file} is neither an Excel workbook nor CSV in UTF-8 or GB18030."]),
        (b'subject_number,kind\n"1\n', ["{file} is no CSV in row 2: unexpected end of data."]),
    ],
    ids=["empty", "columns", "cells", "encoding", "quotes"],
)
def test_a_file_that_cannot_be_read_is_refused(run: Commands, file: Path, content: bytes, errors: list[str]) -> None:
    file.write_bytes(content)
    assert run.refused("import", file) == [field_error.format(file=file) for field_error in errors]


def test_a_file_as_spreadsheets_write_it_is_read(run: Commands, store: Store, file: Path) -> None:
    content = (HEAD + ENROLLED.format(" 001 ", 1)).replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + content.encode())
    run.ok("import", file)
    assert _history(store, "001")[0]["subject_number"] == "001"
