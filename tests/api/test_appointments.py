"""An appointment is on the clock of the site; and who comes on which day."""

from __future__ import annotations

import json
from typing import Any

import pytest
from service import Client, Patient, Service, refused

from scheduler_api.store.patients import facts


def scan(patient: Patient) -> dict[str, Any]:
    """Return what is said of the booking of the patient's scan."""
    row = patient.read("visits/imaging-w6")
    return {name: row[name] for name in ("booked_on", "booked_time", "booked_at", "booked_time_zone")}


def test_a_patient_who_moves_keeps_the_appointment(nurse: Client) -> None:
    patient = nurse.enrol(time_zone="Europe/Berlin")
    fact = patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-23", time="09:30")["fact"]
    assert (fact["site"], fact["time_zone"]) == ("FUSCC", "Asia/Shanghai")
    booked = {
        **{"booked_on": "2024-02-23", "booked_time": "09:30"},
        **{"booked_at": "2024-02-23T09:30:00+08:00", "booked_time_zone": "Asia/Shanghai"},
    }
    assert scan(patient) == booked
    patient.record("time_zone_changed", time_zone="America/New_York")
    assert scan(patient) == booked
    (row,) = [one for one in patient.read("calendar", to="2024-03-01")["visits"] if one["visit"] == "imaging-w6"]
    assert {name: row[name] for name in booked} == booked
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-23")
    assert scan(patient) == {**booked, "booked_time": None, "booked_at": None}


def test_a_booking_of_an_older_version_is_on_the_clock_of_the_site(service: Service, nurse: Client) -> None:
    """Such a fact does not say on whose clock it is; what is stored of it stays as it is."""
    patient = nurse.enrol(time_zone="Europe/Berlin")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-23", time="09:30")
    rows = facts.rows_of_patient(service.store, patient.patient_id)
    older = [
        {**row, "data": json.dumps({"visit": "imaging-w6", "booked_on": "2024-02-23", "time": "09:30"})}
        if row["kind"] == "visit_booked"
        else row
        for row in rows
    ]
    assert facts.of_rows(service.store, older) == facts.of_rows(service.store, rows)


@pytest.fixture
def booked(nurse: Client) -> list[Patient]:
    """Six patients, of whom one is booked for the Thursday and four are for the Friday."""
    patients = [nurse.enrol(subject_number=f"B-{number}", time_zone="Europe/Berlin") for number in range(6)]
    for patient, on, time in zip(
        patients,
        ("2024-02-23", "2024-02-23", "2024-02-23", "2024-02-22", "2024-02-23"),
        ("14:00", "08:15", None, "16:00", "08:15"),
        strict=False,
    ):
        patient.record("visit_booked", visit="imaging-w6", booked_on=on, time=time)
    return patients


def who(client: Client, limit: int, **query: str) -> list[tuple[str, str | None]]:
    """Who comes when, in the order of the list, read in pages."""
    page = client.get("/v1/visits", sort="booked_at", limit=str(limit), **query).json
    rows = page["items"]
    while page["next_cursor"]:
        page = client.get("/v1/visits", sort="booked_at", limit=str(limit), cursor=page["next_cursor"], **query).json
        rows += page["items"]
    return [(row["subject_number"], row["booked_time"]) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_who_comes_on_a_day_is_listed_by_time(nurse: Client, booked: list[Patient], limit: int) -> None:
    friday = who(nurse, limit, booked_from="2024-02-23", booked_to="2024-02-23", site="FUSCC")
    # Who has no time comes first; at one time, those of one site in a stable order.
    assert (friday[0], friday[3]) == (("B-2", None), ("B-0", "14:00"))
    assert set(friday[1:3]) == {("B-1", "08:15"), ("B-4", "08:15")}
    assert who(nurse, limit)[0] == ("B-3", "16:00")
    assert who(nurse, limit)[1:] == friday
    assert who(nurse, limit, booked_to="2024-02-22") == [("B-3", "16:00")]
    assert who(nurse, limit, booked_from="2024-02-24") == []
    assert len(nurse.get("/v1/visits", booked_from="2024-02-23", sort="subject").json["items"]) == 4


def test_a_reversed_range_of_booked_days_is_refused(nurse: Client) -> None:
    refused(nurse.get("/v1/visits", booked_from="2024-02-24", booked_to="2024-02-23"), 422, "/booked_to")
