"""A site stops the messages to one patient, or some kinds of them."""

from __future__ import annotations

import pytest
from phone.phones import Phone
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

from .people import planned, sent_about, ticked


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient on treatment, who recorded yesterday's dose."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    return patient


def to_patient(service: Service, patient: Patient) -> set[str]:
    """The kinds that are planned for the patient."""
    return {kind for kind, _, _ in planned(service, patient)} - {"doses_missed", "window_missed"}


def stop(patient: Patient, **stopped: object) -> None:
    """Stop messages to the patient, as the nurse."""
    answer = patient.client.send("PUT", f"{patient.path}/messages", stopped)
    assert answer.status_code == 200, answer.text
    assert answer.json == {"all": False, "kinds": [], "reason": None, **stopped}
    assert patient.read("messages") == answer.json


def test_a_kind_is_stopped_for_one_patient(service: Service, nurse: Client, patient: Patient) -> None:
    other = nurse.enrol(subject_number="002")
    other.record("treatment_started", first_dose_on="2024-01-05")
    everything = to_patient(service, patient)
    phone = Phone(service, patient)
    assert phone.read("today")["doses"][0]["remind_at"] == "2024-02-20T20:00:00+08:00"
    before = phone.get("today").headers["ETag"]
    stop(patient, kinds=["dose_due"], reason="He is an inpatient.")
    assert to_patient(service, patient) == everything - {"dose_due", "dose_again"}
    assert to_patient(service, other) == everything
    # Nor does the phone remind by itself.
    answer = phone.get("today", {"If-None-Match": before})
    assert answer.json["doses"][0]["remind_at"] is None
    # What the patient chooses later changes nothing of that.
    assert phone.send("PATCH", "reminders", {"times": ["18:00"]}).status_code == 200
    assert to_patient(service, patient) == everything - {"dose_due", "dose_again"}
    assert phone.read("reminders")["off"] == []
    assert list(maintenance.verify(service.store)) == []
    stop(patient)
    assert to_patient(service, patient) == everything


def test_all_messages_are_stopped_and_what_waits_is_withdrawn(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T20:00:03+08:00")
    assert ("dose_due", "2024-02-20") in sent_about(service, patient)
    phone = Phone(service, patient)
    assert phone.send("POST", "reminders/snooze", {"minutes": 30}).status_code == 200
    assert "dose_later" in to_patient(service, patient)
    stop(patient, all=True)
    assert to_patient(service, patient) == set()
    assert sent_about(service, patient) == []
    assert ("dose_due", "2024-02-20") in sent_about(service, patient, "withdrawn")
    # The site is told of the patient as before.
    assert {kind for kind, _, _ in planned(service, patient)} == {"doses_missed"}
    maintenance.rebuild(service.store, service.clock())
    assert to_patient(service, patient) == set()


def test_what_may_be_stopped(service: Service, patient: Patient) -> None:
    path = f"{patient.path}/messages"
    with service.unchanged():
        refused(patient.client.send("PUT", path, {"kinds": ["digest"], "all": "yes"}), 422, "/kinds/0", "/all")
        refused(patient.client.send("PUT", path, {"kinds": ["dose_due", "dose_due"]}), 422, "/kinds")


def test_what_the_site_switched_off_is_not_promised(service: Service, coordinator: Client, patient: Patient) -> None:
    phone = Phone(service, patient)
    before = phone.get("today").headers["ETag"]
    coordinator.send("PUT", "/v1/sites/FUSCC/reminders", {"off": ["dose_due"]})
    assert phone.get("today", {"If-None-Match": before}).json["doses"][0]["remind_at"] is None
