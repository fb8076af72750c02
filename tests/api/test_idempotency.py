"""Idempotency-Key: a request is carried out once, however often a client that heard nothing sends it."""

from __future__ import annotations

from typing import Any

import pytest
from service import ENROLMENT, Client, Clock, Patient, Service, refused

KEY = {"Idempotency-Key": "b1f9c1de-0001"}
DOSE = {"dose_on": "2024-01-05", "status": "taken"}


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the worked examples."""
    return nurse.enrol()


def answered(answer: Any) -> tuple[Any, ...]:
    """What makes two answers the same."""
    kept = ("Content-Type", "Location", "ETag", "Cache-Control")
    return answer.status_code, answer.data, *(answer.headers.get(name) for name in kept)


def test_the_first_answer_comes_again(service: Service, patient: Patient) -> None:
    first = patient.send("dose_recorded", KEY, **DOSE)
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    patient.record("hold_started", from_on="2024-02-01")
    with service.unchanged():
        again = patient.send("dose_recorded", KEY, **DOSE)
    assert answered(again) == answered(first)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_every_post_that_records_has_it(service: Service, admin: Client) -> None:
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    site = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
    for path, body in (
        ("/v1/patients", {**ENROLMENT, "subject_number": "009"}),
        ("/v1/protocols", {**definition, "version": 2}),
        ("/v1/sites", site),
    ):
        headers = {"Idempotency-Key": path}
        first = admin.post(path, body, headers)
        assert first.status_code == 201, first.text
        with service.unchanged():
            assert answered(admin.post(path, body, headers)) == answered(first)


def test_a_retry_does_not_ask_whether_the_patient_changed(service: Service, patient: Patient) -> None:
    """It is the request's own fact that changed it."""
    headers = {**KEY, "If-Match": patient.get().headers["ETag"]}
    first = patient.send("dose_recorded", headers, **DOSE)
    with service.unchanged():
        assert answered(patient.send("dose_recorded", headers, **DOSE)) == answered(first)


def test_a_key_is_for_one_request(service: Service, patient: Patient) -> None:
    other = patient.client.enrol(subject_number="002")
    patient.send("dose_recorded", KEY, **DOSE)
    with service.unchanged():
        different = {**DOSE, "status": "missed"}
        refused(patient.send("dose_recorded", KEY, **different), 422, "/Idempotency-Key")
        refused(patient.send("dose_recorded", KEY, dry_run=True, **DOSE), 422, "/Idempotency-Key")
        refused(other.send("dose_recorded", KEY, **DOSE), 422, "/Idempotency-Key")
        enrolment = {**ENROLMENT, "subject_number": "003"}
        refused(patient.client.post("/v1/patients", enrolment, KEY), 422, "/Idempotency-Key")


def test_a_key_is_of_one_token(patient: Patient, coordinator: Client) -> None:
    first = patient.send("dose_recorded", KEY, **DOSE)
    other = Patient(coordinator, patient.patient_id).send("dose_recorded", KEY, **{**DOSE, "status": "missed"})
    assert (first.status_code, other.status_code) == (201, 201)


def test_a_key_lasts_a_day(patient: Patient, clock: Clock) -> None:
    first = patient.send("dose_recorded", KEY, **DOSE)
    clock.set("2024-02-21T03:59:00+00:00")
    assert answered(patient.send("dose_recorded", KEY, **DOSE)) == answered(first)
    clock.set("2024-02-21T04:01:00+00:00")
    later = patient.send("dose_recorded", KEY, **DOSE)
    assert later.status_code == 201
    assert later.json["fact"]["fact_id"] != first.json["fact"]["fact_id"]


def test_what_was_refused_may_be_sent_again(service: Service, patient: Patient) -> None:
    with service.unchanged():
        refused(patient.send("dose_recorded", KEY, **{**DOSE, "dose_on": "2024-02-21"}), 422, "/dose_on")
        refused(patient.send("hold_ended", KEY, resumes_on="2024-02-05"), 409, "/kind")
        refused(patient.send("dose_recorded", {**KEY, "If-Match": '"9.x.y"'}, **DOSE), 412)
        refused(Patient(patient.client, "p-none").send("dose_recorded", KEY, **DOSE), 404)
    assert patient.send("dose_recorded", KEY, **DOSE).status_code == 201


def test_a_dry_run_with_a_key_records_no_fact(service: Service, patient: Patient) -> None:
    before = service.record()
    first = patient.send("dose_recorded", KEY, dry_run=True, **DOSE)
    again = patient.send("dose_recorded", KEY, dry_run=True, **DOSE)
    assert (first.status_code, answered(again)) == (200, answered(first))
    after = service.record()
    assert {table for table in after if after[table] != before[table]} == {"idempotency"}


def test_sent_many_times_at_once(service: Service, patient: Patient) -> None:
    def send() -> Any:
        return Patient(service.client("nurse"), patient.patient_id).send("dose_recorded", KEY, **DOSE)

    answers = service.at_once(*[send] * 12)
    assert len({answered(answer) for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert len(patient.read("facts")["items"]) == 3


def test_different_bodies_at_once_with_one_key(service: Service, patient: Patient) -> None:
    def send(day: int) -> Any:
        path = Patient(service.client("nurse"), patient.patient_id)
        return path.send("dose_recorded", KEY, dose_on=f"2024-01-{day:02}", status="taken")

    answers = service.at_once(*[lambda day=day: send(day) for day in range(5, 13)])
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
    assert len(patient.read("facts")["items"]) == 3


def test_answers_are_given_to_those_who_asked_only(service: Service, patient: Patient) -> None:
    """The key of another's request neither shows its answer nor says that there is one."""
    patient.send("dose_recorded", KEY, **DOSE)
    stranger = Patient(service.client("elsewhere"), patient.patient_id)
    with service.unchanged():
        refused(stranger.send("dose_recorded", KEY, **DOSE), 404)
