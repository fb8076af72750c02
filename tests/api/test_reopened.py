"""A patient whose treatment was ended crosses over to the other drug, over the API: facts, lists, worklist, export."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

from .test_sdtm import exported

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")


def definition() -> dict[str, Any]:
    """A trial of placebo until progression, then perhaps of the drug for two cycles; a visit 30 days after the last."""

    def regimen(name: str, **fields: Any) -> dict[str, Any]:
        dose = {"amount": 10, "unit": "mg"}
        return {"id": name, "drug": name, "route": "oral", "dose": dose, "cycle_days": 21, **fields}

    safety = {"series": "safety", "label": "Safety", "anchor": "last_dose", "first": {"days": 30}}
    return {
        "id": "crossing-over",
        "version": 1,
        "milestones": [{"id": "crossover", "label": "Crossover"}],
        "regimens": [regimen("placebo"), regimen("anlotinib", starts={"milestone": "crossover"}, cycles=2)],
        "visits": [{**safety, "window": {"before_days": 7, "after_days": 7}}],
        "contraception": [{"after_last_dose": {"days": 90}}],
    }


@pytest.fixture
def patient(service: Service, admin: Client, nurse: Client) -> Patient:
    """A patient who took placebo from 2024-01-05 through 2024-05-10; today is 2024-06-20."""
    service.clock.set("2024-06-20T12:00:00+08:00")
    assert admin.post("/v1/protocols", definition()).status_code == 201
    patient = nurse.enrol(protocol="crossing-over")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("progressed", progressed_on="2024-05-14", basis="clinical")
    patient.record("treatment_ended", **end("2024-05-10", "2024-05-20", "progression"))
    return patient


def end(last_dose_on: str, decided_on: str, reason: str) -> dict[str, Any]:
    return {"last_dose_on": last_dose_on, "decided_on": decided_on, "reason": reason}


def in_lists(patient: Patient, status: str) -> bool:
    """Return whether the patient is listed with a status."""
    items = patient.client.get("/v1/patients", status=status).json["items"]
    return patient.patient_id in [item["patient_id"] for item in items]


def to_do(patient: Patient) -> list[str]:
    items = patient.client.get("/v1/worklist", limit=200).json["items"]
    return [item["kind"] for item in items if item["patient_id"] == patient.patient_id]


def test_treatment_goes_on_and_is_ended_once_more(service: Service, monitor: Client, patient: Patient) -> None:
    assert (patient.read()["status"], in_lists(patient, "follow_up")) == ("follow_up", True)
    refusal = refused(patient.send("treatment_ended", **end("2024-06-19", "2024-06-19", "other")), 409, "/kind")
    assert refusal["errors"][0]["code"] == "on_record"

    answer = patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    moved = {row["what"]: (row["after"], row["because"]) for row in answer["consequences"]}
    reopened = "treatment was reopened: anlotinib starts on 2024-06-03"
    assert moved["status"] == ({"status": "on_treatment"}, reopened)
    assert moved["visit safety"] == (None, reopened)
    assert moved["cycle 1 of anlotinib"][0] == {
        **{"starts_on": "2024-06-03", "ends_on": "2024-06-23", "provisional": False},
    }
    assert moved["contraception"][0] is not None
    assert (moved["contraception"][0]["through_on"], moved["contraception"][0]["earliest_through_on"]) == (
        *(None, "2024-09-18"),
    )
    assert (patient.read()["status"], in_lists(patient, "on_treatment")) == ("on_treatment", True)
    seen = patient.read("calendar")
    assert seen["treatment"]["ended"] is None
    assert [dose["drug"] for dose in seen["doses"]][-1] == "anlotinib"
    # Every planned day since was missed or not recorded, and the end is not asked for yet.
    assert to_do(patient) == ["doses_not_taken"]
    assert [*maintenance.verify(service.store)] == []

    service.clock.set("2024-07-15T12:00:00+08:00")
    assert "treatment_to_end" in to_do(patient)
    second = patient.record("treatment_ended", **end("2024-07-14", "2024-07-15", "completed"))
    moved = {row["what"]: (row["after"], row["because"]) for row in second["consequences"]}
    assert moved["visit safety"][0] is not None
    assert moved["visit safety"][0]["target_on"] == "2024-08-13"
    assert patient.read("calendar")["contraception"]["through_on"] == "2024-10-12"
    assert (patient.read()["status"], in_lists(patient, "follow_up")) == ("follow_up", True)
    events = [one for one in exported(monitor, "crossing-over")["DS"] if one["DSCAT"] == "DISPOSITION EVENT"]
    assert [(one["DSSCAT"], one["DSDECOD"], one["DSSTDTC"]) for one in events] == [
        ("STUDY TREATMENT", "PROGRESSIVE DISEASE", "2024-05-20"),
        ("STUDY TREATMENT", "COMPLETED", "2024-07-15"),
    ]
    assert [*maintenance.verify(service.store)] == []
    maintenance.rebuild(service.store, service.clock.now)
    assert (patient.read()["status"], in_lists(patient, "follow_up")) == ("follow_up", True)


def test_a_crossover_that_was_announced_is_confirmed_or_voided(service: Service, patient: Patient) -> None:
    patient.record("milestone_reached", milestone="crossover", on="2024-06-24")
    assert to_do(patient) == []
    service.clock.set("2024-06-24T08:00:00+08:00")
    (entry,) = patient.client.get("/v1/worklist").json["items"]
    assert (entry["kind"], entry["due_on"], entry["urgency"]) == ("milestone_unconfirmed", "2024-06-24", "now")
    confirm, void = entry["resolve_with"]
    for call in (void, confirm):
        assert call["needs"] == ["reason"]
        body = {**call["body"], "reason": "asked"}
        dry_run = patient.client.send(call["method"], call["path"], body, query={"dry_run": "true"})
        assert dry_run.status_code == 200
    answer = patient.client.send(confirm["method"], confirm["path"], {**confirm["body"], "reason": "it took place"})
    assert answer.status_code == 201
    assert (to_do(patient), patient.read()["status"]) == ([], "on_treatment")
    assert [*maintenance.verify(service.store)] == []


def test_an_end_of_the_month_of_the_crossover_came_first_if_its_last_dose_did(
    service: Service, nurse: Client, patient: Patient
) -> None:
    other = nurse.enrol(subject_number="002", protocol="crossing-over")
    other.record("treatment_started", first_dose_on="2024-01-05")
    other.record("milestone_reached", milestone="crossover", on="2024-06-10")
    assert other.read()["status"] == "on_treatment"
    other.record("treatment_ended", **end("2024-06-05", "2024-06", "progression"))
    assert (other.read()["status"], in_lists(other, "on_treatment")) == ("on_treatment", True)
    assert other.read("calendar")["treatment"]["ended"] is None
    second = other.record("treatment_ended", **end("2024-06-18", "2024-06-19", "intolerance"))
    assert {row["what"]: row["after"] for row in second["consequences"]}["status"] == {"status": "follow_up"}
    assert other.read("calendar")["treatment"]["ended"]["decided_on"] == "2024-06-19"
    assert [*maintenance.verify(service.store)] == []
