"""The audit trail: who did and saw what, when, old and new, and why."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from databases import Raw
from service import Client, Patient, Service, refused


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient of FUSCC on treatment, with a dose corrected and another voided."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    dose = patient.record("dose_recorded", dose_on="2024-01-05", status="taken")["fact"]
    better = patient.record(
        "dose_recorded", dose_on="2024-01-05", status="missed", replaces=dose["fact_id"], reason="Miscounted"
    )["fact"]
    patient.record("voided", voids=better["fact_id"], reason="Wrong patient")
    return patient


def entries(client: Client, **query: Any) -> list[dict[str, Any]]:
    """All entries that a client sees, page by page."""
    found, cursor = [], None
    while True:
        asked = {**query, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/v1/audit", **asked)
        assert answer.status_code == 200, answer.text
        found += answer.json["items"]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return found


def test_a_correction_says_old_new_and_why(patient: Patient, coordinator: Client) -> None:
    trail = entries(coordinator, patient=patient.patient_id)
    facts = [entry for entry in trail if entry["log"] == "facts"]
    assert [entry["action"] for entry in facts] == [
        "registered",
        "enrolled",
        "treatment_started",
        "dose_recorded",
        "dose_recorded",
        "voided",
    ]
    first, corrected, voided = facts[3:]
    assert (first["old"], first["why"]) == (None, None)
    assert (corrected["old"]["status"], corrected["new"]["status"]) == ("taken", "missed")
    assert (corrected["old"]["fact_id"], corrected["why"]) == (first["new"]["fact_id"], "Miscounted")
    assert (voided["old"]["fact_id"], voided["why"]) == (corrected["new"]["fact_id"], "Wrong patient")
    assert all(entry["actor"]["role"] == "nurse" and entry["actor"]["name"] == "nurse" for entry in facts)
    # Two who bear one name are told apart by their tokens.
    (actor,) = {entry["actor"]["id"] for entry in facts}
    assert actor.startswith("t-")
    assert entries(coordinator, patient=patient.patient_id, actor=actor)[: len(facts)] == facts


def test_a_correction_without_a_reason_is_refused(patient: Patient) -> None:
    """On every call that corrects: a fact that replaces, a fact that voids."""
    dose = {"dose_on": "2024-01-06", "status": "taken"}
    fact_id = patient.record("dose_recorded", **dose)["fact"]["fact_id"]
    for reason in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}):
        refused(patient.send("dose_recorded", **dose, replaces=fact_id, **reason), 422, "/reason")
        refused(patient.send("voided", voids=fact_id, **reason), 422, "/reason")


def test_facts_readings_and_refusals_stand_in_the_order_of_time(
    service: Service, patient: Patient, coordinator: Client, elsewhere: Client
) -> None:
    refused(elsewhere.get(patient.path), 404)
    patient.read("calendar")
    coordinator.post("/v1/activations", {"patient_id": patient.patient_id})
    patient.record("dose_recorded", dose_on="2024-01-07", status="taken")
    for limit in (1, 2, 7, 200):
        trail = entries(coordinator, patient=patient.patient_id, limit=limit)
        assert [entry["action"] for entry in trail][6:10] == ["refused", "read", "code_made", "dose_recorded"]
        assert all(one["at"] < other["at"] for one, other in pairwise(trail))
    assert [entry["action"] for entry in entries(coordinator, action="code_made")] == ["code_made"]
    assert {entry["action"] for entry in entries(coordinator, action="dose_recorded")} == {"dose_recorded"}


def test_a_range_is_from_included_to_excluded(patient: Patient, coordinator: Client) -> None:
    trail = [entry for entry in entries(coordinator, patient=patient.patient_id) if entry["log"] == "facts"]
    first, last = trail[1]["at"], trail[3]["at"]
    found = entries(coordinator, patient=patient.patient_id, from_=first, to=last)
    assert [entry["at"] for entry in found] == [entry["at"] for entry in trail[1:3]]
    refused(coordinator.get("/v1/audit", from_=last, to=first), 422, "/to")
    refused(coordinator.get("/v1/audit", from_="2024-01-01"), 422, "/from")


def test_whose_site_it_is_not_sees_nothing_of_it(service: Service, patient: Patient, coordinator: Client) -> None:
    coordinator.enrol(subject_number="B-1", site="BERLIN", time_zone="Europe/Berlin")
    token = service.token("monitor", ["BERLIN"])
    berlin = service.client(token)
    assert {entry["site"] for entry in entries(berlin)} == {"BERLIN"}
    assert {entry["site"] for entry in entries(berlin, site="BERLIN")} == {"BERLIN"}
    refused(berlin.get("/v1/audit", site="FUSCC"), 404)
    refused(berlin.get("/v1/audit", patient=patient.patient_id), 404)
    refused(berlin.get("/v1/audit/verify", patient=patient.patient_id), 404)
    refused(berlin.get("/v1/audit/verify"), 403)
    assert patient.patient_id not in berlin.get("/v1/audit/export").text
    # Nor what concerns all sites.
    assert "token_made" not in {entry["action"] for entry in entries(berlin)}
    assert "token_made" in {entry["action"] for entry in entries(service.client("admin"))}


def test_a_patient_who_moved_is_the_new_sites_alone(service: Service, patient: Patient, coordinator: Client) -> None:
    registered = patient.read("facts")["items"][0]
    data = {name: registered[name] for name in ("subject_number", "protocol", "sex", "time_zone")}
    mover = Patient(coordinator, patient.patient_id)
    mover.record("registered", **data, site="BERLIN", replaces=registered["fact_id"], reason="She moved.")
    berlin = service.client(service.token("monitor", ["BERLIN"]))
    shanghai = service.client(service.token("monitor", ["FUSCC"]))
    assert len(entries(berlin, patient=patient.patient_id)) > 6
    refused(shanghai.get("/v1/audit", patient=patient.patient_id), 404)
    assert patient.patient_id not in {entry["patient_id"] for entry in entries(shanghai)}


def test_a_nurse_reads_no_audit(nurse: Client) -> None:
    for path in ("/v1/audit", "/v1/audit/export", "/v1/audit/verify"):
        refused(nurse.get(path), 403)


def test_the_export_is_the_list_as_json_lines(patient: Patient, coordinator: Client) -> None:
    seen = entries(coordinator, limit=200)
    answer = coordinator.get("/v1/audit/export")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    # Looking at the list was noted meanwhile.
    assert lines[: len(seen)] == seen
    assert [line["route"] for line in lines[len(seen) :]] == ["GET /v1/audit"]


def test_the_list_as_csv(patient: Patient, coordinator: Client) -> None:
    answer = coordinator.get("/v1/audit", {"Accept": "text/csv"}, patient=patient.patient_id)
    head, first = answer.data.decode("utf-8-sig").splitlines()[:2]
    assert head.startswith("at,log,actor.id,actor.role,actor.name,action,patient_id,site,route,old,new,why")
    assert ",facts," in first


def test_verify_says_whether_the_logs_are_whole(
    service: Service, raw: Raw, patient: Patient, coordinator: Client
) -> None:
    whole = coordinator.get("/v1/audit/verify").json
    assert (whole["whole"], whole["patients"], whole["facts"], whole["wrong"]) == (True, 1, 6, [])
    assert whole["events"] > 5
    other = coordinator.enrol(subject_number="002")
    raw.unguarded()
    raw.execute("UPDATE facts SET name = 'x' WHERE patient_id = :of AND seq = 2", {"of": patient.patient_id})
    for query in ({}, {"patient": patient.patient_id}):
        checked = coordinator.get("/v1/audit/verify", **query).json
        assert not checked["whole"]
        (line,) = checked["wrong"]
        assert line.startswith(f"patient {patient.patient_id}: fact ")
        assert line.endswith("(number 2) is not what was recorded")
    assert coordinator.get("/v1/audit/verify", patient=other.patient_id).json["whole"]
