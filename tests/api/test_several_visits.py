"""Several visits of one day in one call, done or booked: a fact for each, all of them or none."""

from __future__ import annotations

from typing import Any

import pytest
from service import ENROLMENT, Client, Patient, refused

#: A scan and a follow-up on one day; today is 2024-02-20.
BOTH = {"visits": ["contraception-m1", "imaging-w6"], "done_on": "2024-02-14"}
ENDED = {"last_dose_on": "2024-01-14", "decided_on": "2024-01-14", "reason": "other"}


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient whose treatment has ended, so that there are scans and follow-ups."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("treatment_ended", **ENDED)
    return patient


def done(patient: Patient) -> dict[str, tuple[str, str | None]]:
    """The day and the response of each visit that is done."""
    rows = patient.read("calendar", from_="2024-01-01", to="2024-12-31")["visits"]
    return {row["visit"]: (row["done_on"], row["response"]) for row in rows if row["done_on"]}


def test_each_has_a_fact_and_the_response_is_that_of_imaging(patient: Patient) -> None:
    before = patient.read()["version"]
    result = patient.record("visit_done", **BOTH, response="SD")
    assert [(fact["series"], fact["visit"], fact.get("response")) for fact in result["facts"]] == [
        ("contraception", "contraception-m1", None),
        ("imaging", "imaging-w6", "SD"),
    ]
    assert result["fact"] == result["facts"][0]
    assert {"visit contraception-m1", "visit imaging-w6"} <= {one["what"] for one in result["consequences"]}
    assert done(patient) == {"contraception-m1": ("2024-02-14", None), "imaging-w6": ("2024-02-14", "SD")}
    assert patient.read()["version"] == before + 2
    assert [fact["fact_id"] for fact in patient.read("facts")["items"][-2:]] == [
        fact["fact_id"] for fact in result["facts"]
    ]


def test_each_is_corrected_by_itself(nurse: Client, patient: Patient) -> None:
    patient.record("visit_done", **BOTH, response="SD")
    body = {"done_on": "2024-02-15", "response": "PR", "reason": "typing error"}
    assert nurse.send("PUT", f"{patient.path}/visits/imaging-w6/result", body).status_code == 200
    assert done(patient) == {"contraception-m1": ("2024-02-14", None), "imaging-w6": ("2024-02-15", "PR")}


def test_a_dry_run_says_the_same_and_records_nothing(patient: Patient) -> None:
    said = patient.send("visit_done", dry_run=True, **BOTH, response="SD").json
    assert [fact["fact_id"] for fact in said["facts"]] == [None, None]
    assert done(patient) == {}
    made = patient.record("visit_done", **BOTH, response="SD")
    for name in ("consequences", "deviations", "warnings"):
        assert made[name] == said[name]


def test_if_one_is_refused_none_is_recorded(patient: Patient) -> None:
    patient.record("visit_done", series="imaging", visit="imaging-w6", done_on="2024-02-14")
    answer = patient.send("visit_done", **BOTH)
    refused(answer, 409, "/done_on")
    assert done(patient) == {"imaging-w6": ("2024-02-14", None)}


def test_it_counts_as_one_change(patient: Patient) -> None:
    """With the version that the caller knows; with another it is refused as a whole."""
    tag = patient.get().headers["ETag"]
    assert patient.send("visit_done", headers={"If-Match": tag}, **BOTH).status_code == 201
    again = {**BOTH, "done_on": "2024-02-15"}
    assert patient.send("visit_done", headers={"If-Match": tag}, **again).status_code == 412


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"visit": "imaging-w6"}, {"/visit": "not_applicable"}),
        ({"series": "imaging", "part": True}, {"/series": "not_applicable", "/part": "not_applicable"}),
        ({"replaces": "f-1", "reason": "typing error"}, {"/replaces": "not_applicable"}),
        ({"visits": ["imaging-w6", "imaging-w12"]}, {"/visits/1": "given_twice"}),
        ({"visits": ["imaging-w6", "imaging-w6"]}, {"/visits/1": "given_twice"}),
        ({"visits": ["imaging-w7", "unscheduled"]}, {"/visits/0": "not_found", "/visits/1": "not_found"}),
        ({"visits": ["contraception-m1"], "response": "SD"}, {"/response": "not_applicable"}),
        ({"visits": []}, {"/visits": "malformed"}),
        ({"visits": None}, {"/series": "missing"}),
        ({"done_on": "2024-02-21"}, {"/done_on": "after_today"}),
    ],
)
def test_what_cannot_be_is_refused_by_name(patient: Patient, said: dict[str, Any], pointers: dict[str, str]) -> None:
    problem = refused(patient.send("visit_done", **{**BOTH, **said}), 422, *pointers)
    assert {error["pointer"]: error["code"] for error in problem["errors"]} == pointers
    assert done(patient) == {}


def test_in_a_preview(nurse: Client) -> None:
    facts = [
        {"kind": "treatment_ended", **ENDED},
        {"kind": "visit_done", **BOTH, "response": "SD"},
        {"kind": "voided", "voids": "2", "reason": "it was a call"},
    ]
    data = {"protocol": "nct06110650", "patient": ENROLMENT_OF_PREVIEW, "facts": facts, "today": "2024-02-20"}
    rows = nurse.post("/v1/previews", {**data, "from": "2024-01-01", "to": "2024-12-31"}).json["visits"]
    assert {row["visit"]: row["response"] for row in rows if row["done_on"]} == {"imaging-w6": "SD"}
    facts[1] = {**facts[1], "visits": ["imaging-w7"]}
    refused(nurse.post("/v1/previews", data), 422, "/facts/1/visits/0")


ENROLMENT_OF_PREVIEW = {name: value for name, value in ENROLMENT.items() if name != "protocol"}


def test_several_visits_are_booked_for_one_day_and_cancelled_together(nurse: Client, patient: Patient) -> None:
    both = {"visits": ["imaging-w12", "contraception-m2"], "booked_on": "2024-03-22"}
    result = patient.record("visit_booked", **both, time="09:30", place="Building 3")
    assert [(fact["visit"], fact["booked_on"], fact["time"]) for fact in result["facts"]] == [
        ("imaging-w12", "2024-03-22", "09:30"),
        ("contraception-m2", "2024-03-22", "09:30"),
    ]
    assert {"visit imaging-w12", "visit contraception-m2"} <= {one["what"] for one in result["consequences"]}
    rows = nurse.get("/v1/visits", booked_from="2024-03-22", booked_to="2024-03-22").json["items"]
    assert {(row["visit"], row["booked_place"]) for row in rows} == {
        ("imaging-w12", "Building 3"),
        ("contraception-m2", "Building 3"),
    }
    patient.record("visit_booked", visits=["imaging-w12", "contraception-m2"], booked_on=None)
    assert nurse.get("/v1/visits", booked_from="2024-03-22", booked_to="2024-03-22").json["items"] == []


def test_of_several_bookings_all_are_made_or_none(patient: Patient) -> None:
    before = patient.read()["version"]
    day = {"booked_on": "2024-03-22"}
    refused(patient.send("visit_booked", visits=["imaging-w12", "haircut-w1"], **day), 422, "/visits/1")
    refused(patient.send("visit_booked", visits=["imaging-w12", "imaging-w18"], **day), 422, "/visits/1")
    refused(patient.send("visit_booked", visits=["imaging-w12"], visit="imaging-w12", **day), 422, "/visit")
    refused(patient.send("visit_booked", visits=["imaging-w12"], part=True, **day), 422, "/part")
    refused(patient.send("visit_booked", visits=[], **day), 422, "/visits")
    refused(patient.send("visit_booked", **day), 422, "/visit")
    assert patient.read()["version"] == before
