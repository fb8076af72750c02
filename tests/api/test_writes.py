"""A fact that is recorded before Flask is asked is recorded, and answered, as Flask would have."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from service import Client, Patient, Service, refused
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from scheduler_api.records import tokens, upkeep

#: Said with it, a body goes through Flask.
BY_FLASK = "application/json; charset=utf-8"
#: What differs between any two facts.
OWN = ("Content-Length", "ETag", "X-Request-ID")


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient on treatment."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


def say(patient: Patient, body: bytes, content_type: str = "application/json", **headers: str) -> TestResponse:
    headers["Content-Type"] = content_type
    return patient.client.send("POST", f"{patient.path}/facts", data=body, headers=headers)


@pytest.mark.parametrize(
    "fact",
    [
        {"kind": "dose_recorded", "dose_on": "2024-01-06", "status": "taken"},
        {"kind": "dose_recorded", "dose_on": "2024-01-06", "status": "missed", "note": "asleep"},
        {"kind": "hold_started", "from_on": "2024-01-20", "reason": "platelets"},
        {"kind": "visit_done", "series": "imaging", "done_on": "2024-02-13", "response": "PD"},
        {"kind": "treatment_ended", "last_dose_on": "2024-02-01", "decided_on": "2024-02-02", "reason": "progression"},
    ],
)
def test_a_fact_is_answered_the_same_by_either_way(nurse: Client, fact: dict[str, Any]) -> None:
    answers = []
    for number, content_type in enumerate(("application/json", BY_FLASK)):
        patient = nurse.enrol(subject_number=f"00{number}")
        patient.record("treatment_started", first_dose_on="2024-01-05")
        answers.append(say(patient, orjson.dumps(fact), content_type))
    before, after = answers
    assert before.status_code == after.status_code == 201
    documents = [answer.json for answer in answers]
    for document in documents:
        assert document["fact"].pop("fact_id")
        assert document["fact"].pop("recorded_at")
    assert documents[0] == documents[1]
    kept = [{name: value for name, value in answer.headers.items() if name not in OWN} for answer in answers]
    assert kept[0] == kept[1]
    assert before.headers["ETag"].split(".")[1] == after.headers["ETag"].split(".")[1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"kind": "dose_recorded", "dose_on": "2024-01-06", "status": "taken", "colour": 1}', 422),
        (b'{"kind": "dose_recorded", "dose_on": "2023-01-06", "status": "taken"}', 422),
        (b'{"kind": "treatment_started", "first_dose_on": "2024-01-06"}', 409),
        (b'{"kind": "dose_recorded", "kind": "dose_recorded"}', 400),
        (b"[", 400),
        (b"", 400),
        (b'{"kind": "enrolled"}', 422),
    ],
)
def test_a_refusal_is_the_same_by_either_way(service: Service, patient: Patient, body: bytes, status: int) -> None:
    known = service.record()
    before, after = say(patient, body), say(patient, body, BY_FLASK)
    assert before.status_code == after.status_code == status
    assert before.json == after.json
    assert service.record() == known


def test_conditions_keys_and_dry_runs_are_heeded(patient: Patient) -> None:
    dose = orjson.dumps({"kind": "dose_recorded", "dose_on": "2024-01-06", "status": "taken"})
    seen = patient.get("facts").headers["ETag"]
    first = say(patient, dose, **{"Idempotency-Key": "one"})
    again = say(patient, dose, **{"Idempotency-Key": "one"})
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    refused(say(patient, dose, **{"If-Match": seen}), 412)
    tried = patient.send("dose_recorded", dry_run=True, dose_on="2024-01-07", status="taken")
    assert tried.json["fact"]["fact_id"] is None
    assert len(patient.read("facts")["items"]) == 3


def test_what_a_fact_moves_is_compressed_for_who_likes_that(patient: Patient) -> None:
    ended = {
        "kind": "treatment_ended",
        "last_dose_on": "2024-02-01",
        "decided_on": "2024-02-02",
        "reason": "progression",
    }
    answer = say(patient, orjson.dumps(ended), **{"Accept-Encoding": "gzip"})
    assert answer.status_code == 201
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(("content_type", "by_flask"), [("application/json", False), (BY_FLASK, True)])
def test_flask_is_not_asked_where_nothing_but_a_fact_is_said(
    service: Service, patient: Patient, content_type: str, by_flask: bool
) -> None:
    dose = orjson.dumps({"kind": "dose_recorded", "dose_on": "2024-01-06", "status": "taken"})
    token = service.tokens["nurse"]
    answered = service.ask("POST", f"{patient.path}/facts", token, data=dose, content_type=content_type)
    assert answered == ("201 CREATED", by_flask)


def test_nobody_we_do_not_know_is_waited_for(service: Service, patient: Patient) -> None:
    class Silent:
        def read(self, *sizes: int) -> bytes:
            raise AssertionError("the body is waited for")

    for headers in ({}, {"Authorization": "Bearer nobody"}):
        builder = EnvironBuilder(
            f"{patient.path}/facts", method="POST", headers=headers, content_type="application/json", content_length=99
        )
        environ = {**builder.get_environ(), "wsgi.input": Silent(), "CONTENT_LENGTH": "99"}
        _, status, _ = run_wsgi_app(service.app, environ)
        assert status.startswith("401")


def test_who_may_not_record_is_refused_and_that_is_noted(
    service: Service, patient: Patient, elsewhere: Client, monitor: Client
) -> None:
    dose = orjson.dumps({"kind": "dose_recorded", "dose_on": "2024-01-06", "status": "taken"})
    token = tokens.create(service.store, "nurse", [], "leaver", service.clock())
    (row,) = [row for row in tokens.list_all(service.store) if row["name"] == "leaver"]
    tokens.revoke(service.store, row["token_id"], service.clock())
    for client, status in ((elsewhere, 404), (monitor, 403), (service.client(token), 401), (service.client(None), 401)):
        refused(client.send("POST", f"{patient.path}/facts", data=dose), status)
    assert len(patient.read("facts")["items"]) == 2
    events = service.store.rows("SELECT action, detail FROM audit WHERE action = 'refused'")
    assert len(events) == 4
    assert list(upkeep.verify(service.store)) == []
