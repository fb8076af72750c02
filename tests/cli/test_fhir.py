"""The 29 patients of the trial (and two who were screened) as FHIR: valid, and what the API says of them.

They are read by fhirpy, a client of anybody's server, and checked by the models of fhir.resources. Those are of R4B, in
which these resources are as in R4.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from databases import Databases
from fhir.resources.R4B import get_fhir_model_class
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome
from service import Client, Service
from werkzeug.serving import make_server

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
#: Noon in Shanghai of the day that the samples are for.
NOON = "2025-05-20T12:00:00+08:00"
KINDS = ("ResearchStudy", "ResearchSubject", "Patient", "CarePlan", "Appointment")
Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def trial(databases: Databases, sampled: tuple[str, dict[str, str]]) -> Iterator[Service]:
    """The application around the samples."""
    with databases.lent(sampled[0]) as database:
        service = Service(database, {})
        service.clock.set(NOON)
        yield service
        service.close()


@pytest.fixture(scope="module")
def token(trial: Service) -> str:
    """The token of a monitor of all sites."""
    return trial.token("monitor", [])


@pytest.fixture(scope="module")
def monitor(trial: Service, token: str) -> Client:
    """The monitor."""
    return trial.client(token)


@pytest.fixture(scope="module")
def reader(trial: Service, token: str) -> Iterator[SyncFHIRClient]:
    """The monitor's client for FHIR, which asks a server."""
    server = make_server("127.0.0.1", 0, trial.app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SyncFHIRClient(f"http://127.0.0.1:{server.port}/fhir/R4", authorization=f"Bearer {token}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def found(reader: SyncFHIRClient) -> dict[str, Resources]:
    """All resources of each type, by id, read in pages of seven."""
    resources: dict[str, Resources] = {}
    for kind in KINDS:
        read = [one.serialize() for one in reader.resources(kind).limit(7)]
        resources[kind] = {one["id"]: one for one in read}
        assert len(resources[kind]) == len(read)
    return resources


def test_every_resource_is_valid(found: dict[str, Resources]) -> None:
    assert {kind: len(resources) for kind, resources in found.items()} == {
        **{"ResearchStudy": 1, "ResearchSubject": 31, "Patient": 31, "CarePlan": 31},
        "Appointment": len(found["Appointment"]),
    }
    assert len(found["Appointment"]) > 60
    for kind, resources in found.items():
        for resource in resources.values():
            assert resource["resourceType"] == kind
            get_fhir_model_class(kind).model_validate(resource)


def test_the_statement_is_valid_and_says_what_there_is(reader: SyncFHIRClient) -> None:
    statement = reader.execute("metadata", method="get")
    get_fhir_model_class("CapabilityStatement").model_validate(statement)
    (rest,) = statement["rest"]
    assert [one["type"] for one in rest["resource"]] == [*KINDS]


def test_references_lead_to_resources(found: dict[str, Resources]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                yield value["reference"]
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from references(one)

    led = {one for resources in found.values() for one in references([*resources.values()])}
    assert len(led) == 32
    for reference in led:
        kind, resource_id = reference.split("/")
        assert resource_id in found[kind]


def test_each_can_be_read_by_its_id(reader: SyncFHIRClient, found: dict[str, Resources]) -> None:
    for kind in KINDS:
        for resource_id in [*found[kind]][::10]:
            assert reader.get(kind, resource_id) == found[kind][resource_id]


def test_plans_are_those_of_the_calendars(monitor: Client, found: dict[str, Resources]) -> None:
    windows = 0
    for patient_id, plan in found["CarePlan"].items():
        period = plan["period"]
        query = {"from_": period["start"], "to": period["end"], "today": "2025-05-20"}
        calendar = monitor.get(f"/v1/patients/{patient_id}/calendar", **query).json
        details = [activity["detail"] for activity in plan.get("activity", ())]
        shown = {one["code"]["coding"][0]["system"].rpartition(":")[2]: {} for one in details}
        for one in details:
            (coding,) = one["code"]["coding"]
            shown[coding["system"].rpartition(":")[2]][coding["code"]] = one
        assert shown.get("cycle", {}).keys() == {str(cycle["number"]) for cycle in calendar["cycles"]}
        for cycle in calendar["cycles"]:
            one = shown["cycle"][str(cycle["number"])]
            assert one["scheduledPeriod"]["start"] == cycle["starts_on"]
            assert one["scheduledPeriod"].get("end") == cycle["ends_on"]
            assert one["description"] == cycle["because"]
        assert shown.get("visit", {}).keys() == {visit["visit"] for visit in calendar["visits"]}
        for visit in calendar["visits"]:
            one = shown["visit"][visit["visit"]]
            extensions = {each["url"]: each.get("valueDate") for each in one["extension"]}
            assert extensions.get("urn:scheduler-api:target-on") == visit["target_on"]
            assert extensions.get("urn:scheduler-api:booked-on") == visit["booked_on"]
            assert extensions.get("urn:scheduler-api:done-on") == visit["done_on"]
            assert one["statusReason"]["coding"][0]["code"] == visit["status"]
            assert (one["code"]["text"], one["description"]) == (visit["label"], visit["because"])
            if visit["opens_on"] is not None:
                windows += 1
                assert one["scheduledPeriod"] == {"start": visit["opens_on"], "end": visit["closes_on"]}
        contraception = calendar["contraception"]
        one = shown.get("activity", {}).get("contraception")
        assert (one is None) == (contraception["from_on"] is None)
        if one is not None:
            assert one["scheduledPeriod"].get("end") == contraception["through_on"]
            assert one["description"] == contraception["because"]
    assert windows > 300


def test_appointments_are_the_booked_visits(monitor: Client, found: dict[str, Resources]) -> None:
    booked, cursor = [], {}
    while True:
        page = monitor.get("/v1/visits", sort="booked_at", limit=200, **cursor).json
        booked += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(booked) == len(found["Appointment"])
    for visit, one in zip(booked, found["Appointment"].values(), strict=True):
        assert one["participant"][0]["actor"] == {"reference": f"Patient/{visit['patient_id']}"}
        assert one["serviceType"][0]["coding"][0]["code"] == visit["visit"]
        assert one["start"] == (visit["booked_at"] or f"{visit['booked_on']}T00:00:00+08:00")
        assert one["status"] == ("booked" if visit["done_on"] is None else "fulfilled")
        assert (one["description"], one["comment"]) == (visit["label"], visit["because"])
        assert one["extension"] == [{"url": "urn:scheduler-api:visit-status", "valueCode": visit["status"]}]


def test_searches_find_what_they_ask_for(reader: SyncFHIRClient, found: dict[str, Resources]) -> None:
    def ids(kind: str, **query: Any) -> list[str]:
        return [one.id for one in reader.resources(kind).search(**query).limit(2)]

    (patient,) = (one for one in found["Patient"].values() if one["identifier"][0]["value"] == "FUSCC-04")
    system, value = patient["identifier"][0].values()
    assert ids("Patient", identifier=f"{system}|{value}") == ids("Patient", identifier=value) == [patient["id"]]
    assert ids("Patient", identifier=f"urn:other|{value}") == []
    assert ids("CarePlan", patient=f"Patient/{patient['id']}") == [patient["id"]]
    subjects, plans = found["ResearchSubject"], found["CarePlan"]
    over = [name for name, one in subjects.items() if one["status"] == "off-study"]
    assert ids("ResearchSubject", status="off-study", study="nct06110650") == over
    assert ids("CarePlan", status="completed") == over != []
    assert ids("CarePlan", status="active") == [name for name in plans if name not in over]
    of_patient = [one for one in found["Appointment"] if one.startswith(f"{patient['id']}.")]
    assert ids("Appointment", patient=patient["id"]) == of_patient
    assert len(of_patient) > 2
    from_today = [name for name, one in found["Appointment"].items() if one["start"] >= "2025-05-20"]
    assert ids("Appointment", date="ge2025-05-20") == from_today != []
    assert ids("Appointment", date__gt="2025-05-20", date__lt="2025-05-28") == [
        name for name, one in found["Appointment"].items() if "2025-05-21" <= one["start"] < "2025-05-28"
    ]


def test_what_is_refused_is_an_outcome_to_a_client_too(reader: SyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome) as refusal:
        reader.resources("Appointment").search(practitioner="x").fetch()
    get_fhir_model_class("OperationOutcome").model_validate(refusal.value.resource)
    assert refusal.value.resource["issue"][0]["location"] == ["http.practitioner"]
