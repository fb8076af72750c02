"""Who may see and do what: roles, sites, and every address of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from service import ENROLMENT, REGISTERED, Client, Patient, Service, refused
from usdm_files import study

from scheduler_api.interop.fhir.appointment import appointment_key
from scheduler_api.use_cases.auth import tokens

from .inputs import NEW_FACT

#: What all who record may call, by the last part of the address.
RECORDS = {"patients", "facts", "previews", "activations", "apply", "resend", "feeds"}


@pytest.fixture
def patient(patient: Patient) -> Patient:
    """Return that patient, with a booked visit."""
    patient.record("visit_booked", visit="imaging-w18", booked_on="2024-05-08")
    return patient


def addresses(service: Service, patient: Patient) -> Iterator[tuple[str, str, Any]]:
    """Every method and address of the contract that is for staff, with a body that would do."""
    values = {
        "patient_id": patient.patient_id,
        "site": "FUSCC",
        "protocol": "nct06110650",
        "version": "1",
        "device_id": "d-none",
        "visit": "imaging-w12",
        "destination_id": "e-none",
        "message_id": "m-none",
        "feed_id": "k-none",
        "key": appointment_key("imaging-w18"),
        "entry_id": f"visit_to_book.{patient.patient_id}.imaging-w6",
    }
    enrolment = {**ENROLMENT, "subject_number": "099"}
    bodies = {
        "/v1/patients": enrolment,
        "/v1/patients/{patient_id}/facts": {"kind": "dose_recorded", **NEW_FACT["dose_recorded"]},
        "/v1/previews": {
            "protocol": "nct06110650",
            "patient": {name: value for name, value in enrolment.items() if name != "protocol"},
            "today": "2024-02-20",
        },
        "/v1/protocols": {**service.client("admin").get("/v1/protocols/nct06110650/versions/1").json, "version": 2},
        "/v1/protocols/import": {"document": study("loop")},
        "/v1/protocols/{protocol}/versions/{version}/apply": {"site": "FUSCC", "from_on": "2024-03-01"},
        "/v1/activations": {"patient_id": patient.patient_id},
        "/v1/activations/unblock": {"address": "203.0.113.5"},
        "/v1/sites": {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"},
        "/v1/sites/{site}/reminders": {"digest": "07:30"},
        "/v1/sites/{site}/calendar": {"opening_days": ["monday"]},
        "/v1/sites/{site}/approvals": {"protocol": "nct06110650", "version": 1, "approved_on": "2024-02-01"},
        "/v1/sites/{site}/contact": {"name": "Nurse Wang", "phone": "+86 21 6417 5590"},
        "/v1/patients/{patient_id}/messages": {"all": True, "reason": "The patient asked for it."},
        "/v1/patients/{patient_id}/visits/{visit}/booking": {"booked_on": "2024-02-21"},
        "/v1/patients/{patient_id}/visits/{visit}/result": {"done_on": "2024-02-20", "response": "SD"},
        "/v1/sites/{site}/feeds": {"visit_names": True},
        "/v1/sites/{site}/destinations": {"channel": "log", "audience": "site"},
        "/v1/reminders/{message_id}/resend": None,
        "/v1/worklist/{entry_id}/acknowledgement": {"note": "She will call.", "until": "2024-02-23"},
    }
    paths = service.client("nobody").get("/openapi.json").json["paths"]
    for path, operations in paths.items():
        for method in operations.keys() & {"get", "post", "put", "delete", "patch"}:
            # No security: what leads to a token, or is one. `/v1/me`: a patient's own.
            is_for_staff = path.startswith(("/v1/", "/fhir/")) and not path.startswith("/v1/me/")
            if is_for_staff and "security" not in operations[method]:
                address = re.sub(r"\{(\w+)\}", lambda name: values[name[1]], path)
                yield method.upper(), address, bodies[path] if method in ("post", "put") else None


def test_nothing_without_a_token(service: Service, patient: Patient) -> None:
    known = list(addresses(service, patient))
    assert len(known) >= 16
    with service.unchanged():
        for method, path, body in known:
            for headers in ({}, {"Authorization": "Bearer sch_nobody"}):
                answer = Client(service.app, None).send(method, path, body, headers=headers)
                refused(answer, 401)
                assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_nothing_with_a_token_that_was_revoked(service: Service, patient: Patient) -> None:
    token = tokens.create(service.store, "admin", [], "leaver", service.clock())
    (row,) = [row for row in tokens.list_all(service.store) if row["name"] == "leaver"]
    assert service.client(token).get("/v1/patients").status_code == 200
    tokens.revoke(service.store, row["token_id"], service.clock())
    for method, path, body in addresses(service, patient):
        refused(service.client(token).send(method, path, body), 401)


def test_a_patient_of_another_site_is_not_there(service: Service, patient: Patient, elsewhere: Client) -> None:
    """Not a word of FUSCC's patients reaches BERLIN, by any address; what is asked by name is 404."""
    seen = []
    with service.unchanged():
        for method, path, body in addresses(service, patient):
            if method == "POST" and path == "/v1/previews":
                continue
            answer = elsewhere.send(method, path, body)
            seen.append(answer.status_code)
            if patient.patient_id in path or path in ("/v1/sites/FUSCC", "/v1/activations"):
                refused(answer, 404)
            assert patient.patient_id not in answer.text
            assert '"subject_number":"001"' not in answer.text
            assert "FUSCC" not in answer.text
    assert seen.count(404) >= 7
    assert elsewhere.get("/v1/visits", patient=patient.patient_id).json["items"] == []
    refused(elsewhere.get("/v1/visits", site="FUSCC"), 404)
    refused(elsewhere.get("/v1/patients", site="FUSCC"), 404)


def test_what_is_not_there_and_what_is_anothers_cannot_be_told_apart(patient: Patient, elsewhere: Client) -> None:
    unknown = Patient(elsewhere, "p-" + "0" * 16)
    theirs = Patient(elsewhere, patient.patient_id)
    for part in ("", "calendar", "facts", "adherence", "deviations"):
        assert theirs.get(part).json == unknown.get(part).json
    for kind in NEW_FACT:
        assert theirs.send(kind, **NEW_FACT[kind]).json == unknown.send(kind, **NEW_FACT[kind]).json
    mine = elsewhere.enrol(site="BERLIN", subject_number="B-1", time_zone="Europe/Berlin")
    for site in ("FUSCC", "NOWHERE"):
        body = {**ENROLMENT, "subject_number": "B-2", "site": site}
        assert refused(elsewhere.post("/v1/patients", body), 422, "/site")["detail"] == "No such site."
    fact_id = mine.read("facts")["items"][0]["fact_id"]
    moved = {**REGISTERED, "replaces": fact_id, "reason": "moved"}
    refused(mine.send("registered", **moved), 422, "/site")


def test_a_patient_moves_to_another_site_with_all_that_is_hers(
    coordinator: Client, nurse: Client, elsewhere: Client
) -> None:
    patient = coordinator.enrol()
    assert nurse.get(patient.path).status_code == 200
    fact_id = patient.read("facts")["items"][0]["fact_id"]
    data = {**REGISTERED, "site": "BERLIN"}
    patient.record("registered", **data, replaces=fact_id, reason="She moved.")
    refused(nurse.get(patient.path), 404)
    for path in ("/v1/visits", "/v1/patients"):
        assert nurse.get(path).json["items"] == []
        assert {item["patient_id"] for item in elsewhere.get(path).json["items"]} == {patient.patient_id}
        assert {item["site"] for item in elsewhere.get(path).json["items"]} == {"BERLIN"}


def test_a_monitor_reads_everything_and_records_nothing(service: Service, patient: Patient, monitor: Client) -> None:
    with service.unchanged():
        for method, path, body in addresses(service, patient):
            answer = monitor.send(method, path, body)
            if method == "GET" or path == "/v1/previews":
                assert answer.status_code == 200, answer.text
            else:
                refused(answer, 403)
        for kind, data in NEW_FACT.items():
            refused(Patient(monitor, patient.patient_id).send(kind, **data), 403)
            refused(Patient(monitor, patient.patient_id).send(kind, dry_run=True, **data), 403)


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("nurse", RECORDS),
        ("coordinator", RECORDS | {"approvals", "calendar", "contact", "reminders", "destinations"}),
        (
            "admin",
            RECORDS
            | {"approvals", "calendar", "contact", "reminders", "destinations"}
            | {"protocols", "import", "sites", "unblock"},
        ),
    ],
)
def test_what_each_role_may_do(service: Service, patient: Patient, name: str, may: set[str]) -> None:
    for method, path, body in addresses(service, patient):
        answer = service.client(name).send(method, path, body)
        part = path.split("/")[-1]
        if (name == "nurse" and path.startswith(("/v1/audit", "/v1/exports"))) or (
            (method == "POST" or (method == "PUT" and part in ("calendar", "contact", "reminders"))) and part not in may
        ):
            refused(answer, 403)
        elif "-none" not in path:
            assert answer.status_code in (200, 201, 204), answer.text


def test_a_nurse_of_two_sites_sees_both_and_no_third(service: Service, coordinator: Client) -> None:
    site = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
    assert service.client("admin").post("/v1/sites", site).status_code == 201
    for number, place in enumerate(("FUSCC", "BERLIN", "PARIS")):
        coordinator.enrol(subject_number=f"00{number}", site=place)
    both = service.client(tokens.create(service.store, "nurse", ["FUSCC", "PARIS"], None, service.clock()))
    for path in ("/v1/patients", "/v1/visits", "/v1/sites"):
        assert {item["site"] for item in both.get(path).json["items"]} == {"FUSCC", "PARIS"}
    assert {item["site"] for item in both.get("/v1/visits", site="PARIS").json["items"]} == {"PARIS"}


def test_recorded_by_is_the_token_and_cannot_be_said(patient: Patient, coordinator: Client) -> None:
    refused(
        patient.send("dose_recorded", **NEW_FACT["dose_recorded"], recorded_by={"role": "admin"}), 422, "/recorded_by"
    )
    Patient(coordinator, patient.patient_id).record("dose_recorded", **NEW_FACT["dose_recorded"])
    recorded = [fact["recorded_by"] for fact in patient.read("facts")["items"]]
    nurse = {"role": "nurse", "name": "nurse"}
    assert recorded == [nurse] * 4 + [{"role": "coordinator", "name": "coordinator"}]
