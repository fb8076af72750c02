"""`import`: files as wards have them, trials of several drugs, every fault in one run, and dry runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from scheduler_api.cli.opening import session_on
from scheduler_api.schemas.facts import FACTS
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.patients import facts, patients

from .conftest import Commands
from .test_protocols import BUILT_IN

HEAD = ["subject_number", "kind", "protocol", "site", "sex", "time_zone", "enrolled_on", "first_dose_on"]
HEAD += ["visit", "booked_on", "time", "place", "reported_on", "of"]
PLACE = ["nct06110650", "FUSCC", "female", "Asia/Shanghai"]
#: A patient; the start of treatment; a booking in a place with a Chinese name.
ROWS: list[list[Any]] = [
    HEAD,
    ["001", "registered", *PLACE, "2024/1/3"],
    [],
    ["001", "treatment_started", "", "", "", "", "", "2024年1月5日"],
    ["001", "visit_booked", "", "", "", "", "", "", "imaging-w6", "2024-02-14", "9:30", "影像科二楼"],
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file to import."""
    return tmp_path / "patients"


@pytest.fixture
def two_drugs(run: Commands, tmp_path: Path) -> str:
    """The id of a trial with surufatinib 150 mg twice a day, and olaparib 300 tablets once."""
    built_in = json.loads(BUILT_IN.read_text())
    (first,) = built_in["regimens"]
    twice = {**first, "times_a_day": 2, "dose": {"amount": 150, "unit": "mg", "levels": [100]}}
    other = {**first, "id": "olaparib", "drug": "olaparib", "dose": {"amount": 2, "unit": "tablets"}, "strengths": [1]}
    definition = built_in | {"id": "two-drugs", "regimens": [twice, other], "sources": {}}
    written = tmp_path / "two-drugs.json"
    written.write_text(json.dumps(definition))
    run.ok("protocols", "add", written)
    return "two-drugs"


def _workbook(file: Path, formats: Mapping[str, str] | None = None, **sheets: list[list[Any]]) -> None:
    """Write a workbook; `formats` are those of cells of its first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for cell, form in (formats or {}).items():
        book.worksheets[0][cell].number_format = form
    book.save(file)


def _csv(rows: list[list[Any]], delimiter: str = ",") -> str:
    return "".join(f"{delimiter.join(map(str, row))}\r\n" for row in rows)


def _recorded(store: Store, subject_number: str) -> Iterator[dict[str, Any]]:
    session = session_on(store)
    (patient,) = patients.find(session, subject_number=subject_number).items
    yield from facts.history_documents(session, patient["patient_id"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_is_read_in_the_forms_that_spreadsheets_write(
    run: Commands, store: Store, file: Path, encoding: str, delimiter: str
) -> None:
    file.write_bytes(_csv(ROWS, delimiter).encode(encoding))
    assert run.ok("import", file) == f"{file}: 1 patients registered, 2 more facts recorded.\n"
    _, enrolled, started, booked = _recorded(store, "001")
    assert (enrolled["enrolled_on"], started["first_dose_on"]) == ("2024-01-03", "2024-01-05")
    assert (booked["booked_on"], booked["time"], booked["place"]) == ("2024-02-14", "09:30", "影像科二楼")


def test_a_workbook_has_dates_times_and_numbers_as_such(run: Commands, store: Store, file: Path) -> None:
    rows = [[*row] for row in ROWS]
    rows[1][6], rows[3][7], rows[4][9:11] = date(2024, 1, 3), date(2024, 1, 5), [date(2024, 2, 14), time(9, 30)]
    rows[0] += ["dose_on", "status", "amount", "part"]
    empty = [""] * (len(HEAD) - 2)
    # Excel makes a number of 001, and shows it as it was typed by its format.
    rows += [[1, "dose_recorded", *empty, date(2024, 1, 6), "taken", 187.5]]
    rows += [["001", "visit_booked", *empty[:6], "imaging-w6", date(2024, 2, 19), *empty[:7], True]]
    _workbook(file, formats={"A6": "000"}, Sheet1=rows, Sheet2=[])
    assert run.ok("import", file) == f"{file}: 1 patients registered, 4 more facts recorded.\n"
    _, enrolled, started, booked, dose, part = _recorded(store, "001")
    assert (enrolled["enrolled_on"], started["first_dose_on"]) == ("2024-01-03", "2024-01-05")
    assert (booked["booked_on"], booked["time"]) == ("2024-02-14", "09:30")
    assert (dose["dose_on"], dose["amount"]) == ("2024-01-06", 187.5)
    assert (part["booked_on"], part["part"]) == ("2024-02-19", True)


def test_a_month_in_a_workbook_is_no_day(run: Commands, store: Store, file: Path) -> None:
    """Excel makes the first of a month of 2024-05, and shows the month: contraception must not end a month early."""
    head = ["subject_number", "kind", "last_dose_on", "decided_on", "reason"]
    ended = ["001", "treatment_ended", date(2024, 5, 1), date(2024, 6, 3), "completed"]
    _workbook(file, formats={"C2": "mmm\\-yy"}, Sheet1=[head, ended])
    start = file.with_name("start.csv")
    start.write_text(_csv(ROWS))
    run.ok("import", start)
    run.ok("import", file)
    assert [*_recorded(store, "001")][-1]["last_dose_on"] == "2024-05"


def test_a_date_in_the_form_that_excel_has_only_in_china_is_one(run: Commands, store: Store, file: Path) -> None:
    """It is a built-in format there, which other programs take for none: 2024年1月3日 is then a bare number."""
    rows = [[*row] for row in ROWS[:2]]
    rows[1][6] = 45294
    _workbook(file, Sheet1=rows)
    with ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    styles, sheet = parts["xl/styles.xml"], parts["xl/worksheets/sheet1.xml"]
    parts["xl/styles.xml"] = styles.replace(
        b"</cellXfs>", b'<xf numFmtId="31" fontId="0" fillId="0" borderId="0"/></cellXfs>'
    )
    assert b'<c r="G2" ' in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'<c r="G2" ', b'<c r="G2" s="1" ')
    with ZipFile(file, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)
    run.ok("import", file)
    assert [*_recorded(store, "001")][1]["enrolled_on"] == "2024-01-03"


def test_of_several_sheets_one_is_named(run: Commands, file: Path) -> None:
    _workbook(file, Patients=ROWS, Notes=[["call", "Monday"]])
    assert run.refused("import", file) == [
        f"{file} is a workbook with several sheets (Patients, Notes): say which is meant."
    ]
    assert run.refused("import", file, "--sheet", "Doses") == [
        f"{file} is a workbook without the sheet Doses; it has Patients, Notes."
    ]
    assert "1 patients registered" in run.ok("import", file, "--sheet", "Patients")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 and nothing more", "is no Excel workbook that can be read: "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old or a protected Excel file: save it as .xlsx, without a password."),
    ],
    ids=["torn", "old"],
)
def test_a_workbook_that_cannot_be_read_is_refused(run: Commands, file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    (error,) = run.refused("import", file)
    assert error.startswith(f"{file} {said}")


def test_doses_of_several_drugs_say_which_and_in_what(run: Commands, store: Store, file: Path, two_drugs: str) -> None:
    patient = f"001,registered,{two_drugs},FUSCC,female,Asia/Shanghai,2024-01-03"
    head = "subject_number,kind,protocol,site,sex,time_zone,enrolled_on,first_dose_on,dose_on,status,regimen,slot,"
    head += "amount,unit,from_on\n"
    start = f"{head}{patient}\n001,treatment_started,,,,,,2024-01-05\n"
    doses = ["surufatinib,1,150,mg", "surufatinib,2,100,mg", "olaparib,1,2,tablets", "olaparib,,2,"]
    days = [f"001,dose_recorded,,,,,,,2024-01-{6 + n // 3:02d},taken,{dose}\n" for n, dose in enumerate(doses)]
    changed = "001,dose_changed,,,,,,,,,surufatinib,,100,mg,2024-01-08\n"
    file.write_text(start + "".join(days) + changed)
    run.ok("import", file)
    recorded = [fact for fact in _recorded(store, "001") if fact["kind"] == "dose_recorded"]
    assert [(fact["regimen"], fact["slot"], fact["amount"]) for fact in recorded] == [
        ("surufatinib", 1, 150),
        ("surufatinib", 2, 100),
        ("olaparib", 1, 2),
        ("olaparib", 1, 2),
    ]
    bad = [",,150,", "surufatinib,,150,", "surufatinib,1,150,g", "olaparib,2,2,", "aspirin,1,2,"]
    rows = [f"001,dose_recorded,,,,,,,2024-01-09,taken,{dose}\n" for dose in bad]
    file.write_text(head + "".join(rows) + "001,treatment_started,,,,,,2024-01-05,,,,,,mg\n")
    assert run.refused("import", file)[:-1] == [
        "row 2, column regimen: Missing: there are doses of several regimens on that day (surufatinib, olaparib).",
        "row 3, column slot: Missing: surufatinib is taken several times a day (1, 2).",
        "row 4, column unit: The protocol has mg for surufatinib.",
        "row 5, column slot: There is no intake 2 of that day.",
        "row 6, column regimen: The protocol has no regimen aspirin: surufatinib, olaparib.",
        "row 7, column unit: Unknown field.",
        "row 7, column kind: Treatment started on 2024-01-05; to correct that, use `replaces`.",
    ]


def test_pieces_of_drug_are_written_by_strength(run: Commands, store: Store, file: Path) -> None:
    head = "subject_number,kind,protocol,site,sex,time_zone,enrolled_on,on,units,lost,kit\n"
    start = f"001,registered,{','.join(PLACE)},2024-01-03\n001,drug_dispensed,,,,,,2024-01-05,50=120,,A-1\n"
    file.write_text(f"{head}{start}001,drug_returned,,,,,,2024-01-26,50=30,50= 6,A-1\n")
    warning = "surufatinib: 4200 mg used by the count from 2024-01-05 until the return of 2024-01-26, 0 mg taken"
    assert run("import", file).stderr.startswith(f"row 4: warning: {warning}")
    *_, returned = _recorded(store, "001")
    assert (returned["units"], returned["lost"], returned["kit"]) == ({"50": 30}, {"50": 6}, "A-1")
    assert warning in run.ok("calendar", "001", "--month", "2024-01")
    file.write_text(
        f"{head}001,drug_returned,,,,,,2024-02-01,50= some; 75=1,,\n001,drug_lost,,,,,,2024-02-01,6,,\n"
        "001,drug_lost,,,,,,2024-02-01,50=1; 50=2,,\n"
    )
    assert run.refused("import", file)[:-1] == [
        "row 2, column units/50: Not a valid integer.",
        "row 3, column units/6: Not a valid integer.",
        "row 4, column units: Not a valid mapping type.",
    ]


def test_a_dry_run_shows_what_would_be_recorded(run: Commands, store: Store, file: Path) -> None:
    head = "subject_number,kind,protocol,site,sex,time_zone,enrolled_on,dose_on,status,amount\n"
    rows = f"001,registered,{','.join(PLACE)},2024-01-03\n001,dose_recorded,,,,,,2024-01-05,taken,\n"
    file.write_text(head + rows + "001,dose_recorded,,,,,,2024-01-06,taken,600\n")
    shown = run("import", file, "--dry-run")
    assert shown.exit_code == 0
    # The amount of the first dose, which the file does not say, is the one planned.
    assert "3    001      dose_recorded  dose_on 2024-01-05, status taken, amount 300" in shown.stdout
    assert "2    001      enrolled       enrolled_on 2024-01-03" in shown.stdout
    assert shown.stdout.endswith(
        f"{file}: 1 patients would be registered, 2 more facts recorded. Nothing was recorded.\n"
    )
    assert shown.stderr.startswith("row 4: warning: on 2024-01-06: 600 mg taken where 300 mg were planned")
    assert not [*store.rows("SELECT 1 FROM facts")]


def test_every_fault_of_a_file_is_named_in_one_run(run: Commands, store: Store, file: Path) -> None:
    """Twenty different mistakes in the columns and rows of one workbook: each is named, and nothing is recorded."""
    columns = ["subject_number", "kind", "protocol", "site", "sex", "time_zone", "enrolled_on", "from_on", "dose_on"]
    columns += [
        "status",
        "amount",
        "unit",
        "slot",
        "visit",
        "booked_on",
        "version",
        "first_dose_on",
        "part",
        "replaces",
    ]
    columns += ["colour", "dose_on"]

    def row(**cells: Any) -> list[Any]:
        return [cells.get(name) for name in columns]

    at = {"protocol": PLACE[0], "site": PLACE[1], "sex": PLACE[2], "time_zone": PLACE[3], "enrolled_on": "2024/1/3"}
    of_1 = {"subject_number": "001"}
    dose = {**of_1, "kind": "dose_recorded", "status": "taken"}
    rows = [
        columns,  # 1. colour; 2. dose_on twice
        row(**of_1, kind="registered", **at),
        row(subject_number="Zhang San", kind="registered", **at),  # 3.
        row(subject_number="002", kind="registered", **{**at, "site": "Nowhere"}),  # 4.
        row(subject_number="003", kind="registered", **{**at, "sex": "F"}),  # 5.
        row(subject_number="004", kind="registered", **at, version=9),  # 6.
        row(subject_number="001", kind="registered", **at),  # 7. that of row 2
        row(kind="treatment_started", first_dose_on="2024-01-05"),  # 8.
        row(subject_number="099", kind="treatment_started", first_dose_on="2024-01-05"),  # 9.
        row(subject_number="002", kind="dose_given"),  # 10.
        row(subject_number="002", first_dose_on="2024-01-05"),  # 11.
        row(subject_number="005", kind="registered", **at),
        row(**{**dose, "subject_number": "005"}, dose_on="1/10/2024"),  # 12. of which month?
        row(**{**dose, "subject_number": "005"}, dose_on=date(2024, 1, 1)),  # 13. before enrolment
        row(**{**dose, "subject_number": "005"}, dose_on="2199-01-01", amount=300),  # 14.
        row(**{**dose, "subject_number": "005"}, dose_on="2024-01-05", amount="300 mg"),  # 15.
        row(**{**dose, "subject_number": "005"}, dose_on="2024-01-05", amount=300, unit="g"),  # 16.
        row(**{**dose, "subject_number": "005"}, dose_on="2024-01-05", slot=2, amount=300),  # 17.
        row(**{**dose, "subject_number": "005"}, dose_on="2024-01-05", from_on="2024-01-05"),  # 18.
        row(subject_number="005", kind="visit_booked", visit="imaging-w7", booked_on="2024-02-14"),  # 19.
        row(subject_number="005", kind="visit_booked", visit="imaging-w6", booked_on="2024-02-30"),  # 20.
        row(subject_number="005", kind="visit_booked", visit="imaging-w6", booked_on="2024-02-14", part="yes"),  # 21.
        [*row(subject_number="005", kind="treatment_started", first_dose_on="2024-01-05"), "at home"],  # 22.
    ]
    _workbook(file, Sheet1=rows)
    *errors, last = run.refused("import", file)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    assert errors == [
        "row 1, column dose_on: given more than once.",
        "row 1, column colour: no kind of fact has it.",
        "row 3, column subject_number: Does not match ^[A-Za-z0-9][A-Za-z0-9._/-]*$.",
        "row 4, column site: No such site.",
        "row 5, column sex: Not one of female, male.",
        "row 6, column version: The protocol has no version 9.",
        "row 7, column subject_number: nct06110650 has another patient 001.",
        "row 8, column subject_number: Missing.",
        "row 9, column subject_number: No such patient: 099.",
        f"row 10, column kind: Not one of {', '.join(FACTS)}.",
        "row 11, column kind: Missing.",
        "row 13, column dose_on: Not a date of the form YYYY-MM-DD.",
        "row 14, column dose_on: Before enrolment 2024-01-03.",
        f"row 15, column dose_on: After today {today} in the patient's time zone.",
        "row 16, column amount: Not a number above 0, at most 1000000000000.",
        "row 17, column unit: The protocol has mg for surufatinib.",
        "row 18, column slot: There is no intake 2 of that day.",
        "row 19, column from_on: Unknown field.",
        "row 20, column visit: The protocol has no such visit.",
        "row 21, column booked_on: This date does not exist.",
        "row 22, column part: Not true or false.",
        "row 23: at home stands in no column that has a name.",
    ]
    assert last == f"Nothing of {file} was recorded."
    assert not [*store.rows("SELECT 1 FROM facts")]
