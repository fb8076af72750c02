"""Read what is on record as FHIR R4: dates by hand, searches, who sees what, and refusals as outcomes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from service import Client, Patient, Service, refused

from .test_auditing import noted

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
ROOT = "/fhir/R4"
OURS = "urn:scheduler-api"


def read(client: Client, path: str, **query: Any) -> Any:
    """A resource."""
    answer = client.get(f"{ROOT}/{path}", **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/fhir+json"
    return answer.json


def search(client: Client, kind: str, **query: Any) -> list[Any]:
    """The resources that a search finds, all of its pages; `__` stands for the `:` of a parameter."""
    named = {name.replace("__", ":"): value for name, value in query.items()}
    bundle, found = read(client, kind, **named), []
    while True:
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
        for entry in bundle.get("entry", ()):
            resource = entry["resource"]
            assert entry["fullUrl"] == f"http://localhost{ROOT}/{kind}/{resource['id']}"
            found.append(resource)
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            return found
        path, _, query = following[0].removeprefix("http://localhost").partition("?")
        bundle = client.send("GET", path, query=query).json


def extensions(element: Any) -> dict[str, Any]:
    """The values of our own extensions, by name."""
    return {one["url"].removeprefix(f"{OURS}:"): one.get("valueDate", one.get("valueBoolean")) for one in element}


def test_a_patient_is_a_pseudonym_and_a_site(nurse: Client, patient: Patient) -> None:
    assert read(nurse, f"Patient/{patient.patient_id}") == {
        "resourceType": "Patient",
        "id": patient.patient_id,
        "identifier": [{"system": f"{OURS}:nct06110650:subject-number", "value": "001"}],
        "managingOrganization": {
            "type": "Organization",
            "identifier": {"system": f"{OURS}:site", "value": "FUSCC"},
        },
    }


def test_the_part_in_a_study_follows_the_status(nurse: Client, patient: Patient) -> None:
    waiting = nurse.register(subject_number="002", consented_on="2024-02-19")
    subject = read(nurse, f"ResearchSubject/{patient.patient_id}")
    assert subject["study"] == {"reference": "ResearchStudy/nct06110650"}
    assert subject["individual"] == {"reference": f"Patient/{patient.patient_id}"}
    assert (subject["status"], subject["period"]) == ("on-study-intervention", {"start": "2024-01-03"})
    screened = read(nurse, f"ResearchSubject/{waiting.patient_id}")
    assert (screened["status"], screened["period"]) == ("screening", {"start": "2024-02-19"})
    patient.record("treatment_ended", last_dose_on="2024-02-10", decided_on="2024-02-11", reason="intolerance")
    assert read(nurse, f"ResearchSubject/{patient.patient_id}")["status"] == "follow-up"
    patient.record("study_ended", ended_on="2024-02-19", reason="withdrawal")
    over = read(nurse, f"ResearchSubject/{patient.patient_id}")
    assert over["status"] == "off-study"
    assert "period" not in over


def test_each_date_of_a_plan_has_its_reason(nurse: Client, patient: Patient) -> None:
    patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD")
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-26", time="09:30")
    plan = read(nurse, f"CarePlan/{patient.patient_id}")
    # 400 days ahead of 2024-02-20.
    assert plan["period"] == {"start": "2024-01-03", "end": "2025-03-26"}
    assert (plan["status"], plan["intent"]) == ("active", "plan")
    assert plan["subject"] == {"reference": f"Patient/{patient.patient_id}"}
    assert plan["instantiatesUri"] == [f"{OURS}:protocol:nct06110650:1"]
    details = {detail["code"]["coding"][0]["code"]: detail for detail in (one["detail"] for one in plan["activity"])}
    done, booked, later = details["imaging-w6"], details["imaging-w12"], details["imaging-w18"]
    assert done["scheduledPeriod"] == {"start": "2024-02-07", "end": "2024-02-21"}
    assert (done["status"], done["description"]) == ("completed", "enrolment 2024-01-03 + 6 weeks")
    assert extensions(done["extension"]) == {"target-on": "2024-02-14", "done-on": "2024-02-19", "provisional": False}
    assert booked["code"]["text"] == "Week 12 tumour imaging"
    assert (booked["status"], booked["description"]) == ("scheduled", "enrolment 2024-01-03 + 12 weeks")
    assert booked["scheduledPeriod"] == {"start": "2024-03-20", "end": "2024-04-03"}
    assert extensions(booked["extension"])["booked-on"] == "2024-03-26"
    assert (later["status"], later["statusReason"]["coding"][0]["code"]) == ("not-started", "upcoming")
    # The third cycle of 21 days from 2024-01-05.
    assert details["3"]["scheduledPeriod"] == {"start": "2024-02-16", "end": "2024-03-07"}
    assert details["3"]["status"] == "in-progress"
    assert details["3"]["description"] == "first dose 2024-01-05 + 42 days"
    calendar = patient.read("calendar")["contraception"]
    assert details["contraception"]["status"] == "in-progress"
    assert details["contraception"]["description"] == calendar["because"]
    assert extensions(details["contraception"]["extension"])["earliest-through-on"] == calendar["earliest_through_on"]


def test_a_plan_speaks_the_language_of_the_request(nurse: Client, patient: Patient) -> None:
    answer = nurse.get(f"{ROOT}/CarePlan/{patient.patient_id}", {"Accept-Language": "zh-CN"})
    assert (answer.json["language"], answer.headers["Content-Language"]) == ("zh-CN", "zh-CN")
    assert answer.json["activity"][0]["detail"]["code"]["text"] == "第 6 周肿瘤影像学检查"


def test_an_appointment_is_a_booked_visit(nurse: Client, patient: Patient) -> None:
    booking = {"visit": "imaging-w6", "booked_on": "2024-02-21", "time": "09:30", "place": "Building 2"}
    patient.record("visit_booked", **booking)
    (one,) = search(nurse, "Appointment")
    assert read(nurse, f"Appointment/{one['id']}") == one
    assert one["id"].startswith(f"{patient.patient_id}.")
    assert (one["start"], one["end"]) == ("2024-02-21T09:30:00+08:00", "2024-02-21T10:30:00+08:00")
    assert (one["status"], one["comment"]) == ("booked", "enrolment 2024-01-03 + 6 weeks")
    assert [who["actor"] for who in one["participant"]] == [
        {"reference": f"Patient/{patient.patient_id}"},
        {
            **{"type": "Location", "identifier": {"system": f"{OURS}:site", "value": "FUSCC"}},
            "display": "Building 2",
        },
    ]
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-26")
    whole_day = search(nurse, "Appointment")[1]
    assert (whole_day["start"], whole_day["end"]) == ("2024-03-26T00:00:00+08:00", "2024-03-27T00:00:00+08:00")
    patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD")
    assert [found["status"] for found in search(nurse, "Appointment")] == ["fulfilled", "booked"]
    assert [found["id"] for found in search(nurse, "Appointment", status="fulfilled")] == [one["id"]]
    patient.record("visit_booked", visit="imaging-w12", booked_on=None)
    assert search(nurse, "Appointment", status="booked") == []
    refused(nurse.get(f"{ROOT}/Appointment/{whole_day['id']}"), 404)


def test_a_long_name_of_a_visit_makes_no_long_id(nurse: Client, patient: Patient) -> None:
    """An id has at most 64 characters."""
    more = {"visit": "imaging-w6", "part": True, "booked_on": "2024-02-22", "time": "14:00", "place": "MRI"}
    patient.record("visit_booked", **more)
    (one,) = search(nurse, "Appointment")
    assert len(one["id"]) == 18 + 1 + 16
    assert read(nurse, f"Appointment/{one['id']}") == one


def test_dates_bound_what_is_found(nurse: Client, patient: Patient) -> None:
    for visit, day in (("imaging-w6", "2024-02-21"), ("imaging-w12", "2024-03-26"), ("imaging-w18", "2024-05-08")):
        patient.record("visit_booked", visit=visit, booked_on=day)

    def days(*bounds: str) -> list[str]:
        return [one["start"][:10] for one in search(nurse, "Appointment", date=[*bounds])]

    assert days("2024-03-26") == days("eq2024-03-26") == ["2024-03-26"]
    assert days("ge2024-03-26") == ["2024-03-26", "2024-05-08"]
    assert days("gt2024-03-26") == ["2024-05-08"]
    assert days("le2024-03-26") == ["2024-02-21", "2024-03-26"]
    assert days("lt2024-03-26") == ["2024-02-21"]
    assert days("ge2024-02-22", "lt2024-05-08") == ["2024-03-26"]
    assert days("ge2024-03-26", "lt2024-03-26") == []
    for bad in ("2024-02-30", "ne2024-02-20", "2024-02", "2024-02-20T00:00:00Z", "ge2024-02-20,le2024-03-01"):
        refused(nurse.get(f"{ROOT}/Appointment", date=bad), 422, "/date")


def test_pages_are_followed_with_all_that_was_asked_for(coordinator: Client) -> None:
    for number in range(5):
        coordinator.enrol(subject_number=f"00{number}")
    coordinator.enrol(subject_number="B-1", site="BERLIN")
    bundle = read(coordinator, "Patient", **{"_count": 2, "organization:identifier": f"{OURS}:site|FUSCC"})
    assert len(bundle["entry"]) == 2
    found = search(coordinator, "Patient", _count=2, organization__identifier=f"{OURS}:site|FUSCC")
    assert [one["identifier"][0]["value"] for one in found] == ["000", "001", "002", "003", "004"]
    assert search(coordinator, "Patient", organization__identifier="urn:other|FUSCC") == []
    assert len(search(coordinator, "Patient", _count=4)) == 6
    for bad in ("0", "201", "two"):
        refused(coordinator.get(f"{ROOT}/Patient", _count=bad), 422, "/_count")
    refused(coordinator.get(f"{ROOT}/Patient", cursor="x"), 422, "/cursor")


def test_a_subject_number_is_found_in_its_protocol(nurse: Client, patient: Patient) -> None:
    system = f"{OURS}:nct06110650:subject-number"
    for asked in ({"identifier": "001"}, {"identifier": f"{system}|001"}, {"_id": patient.patient_id}):
        assert [one["id"] for one in search(nurse, "Patient", **asked)] == [patient.patient_id]
    for asked in ({"identifier": "00"}, {"identifier": f"{OURS}:other:subject-number|001"}, {"_id": "p-none"}):
        assert search(nurse, "Patient", **asked) == []
    one = patient.patient_id
    for reference in (one, f"Patient/{one}", f"http://localhost{ROOT}/Patient/{one}"):
        assert [found["id"] for found in search(nurse, "CarePlan", patient=reference)] == [one]
    assert search(nurse, "CarePlan", patient=one, _id="p-none") == []
    assert search(nurse, "ResearchSubject", study="other") == []


def test_a_study_is_the_latest_version_with_its_arms(nurse: Client, admin: Client) -> None:
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    arms = {"title": "Two arms", "arms": [{"id": "a", "label": {"en": "Arm A", "zh-CN": "甲组"}}]}
    assert admin.post("/v1/protocols", {**definition, "version": 2, **arms}).status_code == 201
    assert admin.post("/v1/protocols", {**definition, "id": "another"}).status_code == 201
    study = read(nurse, "ResearchStudy/nct06110650")
    assert (study["title"], study["status"]) == ("Two arms", "active")
    assert study["arm"] == [{"name": "a", "description": "Arm A"}]
    assert [one["id"] for one in search(nurse, "ResearchStudy", _count=1)] == ["another", "nct06110650"]
    assert [one["id"] for one in search(nurse, "ResearchStudy", identifier="another")] == ["another"]
    refused(nurse.get(f"{ROOT}/ResearchStudy/none"), 404)


def test_another_sites_patients_are_not_there(service: Service, patient: Patient, elsewhere: Client) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
    appointment = search(patient.client, "Appointment")[0]["id"]
    for kind in ("Patient", "ResearchSubject", "CarePlan", "Appointment"):
        assert search(elsewhere, kind) == []
        refused(elsewhere.get(f"{ROOT}/{kind}/{appointment if kind == 'Appointment' else patient.patient_id}"), 404)
    for kind in ("ResearchSubject", "CarePlan", "Appointment"):
        assert search(elsewhere, kind, patient=patient.patient_id) == []
    refused(elsewhere.get(f"{ROOT}/Patient", **{"organization:identifier": "FUSCC"}), 404)
    assert len(noted(service, "refused")) == 5


def test_a_site_that_had_a_patient_reads_what_lies_before(
    nurse: Client, patient: Patient, elsewhere: Client, coordinator: Client
) -> None:
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-26")
    Patient(coordinator, patient.patient_id).record("site_transferred", site="BERLIN", from_on="2024-02-20")
    plan = read(nurse, f"CarePlan/{patient.patient_id}")
    assert plan["period"] == {"start": "2024-01-03", "end": "2024-02-19"}
    assert [one["detail"]["code"]["coding"][0]["code"] for one in plan["activity"][:1]] == ["imaging-w6"]
    assert search(nurse, "CarePlan") == []
    assert len(search(elsewhere, "CarePlan")) == 1


def test_what_staff_read_is_noted_as_other_reads_are(service: Service, nurse: Client, patient: Patient) -> None:
    read(nurse, f"CarePlan/{patient.patient_id}")
    search(nurse, "Patient", identifier="001")
    read(nurse, "ResearchStudy")
    reads = [row for row in noted(service, "read") if "/fhir/" in row["route"]]
    assert [(row["route"], row["patient_id"], row["status"]) for row in reads] == [
        (f"GET {ROOT}/CarePlan/<string:patient_id>", patient.patient_id, 200),
        (f"GET {ROOT}/Patient", None, 200),
    ]
    assert (reads[1]["query"], reads[1]["shown"]) == ("identifier=001", 1)


def test_refusals_are_outcomes(service: Service, nurse: Client, patient: Patient) -> None:
    outcome = refused(nurse.get(f"{ROOT}/Patient", name="Wang", _count="x"), 422, "/_count", "/name")
    assert [issue["code"] for issue in outcome["issue"]] == ["value", "value"]
    assert [issue["details"]["coding"][0]["code"] for issue in outcome["issue"]] == ["malformed", "unknown_field"]
    # Whatever a client prefers: what was not searched by would be taken for what was.
    refused(nurse.get(f"{ROOT}/Patient", {"Prefer": "handling=lenient"}, name="Wang"), 422, "/name")
    for address, status, code in (
        ("Patient/none", 404, "not-found"),
        ("Observation", 404, "not-found"),
        ("Observation/1", 404, "not-found"),
    ):
        assert refused(nurse.get(f"{ROOT}/{address}"), status)["issue"][0]["code"] == code
    answer = service.client("").get(f"{ROOT}/Observation")
    assert refused(answer, 401)["issue"][0]["code"] == "login"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    for method in ("POST", "PUT", "DELETE"):
        refused(nurse.send(method, f"{ROOT}/Patient", {} if method != "DELETE" else None), 405)
    assert (
        refused(nurse.get(f"{ROOT}/Patient", {"Accept-Language": "zh-CN"}, name="x"), 422, "/name")["issue"][0][
            "details"
        ]["text"]
        == "未知字段。"
    )


def test_json_is_the_only_form(nurse: Client) -> None:
    for accepted, form in (
        ("application/fhir+json; fhirVersion=4.0", "application/fhir+json"),
        ("application/json", "application/json"),
        ("text/html, */*;q=0.8", "application/fhir+json"),
    ):
        assert nurse.get(f"{ROOT}/Patient", {"Accept": accepted}).headers["Content-Type"] == form
    refused(nurse.get(f"{ROOT}/Patient", {"Accept": "application/fhir+xml"}), 406)
    for form in ("json", "application/fhir+json"):
        assert nurse.get(f"{ROOT}/Patient", _format=form).status_code == 200
    refused(nurse.get(f"{ROOT}/Patient", _format="xml"), 422, "/_format")


def test_the_statement_names_every_parameter_that_is_taken(service: Service) -> None:
    statement = read(service.client(""), "metadata")
    assert statement["implementation"]["url"] == f"http://localhost{ROOT}"
    paths = orjson.loads(service.client("").get("/openapi.json").data)["paths"]
    resources = statement["rest"][0]["resource"]
    assert {path.removeprefix(f"{ROOT}/").partition("/")[0] for path in paths if path.startswith(ROOT)} == {
        "metadata",
        *(one["type"] for one in resources),
    }
    for one in resources:
        assert [each["code"] for each in one["interaction"]] == ["read", "search-type"]
        taken = {parameter["name"] for parameter in paths[f"{ROOT}/{one['type']}"]["get"]["parameters"]}
        stated = {parameter["name"] for parameter in one["searchParam"]}
        assert {name.partition(":")[0] for name in taken - {"_count", "_format", "cursor"}} == stated
    kinds = {each["name"]: each["type"] for one in resources for each in one["searchParam"]}
    assert kinds == {
        **{"_id": "token", "identifier": "token", "status": "token", "date": "date"},
        **{"patient": "reference", "study": "reference", "organization": "reference", "location": "reference"},
    }
