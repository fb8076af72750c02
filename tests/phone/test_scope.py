"""A patient's token reaches the patient's own data and nothing else, on every route of the contract."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api.inputs import NEW_FACT
from service import ENROLMENT, Client, Patient, Service, refused

from .phones import Phone, new_code

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: What bears its own key, or has no data, and needs no token.
OPEN = {"/v1/activate", "/v1/token", "/v1/feeds/{secret}.ics", "/v1/feeds/bookings/{secret}.ics", "/fhir/R4/metadata"}
#: What anybody may look at.
PUBLIC = {"/healthz", "/readyz", "/openapi.json", "/docs"}

NOW = "2024-02-20T12:00:00+08:00"


@pytest.fixture
def other(service: Service, nurse: Client) -> Phone:
    """The phone of another patient of the same site."""
    patient = nurse.enrol(subject_number="002-OTHER")
    patient.record("treatment_started", first_dose_on="2024-01-08")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", place="OTHER-ROOM")
    return Phone(service, patient, "OTHER-PHONE")


def routes(service: Service) -> list[tuple[str, str]]:
    """Every path of the contract and of the application, with every method it has."""
    contract = service.app.extensions["scheduler"].contract["paths"]
    found = {
        (path, method.upper()) for path, methods in contract.items() for method in methods if method != "parameters"
    }
    for rule in service.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        found |= {(path, method) for method in METHODS if method in (rule.methods or ())}
    return sorted(found)


def filled(path: str, patient: Patient, device: str) -> str:
    """A path with the ids of a patient in it."""
    values = {
        "patient_id": patient.patient_id,
        "device_id": device,
        "protocol": "nct06110650",
        "version": "1",
        "site": "FUSCC",
        "dose_id": "2024-02-19",
        "secret": "A" * 32,
        "feed_id": "k-0",
        "name": "index.html",
        "visit": "imaging-w6",
        "key": "0" * 16,
        "entry_id": f"visit_to_book.{patient.patient_id}.imaging-w6",
        "message_id": "m-0",
        "destination_id": "w-0",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


#: Bodies that a route would take, so that nothing is refused for its body alone.
BODIES: dict[str, Any] = {
    "/v1/patients": {**ENROLMENT, "subject_number": "003"},
    "/v1/patients/{patient_id}/facts": {"kind": "dose_recorded", **NEW_FACT["dose_recorded"]},
    "/v1/previews": {"protocol": "nct06110650", "patient": {}, "facts": [], "today": "2024-02-20"},
    "/v1/me/sync": {"cursor": 0, "facts": []},
    "/v1/me/doses/{dose_id}": {"status": "taken"},
    "/v1/me/reminders": {"times": ["19:00"]},
    "/v1/me/reminders/snooze": {"minutes": 10},
}


def test_a_phone_reaches_nothing_but_its_own(service: Service, phone: Phone, other: Phone) -> None:
    """Every route and method, with the ids of its own patient and of another: 401 outside `/v1/me`."""
    client = service.client(phone.access)
    walked = routes(service)
    assert len({path for path, _ in walked}) > 25
    with service.unchanged():
        for path, method in walked:
            if path.startswith("/v1/me") or path in OPEN or not path.startswith(("/v1", "/fhir")):
                continue
            for of in (phone, other):
                body = {**BODIES, "/v1/activations": {"patient_id": of.patient.patient_id}}.get(path, {})
                address = filled(path, of.patient, of.device_id)
                answer = client.send(method, address, body if method in ("POST", "PUT", "PATCH") else None)
                assert answer.status_code == 401, f"{method} {address}: {answer.status_code}"
                if method != "HEAD":
                    refused(answer, 401)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", ["nurse", "coordinator", "monitor", "admin"])
def test_staff_are_nobody_on_a_phones_routes(service: Service, phone: Phone, name: str) -> None:
    client, mine = service.client(name), [route for route in routes(service) if route[0].startswith("/v1/me")]
    assert len(mine) >= 8
    with service.unchanged():
        for path, method in mine:
            body = BODIES.get(path) if method in ("POST", "PUT") else None
            assert client.send(method, filled(path, phone.patient, phone.device_id), body).status_code == 401


def test_without_a_token_there_is_nothing(service: Service, phone: Phone) -> None:
    tokens = ["", "x", "pat_" + "A" * 43, f"{phone.access}x", phone.access[:-1], phone.access.upper(), phone.refresh]
    for path, method in routes(service):
        if not path.startswith(("/v1", "/fhir")) or path in OPEN:
            continue
        for token in tokens if path in ("/v1/me/today", "/v1/patients") else tokens[:1]:
            answer = service.client(token).send(method, filled(path, phone.patient, phone.device_id))
            assert answer.status_code == 401, f"{method} {path}"


@pytest.mark.parametrize(
    "header",
    [
        "{token}",
        "Basic {token}",
        "Bearer",
        "Bearer {token} {token}",
        "Bearer {token}, Bearer {token}",
        'Bearer "{token}"',
        "Bearer {token}\x00",
        "Bearer ' OR 1=1 --",
        "Bearer %",
        "Bearer tôken",
    ],
)
def test_what_is_no_bearer_token(service: Service, phone: Phone, header: str) -> None:
    client = service.client("")
    answer = client.get("/v1/me/today", {"Authorization": header.format(token=phone.access)})
    refused(answer, 401)
    # The scheme's name has no case.
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert client.get("/v1/me/today", {"Authorization": f"{scheme} {phone.access}"}).status_code == 200


def test_what_needs_no_token_says_nothing_of_anybody(service: Service, phone: Phone, other: Phone) -> None:
    client = service.client("")
    for path in sorted(PUBLIC):
        answer = client.get(path)
        assert answer.status_code == 200
        for word in (phone.patient.patient_id, "OTHER", other.patient.patient_id):
            assert word not in answer.text


def test_a_phones_answers_are_of_its_own_patient(service: Service, phone: Phone, other: Phone) -> None:
    """Nothing of another patient shows in any answer, whatever ids the phone puts into paths and bodies."""
    theirs = other.patient.read("facts")["items"]
    with service.unchanged():
        answers = [
            phone.get("today"),
            phone.get("calendar", from_="2024-01-01", to="2025-12-31"),
            phone.get("devices"),
            phone.send("POST", "sync", {"cursor": 0, "sent_at": NOW, "facts": []}),
            phone.send("DELETE", f"devices/{other.device_id}"),
            phone.get("calendar", patient_id=other.patient.patient_id),
            phone.get("today", {"X-Patient-ID": other.patient.patient_id}),
            phone.send(
                "PUT",
                "doses/2024-02-19",
                {"status": "missed", "said_at": NOW, "sent_at": NOW, "patient_id": other.patient.patient_id},
            ),
        ]
    answers.append(
        phone.send(
            "POST",
            "sync",
            {
                "cursor": 0,
                "sent_at": NOW,
                "facts": [
                    {
                        "client_id": theirs[-1]["fact_id"],
                        "kind": "dose_recorded",
                        "dose_id": "2024-02-19",
                        "status": "missed",
                        "said_at": "2024-02-19T20:00:00+08:00",
                        "replaces": theirs[-1]["fact_id"],
                    },
                ],
            },
        )
    )
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404, 422, 200, 422, 200]
    for answer in answers:
        for word in (other.patient.patient_id, "OTHER", *(fact["fact_id"] for fact in theirs[1:-1])):
            assert word not in answer.text
    assert other.patient.read("facts")["items"] == theirs


def test_what_a_phone_writes_is_of_its_own_patient(service: Service, phone: Phone, other: Phone) -> None:
    before = other.read("calendar")
    phone.record("2024-02-19")
    phone.sync(
        {
            "client_id": "c-0",
            "kind": "dose_taken_back",
            "dose_id": "2024-02-19",
            "said_at": "2024-02-20T11:00:00+08:00",
        }
    )
    phone.get("feed")
    phone.send("DELETE", "feed")
    assert other.read("calendar") == before
    assert [fact["recorded_by"]["role"] for fact in phone.patient.read("facts")["items"]][-1] == "patient"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/me/../patients",
        "/v1/me/%2e%2e/patients",
        "/v1/me/..%2fpatients",
        "/v1//patients",
        "//v1/patients",
        "/v1/me//patients",
        "/v1/me;/patients",
        "/v1/me/today/../../patients",
        "/V1/patients",
        "/v1/patients/",
        "/v1/me%00/../patients",
    ],
)
def test_no_way_of_writing_an_address_leads_around(service: Service, phone: Phone, path: str) -> None:
    answer = service.client(phone.access).get(path)
    assert answer.status_code in (308, 401, 404)
    assert phone.patient.patient_id not in answer.text
    if answer.status_code == 308:
        assert service.client(phone.access).get(answer.headers["Location"]).status_code == 401


def test_a_phone_sees_no_other_site_and_no_staff(service: Service, nurse: Client) -> None:
    """Nor who recorded what, nor who the staff are, nor the patient's number in the trial."""
    # A number that no id, made of random digits, can have in it.
    patient = nurse.enrol(subject_number="OWN-NUMBER")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    phone = Phone(service, patient)
    phone.patient.record("dose_recorded", dose_on="2024-02-10", status="taken")
    for answer in (
        phone.get("today"),
        phone.get("calendar"),
        phone.send("POST", "sync", {"cursor": 0, "sent_at": NOW}),
    ):
        assert answer.status_code == 200
        for word in ("nurse", "coordinator", "FUSCC", "subject_number", "OWN-NUMBER"):
            assert word not in answer.text


def test_a_code_of_another_patient_is_another_session(service: Service, phone: Phone, other: Phone) -> None:
    """Two patients who share a telephone are two sessions; ending one leaves the other."""
    second = Phone(service, other.patient, "Redmi 12")
    assert second.read("devices")["items"] != phone.read("devices")["items"]
    phone.send("DELETE", f"devices/{phone.device_id}")
    refused(phone.get("today"), 401)
    assert second.get("today").status_code == 200
    assert new_code(phone.patient)
