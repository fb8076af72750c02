"""Another version of the protocol for many patients: each by itself, in portions, and again without harm."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service, refused
from stories import amended

PATH = "/v1/protocols/nct06110650/versions/2/apply"
APRIL = {"from_on": "2024-04-01", "reason": "Amendment 1"}


@pytest.fixture
def patients(service: Service, admin: Client, coordinator: Client) -> list[Patient]:
    """Five patients of FUSCC and one of BERLIN, and a second version, which both approved: imaging every 8 weeks."""
    found = [coordinator.enrol(subject_number=f"00{number}") for number in range(5)]
    found.append(coordinator.enrol(subject_number="B-1", site="BERLIN", time_zone="Europe/Berlin"))
    second, _ = amended(admin.get("/v1/protocols/nct06110650/versions/1").json)
    assert admin.post("/v1/protocols", second).status_code == 201
    admin.approve()
    return found


def apply(client: Client, body: dict[str, Any], **query: Any) -> dict[str, Any]:
    """Apply version 2; what was answered."""
    answer = client.post(PATH, {**APRIL, **body}, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    """Outcome by subject number."""
    return {item["subject_number"]: item["outcome"] for item in answer["items"]}


def test_to_chosen_patients_once(nurse: Client, patients: list[Patient]) -> None:
    chosen = {"patients": [patients[2].patient_id, patients[0].patient_id]}
    first = apply(nurse, chosen)
    assert outcomes(first) == {"002": "applied", "000": "applied"}
    fact = patients[0].read("facts")["items"][-1]
    assert (fact["fact_id"], fact["kind"], fact["version"], fact["from_on"], fact["reason"]) == (
        first["items"][1]["fact_id"],
        "protocol_amended",
        2,
        "2024-04-01",
        "Amendment 1",
    )
    with_more = {"patients": [patient.patient_id for patient in patients[:3]]}
    again = apply(nurse, with_more)
    assert again["counts"] == {"applied": 1, "already": 2, "refused": 0}
    assert outcomes(again) == {"000": "already", "001": "applied", "002": "already"}
    assert [len(patient.read("facts")["items"]) for patient in patients] == [3, 3, 3, 2, 2, 2]


def test_a_dry_run_lists_every_patients_consequences_and_records_nothing(
    service: Service, nurse: Client, patients: list[Patient]
) -> None:
    """Week 12 (2024-03-27) stays; from April on there are weeks 16 (2024-04-24), 24 ... instead of 18, 24 ..."""
    with service.unchanged():
        dry = apply(nurse, {"site": "FUSCC"}, dry_run="true")
    assert outcomes(dry) == {f"00{number}": "applied" for number in range(5)}
    for item in dry["items"]:
        moved = {one["what"]: one for one in item["consequences"]}
        assert moved["visit imaging-w16"]["before"] is None
        assert moved["visit imaging-w18"]["after"] is None
        assert "visit imaging-w12" not in moved
        assert (item["fact_id"], item["warnings"]) == (None, [])
    real = apply(nurse, {"site": "FUSCC"})
    assert [item["consequences"] for item in real["items"]] == [item["consequences"] for item in dry["items"]]


def test_a_pause_that_it_makes_is_told_of_each_patient(nurse: Client, patients: list[Patient]) -> None:
    """From March on there is no week 12 (2024-03-27) any more, and week 8 (2024-02-28) was before."""
    chosen = {"patients": [patient.patient_id for patient in patients[:2]], "from_on": "2024-03-01"}
    for item in [*apply(nurse, chosen, dry_run="true")["items"], *apply(nurse, chosen)["items"]]:
        (warning,) = item["warnings"]
        assert (warning["code"], warning["detail"]) == (
            "longer_gap",
            "imaging-w16 on 2024-04-24 comes 70 days after 2024-02-14, later than by either version alone",
        )


def test_a_site_goes_by_in_portions_and_can_be_taken_up_again(nurse: Client, patients: list[Patient]) -> None:
    seen, left, cursor = [], [], {}
    while True:
        answer = apply(nurse, {"site": "FUSCC"}, limit=2, **cursor)
        seen += [item["subject_number"] for item in answer["items"]]
        left.append(answer["left"])
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert (seen, left) == (["000", "001", "002", "003", "004"], [3, 1, 0])
    again = apply(nurse, {"site": "FUSCC"})
    assert again["counts"] == {"applied": 0, "already": 5, "refused": 0}


def test_one_that_is_refused_keeps_nobody_else_from_it(nurse: Client, patients: list[Patient]) -> None:
    """Patient 001 enrolled on 2024-02-10: an amendment from a year before is too early."""
    late = patients[1]
    enrolment = late.read("facts")["items"][1]
    late.record("enrolled", enrolled_on="2024-02-10", replaces=enrolment["fact_id"], reason="typing error")
    answer = apply(nurse, {"site": "FUSCC", "from_on": "2023-02-01"})
    assert answer["counts"] == {"applied": 4, "already": 0, "refused": 1}
    (item,) = [item for item in answer["items"] if item["outcome"] == "refused"]
    assert item["subject_number"] == "001"
    assert (item["problem"]["status"], item["problem"]["errors"][0]["pointer"]) == (422, "/from_on")


def test_sites_and_roles(service: Service, patients: list[Patient], elsewhere: Client, monitor: Client) -> None:
    with service.unchanged():
        refused(monitor.post(PATH, {**APRIL, "site": "FUSCC"}), 403)
        refused(elsewhere.post(PATH, {**APRIL, "site": "FUSCC"}), 404)
        mixed = [patients[5].patient_id, patients[0].patient_id]
        refused(elsewhere.post(PATH, {**APRIL, "patients": mixed}), 404)
    assert outcomes(apply(elsewhere, {"site": "BERLIN"})) == {"B-1": "applied"}
    assert [len(patient.read("facts")["items"]) for patient in patients] == [2, 2, 2, 2, 2, 3]


def test_every_bad_field_is_named(service: Service, admin: Client, nurse: Client, patients: list[Patient]) -> None:
    other = {**admin.get("/v1/protocols/nct06110650/versions/1").json, "id": "other", "sources": {}}
    assert admin.post("/v1/protocols", other).status_code == 201
    stranger = admin.enrol(subject_number="100", protocol="other")
    with service.unchanged():
        refused(nurse.post(PATH, {"from_on": "soon", "whom": 1}), 422, "/from_on", "/whom")
        refused(nurse.post(PATH, APRIL), 422, "/patients")
        both = {**APRIL, "site": "FUSCC", "patients": [patients[0].patient_id]}
        refused(nurse.post(PATH, both), 422, "/patients")
        refused(nurse.post(PATH, {**APRIL, "patients": [patients[0].patient_id] * 2}), 422, "/patients")
        refused(nurse.post(PATH, {**APRIL, "patients": []}), 422, "/patients")
        refused(nurse.post(PATH, {**APRIL, "site": "FUSCC"}, limit=0, cursor="x"), 422, "/limit")
        refused(nurse.post(PATH, {**APRIL, "site": "FUSCC"}, cursor="x"), 422, "/cursor")
        chosen = [patients[0].patient_id, stranger.patient_id]
        refused(nurse.post(PATH, {**APRIL, "patients": chosen}), 422, "/patients/1")
        refused(nurse.post(PATH.replace("/2/", "/9/"), {**APRIL, "site": "FUSCC"}), 404)
        refused(nurse.post(PATH.replace("nct06110650", "nothing"), {**APRIL, "site": "FUSCC"}), 404)


def test_a_visit_that_is_left_out_is_told_until_somebody_has_seen_it(
    service: Service, admin: Client, coordinator: Client
) -> None:
    """From 2024-02-16 imaging is every 7 weeks: week 7 (2024-02-21) lies in the window of week 6, still to be done."""
    first = admin.get("/v1/protocols/nct06110650/versions/1").json
    imaging, contraception = first["visits"]
    second = {**first, "version": 2, "visits": [{**imaging, "every": {"weeks": 7}}, contraception], "sources": {}}
    patient = coordinator.enrol()
    assert admin.post("/v1/protocols", second).status_code == 201
    admin.approve()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    service.clock.set("2024-02-15T12:00:00+08:00")
    patient.record("protocol_amended", version=2, from_on="2024-02-16")

    def told(**query: str) -> list[dict[str, Any]]:
        items = coordinator.get("/v1/worklist", **query).json["items"]
        return [item for item in items if item["kind"] == "visit_dropped"]

    (entry,) = told()
    assert (entry["visit"], entry["label"], entry["urgency"]) == ("imaging-w7", "Week 7 tumour imaging", "routine")
    path = f"/v1/worklist/{entry['entry_id']}/acknowledgement"
    refused(coordinator.send("PUT", path, {"note": "Seen", "until": "2024-03-01"}), 422, "/until")
    assert coordinator.send("PUT", path, {"note": "Seen", "until": None}).status_code == 200
    service.clock.set("2024-04-10T12:00:00+08:00")
    assert told() == []
    assert [shown["acknowledged"]["note"] for shown in told(acknowledged="include")] == ["Seen"]
