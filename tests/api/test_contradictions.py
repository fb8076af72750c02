"""What is possible by itself, but not with what is on record: 409, and nothing recorded."""

from __future__ import annotations

from typing import Any

import pytest
from service import REGISTERED, Client, Patient, Service, refused

from .inputs import NEW_FACT


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the worked examples."""
    return nurse.enrol()


@pytest.mark.parametrize(
    ("recorded", "kind", "data", "pointer"),
    [
        ([], "hold_ended", {}, "/kind"),
        ([("hold_started", {"resumes_on": "2024-02-05"})], "hold_ended", {}, "/kind"),
        ([("hold_started", {})], "hold_started", {"from_on": "2024-02-10"}, "/from_on"),
        ([("hold_started", {})], "hold_started", {"resumes_on": "2024-02-03"}, "/from_on"),
        ([("hold_started", {})], "hold_started", {"from_on": "2024-01-10"}, "/from_on"),
        (
            [("hold_started", {"resumes_on": "2024-02-08"})],
            "hold_started",
            {"from_on": "2024-01-20", "resumes_on": "2024-02-02"},
            "/from_on",
        ),
        ([("treatment_started", {})], "treatment_started", {"first_dose_on": "2024-01-06"}, "/kind"),
        ([("treatment_ended", {})], "treatment_ended", {}, "/kind"),
        ([("study_ended", {})], "study_ended", {}, "/kind"),
    ],
    ids=str,
)
def test_it_contradicts_the_record(
    service: Service,
    patient: Patient,
    recorded: list[tuple[str, dict[str, Any]]],
    kind: str,
    data: dict[str, Any],
    pointer: str,
) -> None:
    for known, other in recorded:
        patient.record(known, **{**NEW_FACT[known], **other})
    with service.unchanged():
        refused(patient.send(kind, **{**NEW_FACT[kind], **data}), 409, pointer)
        refused(patient.send(kind, **{**NEW_FACT[kind], **data}, dry_run=True), 409, pointer)


def test_a_fact_no_longer_standing_cannot_be_corrected_again(service: Service, patient: Patient) -> None:
    first = patient.record("dose_recorded", **NEW_FACT["dose_recorded"])["fact"]["fact_id"]
    voided = patient.record("voided", voids=first, reason="never happened")["fact"]["fact_id"]
    with service.unchanged():
        again = {"voids": first, "reason": "once more"}
        refused(patient.send("voided", **again), 409, "/voids")
        correction = {**NEW_FACT["dose_recorded"], "replaces": first, "reason": "typing error"}
        refused(patient.send("dose_recorded", **correction), 409, "/replaces")
        refused(patient.send("voided", voids=voided, reason="was right after all"), 422, "/voids")


def test_a_correction_is_of_the_same_kind_and_says_why(service: Service, patient: Patient) -> None:
    fact_id = patient.record("hold_started", **NEW_FACT["hold_started"])["fact"]["fact_id"]
    with service.unchanged():
        dose = {**NEW_FACT["dose_recorded"], "replaces": fact_id, "reason": "typing error"}
        refused(patient.send("dose_recorded", **dose), 422, "/replaces")
        refused(patient.send("hold_started", from_on="2024-02-02", replaces=fact_id), 422, "/correction_reason")
        refused(patient.send("voided", voids=fact_id, reason="  "), 422, "/reason")


def test_a_fact_of_another_patient_is_none_of_this_ones(service: Service, patient: Patient) -> None:
    other = patient.client.enrol(subject_number="002")
    fact_id = other.record("dose_recorded", **NEW_FACT["dose_recorded"])["fact"]["fact_id"]
    with service.unchanged():
        refused(patient.send("voided", voids=fact_id, reason="never happened"), 422, "/voids")


def test_a_correction_cannot_take_the_number_of_another(service: Service, patient: Patient) -> None:
    patient.client.enrol(subject_number="002")
    fact_id, enrolment = [fact["fact_id"] for fact in patient.read("facts")["items"]]
    body = {**REGISTERED, "replaces": fact_id, "reason": "typo"}
    late = {"enrolled_on": "2024-01-06", "replaces": enrolment, "reason": "typo"}
    patient.record("dose_recorded", **NEW_FACT["dose_recorded"])
    with service.unchanged():
        refused(patient.send("registered", **{**body, "subject_number": "002"}), 409, "/subject_number")
        refused(patient.send("registered", **{**body, "site": "BERLIN"}), 422, "/site")
        refused(patient.send("enrolled", **late), 422, "/enrolled_on")
        refused(patient.send("registered", **{**body, "protocol": {"id": "other", "version": 1}}), 422, "/protocol")
        refused(patient.send("registered", **{**body, "replaces": None}), 409, "/kind")
        refused(patient.send("enrolled", **{**late, "replaces": None}), 409, "/kind")
        for fact in (fact_id, enrolment):
            refused(patient.send("voided", voids=fact, reason="never came"), 422, "/voids")


def test_today_is_the_patients_own(service: Service, nurse: Client) -> None:
    """At 17:00 UTC it is the 21st in Shanghai already, and the 20th in Honolulu."""
    service.clock.set("2024-02-20T17:00:00+00:00")
    patient = nurse.enrol(time_zone="Pacific/Honolulu")
    with service.unchanged():
        refused(patient.send("dose_recorded", dose_on="2024-02-21", status="taken"), 422, "/dose_on")
    patient.record("time_zone_changed", time_zone="Asia/Shanghai")
    patient.record("dose_recorded", dose_on="2024-02-21", status="taken")
    with service.unchanged():
        refused(patient.send("dose_recorded", dose_on="2024-02-22", status="taken"), 422, "/dose_on")
