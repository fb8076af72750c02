"""`POST /v1/protocols/import`: a draft and a report, nothing recorded; a completed draft is a protocol."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service, refused
from usdm_files import ANSWERS, NAMES, study

PATH = "/v1/protocols/import"


def drafted(admin: Client, name: str) -> dict[str, Any]:
    """The completed draft of a study."""
    answer = admin.post(PATH, {"document": study(name), "answers": ANSWERS[name]})
    assert answer.status_code == 200, answer.text
    assert answer.json["report"]["to_fill_in"] == []
    return dict(answer.json["draft"])


def enrolled(admin: Client, coordinator: Client, name: str, **data: Any) -> Patient:
    """A patient under the completed draft of a study."""
    draft = drafted(admin, name)
    assert admin.post("/v1/protocols", draft).status_code == 201
    return coordinator.enrol(protocol=draft["id"], subject_number=name, **data)


def days(patient: Patient, **query: Any) -> dict[str, tuple[str, str, str]]:
    """When each visit opens, its target, and when it closes."""
    calendar = patient.read("calendar", **query)
    return {visit["visit"]: (visit["opens_on"], visit["target_on"], visit["closes_on"]) for visit in calendar["visits"]}


@pytest.mark.parametrize("name", NAMES)
def test_an_import_records_nothing(service: Service, admin: Client, name: str) -> None:
    with service.unchanged():
        answer = admin.post(PATH, {"document": study(name)})
        assert answer.status_code == 200
        assert answer.json["report"]["to_fill_in"] != []
        asked = {pointer for hole in answer.json["report"]["to_fill_in"] for pointer in hole["pointers"]}
        refused(admin.post("/v1/protocols", answer.json["draft"]), 422, *asked)


@pytest.mark.parametrize("name", NAMES)
def test_a_completed_draft_can_be_added_and_a_patient_enrols_under_it(
    admin: Client, coordinator: Client, name: str
) -> None:
    patient = enrolled(admin, coordinator, name)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    assert patient.read("calendar")["cycles"] != []


def test_the_dates_of_unrolled_cycles(admin: Client, coordinator: Client) -> None:
    patient = enrolled(admin, coordinator, "unrolled_cycles")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    assert days(patient, **{"from": "2023-12-01", "to": "2024-06-30"}) == {
        "screening": ("2023-12-15", "2023-12-22", "2023-12-29"),
        "cycle-c1d1": ("2024-01-05", "2024-01-05", "2024-01-05"),
        "cycle-c1d8": ("2024-01-10", "2024-01-12", "2024-01-14"),
        "cycle-c1d15": ("2024-01-17", "2024-01-19", "2024-01-21"),
        "cycle-c2d1": ("2024-01-24", "2024-01-26", "2024-01-28"),
        "cycle-c3d1": ("2024-02-14", "2024-02-16", "2024-02-18"),
        "cycle-c4d1": ("2024-03-06", "2024-03-08", "2024-03-10"),
        "week-scan-w6": ("2024-02-09", "2024-02-16", "2024-02-23"),
        "week-scan-w12": ("2024-03-22", "2024-03-29", "2024-04-05"),
        "week-scan-w18": ("2024-05-03", "2024-05-10", "2024-05-17"),
    }
    patient.record("treatment_ended", decided_on="2024-02-20", last_dose_on="2024-02-19", reason="intolerance")
    after = days(patient, **{"from": "2023-12-01", "to": "2024-06-30"})
    assert after["safety-call"] == ("2024-03-13", "2024-03-20", "2024-03-27")
    calendar = patient.read("calendar")
    # 180 days after the last dose.
    assert calendar["contraception"]["through_on"] == "2024-08-17"
    assert calendar["doses"][0]["amount"] == 12


def test_the_dates_of_a_loop(admin: Client, coordinator: Client) -> None:
    patient = enrolled(admin, coordinator, "loop")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    found = days(patient, **{"from": "2023-12-01", "to": "2024-09-30"})
    # Cycles of 28 days: the second begins on 2 February, the sixth on 24 May.
    assert found["screening"] == ("2023-12-26", "2023-12-29", "2023-12-29")
    assert found["day-1-of-the-cycle-c2d1"] == ("2024-02-01", "2024-02-02", "2024-02-03")
    assert found["day-15-of-the-cycle-c2d15"] == ("2024-02-14", "2024-02-16", "2024-02-18")
    assert found["day-1-of-the-cycle-c6d1"] == ("2024-05-23", "2024-05-24", "2024-05-25")
    assert not [name for name in found if name.endswith(("c1d15", "c7d1"))]


def test_a_visit_counted_from_another_follows_the_day_it_was_done(admin: Client, coordinator: Client) -> None:
    patient = enrolled(admin, coordinator, "other_timeline")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    span = {"from": "2023-12-01", "to": "2024-03-30"}
    assert days(patient, **span)["week-4"] == ("2024-01-31", "2024-02-02", "2024-02-04")
    patient.record("visit_done", series="week-2", visit="week-2", done_on="2024-01-21")
    assert days(patient, **span)["week-4"] == ("2024-02-02", "2024-02-04", "2024-02-06")


def test_the_dates_of_a_windowed_screening(admin: Client, coordinator: Client) -> None:
    patient = enrolled(admin, coordinator, "windowed_screening", arm="high-dose")
    patient.record("milestone_reached", milestone="randomisation", on="2024-01-04")
    found = days(patient, **{"from": "2023-11-01", "to": "2025-01-05"})
    # Day -28 to day -1 of randomisation.
    assert found["screening"] == ("2023-12-07", "2023-12-07", "2024-01-03")
    assert found["randomisation"] == ("2024-01-04", "2024-01-04", "2024-01-04")
    assert found["month-m9"] == ("2024-09-27", "2024-10-04", "2024-10-11")
    assert found["one-year"] == ("2024-12-21", "2025-01-04", "2025-01-18")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/document"]),
        ({"document": None}, ["/document"]),
        ({"document": "x"}, ["/document"]),
        ({"document": {}}, ["/document"]),
        ({"document": {"usdmVersion": "3.0", "study": {"versions": []}}}, ["/document/usdmVersion"]),
        ({"document": {}, "answers": []}, ["/answers"]),
        ({"document": {}, "answers": {"colour": "red"}}, ["/answers/colour"]),
        ({"document": {}, "answers": {"references": {"c1d1": "birth"}}}, ["/answers/references/c1d1"]),
        ({"document": {}, "answers": {"references": []}}, ["/answers/references"]),
        ({"document": {}, "answers": {"until_of": {"x": 3}}}, ["/answers/until_of/x"]),
        ({"document": {}, "answers": {"window": {"before_days": -1}}}, None),
        ({"document": {}, "answers": {"window_of": {"x": {"before_days": 1}}}}, ["/answers/window_of/x/after_days"]),
        ({"document": {}, "answers": {"loops": {"x": {"to": 3}}}}, ["/answers/loops/x/from"]),
        ({"document": {}, "answers": {"dose_mg": 0}}, ["/answers/dose_mg"]),
        ({"document": {}, "answers": {"cycle_days": 0}}, ["/answers/cycle_days"]),
        ({"document": {}, "answers": {"on_hold": "stop"}}, ["/answers/on_hold"]),
        ({"document": study("loop"), "answers": {"leave_out": ["gone"]}}, ["/answers/leave_out/gone"]),
    ],
    ids=str,
)
def test_an_impossible_import(admin: Client, body: dict[str, Any], pointers: list[str] | None) -> None:
    found = pointers or ["/answers/window/after_days", "/answers/window/before_days"]
    refused(admin.post(PATH, body), 422, *found)


def test_a_usdm_document_that_is_added_as_a_protocol_is_recognised(admin: Client) -> None:
    detail = refused(admin.post("/v1/protocols", study("loop")), 422, "")["detail"]
    assert "`POST /v1/protocols/import` makes a draft of it" in detail
