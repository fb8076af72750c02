"""Follow one more appointment of a visit, and one of no visit: in lists, on the worklist, and by their calls."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service, refused

#: A calendar of a site with a scan a day.
CALENDAR = {"opening_days": ["friday"], "region": None, "closed_days": [], "open_days": [], "slots_per_day": 1}


def appointments(client: Client, **query: str) -> list[tuple[str, str, str]]:
    """The name, the kind and the day of each one in the list of visits."""
    rows = client.get("/v1/visits", limit="200", **query).json["items"]
    return [(row["visit"], row["appointment"], row["booked_on"]) for row in rows if row["appointment"]]


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient with a scan booked for a Wednesday; today is 2024-02-20."""
    patient = nurse.enrol()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
    return patient


@pytest.fixture
def mri(patient: Patient) -> str:
    """The name of one more appointment, on the Friday."""
    data = {"visit": "imaging-w6", "part": True, "booked_on": "2024-02-23", "time": "14:00", "place": "MRI"}
    result = patient.record("visit_booked", **data)
    name = f"imaging-w6.{result['fact']['fact_id']}"
    assert result["fact"]["time_zone"] == "Asia/Shanghai"
    assert {one["what"] for one in result["consequences"]} == {f"visit {name}"}
    return name


@pytest.fixture
def extra(patient: Patient) -> str:
    """The name of an appointment that belongs to no visit, on the Thursday."""
    data = {"visit": "unscheduled", "series": "imaging", "booked_on": "2024-02-22"}
    return f"unscheduled.{patient.record('visit_booked', **data)['fact']['fact_id']}"


def test_lists_say_who_comes_when(nurse: Client, patient: Patient, mri: str, extra: str) -> None:
    expected = [(extra, "unscheduled", "2024-02-22"), (mri, "part", "2024-02-23")]
    assert appointments(nurse, sort="booked_at", booked_from="2024-02-20") == expected
    assert appointments(nurse, series="imaging", status="open,upcoming") == expected
    assert appointments(nurse, booked="true") == expected
    assert appointments(nurse, booked="false") == []
    row = nurse.get(f"{patient.path}/visits/{mri}").json
    assert (row["booked_at"], row["booked_place"]) == ("2024-02-23T14:00:00+08:00", "MRI")
    nothing = ("target_on", "opens_on", "closes_on", "closes_in_days", "booked_days_off")
    assert {row[name] for name in nothing} == {None}
    assert row["suggested_days"] == []


def test_a_scan_more_takes_a_slot(nurse: Client, coordinator: Client, patient: Patient, mri: str) -> None:
    coordinator.send("PUT", "/v1/sites/FUSCC/calendar", CALENDAR)
    other = nurse.enrol(subject_number="B-2")
    body = {"booked_on": "2024-02-23"}
    warned = nurse.send("PUT", f"{other.path}/visits/imaging-w6/booking", body).json["warnings"]
    assert [one["code"] for one in warned] == ["no_slot_left"]


def test_the_calls_of_any_booking_move_and_cancel_it(nurse: Client, patient: Patient, mri: str, extra: str) -> None:
    for name, on in ((mri, "2024-02-26"), (extra, "2024-02-27")):
        moved = nurse.send("PUT", f"{patient.path}/visits/{name}/booking", {"booked_on": on}).json
        assert (moved["visit"]["visit"], moved["visit"]["booked_on"], moved["warnings"]) == (name, on, [])
    assert [one[2] for one in appointments(nurse, sort="booked_at")] == ["2024-02-26", "2024-02-27"]
    same = nurse.send("PUT", f"{patient.path}/visits/{mri}/booking", {"booked_on": "2024-02-26"}).json
    assert same["fact"] is None
    for name in (mri, extra):
        gone = nurse.send("DELETE", f"{patient.path}/visits/{name}/booking").json
        assert gone["visit"] is None
        assert gone["consequences"][0]["because"] == "booking cancelled"
        assert nurse.get(f"{patient.path}/visits/{name}").status_code == 404
    assert appointments(nurse) == []
    assert patient.read("visits/imaging-w6")["booked_on"] == "2024-02-21"


def test_the_worklist_asks_what_came_of_it_and_its_calls_settle_that(
    service: Service, nurse: Client, patient: Patient, mri: str, extra: str
) -> None:
    patient.record("visit_done", series="imaging", visit="imaging-w6", done_on="2024-02-20", response="SD")
    service.clock.set("2024-02-24T02:00:00+00:00")
    rows = {row["visit"]: row for row in nurse.get("/v1/worklist").json["items"] if row["kind"] == "booking_past"}
    assert set(rows) == {mri, extra}
    for name, body in ((mri, {"visit": "imaging-w6", "part": True}), (extra, {"visit": "unscheduled"})):
        done, book, cancel = rows[name]["resolve_with"]
        assert (done["method"], done["path"]) == ("POST", f"{patient.path}/facts")
        assert done["body"] == {"kind": "visit_done", "series": "imaging", **body}
        assert (book["method"], book["path"]) == ("PUT", f"{patient.path}/visits/{name}/booking")
        assert (cancel["method"], cancel["path"]) == ("DELETE", f"{patient.path}/visits/{name}/booking")
        on = "2024-02-23" if name == mri else "2024-02-22"
        made = nurse.send("POST", done["path"], {**done["body"], "done_on": on, "response": "SD"})
        assert made.status_code == 201, made.json
    assert [row for row in nurse.get("/v1/worklist").json["items"] if row["visit"] in (mri, extra)] == []
    assert appointments(nurse) == []


def test_what_came_of_it_is_no_result_of_a_visit(nurse: Client, patient: Patient, mri: str) -> None:
    answer = nurse.send("PUT", f"{patient.path}/visits/{mri}/result", {"done_on": "2024-02-20"})
    assert answer.status_code == 404


def test_a_name_that_is_no_longer_booked_is_refused(nurse: Client, patient: Patient, mri: str) -> None:
    cancel: dict[str, Any] = {"kind": "visit_booked", "visit": mri, "booked_on": None}
    assert nurse.send("POST", f"{patient.path}/facts", cancel).status_code == 201
    refused(nurse.send("POST", f"{patient.path}/facts", cancel), 422, "/visit")
