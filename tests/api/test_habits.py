"""What holds for every address: methods, problems, headers, request ids, and what the logs say."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import requests
from service import ENROLMENT, Client, Patient, Server, Service, refused

from scheduler_api import logs

ADDRESSES = {
    "/v1/patients": {"GET", "HEAD", "OPTIONS", "POST"},
    "/v1/patients/{patient}": {"GET", "HEAD", "OPTIONS"},
    "/v1/patients/{patient}/calendar": {"GET", "HEAD", "OPTIONS"},
    "/v1/patients/{patient}/facts": {"GET", "HEAD", "OPTIONS", "POST"},
    "/v1/visits": {"GET", "HEAD", "OPTIONS"},
    "/v1/previews": {"OPTIONS", "POST"},
    "/v1/protocols": {"GET", "HEAD", "OPTIONS", "POST"},
    "/v1/sites/FUSCC": {"GET", "HEAD", "OPTIONS"},
}


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the worked examples."""
    return nurse.enrol()


def allowed(answer: Any) -> set[str]:
    """The methods that `Allow` names."""
    return set(answer.headers["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize(("path", "methods"), ADDRESSES.items())
def test_a_method_that_is_none_is_told_which_there_are(patient: Patient, path: str, methods: set[str]) -> None:
    path = path.format(patient=patient.patient_id)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods:
        answer = patient.client.send(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
        refused(answer, 405)
        assert allowed(answer) == methods
    answer = patient.client.send("OPTIONS", path)
    assert (answer.status_code, allowed(answer)) == (200, methods)


@pytest.mark.parametrize("path", [path for path, methods in ADDRESSES.items() if "GET" in methods])
def test_head_is_get_without_a_body(patient: Patient, path: str) -> None:
    path = path.format(patient=patient.patient_id)
    get, head = patient.client.send("GET", path), patient.client.send("HEAD", path)
    assert (head.status_code, head.data) == (get.status_code, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers.get(name) == get.headers.get(name)


def test_every_answer_has_a_request_id_of_its_own(patient: Patient, service: Service) -> None:
    answers = [patient.get("calendar"), patient.get("nothing"), patient.send("born")]
    answers += [
        Client(service.app, None).get(path) for path in ("/healthz", "/docs", "/openapi.json", "/v1/sites", "/nothing")
    ]
    assert {answer.status_code for answer in answers} == {200, 401, 404, 422}
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", True),
        ("short", False),
        ("x" * 65, False),
        ('","patient":"001', False),
        ("schlüssel-länge", False),
        ("a b c d e f g h", False),
    ],
)
def test_a_request_id_that_was_sent_is_kept(nurse: Client, sent: str, kept: bool) -> None:
    assert (nurse.get("/v1/sites", {"X-Request-ID": sent}).headers["X-Request-ID"] == sent) == kept


def test_answers_about_patients_are_kept_by_nobody_else(patient: Patient) -> None:
    answers = [patient.get(part) for part in ("", "calendar", "facts", "adherence", "deviations")]
    answers += [patient.client.get(path) for path in ("/v1/patients", "/v1/visits")]
    answers += [patient.send("dose_recorded", dose_on="2024-01-05", status="taken")]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_a_problem_says_what_happened_in_words(patient: Patient) -> None:
    answer = patient.send("visit_done", series="haircut", done_on="2024-02-30", response="stable disease")
    problem = refused(answer, 422, "/done_on", "/response")
    assert problem["type"] == "urn:scheduler-api:impossible"
    for error in problem["errors"]:
        assert error["detail"][0].isupper()
        assert error["detail"].endswith(".")
    problem = refused(patient.get("nothing"), 404)
    assert problem["type"] == "urn:scheduler-api:not-found"


def test_text_comes_back_as_it_was_sent(patient: Patient) -> None:
    note = "恶心，呕吐 🤢 — Übelkeit\n\t2×: “quoted” <b>&amp;</b> \\u0000 é"
    patient.record("dose_recorded", dose_on="2024-01-05", status="taken", note=note)
    answer = patient.get("facts")
    assert answer.json["items"][-1]["note"] == note
    assert "恶心" in answer.data.decode("utf-8")


class TestLogs:
    """A line for each request: enough to find it, nothing of whom it was about."""

    SECRETS = ("001-SECRET", "Nausea", "2024-01-05", "taken", "sch_", "p-", "f-", "imaging", "FUSCC", "female")

    def _requests(self, nurse: Client) -> None:
        patient = nurse.enrol(subject_number="001-SECRET")
        for data in ({}, {"status": "eaten"}, {"dose_on": "2024-02-30"}, {"colour": "Nausea"}):
            patient.send("dose_recorded", **{"dose_on": "2024-01-05", "status": "taken", "note": "Nausea", **data})
        patient.get("calendar", from_="2024-01-05", to="2024-01-06")
        patient.get("calendar", today="2024-01-05", known_at="nonsense")
        nurse.get("/v1/patients", q="001-SECRET")
        nurse.get("/v1/patients/p-001-SECRET/nothing")
        nurse.get("/v1/imaging/2024-01-05", {"X-Request-ID": "001-SECRET!"})
        nurse.post("/v1/patients", {**ENROLMENT, "subject_number": "001-SECRET"})
        nurse.send("POST", "/v1/patients", data='{"subject_number": "001-SECRET"', headers={"Idempotency-Key": "f-1"})

    def test_in_this_process(self, nurse: Client, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            self._requests(nurse)
        lines = [logs.JsonFormatter().format(record) for record in caplog.records]
        assert len(lines) == 12
        for line in map(json.loads, lines):
            assert line.keys() == {"at", "level", "logger", "event", "request_id", "method", "route", "status", "ms"}
        assert {json.loads(line)["status"] for line in lines} == {200, 201, 400, 404, 409, 422}
        assert not [(line, word) for line in lines for word in self.SECRETS if word in line.partition(',"logger"')[2]]

    def test_a_failure_is_logged_by_place_and_kind(
        self, service: Service, nurse: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Somebody damaged a patient's row: 500 says so, the log says where, and neither shows any of it."""
        patient = nurse.enrol(subject_number="001-SECRET")
        with service.store.transaction():
            service.store.write("UPDATE patients SET time_zone = 'Nausea/SECRET'", {})
        with caplog.at_level(logging.DEBUG):
            answer = patient.get("calendar")
        problem = refused(answer, 500)
        assert problem["type"] == "urn:scheduler-api:internal"
        assert answer.headers["X-Request-ID"] in problem["detail"]
        lines = [logs.JsonFormatter().format(record) for record in caplog.records]
        (failure,) = [line for line in map(json.loads, lines) if line["level"] == "ERROR"]
        assert failure["error"] == "ZoneInfoNotFoundError"
        assert failure["request_id"] == answer.headers["X-Request-ID"]
        assert any("conditions.py" in place for place in failure["at"])
        secrets = ("001-SECRET", "Nausea", "sch_", patient.patient_id)
        assert not [(line, word) for line in lines for word in secrets if word in line]

    def test_of_the_server(self, server: Server, template: Any) -> None:
        """The server's own lines are JSON too, and say no more."""
        headers = {"Authorization": f"Bearer {template[1]['nurse']}"}
        with requests.Session() as session:
            for path in ("patients?q=001-SECRET", "patients/p-001-SECRET/calendar?from=2024-01-05", "imaging/%00%ff"):
                session.get(f"{server.url}/v1/{path}", headers=headers)
            session.post(f"{server.url}/v1/patients", json={**ENROLMENT, "site": "001-SECRET"}, headers=headers)
        lines = server.log.read_text().splitlines()
        events = [json.loads(line) for line in lines]
        assert [event["status"] for event in events if event["event"] == "answered"][-4:] == [200, 404, 404, 422]
        assert not [(line, word) for line in lines for word in self.SECRETS if word in line.partition(',"logger"')[2]]
