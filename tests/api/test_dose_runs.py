"""`/v1/doses`: the doses of all patients, consecutive days that are alike as one."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from phone.phones import Phone
from service import Client, Clock, Patient, Service, refused

from .test_lists import XLSX, items, rows

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
ADDRESS = "/v1/doses"


def runs(client: Client, **query: Any) -> list[tuple[Any, ...]]:
    """The runs that a client gets: from, through, status, planned and taken amount."""
    names = ("from_on", "through_on", "status", "amount", "taken_amount")
    return [tuple(item[name] for name in names) for item in items(client, ADDRESS, **query)]


@pytest.fixture
def treated(patient: Patient) -> Patient:
    """The patient of the worked examples, with doses from 1 to 12 February and a hold from 13 to 16; today is 20."""
    for day in range(1, 13):
        status = "missed" if day in (5, 6) else "taken"
        amount = {"amount": 250 if day == 9 else 300} if status == "taken" else {}
        patient.record("dose_recorded", dose_on=f"2024-02-{day:02}", status=status, **amount)
    patient.record("hold_started", from_on="2024-02-13", resumes_on="2024-02-17", reason="proteinuria")
    return patient


def test_days_that_are_alike_are_one(nurse: Client, treated: Patient) -> None:
    assert runs(nurse, from_="2024-01-30", to="2024-02-25") == [
        ("2024-01-30", "2024-01-31", "unrecorded", 300, None),
        ("2024-02-01", "2024-02-04", "taken", 300, 300),
        ("2024-02-05", "2024-02-06", "missed", 300, None),
        ("2024-02-07", "2024-02-08", "taken", 300, 300),
        ("2024-02-09", "2024-02-09", "taken", 300, 250),
        ("2024-02-10", "2024-02-12", "taken", 300, 300),
        ("2024-02-13", "2024-02-16", "held", None, None),
        ("2024-02-17", "2024-02-19", "unrecorded", 300, None),
        ("2024-02-20", "2024-02-20", "due", 300, None),
        ("2024-02-21", "2024-02-25", "planned", 300, None),
    ]
    # By default as far as a calendar: from a week back to six weeks ahead.
    usual = runs(nurse)
    assert (usual[0][:2], usual[-1][:2]) == (("2024-02-13", "2024-02-16"), ("2024-02-21", "2024-04-02"))


def test_each_dose_of_a_day_has_runs_of_its_own(admin: Client, nurse: Client) -> None:
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    regimen = definition["regimens"][0]
    twice = {**regimen, "dose": {"amount": 150, "unit": "mg"}, "times_a_day": 2}
    # Five days of treatment, two of rest.
    other = {**regimen, "id": "other", "drug": "other", "cycle_days": 7, "when": [{"days": [1, 2, 3, 4, 5]}]}
    plan = {**definition, "id": "twice", "sources": {}, "regimens": [twice, other]}
    assert admin.post("/v1/protocols", plan).status_code == 201
    patient = nurse.enrol(protocol="twice")
    patient.record("treatment_started", first_dose_on="2024-02-05")
    patient.record("dose_recorded", dose_on="2024-02-06", status="taken", regimen="surufatinib", slot=2, amount=150)
    found = items(nurse, ADDRESS, from_="2024-02-05", to="2024-02-12")
    names = ("regimen", "slot", "from_on", "through_on", "days", "status")
    assert [tuple(one[name] for name in names) for one in found] == [
        ("other", 1, "2024-02-05", "2024-02-09", 5, "unrecorded"),
        ("surufatinib", 1, "2024-02-05", "2024-02-12", 8, "unrecorded"),
        ("surufatinib", 2, "2024-02-05", "2024-02-05", 1, "unrecorded"),
        ("surufatinib", 2, "2024-02-06", "2024-02-06", 1, "taken"),
        ("surufatinib", 2, "2024-02-07", "2024-02-12", 6, "unrecorded"),
        ("other", 1, "2024-02-10", "2024-02-11", 2, "rest"),
        ("other", 1, "2024-02-12", "2024-02-12", 1, "unrecorded"),
    ]


def test_runs_are_the_days_of_the_calendars(coordinator: Client, treated: Patient, elsewhere: Client) -> None:
    there = elsewhere.enrol(subject_number="B-1", site="BERLIN", time_zone="Europe/Berlin")
    there.record("treatment_started", first_dose_on="2024-02-10")
    there.record("treatment_ended", last_dose_on="2024-02-15", decided_on="2024-02-16", reason="intolerance")
    range_ = {"from_": "2024-01-01", "to": "2024-06-30"}
    days = []
    for run in items(coordinator, ADDRESS, **range_, limit=3):
        first, last = date.fromisoformat(run["from_on"]), date.fromisoformat(run["through_on"])
        assert run["days"] == (last - first).days + 1
        for number in range(run["days"]):
            day = first + timedelta(number)
            days.append((run["patient_id"], str(day), run["status"], run["amount"], run["taken_amount"]))
    assert days == [
        (patient.patient_id, *(row[name] for name in ("dose_on", "status", "amount", "taken_amount")))
        for patient in (treated, Patient(coordinator, there.patient_id))
        for row in patient.read("calendar", **range_)["doses"]
    ]
    listed = items(coordinator, ADDRESS, **range_)
    assert [item for limit in (1, 2, 7) for item in items(coordinator, ADDRESS, **range_, limit=limit)] == listed * 3
    assert {item["site"] for item in items(coordinator, ADDRESS, site="BERLIN", **range_)} == {"BERLIN"}


def test_a_sites_staff_see_its_days(treated: Patient, nurse: Client, coordinator: Client, clock: Clock) -> None:
    Patient(coordinator, treated.patient_id).record("site_transferred", site="BERLIN", from_on="2024-02-22")
    assert {item["site"] for item in items(coordinator, ADDRESS)} == {"FUSCC", "BERLIN"}
    clock.set("2024-02-25T12:00:00+08:00")
    assert runs(nurse, from_="2024-02-19") == [
        ("2024-02-19", "2024-02-20", "unrecorded", 300, None),
        ("2024-02-21", "2024-02-21", "due", 300, None),
    ]
    ours = items(coordinator, ADDRESS, site="FUSCC", from_="2024-02-19")
    assert [(item["through_on"], item["site"]) for item in ours] == [("2024-02-21", "FUSCC")]


def test_it_comes_as_csv_and_as_a_workbook(nurse: Client, treated: Patient) -> None:
    (row,) = rows(nurse, ADDRESS, from_="2024-02-09", to="2024-02-09")
    names = ("subject_number", "from_on", "days", "taken_amount")
    assert [row[name] for name in names] == ["001", "2024-02-09", "1", "250"]
    sheet = openpyxl.load_workbook(io.BytesIO(nurse.get(ADDRESS, {"Accept": XLSX}).data))["doses"]
    header, first, *_ = sheet.iter_rows(values_only=True)
    assert dict(zip(header, first, strict=True))["from_on"] == datetime.fromisoformat("2024-02-13")


def test_what_is_refused(service: Service, nurse: Client, elsewhere: Client, treated: Patient) -> None:
    refused(nurse.get(ADDRESS, from_="2024-03-01", to="2024-02-01"), 422, "/to")
    refused(nurse.get(ADDRESS, from_="2024-01-01", to="2026-06-01"), 422, "/to")
    refused(nurse.get(ADDRESS, from_="2024-02-30", status="taken"), 422, "/from", "/status")
    refused(nurse.get(ADDRESS, cursor="x"), 422, "/cursor")
    refused(nurse.get(ADDRESS, site="BERLIN"), 404)
    refused(service.client(Phone(service, treated).access).get(ADDRESS), 401)
    assert items(elsewhere, ADDRESS) == []
