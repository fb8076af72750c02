"""Every call of the contract, those that come later included: who is of another site, who only reads, what is noted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pytest
from service import ENROLMENT, Client, Patient, Service, text_of

from scheduler_api.interop.fhir.appointment import appointment_key

from .inputs import NEW_FACT

SUBJECT = "SUBJECT-0815"
#: What the names in addresses and bodies stand for.
VALUES = {
    "site": "FUSCC",
    "protocol": "nct06110650",
    "version": 1,
    "visit": "imaging-w6",
    "key": appointment_key("imaging-w6"),
    "series": "imaging",
    "on": "2024-02-20",
    "kind": "dose_recorded",
    "dose_on": "2024-02-19",
    "booked_on": "2024-02-21",
    "done_on": "2024-02-19",
    "until": "2024-02-22",
    "time_zone": "Asia/Shanghai",
    "country": "FR",
    "status": "taken",
}
#: What records nothing, whoever asks.
HARMLESS = {"/v1/previews"}
#: Of those that record, some with addresses and bodies that would do, so that nothing but the role refuses them.
WRITING = {
    "/v1/activations",
    "/v1/patients",
    "/v1/patients/{patient_id}/facts",
    "/v1/protocols",
    "/v1/sites",
    "/v1/sites/{site}/calendar",
    "/v1/worklist/{entry_id}/acknowledgement",
}


#: Where the addresses are that are for staff.
STAFF = ("/v1/", "/fhir/")


class Call(NamedTuple):
    """A call of the contract, with an address and a body that fit its schema."""

    method: str
    path: str
    address: str
    body: Any

    @property
    def writes(self) -> bool:
        """Return whether it is there to record something."""
        return self.method != "GET" and self.path not in HARMLESS


@pytest.fixture
def patient(coordinator: Client) -> Patient:
    """A patient of FUSCC with a little of everything."""
    patient = coordinator.enrol(subject_number=SUBJECT)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", place="ROOM-4711")
    return patient


def calls(service: Service, patient: Patient) -> Iterator[Call]:
    """Every call that is for staff."""
    contract, admin = service.app.extensions["scheduler"].contract, service.client("admin")
    values = {**VALUES, "patient_id": patient.patient_id, "patient": patient.patient_id}
    values["entry_id"] = admin.get("/v1/worklist").json["items"][0]["entry_id"]
    bodies = {
        "/v1/patients": {**ENROLMENT, "subject_number": "NEW-1"},
        "/v1/patients/{patient_id}/facts": {"kind": "dose_recorded", **NEW_FACT["dose_recorded"]},
        "/v1/protocols": {**admin.get("/v1/protocols/nct06110650/versions/1").json, "version": 2},
        "/v1/sites": {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"},
    }
    # The worklist first: what is recorded afterwards resolves its entries.
    for path, operations in sorted(contract["paths"].items(), reverse=True):
        for method in ("get", "post", "put", "patch", "delete"):
            operation = operations.get(method)
            if operation is None or "security" in operation or not path.startswith(STAFF) or "/me/" in path + "/":
                continue
            address = re.sub(r"\{(\w+)\}", lambda name: str(values.get(name[1], "x-none")), path)
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = None if content is None else sample(contract, content["schema"], values)
            yield Call(method.upper(), path, address, body if body is None else bodies.get(path, body))


def sample(contract: dict[str, Any], schema: dict[str, Any], values: dict[str, Any], name: str = "") -> Any:
    """A value of a schema: what the names stand for, else the least that fits."""
    for reference in ("$ref", *(key for key in ("oneOf", "anyOf", "allOf") if key in schema)):
        if reference in schema and "properties" not in schema:
            inner = schema[reference] if reference == "$ref" else schema[reference][0]
            if reference == "$ref":
                inner = contract["components"]["schemas"][inner.rpartition("/")[2]]
            return sample(contract, inner, values, name)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        wanted = [each for each in properties if each in schema.get("required", ()) or each in ("patient_id", "site")]
        return {each: sample(contract, properties[each], values, each) for each in wanted}
    if kind == "array":
        return [sample(contract, schema.get("items", {}), values, name)] if schema.get("minItems") else []
    if "enum" in schema:
        return schema["enum"][0]
    if name in values and kind in ("string", "integer"):
        return values[name]
    formats = {"date": "2024-02-20", "date-time": "2024-02-20T12:00:00+08:00"}
    least = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": False}
    return least.get(
        kind, formats.get(schema.get("format", ""), schema.get("example", "x" * schema.get("minLength", 1)))
    )


def secrets_of(service: Service, patient: Patient) -> list[str]:
    """Words that only who sees the patient may see."""
    facts = service.store.rows("SELECT fact_id FROM facts WHERE patient_id = :of", {"of": patient.patient_id})
    return [patient.patient_id, SUBJECT, "ROOM-4711", "FUSCC", *(row["fact_id"] for row in facts)]


@pytest.mark.parametrize("role", ["nurse", "coordinator", "monitor"])
def test_nothing_of_a_site_reaches_another(service: Service, patient: Patient, role: str) -> None:
    elsewhere = service.client(service.token(role, ["BERLIN"]))
    walked, secrets = list(calls(service, patient)), secrets_of(service, patient)
    assert len(walked) >= 22
    with service.unchanged():
        for call in walked:
            if call.path in HARMLESS:
                continue
            answer = elsewhere.send(call.method, call.address, call.body)
            where = f"{call.method} {call.path}: {answer.status_code}"
            assert answer.status_code < 500, where
            assert [word for word in secrets if word in text_of(answer)] == [], where
            if "{patient_id}" in call.path or (call.body and "patient_id" in call.body):
                assert answer.status_code in (403, 404, 422), where
            if "{patient_id}" in call.path and call.method == "GET":
                assert answer.status_code == 404, where


def test_nothing_of_a_site_is_found_by_asking_for_it(service: Service, patient: Patient, elsewhere: Client) -> None:
    """By any filter of any list that names a patient, a site or a part of a subject number."""
    contract, secrets = service.app.extensions["scheduler"].contract, secrets_of(service, patient)
    asked = {"site": "FUSCC", "patient": patient.patient_id, "patient_id": patient.patient_id, "q": "SUBJECT"}
    filtered = 0
    for call in calls(service, patient):
        parameters = contract["paths"][call.path].get("get", {}).get("parameters", ())
        for name in {each.get("name") for each in parameters if each.get("in") == "query"} & asked.keys():
            answer = elsewhere.send("GET", call.address, query={name: asked[name]})
            # A bundle says which address was asked.
            text = text_of(answer).replace(f"{name}={asked[name]}", "")
            assert [word for word in secrets if word in text] == [], f"{call.path}?{name}"
            filtered += 1
    assert filtered >= 6


def test_a_monitor_only_reads(service: Service, patient: Patient, monitor: Client) -> None:
    """Every call that reads answers; none that writes does, whatever is sent, and nothing is changed."""
    forbidden = set()
    with service.unchanged():
        for call in calls(service, patient):
            answer = monitor.send(call.method, call.address, call.body)
            where = f"{call.method} {call.path}: {answer.status_code}"
            if call.writes:
                assert answer.status_code in (403, 404, 422), where
                forbidden |= {call.path} if answer.status_code == 403 else set()
            elif "x-none" not in call.address and call.method == "GET":
                assert answer.status_code in (200, 422), where
    assert forbidden >= WRITING


def test_whatever_is_written_is_noted(service: Service, patient: Patient, admin: Client) -> None:
    """Whatever a call changes in any table leaves a trace in one of the two logs."""
    written = set()
    for call in calls(service, patient):
        if not call.writes:
            continue
        before, traces = recorded(service), service.store.rows(TRACES)
        admin.send(call.method, call.address, call.body)
        if recorded(service) != before:
            written.add(call.path)
            assert len(service.store.rows(TRACES)) > len(traces), f"{call.method} {call.path} left no trace"
    assert written >= WRITING
    changes = service.store.rows("SELECT detail FROM audit WHERE action LIKE '%changed'")
    assert len(changes) >= 2
    assert all(orjson.loads(row["detail"]).keys() >= {"old", "new"} for row in changes)


def recorded(service: Service) -> dict[str, Any]:
    """All tables but the audit."""
    return {name: rows for name, rows in service.record().items() if name != "audit"}


TRACES = "SELECT hash FROM facts UNION ALL SELECT hash FROM audit WHERE action NOT IN ('read', 'refused')"


def test_whatever_staff_read_of_a_patient_is_noted(service: Service, patient: Patient, admin: Client) -> None:
    """Every call that shows a patient to staff is in the audit, by its route."""
    readings = service.app.extensions["scheduler"].readings
    for call in calls(service, patient):
        if call.method != "GET":
            continue
        answer = admin.send(call.method, call.address, call.body)
        if answer.status_code == 200 and (patient.patient_id in text_of(answer) or SUBJECT in text_of(answer)):
            readings.flush()
            rule = re.sub(r"\{(\w+)\}", r"<string:\1>", call.path)
            found = service.store.rows("SELECT 1 FROM audit WHERE route = :route", {"route": f"GET {rule}"})
            assert found != [], f"{call.path} was not noted"
