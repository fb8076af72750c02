"""Lists: pages that lose and repeat nothing while others write, the Link to the next, and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import openpyxl
import pytest
from conftest import to_fill
from databases import Databases
from service import Client, Patient, Service, refused
from werkzeug.test import TestResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def pages(client: Client, path: str, headers: dict[str, str] | None = None, **query: Any) -> list[TestResponse]:
    """All pages of a list, each found by the Link of the one before."""
    found = [client.get(path, headers, **query)]
    while link := found[-1].headers.get("Link"):
        assert found[-1].status_code == 200
        address = re.fullmatch(r'<(/v1/[^>]*)>; rel="next"', link)
        assert address, link
        found.append(client.send("GET", address[1], headers=headers))
    return found


def items(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """All items of a list, checking that each page says in both ways whether there is a next."""
    found = []
    for page in pages(client, path, **query):
        assert page.json.keys() == {"items", "next_cursor"}
        assert (page.json["next_cursor"] is None) == ("Link" not in page.headers)
        assert len(page.json["items"]) <= int(query.get("limit", 50))
        found += page.json["items"]
    return found


def rows(client: Client, path: str, **query: Any) -> list[dict[str, str]]:
    """All rows of a list as CSV; each page must have the same columns."""
    found: list[dict[str, str]] = []
    columns = set()
    for page in pages(client, path, {"Accept": "text/csv"}, **query):
        assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
        # By its byte order mark a spreadsheet knows that it is UTF-8, also in China.
        assert page.data.startswith(b"\xef\xbb\xbf")
        reader = csv.DictReader(io.StringIO(page.data.decode("utf-8-sig")), strict=True)
        found += reader
        columns.add(tuple(reader.fieldnames or ()))
    assert len(columns) == 1
    assert all(None not in row and None not in row.values() for row in found)
    return found


class Filled(NamedTuple):
    """A database with something in every list, the tokens of the staff, the instant then, and one of the patients."""

    database: str
    tokens: dict[str, str]
    now: datetime
    patient_id: str


@cache
def filled_of(databases: Databases) -> Filled:
    """Return a database with something in every list, made once for each engine since that takes long."""
    service = to_fill(databases)
    nurse, admin = service.client("nurse"), service.client("admin")
    for number in range(2, 9):
        other = nurse.enrol(subject_number=f"{number:03}", time_zone="Pacific/Niue" if number % 2 else "Asia/Shanghai")
        other.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27", place='Room "3", floor 2')
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    for version in range(2, 13):
        assert admin.post("/v1/protocols", {**definition, "version": version}).status_code == 201
    for name in ("A-1", "a", "Z"):
        site = {"site": name, "name": "=1+1", "country": "CN", "time_zone": "Asia/Shanghai"}
        assert admin.post("/v1/sites", site).status_code == 201
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-01-25", reason="-5 kg, with nausea")
    for day in range(5, 30):
        status = "missed" if day % 5 == 0 else "taken"
        amount = 300 if status == "taken" else None
        patient.record("dose_recorded", dose_on=f"2024-01-{day:02}", status=status, amount=amount)
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-25", place="=cmd()")
    patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD")
    patient.record("dose_recorded", dose_on="2024-02-11", status="taken", amount=250, note="two\nlines")
    service.close()
    return Filled(service.database, service.tokens, service.clock.now, patient.patient_id)


@pytest.fixture
def template(
    request: pytest.FixtureRequest, databases: Databases, template: tuple[str, dict[str, str]]
) -> tuple[str, dict[str, str]]:
    """Return the filled database, for a test that asks for its patient, and the usual one for any other."""
    return filled_of(databases)[:2] if "patient" in request.fixturenames else template


@pytest.fixture
def patient(databases: Databases, service: Service, nurse: Client) -> Patient:
    """Return one of the patients of the filled database: something in every list is about this one."""
    service.clock.now = filled_of(databases).now
    return Patient(nurse, filled_of(databases).patient_id)


LISTS = ["/v1/patients", "/v1/visits", "/v1/sites", "/v1/protocols", "{patient}/facts", "{patient}/deviations"]


@pytest.mark.parametrize("path", LISTS)
def test_pages_make_the_whole_list(coordinator: Client, patient: Patient, path: str) -> None:
    path = path.format(patient=patient.path)
    whole = coordinator.get(path, limit=200)
    assert whole.json["next_cursor"] is None
    expected = whole.json["items"]
    assert len(expected) > 4
    assert len({json.dumps(item, sort_keys=True) for item in expected}) == len(expected)
    for limit in (1, 2, 3, len(expected) - 1, len(expected)):
        assert items(coordinator, path, limit=limit) == expected
    assert items(coordinator, path) == expected


@pytest.mark.parametrize("path", LISTS)
def test_csv_has_what_json_has(coordinator: Client, patient: Patient, path: str) -> None:
    path = path.format(patient=patient.path)
    whole = coordinator.get(path, limit=200).json["items"]
    table = rows(coordinator, path, limit=4)
    assert len(table) == len(whole)
    for row, item in zip(table, whole, strict=True):
        assert {column: cell_of(item, column) for column in row} == row
        # No field is left out but lists of objects; and none is in a cell with others.
        left_out = {name for name, value in item.items() if isinstance(value, list) and value and is_object(value[0])}
        assert item.keys() - left_out == {column.partition(".")[0] for column in row} & item.keys()
        assert not [cell for cell in row.values() if cell.startswith(("{", "[", '"', "'{"))]


def is_object(value: object) -> bool:
    """Return whether a value has fields."""
    return isinstance(value, dict)


def cell_of(item: Any, column: str) -> str:
    """What a cell of a column says of an item: `protocol.id` is a field of a field, `days.1` the first of a list."""
    value = item
    for step in column.split("."):
        if isinstance(value, list):
            value = value[int(step) - 1] if int(step) <= len(value) else None
        else:
            value = value and value.get(step)
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, str):
        return f"'{value}" if value[:1] in tuple("=+-@") else value
    return "" if value is None else json.dumps(value)


@pytest.mark.parametrize("path", LISTS)
def test_a_workbook_has_what_json_has_and_dates_are_dates(coordinator: Client, patient: Patient, path: str) -> None:
    path = path.format(patient=patient.path)
    whole = coordinator.get(path, limit=200).json["items"]
    answer = coordinator.get(path, {"Accept": XLSX}, limit=200)
    assert answer.headers["Content-Type"] == XLSX
    name = path.rpartition("/")[2]
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data))[name]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions)
    header, *values = sheet.iter_rows(values_only=True)
    assert [*header] == [*rows(coordinator, path)[0]]
    for row, item in zip(values, whole, strict=True):
        for column, value in zip(header, row, strict=True):
            text = cell_of(item, str(column)).removeprefix("'")
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                assert value == datetime.fromisoformat(text)
            elif isinstance(value, bool | int | float):
                assert json.loads(text) == value
            else:
                assert (value or "") == text


def test_windows_of_visits_are_coloured_by_status(coordinator: Client, patient: Patient) -> None:
    answer = coordinator.get("/v1/visits", {"Accept": XLSX}, patient=patient.patient_id)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data))["visits"]
    names = [one.value for one in sheet[1]]
    found = {
        row[names.index("visit")].value: [row[names.index(name)].fill.fgColor.rgb for name in ("opens_on", "closes_on")]
        for row in sheet.iter_rows(min_row=2)
    }
    # The first is done, the second to come.
    assert found["imaging-w6"] == ["FFC6EFCE", "FFC6EFCE"]
    assert found["imaging-w12"] == ["FFDDEBF7", "FFDDEBF7"]


def test_objects_and_short_lists_have_a_column_for_each_value(coordinator: Client, patient: Patient) -> None:
    site = next(row for row in rows(coordinator, "/v1/sites") if row["site"] == "FUSCC")
    assert [site[f"opening_days.{number}"] for number in (1, 5, 6, 7)] == ["monday", "friday", "", ""]
    assert (site["contact.name"], site["contact.phone"]) == ("", "")
    listed = rows(coordinator, "/v1/patients")[0]
    assert (listed["protocol.id"], listed["protocol.version"], listed["cohorts"]) == ("nct06110650", "1", "")
    (visit, *_) = rows(coordinator, "/v1/visits", series="imaging", status="overdue,open,upcoming", booked="false")
    assert re.fullmatch(r"2024-\d\d-\d\d", visit["suggested_days.1"])
    work = rows(coordinator, "/v1/worklist")[0]
    assert not [column for column in work if column.startswith("resolve_with")]
    assert "acknowledged.by.role" in work


def test_what_was_recorded_is_told_in_a_cell_without_json(coordinator: Client, patient: Patient) -> None:
    recorded = rows(coordinator, "/v1/audit", patient=patient.patient_id)
    assert [row for row in recorded if "; dose_on=2024-01-06; status=taken; amount=300" in row["new"]]


def test_without_the_mark_for_programs_that_ask_so(patient: Patient) -> None:
    with_mark = patient.get("facts", {"Accept": "text/csv"})
    for accept in ("text/csv; charset=utf-8; bom=false", "text/csv;bom=false, application/json;q=0.1"):
        answer = patient.get("facts", {"Accept": accept})
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert b"\xef\xbb\xbf" + answer.data == with_mark.data
        assert answer.headers["ETag"] != with_mark.headers["ETag"]
    assert patient.get("facts", {"Accept": "text/csv; charset=utf-8"}).data == with_mark.data


@pytest.mark.parametrize("path", ["/v1/patients", "/v1/visits"])
def test_an_empty_list_as_csv_still_names_its_columns(nurse: Client, path: str) -> None:
    answer = nurse.get(path, {"Accept": "text/csv"})
    assert answer.data.decode("utf-8-sig").startswith(("patient_id,", "visit,"))
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/csv, */*", "text/csv; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv; q=0, */*", "application/json"),
        ("application/*;q=0.2, text/*;q=0.8", "text/csv; charset=utf-8"),
        ("TEXT/CSV", "text/csv; charset=utf-8"),
        ("*", "application/json"),
        ("", "application/json"),
        ("nonsense", "application/json"),
    ],
)
def test_who_asks_for_csv_gets_csv(nurse: Client, accept: str, kind: str) -> None:
    answer = nurse.get("/v1/sites", {"Accept": accept})
    assert answer.headers["Content-Type"] == kind
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "accept", "can_be"),
    [
        ("/v1/sites", "text/html", f"application/json or text/csv or {XLSX}"),
        ("/v1/sites", f"application/json;q=0, text/csv;q=0, {XLSX};q=0", f"application/json or text/csv or {XLSX}"),
        ("/v1/sites", "*/*;q=0", f"application/json or text/csv or {XLSX}"),
        ("{patient}/calendar", "text/csv", "application/json"),
        ("{patient}", "application/fhir+json", "application/json"),
        ("/v1/audit/export", "application/json", "application/x-ndjson"),
    ],
)
def test_what_cannot_be_had_is_refused(
    coordinator: Client, patient: Patient, path: str, accept: str, can_be: str
) -> None:
    problem = refused(coordinator.get(path.format(patient=patient.path), {"Accept": accept}), 406)
    assert problem["detail"] == f"The answer is only to be had as {can_be}."


def test_nothing_is_recorded_whose_answer_cannot_be_read(service: Service, patient: Patient) -> None:
    with service.unchanged():
        refused(patient.send("dose_recorded", {"Accept": "text/html"}, dose_on="2024-02-12", status="missed"), 406)
    # What has no answer needs none that can be read.
    other = patient.client.send("DELETE", "/v1/worklist/x.p-1.y/acknowledgement", headers={"Accept": "text/html"})
    refused(other, 404)


@pytest.mark.parametrize(
    "query",
    [
        "status=open&status=upcoming",
        "status=open,upcoming",
        "status=open&status=upcoming,open",
    ],
)
def test_a_list_of_values_is_taken_in_both_forms(nurse: Client, patient: Patient, query: str) -> None:
    whole = nurse.get("/v1/visits", series="imaging", status="open,upcoming", limit=200).json["items"]
    assert {item["status"] for item in whole} == {"open", "upcoming"}
    found, address = [], f"/v1/visits?series=imaging&limit=3&{query}"
    while address:
        page = nurse.send("GET", address)
        found += page.json["items"]
        link = page.headers.get("Link", "")
        address = link[1 : link.index(">")] if link else ""
    assert found == whole


def test_one_value_given_twice_and_a_bad_one_among_several_are_refused(nurse: Client) -> None:
    refused(nurse.send("GET", "/v1/visits?series=imaging&series=imaging"), 422, "/series")
    refused(nurse.send("GET", "/v1/visits?status=open&status=soon"), 422, "/status/1")
    refused(nurse.send("GET", "/v1/visits?status=open&status="), 422, "/status/1")


def test_pages_lose_and_repeat_nothing_while_patients_are_enrolled(coordinator: Client) -> None:
    numbers = [f"{number:03}" for number in range(10, 31)]
    for number in numbers:
        coordinator.enrol(subject_number=number)
    seen: list[str] = []
    address = "/v1/patients?limit=4"
    extra = iter(range(100))
    while address:
        page = coordinator.send("GET", address)
        seen += [item["subject_number"] for item in page.json["items"]]
        for place in ("0", seen[-1] + "-", "9"):
            coordinator.enrol(subject_number=f"{place}x{next(extra)}")
        link = page.headers.get("Link", "")
        address = link[1 : link.index(">")] if link and len(seen) < 60 else ""
    assert len(seen) == len(set(seen))
    assert [number for number in seen if number in numbers] == numbers


def test_pages_of_visits_lose_nothing_while_facts_come_in(coordinator: Client) -> None:
    patients = [coordinator.enrol(subject_number=f"{number:03}") for number in range(8)]
    expected = {(item["patient_id"], item["visit"]) for item in items(coordinator, "/v1/visits", series="imaging")}
    seen = []
    address = "/v1/visits?series=imaging&limit=5"
    writing = iter(patients * 10)
    while address:
        page = coordinator.send("GET", address)
        seen += [(item["patient_id"], item["visit"]) for item in page.json["items"]]
        next(writing).record("visit_booked", visit="imaging-w6", booked_on="2024-02-20")
        coordinator.enrol(subject_number=f"new-{len(seen)}", enrolled_on="2024-02-20")
        link = page.headers.get("Link", "")
        address = link[1 : link.index(">")] if link else ""
    assert len(seen) == len(set(seen))
    assert expected <= set(seen)


def test_the_next_page_keeps_the_question(coordinator: Client, patient: Patient) -> None:
    questions: list[tuple[str, dict[str, Any]]] = [
        ("/v1/visits", {"status": "open,upcoming", "series": "imaging", "from_": "2024-02-20", "site": "FUSCC"}),
        ("/v1/visits", {"booked": "true", "patient": patient.patient_id}),
        ("/v1/patients", {"q": "00", "status": "enrolled"}),
        (f"{patient.path}/deviations", {"from_": "2024-01-05", "to": "2024-01-20"}),
    ]
    for path, query in questions:
        whole = coordinator.get(path, **query, limit=200).json["items"]
        assert len(whole) > 0
        assert items(coordinator, path, **query, limit=1) == whole


def test_a_whole_subject_number_finds_no_longer_one(coordinator: Client, elsewhere: Client) -> None:
    for number in ("1", "11", "A-1", "a-1"):
        coordinator.enrol(subject_number=number)
    for whole, found in (("1", ["1"]), ("11", ["11"]), ("a-1", ["a-1"]), ("%", []), ("111", [])):
        answer = items(coordinator, "/v1/patients", subject_number=whole)
        assert [item["subject_number"] for item in answer] == found
    assert items(coordinator, "/v1/patients", subject_number="11", q="2") == []
    assert items(elsewhere, "/v1/patients", subject_number="11") == []


def test_a_search_takes_every_character_as_itself(coordinator: Client) -> None:
    for number in ("A_1", "A-1", "AB1", "a.1/x"):
        coordinator.enrol(subject_number=number)
    for part, found in (("_", ["A_1"]), ("%", []), ("!", []), ("a", ["A-1", "AB1", "A_1", "a.1/x"]), ("1/", ["a.1/x"])):
        assert [item["subject_number"] for item in items(coordinator, "/v1/patients", q=part)] == found
    assert items(coordinator, "/v1/patients", q="' OR 1=1 --") == []


def test_a_cursor_is_of_its_list_and_shows_no_door(
    service: Service, coordinator: Client, elsewhere: Client, patient: Patient
) -> None:
    cursor = coordinator.get("/v1/visits", limit=1).json["next_cursor"]
    refused(coordinator.get("/v1/patients", cursor=cursor), 422, "/cursor")
    assert elsewhere.get("/v1/visits", cursor=cursor).json == {"items": [], "next_cursor": None}
    facts = coordinator.get(f"{patient.path}/facts", limit=1).json["next_cursor"]
    refused(coordinator.get("/v1/visits", cursor=facts), 422, "/cursor")


def test_visits_that_await_the_start_of_treatment_are_among_the_upcoming_though_their_windows_have_passed(
    admin: Client, nurse: Client
) -> None:
    first = admin.get("/v1/protocols/nct06110650/versions/1").json
    window = {"before_days": 2, "after_days": 2}
    clinic = {"series": "clinic", "label": "Cycle {n}", "anchor": {"days": [1]}}
    visits = [*first["visits"], {**clinic, "window": window}]
    assert admin.post("/v1/protocols", {**first, "id": "clinics", "sources": {}, "visits": visits}).status_code == 201
    for number in ("001", "002"):
        patient = nurse.enrol(protocol="clinics", subject_number=number, planned_first_dose_on="2024-01-05")
    patient.record("treatment_started", first_dose_on="2024-01-05")

    def listed(**query: str) -> list[tuple[str, str]]:
        found = items(nurse, "/v1/visits", series="clinic", to="2024-03-10", limit="2", **query)
        return [(row["subject_number"], row["visit"]) for row in found]

    awaiting, later = [("001", f"clinic-c{number}d1") for number in (1, 2, 3)], [("001", "clinic-c4d1")]
    to_come = [*awaiting, *sorted([*later, ("002", "clinic-c4d1")])]
    for query in ({}, {"site": "FUSCC"}, {"sort": "opens_on"}, {"sort": "target_on"}):
        found = listed(status="open,upcoming", **query)
        assert (found[:3], sorted(found[3:])) == (awaiting, to_come[3:])
        assert sorted(listed(status="upcoming", **query)) == sorted(found)
    assert listed(status="open") == []
    assert listed(status="overdue") == [("002", "clinic-c3d1")]
    asked = [row["kind"] for row in nurse.get("/v1/worklist").json["items"] if row["subject_number"] == "001"]
    assert "first_dose_missing" in asked
    assert "visit_overdue" not in asked
