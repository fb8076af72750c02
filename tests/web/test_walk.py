"""Every page and every form: who is of another site, who only reads, who has no session, what is noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from api.routes import Route, routes
from phone.phones import Phone
from service import Patient, Service
from werkzeug.test import TestResponse

from .reading import Page, Visitor, path_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")

SUBJECT = "SUBJECT-0815"
FORM = {"kind": "dose_recorded", "filled": "1", "if_version": "3", "booked_on": "2024-02-21", "done_on": "2024-02-19"}
FORM |= {"dose_on": "2024-02-19", "status": "taken", "note": "Seen", "until": "2024-02-22"}


@pytest.fixture(scope="module")
def patient(service: Service) -> Patient:
    """A patient of FUSCC with a little of everything."""
    patient = service.client("coordinator").enrol(subject_number=SUBJECT)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", place="ROOM-4711")
    return patient


def ids_of(service: Service, patient: Patient) -> Mapping[str, str]:
    """What the names in addresses stand for."""
    items = service.client("admin").get("/v1/worklist").json["items"]
    return {
        "patient_id": patient.patient_id,
        "visit": "imaging-w6",
        "entry_id": items[0]["entry_id"] if items else "none",
        "device_id": Phone(service, patient).device_id,
        "protocol": "nct06110650",
        "version": "1",
        "picture": "treatment",
        "site": "FUSCC",
        "feed_id": service.client("nurse").post("/v1/sites/FUSCC/feeds", {}).json["feed_id"],
        "name": "female",
        "form": "svg",
    }


def pages(service: Service) -> Iterator[Route]:
    """Every page and form that is for staff."""
    found = [route for route in routes(service.app, "page") if route.method in ("GET", "POST")]
    assert len(found) >= 15
    yield from found


def answers(visitor: Visitor, service: Service, patient: Patient) -> Iterator[tuple[Route, TestResponse]]:
    """The answer of every page and form to somebody signed in, but of the sign-out, which would be the last."""
    ids, token = ids_of(service, patient), visitor.page("/ward").all("input", name="csrf_token")[0].attrib["value"]
    with service.unchanged():
        for route in pages(service):
            if route.rule == "/sign-out":
                continue
            form, address = {**FORM, "csrf_token": token}, route.address(ids)
            yield route, visitor.get(address) if route.method == "GET" else visitor.post(address, form)


def test_without_a_session_every_page_leads_to_the_sign_in(service: Service, patient: Patient) -> None:
    visitor, ids = Visitor(service), ids_of(service, patient)
    with service.unchanged():
        for route in pages(service):
            for address in (route.address(ids), route.address()):
                answer = visitor.get(address) if route.method == "GET" else visitor.post(address, FORM)
                assert answer.status_code == 303, route
                assert path_of(answer) == "/sign-in", route


def test_nothing_of_a_site_is_on_a_page_for_another(service: Service, patient: Patient) -> None:
    visitor = Visitor(service, "elsewhere")
    facts = service.store.rows("SELECT fact_id FROM facts WHERE patient_id = :of", {"of": patient.patient_id})
    secrets = [SUBJECT, "ROOM-4711", "FUSCC", *(row["fact_id"] for row in facts)]
    for route, answer in answers(visitor, service, patient):
        assert [word for word in secrets if word in answer.text] == [], route
        if {"patient_id", "entry_id"} & set(route.rule.replace(">", ":").split(":")):
            assert answer.status_code == 404, route
            assert Page(answer).status == 404
    with service.unchanged():
        for query in ("site=FUSCC", "q=SUBJECT"):
            for address in ("/ward", "/ward/days", "/ward/scans", "/ward/patients"):
                assert SUBJECT not in visitor.get(f"{address}?{query}").text


def test_a_monitor_reads_every_page_and_records_nothing(service: Service, patient: Patient) -> None:
    refused = set()
    for route, answer in answers(Visitor(service, "monitor"), service, patient):
        if "monitor" in route.declared.roles.names:
            assert (route.method, answer.status_code) == ("GET", 200), route
            if answer.mimetype != "text/html":
                # A picture has no forms.
                continue
            posted = {form.get("action") for form in Page(answer).root.iter("form") if form.get("method") == "post"}
            assert posted <= {"/language", "/sign-out"}, route
        else:
            assert answer.status_code == 403, route
            refused.add(route.rule)
    assert len(refused) >= 7


def test_a_patients_token_opens_no_page(service: Service, patient: Patient) -> None:
    visitor = Visitor(service)
    answer = visitor.press(visitor.page("/sign-in"), "Sign in", token=Phone(service, patient).access)
    assert answer.status_code == 401


def test_what_a_page_shows_of_a_patient_is_in_the_audit(service: Service, patient: Patient) -> None:
    visitor, ids = Visitor(service, "nurse"), ids_of(service, patient)
    readings = service.app.extensions["scheduler"].readings
    for route in pages(service):
        if route.method != "GET":
            continue
        answer = visitor.get(route.address(ids))
        if answer.status_code == 200 and (patient.patient_id in answer.text or SUBJECT in answer.text):
            readings.flush()
            found = service.store.rows("SELECT 1 FROM audit WHERE route = :route", {"route": f"GET {route.rule}"})
            assert found != [], route


def test_an_address_with_a_nul_is_no_failure(service: Service) -> None:
    visitor = Visitor(service, "coordinator")
    for address in (
        "/ward?site=a%00b",
        "/ward/patients?q=a%00b",
        "/ward/patients/a%00b",
        "/ward?site=%ff",
        "/ward/%00",
    ):
        assert visitor.get(address).status_code in (200, 404, 422), address
