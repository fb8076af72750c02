"""The export of the 29 patients of the trial (and two who were screened) says what the API says, row by row."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from databases import Databases, Raw
from service import Client, Service

from scheduler_api.cli import main
from scheduler_api.interop.export.formats import FORMATS
from scheduler_api.interop.export.tables import DICTIONARY, TABLES

from .conftest import Commands

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
ROOT = Path(__file__).parents[2]
ADDRESS = "/v1/exports/nct06110650"
#: Noon in Shanghai of the day that the samples are for.
NOON = "2025-05-20T12:00:00+08:00"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def trial(
    databases: Databases, sampled: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The application around the samples."""
    with databases.lent(sampled[0]) as database:
        service = Service(database, {}, delivery_keys=str(tmp_path_factory.mktemp("keys") / "keys.json"))
        service.clock.set(NOON)
        yield service
        service.close()


@pytest.fixture(scope="module")
def monitor(trial: Service) -> Client:
    """A monitor of all sites."""
    return trial.client(trial.token("monitor", []))


@pytest.fixture(scope="module")
def tables(monitor: Client) -> dict[str, Rows]:
    """All tables of the export, by name."""
    answer = monitor.get(ADDRESS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename=nct06110650-2025-05-20.zip"
    return tables_of(answer.data)


def tables_of(content: bytes) -> dict[str, Rows]:
    """The tables in a zip of CSV files, each with a byte order mark."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            data = archive.read(name)
            assert data.startswith(b"\xef\xbb\xbf")
            found[name.removesuffix(".csv")] = [*csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True)]
    return found


def items(client: Client, path: str) -> list[dict[str, Any]]:
    """All items of a list."""
    found, cursor = [], {}
    while True:
        page = client.get(path, limit=200, **cursor).json
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def cell(value: Any) -> str:
    """What stands in a cell for a value of the API."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}={one}" for name, one in value.items())
    return "" if value is None else str(value)


def expected(table: str, item: dict[str, Any], **more: Any) -> dict[str, str]:
    """The row of a table that says what an item of the API says."""
    columns = next(one for one in TABLES if one.name == table).header
    values = {**item, **more}
    assert {column.name for column in columns} <= values.keys(), table
    return {column.name: cell(values[column.name]) for column in columns}


@pytest.fixture(scope="module")
def patients(monitor: Client) -> list[dict[str, Any]]:
    """The patients of the samples as the API lists them."""
    found = items(monitor, "/v1/patients")
    assert len(found) == 31
    return found


@pytest.fixture(scope="module")
def calendars(monitor: Client, patients: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each patient with the whole calendar, as far as an export reaches."""
    range_ = {"from_": "2024-05-01", "to": "2026-06-24"}
    return [(one, monitor.get(f"/v1/patients/{one['patient_id']}/calendar", **range_).json) for one in patients]


def who(patient: dict[str, Any]) -> dict[str, Any]:
    """What names the patient in a row."""
    return {name: patient[name] for name in ("patient_id", "subject_number", "site")}


def test_patients(tables: dict[str, Rows], patients: list[dict[str, Any]], monitor: Client) -> None:
    assert len(tables["patients"]) == len(patients)
    for row, patient in zip(tables["patients"], patients, strict=True):
        listed = {name: cell(value) for name, value in patient.items() if name not in ("protocol", "version")}
        assert {name: row[name] for name in listed} == listed
        assert row["protocol_version"] == cell(patient["protocol"]["version"])
        calendar = monitor.get(f"/v1/patients/{patient['patient_id']}/calendar").json
        treatment, ended = calendar["treatment"], calendar["treatment"]["ended"] or {}
        assert row["first_dose_on"] == ("" if calendar["provisional"] else cell(treatment["first_dose_on"]))
        assert (row["last_dose_on"], row["on_hold"]) == (cell(treatment["last_dose_on"]), cell(treatment["on_hold"]))
        assert (row["cycle"], row["cycle_day"]) == (cell(treatment["cycle"]), cell(treatment["cycle_day"]))
        stated = [cell(ended.get(name)) for name in ("decided_on", "last_dose_on", "reason")]
        assert [row[f"treatment_{name}"] for name in ("ended_on", "last_dose_on", "end_reason")] == stated
        assert row["today"] == "2025-05-20"


def test_every_fact(tables: dict[str, Rows], patients: list[dict[str, Any]], monitor: Client) -> None:
    rows = iter(tables["facts"])
    for patient in patients:
        for fact in items(monitor, f"/v1/patients/{patient['patient_id']}/facts"):
            row = next(rows)
            assert (row["patient_id"], row["subject_number"]) == (patient["patient_id"], patient["subject_number"])
            nested = fact.keys() & {"protocol", "recorded_by"}
            said = {name: cell(value) for name, value in fact.items() if name not in nested}
            assert said.pop("sent") == ""
            if fact["kind"] == "registered":
                said["registered_number"] = said.pop("subject_number")
                assert (row["protocol"], row["version"]) == ("nct06110650", cell(fact["protocol"]["version"]))
            own = {"hold_started", "dose_changed", "regimen_ended", "treatment_ended", "study_ended"}
            if fact["kind"] not in own:
                said["correction_reason"] = said.pop("reason")
            assert {name: row[name] for name in said} == said
            assert [row["recorded_by_role"], row["recorded_by_name"]] == [*fact["recorded_by"].values()]
            # And nothing else.
            others = row.keys() - said.keys() - {"patient_id", "subject_number", "protocol", "version"}
            assert all(row[name] in ("", "false") for name in others if not name.startswith("recorded_by"))
    assert next(rows, None) is None
    kinds = {row["kind"] for row in tables["facts"]}
    assert {"dose_recorded", "hold_started", "visit_done", "treatment_ended", "voided"} <= kinds
    assert [row for row in tables["facts"] if row["replaces"] and row["correction_reason"]]


def test_doses(tables: dict[str, Rows], calendars: Any) -> None:
    wanted = [
        expected("doses", {**dose, **who(patient)}, visit=None, regimen=regimen, slot=slot)
        for patient, calendar in calendars
        for dose in calendar["doses"]
        for _, regimen, slot in [dose["dose_id"].split(".")]
        if dose["dose_on"] <= "2025-05-20"
    ]
    assert tables["doses"] == wanted
    assert {row["status"] for row in wanted} >= {"taken", "missed", "held", "due", "unrecorded"}


def test_visits_and_bookings(tables: dict[str, Rows], calendars: Any, monitor: Client) -> None:
    wanted = [
        expected("visits", visit, **{**who(patient), "site": visit["site"]})
        for patient, calendar in calendars
        for visit in calendar["visits"]
    ]
    assert tables["visits"] == wanted
    statuses = {row["status"] for row in wanted}
    assert statuses >= {"done", "upcoming", "open", "missed", "not_required"}
    booked = [row for row in wanted if row["booked_on"]]
    names = [*tables["bookings"][0]]
    assert [{name: row[name] for name in names} for row in booked] == tables["bookings"]
    assert {row["appointment"] for row in booked} == {"", "part", "unscheduled"}
    listed = {(one["patient_id"], one["visit"]): one["status"] for one in items(monitor, "/v1/visits")}
    exported = {(row["patient_id"], row["visit"]): row["status"] for row in wanted}
    # Rows are kept for some days more than an export covers.
    beyond = listed.keys() - exported.keys()
    assert {listed[name] for name in beyond} <= {"upcoming"}
    assert {name: exported[name] for name in listed.keys() - beyond} == {
        name: status for name, status in listed.items() if name not in beyond
    }


def test_what_was_done_without_a_plan_and_all_responses(tables: dict[str, Rows], calendars: Any) -> None:
    unscheduled = [
        expected("unscheduled", row, **who(patient))
        for patient, calendar in calendars
        for row in calendar["unscheduled"]
    ]
    assert tables["unscheduled"] == unscheduled
    assert unscheduled
    facts = {row["fact_id"]: row for row in tables["facts"]}
    wanted = sorted(
        row["fact_id"]
        for row in tables["facts"]
        if row["kind"] == "visit_done" and row["response"] and not row["voided_by"]
    )
    assert sorted(row["fact_id"] for row in tables["responses"]) == wanted
    visits = {(row["patient_id"], row["visit"]): row for row in tables["visits"]}
    for row in tables["responses"]:
        fact = facts[row["fact_id"]]
        assert [row[name] for name in ("done_on", "response", "progression", "part")] == [
            fact[name] for name in ("done_on", "response", "progression", "part")
        ]
        if row["visit"]:
            assert visits[row["patient_id"], row["visit"]]["response"] == row["response"]
        else:
            assert row["fact_id"] in {one["fact_id"] for one in unscheduled}


def test_holds_and_changes_of_the_dose(tables: dict[str, Rows]) -> None:
    counted = [row for row in tables["facts"] if not row["voided_by"]]
    started = {row["fact_id"]: row for row in counted if row["kind"] == "hold_started"}
    assert {row["fact_id"]: (row["from_on"], row["reason"]) for row in tables["holds"]} == {
        fact_id: (row["from_on"], row["reason"]) for fact_id, row in started.items()
    }
    # One is still open.
    ended = [row["resumes_on"] for row in counted if row["kind"] == "hold_ended"]
    assert sorted(row["resumes_on"] for row in tables["holds"] if row["resumes_on"]) == sorted(ended)
    assert [row["resumes_on"] for row in tables["holds"]].count("") >= 1
    changed = [(row["fact_id"], row["from_on"], row["amount"]) for row in counted if row["kind"] == "dose_changed"]
    assert [(row["fact_id"], row["from_on"], row["amount"]) for row in tables["dose_changes"]] == changed
    assert {(row["regimen"], row["unit"]) for row in tables["dose_changes"]} == {("surufatinib", "mg")}


def test_deviations_adherence_and_contraception(tables: dict[str, Rows], calendars: Any, monitor: Client) -> None:
    deviations = items(monitor, "/v1/deviations")
    order = {row["patient_id"]: number for number, row in enumerate(tables["patients"])}
    wanted = [expected("deviations", one) for one in sorted(deviations, key=lambda one: order[one["patient_id"]])]
    assert sorted(tables["deviations"], key=str) == sorted(wanted, key=str)
    adherence = [expected("adherence", one, regimen=None, drug=None) for one in items(monitor, "/v1/adherence")]
    assert tables["adherence"] == adherence
    assert tables["contraception"] == [
        expected("contraception", calendar["contraception"], **who(patient)) for patient, calendar in calendars
    ]


def test_accountability(tables: dict[str, Rows], patients: list[dict[str, Any]], monitor: Client) -> None:
    """Six capsules a day: 20 and 25 doses of 180 and 180 capsules; 20 of 150, and 13 of the 150 that are still out."""
    wanted = [
        expected("accountability", period, **who(patient))
        for patient in patients
        for period in items(monitor, f"/v1/patients/{patient['patient_id']}/accountability")
    ]
    assert tables["accountability"] == wanted
    names = ("subject_number", "dispensed", "returned", "lost", "expected", "left", "used_amount", "taken_amount")
    assert [tuple(row[name] for name in names) for row in wanted] == [
        ("FUSCC-06", "50=180", "50=60", "", "50=120", "", "6000", "6000"),
        ("FUSCC-06", "50=180", "50=24", "50=6", "50=150", "", "7500", "7500"),
        ("FUSCC-26", "50=150", "50=30", "", "50=120", "", "6000", "6000"),
        ("FUSCC-26", "50=150", "", "", "50=78", "50=72", "", "3900"),
    ]


def test_the_dictionary_describes_every_column(tables: dict[str, Rows]) -> None:
    described = {(row["table"], row["column"]): row for row in tables[DICTIONARY]}
    columns = {(name, column) for name, rows in tables.items() if name != DICTIONARY for column in rows[0]}
    assert {key for key in described if key[1]} == columns
    assert {key[0] for key in described if not key[1]} == tables.keys() - {DICTIONARY}
    sections = set(re.findall(r"^## (\d+)\. ", (ROOT / "docs/rules.md").read_text(), re.MULTILINE))
    for (table, column), row in described.items():
        assert row["label"], (table, column)
        if column:
            assert row["section"] in sections, (table, column)
            # Whatever has codes has no other value.
            if row["codes"]:
                values = {one[column] for one in tables[table]} - {""}
                assert values <= {*row["codes"].split("; ")}, (table, column)


@pytest.fixture(scope="module")
def book(monitor: Client) -> openpyxl.Workbook:
    """The export as a workbook."""
    answer = monitor.get(ADDRESS, format="xlsx")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == "attachment; filename=nct06110650-2025-05-20.xlsx"
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def test_the_workbook_has_the_same_values_and_dates_are_dates(tables: dict[str, Rows], book: openpyxl.Workbook) -> None:
    assert book.sheetnames == [DICTIONARY, *(table.name for table in TABLES)]
    kinds = {(row["table"], row["column"]): row["type"] for row in tables[DICTIONARY]}
    converts: dict[str, Callable[[str], Any]] = {
        "date": datetime.fromisoformat,
        "partial date": datetime.fromisoformat,
        "number": float,
        "boolean": "true".__eq__,
    }
    for name, rows in tables.items():
        sheet = book[name]
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions)
        header, *values = sheet.iter_rows(values_only=True)
        assert [*header] == [*rows[0]]
        assert len(values) == len(rows)
        readers = [converts.get(kinds.get((name, column), "text"), str) for column in rows[0]]
        for row, found in zip(rows, values, strict=True):
            # In CSV what would be a formula has a ' before it; here it is a text.
            cells = zip(readers, row.values(), strict=True)
            wanted = [read(text.removeprefix("'")) if text else None for read, text in cells]
            assert [*found] == wanted


def test_windows_have_the_colour_of_their_status(book: openpyxl.Workbook) -> None:
    sheet = book["visits"]
    header = [one.value for one in sheet[1]]
    colours: dict[str, set[str]] = {}
    for row in sheet.iter_rows(min_row=2):
        status = row[header.index("status")]
        window = [row[header.index(name)] for name in ("opens_on", "closes_on")]
        assert {one.fill.fgColor.rgb for one in window if one.value} <= {status.fill.fgColor.rgb}
        colours.setdefault(status.value, set()).add(status.fill.fgColor.rgb)
    assert colours["done"] == {"FFC6EFCE"}
    assert colours["open"] == {"FFFFEB9C"}
    assert colours["missed"] == {"FFFF9999"}


def test_sdtm_says_what_the_tables_say(tables: dict[str, Rows], monitor: Client) -> None:
    answer = monitor.get(ADDRESS, format="sdtm")
    assert answer.headers["Content-Disposition"] == "attachment; filename=nct06110650-2025-05-20.sdtm.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        datasets = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert [*datasets] == ["da.json", "dm.json", "ds.json", "dv.json", "ex.json", "sv.json"]
    records = {name[:2]: records_of(dataset) for name, dataset in datasets.items()}
    patients = {f"NCT06110650-{row['patient_id']}": row for row in tables["patients"]}
    assert [(one["USUBJID"], one["SUBJID"]) for one in records["dm"]] == [
        (subject, row["subject_number"]) for subject, row in patients.items()
    ]
    for one in records["dm"]:
        row = patients[one["USUBJID"]]
        assert (one["RFSTDTC"] or "", one["RFXENDTC"] or "") == (
            row["first_dose_on"],
            row["last_dose_on"] if row["first_dose_on"] else "",
        )
        assert (one["SEX"], one["COUNTRY"]) == (row["sex"][0].upper(), "CHN")
    # Each day of a record of exposure is a dose taken, of that amount.
    days = sorted(
        (one["USUBJID"], str(date.fromisoformat(one["EXSTDTC"]) + timedelta(number)), one["EXDOSE"])
        for one in records["ex"]
        for number in range(one["EXENDY"] - one["EXSTDY"] + 1)
    )
    assert days == sorted(
        (f"NCT06110650-{row['patient_id']}", row["dose_on"], float(row["taken_amount"]))
        for row in tables["doses"]
        if row["status"] == "taken"
    )
    # What was given out less what came back and was lost is what was used, and what is still out.
    signs = {"DISPAMT": 1, "RETAMT": -1, "LOSTAMT": -1}
    for subject, row in patients.items():
        amounts = [one["DASTRESN"] * signs[one["DATESTCD"]] for one in records["da"] if one["USUBJID"] == subject]
        of_patient = [one for one in tables["accountability"] if one["patient_id"] == row["patient_id"]]
        open_ = [int(one["dispensed"].removeprefix("50=")) * 50 for one in of_patient if not one["returned_on"]]
        assert sum(amounts) == sum(float(one["used_amount"] or 0) for one in of_patient) + sum(open_)
    visits = [row for row in tables["visits"] if row["status"] in ("done", "missed") and not row["appointment"]]
    planned = [one for one in records["sv"] if one["SVPRESP"] == "Y"]
    assert [(one["VISIT"], one["SVSTDTC"] or "", one["SVOCCUR"]) for one in planned] == [
        (row["visit"].upper(), row["done_on"], "Y" if row["done_on"] else "N") for row in visits
    ]
    assert len(records["sv"]) - len(planned) == len(tables["unscheduled"])
    names = {one["VISITNUM"]: one["VISIT"] for one in planned}
    assert len(names) == len({*names.values()})
    assert [(one["DVDECOD"], one["DVSTDTC"]) for one in records["dv"]] == [
        (row["kind"].replace("_", " ").upper(), row["on"]) for row in tables["deviations"]
    ]
    ends = {(one["USUBJID"], one["DSSCAT"]): one for one in records["ds"] if one["DSSCAT"]}
    for subject, row in patients.items():
        for category, name in (("STUDY TREATMENT", "treatment_ended_on"), ("STUDY PARTICIPATION", "study_ended_on")):
            assert (ends[subject, category]["DSSTDTC"] if (subject, category) in ends else "") == row[name]


def records_of(dataset: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a dataset, which must keep the rules of Dataset-JSON 1.1."""
    assert dataset["datasetJSONVersion"] == "1.1.0"
    assert datetime.fromisoformat(dataset["datasetJSONCreationDateTime"]).tzinfo is not None
    assert dataset["records"] == len(dataset["rows"])
    assert (dataset["itemGroupOID"], dataset["studyOID"]) == (f"IG.{dataset['name']}", "NCT06110650")
    columns, types = dataset["columns"], {"string": str, "integer": int, "double": int | float}
    keys = [column["keySequence"] for column in columns if "keySequence" in column]
    assert sorted(keys) == [*range(1, len(keys) + 1)]
    for row in dataset["rows"]:
        assert len(row) == len(columns)
        assert all(
            value is None or isinstance(value, types[column["dataType"]])
            for value, column in zip(row, columns, strict=True)
        )
    found = [dict(zip((column["name"] for column in columns), row, strict=True)) for row in dataset["rows"]]
    key_names = [column["name"] for column in columns if "keySequence" in column]
    assert len({tuple(one[name] for name in key_names) for one in found}) == len(found)
    return found


def test_a_command_writes_what_the_api_gives(run_samples: Commands, tables: dict[str, Rows], tmp_path: Path) -> None:
    file = tmp_path / "trial.zip"
    said = run_samples.ok("export", "nct06110650", file, "--known-at", "2025-05-20T12:00:00+08:00")
    assert said == f"{file}: 31 patients, {file.stat().st_size} bytes.\n"
    assert tables_of(file.read_bytes()) == tables
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_that_a_command_exported_is_in_the_audit(run_samples: Commands, raw: Raw, tmp_path: Path) -> None:
    run_samples.ok("export", "nct06110650", tmp_path / "trial.zip", "--site", "FUSCC")
    (entry,) = raw.execute("SELECT * FROM audit WHERE action = 'exported'")
    assert (entry["actor"][:4], entry["role"]) == ("cli-", "admin")
    assert '"patients":31' in entry["detail"]
    assert '"only_site":"FUSCC"' in entry["detail"]


def test_a_command_has_the_formats_of_the_api() -> None:
    (form,) = [option for option in main.commands["export"].params if option.name == "form"]
    assert [*form.type.choices] == [*FORMATS]  # type: ignore[attr-defined]


def test_a_command_that_is_refused_leaves_no_file(run_samples: Commands, tmp_path: Path) -> None:
    file = tmp_path / "trial.zip"
    assert run_samples.refused("export", "none", file) == ["No such protocol."]
    assert run_samples.refused("export", "nct06110650", file, "--known-at", "2199-01-01T00:00:00Z") == [
        "/known_at: Later than now."
    ]
    assert run_samples("export", "nct06110650", file, "--known-at", "yesterday").exit_code == 2
    assert not file.exists()
    file.write_text("mine")
    assert run_samples.refused("export", "nct06110650", file) == [f"{file} exists; an export goes into a new file."]
    assert file.read_text() == "mine"


def test_as_of_an_earlier_instant_there_is_what_was_known_then(tables: dict[str, Rows], monitor: Client) -> None:
    corrected = next(row for row in tables["facts"] if row["replaces"])
    before = datetime.fromisoformat(corrected["recorded_at"]).timestamp() - 1
    known_at = datetime.fromtimestamp(before).astimezone().isoformat()
    then = tables_of(monitor.get(ADDRESS, known_at=known_at).data)
    was = {row["fact_id"]: row for row in then["facts"]}
    assert corrected["fact_id"] not in was
    assert was[corrected["replaces"]]["voided_by"] == ""
    registered = {
        row["patient_id"]
        for row in tables["facts"]
        if row["kind"] == "registered" and datetime.fromisoformat(row["recorded_at"]).timestamp() <= before
    }
    assert {row["patient_id"] for row in then["patients"]} == registered
    assert 0 < len(registered) < 31
    assert max(row["dose_on"] for row in then["doses"]) == str(date.fromisoformat(then["patients"][0]["today"]))
