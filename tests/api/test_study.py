"""Across patients: deviations, adherence, supply, and where a study stands."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from service import Client, Patient, Service, refused


@pytest.fixture
def three(coordinator: Client) -> list[Patient]:
    """Two patients at FUSCC and one in BERLIN.

    001: three doses taken, one of them of 250 mg, one missed; week 6, open from 2024-02-07, done two days early.
    002: on hold from the first dose on. B-1: not scanned in week 6 (to 2023-12-20); left on the last day of week 12.
    """
    first = coordinator.enrol(subject_number="001")
    first.record("treatment_started", first_dose_on="2024-02-15")
    for day, status, mg in (("15", "taken", None), ("16", "taken", 250), ("17", "missed", None), ("18", "taken", None)):
        first.record("dose_recorded", dose_on=f"2024-02-{day}", status=status, **({"amount": mg} if mg else {}))
    first.record("visit_done", series="imaging", done_on="2024-02-05", visit="imaging-w6", response="SD")
    second = coordinator.enrol(subject_number="002")
    second.record("treatment_started", first_dose_on="2024-02-05")
    second.record("hold_started", from_on="2024-02-05", reason="fever")
    third = coordinator.enrol(subject_number="B-1", site="BERLIN", time_zone="Europe/Berlin", enrolled_on="2023-11-01")
    third.record("study_ended", ended_on="2024-01-31", reason="withdrawal")
    return [first, second, third]


EXPECTED = [
    ("001", "visit_early", "2024-02-05"),
    ("001", "dose_amount", "2024-02-16"),
    ("001", "dose_missed", "2024-02-17"),
    ("B-1", "visit_missed", "2023-12-21"),
]


def listed(client: Client, **query: Any) -> list[tuple[str, str, str]]:
    """Subject number, kind and day of deviations."""
    items = client.get("/v1/deviations", **query).json["items"]
    return [(item["subject_number"], item["kind"], item["on"]) for item in items]


def test_deviations_of_all_patients_by_subject_and_day(coordinator: Client, three: list[Patient]) -> None:
    assert listed(coordinator) == EXPECTED
    assert listed(coordinator, site="BERLIN") == EXPECTED[3:]
    assert listed(coordinator, kind="dose_missed,visit_missed") == EXPECTED[2:]
    assert listed(coordinator, from_="2024-02-06", to="2024-02-16") == EXPECTED[1:2]
    assert listed(coordinator, from_="2024-02-06") == EXPECTED[1:3]
    assert listed(coordinator, to="2024-02-05") == [EXPECTED[0], EXPECTED[3]]


def test_each_patients_deviations_are_those_of_the_patients_own_list(coordinator: Client, three: list[Patient]) -> None:
    for patient in three:
        own = patient.read("deviations")["items"]
        found = coordinator.get("/v1/deviations").json["items"]
        whose = ("patient_id", "subject_number")
        theirs = [item for item in found if item["patient_id"] == patient.patient_id]
        assert [{name: value for name, value in item.items() if name not in whose} for item in theirs] == own


@pytest.mark.parametrize("path", ["/v1/deviations", "/v1/adherence"])
def test_pages_and_csv(coordinator: Client, three: list[Patient], path: str) -> None:
    whole = coordinator.get(path).json["items"]
    pages: list[Any] = []
    cursor: dict[str, str] = {}
    while len(pages) <= len(whole):
        answer = coordinator.get(path, limit=1, **cursor).json
        pages += answer["items"]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert pages == whole
    rows = list(csv.DictReader(coordinator.get(path, {"Accept": "text/csv"}).data.decode("utf-8-sig").splitlines()))
    assert [row["subject_number"] for row in rows] == [item["subject_number"] for item in whole]


def test_adherence_of_all_patients_is_that_of_each(coordinator: Client, three: list[Patient]) -> None:
    items = coordinator.get("/v1/adherence").json["items"]
    assert [item["subject_number"] for item in items] == ["001", "002", "B-1"]
    for item, patient in zip(items, three, strict=True):
        assert patient.read("adherence").items() <= item.items()
    # 001: of 2024-02-15 to 2024-02-19 three taken, one missed, one unrecorded; 850 of 1500 mg.
    assert (items[0]["planned"], items[0]["taken"], items[0]["relative_dose_intensity"]) == (5, 3, 0.5667)


def test_where_a_study_stands(coordinator: Client, three: list[Patient]) -> None:
    found = coordinator.get("/v1/studies/nct06110650/summary").json
    doses = {"planned": 5, "taken": 3, "missed": 1, "unrecorded": 1, "held": 15}
    ratios = {"adherence": 0.6, "relative_dose_intensity": 0.1417}
    assert found == {
        "protocol": "nct06110650",
        "planned": 29,
        "registered": 3,
        "screen_failures": 0,
        "enrolled": 3,
        "statuses": {"screening": 0, "not_started": 0, "on_treatment": 2, "follow_up": 0, "off_study": 1},
        "on_hold": 1,
        "scans": {"on_time": 0, "early": 1, "late": 0, "missed": 1},
        "doses": {**doses, **ratios},
        "deviations": {"dose_amount": 1, "dose_missed": 1, "visit_early": 1, "visit_missed": 1},
        "sites": found["sites"],
    }
    berlin, fuscc = found["sites"]
    assert (berlin["site"], berlin["enrolled"], berlin["scans"]["missed"]) == ("BERLIN", 1, 1)
    assert (fuscc["site"], fuscc["enrolled"], fuscc["on_hold"], fuscc["doses"]) == ("FUSCC", 2, 1, found["doses"])
    assert coordinator.get("/v1/studies/nct06110650/summary", site="BERLIN").json["sites"] == [berlin]


def test_one_more_appointment_is_no_scan(coordinator: Client, three: list[Patient]) -> None:
    """Neither a part of a visit nor what belongs to none is a scan that was missed, once its day is over."""
    before = coordinator.get("/v1/studies/nct06110650/summary").json["scans"]
    for data in ({"visit": "imaging-w6", "part": True}, {"visit": "unscheduled", "series": "imaging"}):
        three[0].record("visit_booked", **data, booked_on="2024-02-12")
    assert coordinator.get("/v1/studies/nct06110650/summary").json["scans"] == before


def test_sites_see_only_their_own(three: list[Patient], nurse: Client, elsewhere: Client, monitor: Client) -> None:
    assert listed(nurse) == EXPECTED[:3]
    assert listed(elsewhere) == EXPECTED[3:]
    assert listed(monitor) == EXPECTED
    assert [item["site"] for item in elsewhere.get("/v1/adherence").json["items"]] == ["BERLIN"]
    summary = elsewhere.get("/v1/studies/nct06110650/summary").json
    assert (summary["enrolled"], [site["site"] for site in summary["sites"]]) == (1, ["BERLIN"])
    for path in ("/v1/deviations", "/v1/adherence", "/v1/studies/nct06110650/summary"):
        refused(elsewhere.get(path, site="FUSCC"), 404)
    refused(elsewhere.get(f"{three[0].path}/supply"), 404)


def test_every_bad_field_of_a_question_is_named(coordinator: Client, three: list[Patient]) -> None:
    query = {"kind": "dose_eaten", "from_": "2024-13-01", "to": "x", "limit": "0", "on": "1"}
    refused(coordinator.get("/v1/deviations", **query), 422, "/kind/0", "/from", "/to", "/limit", "/on")
    refused(coordinator.get("/v1/deviations", from_="2024-02-02", to="2024-02-01"), 422, "/to")
    refused(coordinator.get("/v1/adherence", cursor="x", limit="x"), 422, "/limit")
    refused(coordinator.get("/v1/studies/nct06110650/summary", of="all"), 422, "/of")
    refused(coordinator.get("/v1/studies/nothing/summary"), 404)


def test_supply_until_a_visit_and_until_the_next(coordinator: Client, three: list[Patient]) -> None:
    """From 2024-02-20 through 2024-04-03, when week 12 closes: 44 days of 6 capsules."""
    found = three[0].read("supply", visit="imaging-w12")
    assert (found["from"], found["to"], found["regimens"][0]["pieces"]) == (
        "2024-02-20",
        "2024-04-03",
        [{"strength": 50, "count": 264}],
    )
    assert three[0].read("supply") == found
    assert three[0].read("supply", from_="2024-04-01")["regimens"][0]["doses"] == 3
    assert three[1].read("supply")["regimens"][0]["pieces"] == []


def test_supply_that_cannot_be_told_is_refused(three: list[Patient], service: Service) -> None:
    refused(three[0].get("supply", visit="imaging-w7"), 422, "/visit")
    refused(three[0].get("supply", visit="imaging-w6", from_="2024-02-22"), 422, "/from")
    refused(three[0].get("supply", visit="imaging-w600"), 422, "/from")
    refused(three[0].get("supply", visit="", from_="today", days="3"), 422, "/visit", "/from", "/days")
    refused(three[2].get("supply"), 422, "/visit")
