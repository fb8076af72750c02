"""A version is what a site enrols into, and amends patients to, only from the day on which it is approved for it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from service import ENROLMENT, Client, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

PROTOCOL = "nct06110650"
PATH = "/v1/sites/FUSCC/approvals"
APPLY = f"/v1/protocols/{PROTOCOL}/versions/2/apply"


@pytest.fixture
def second(admin: Client) -> None:
    """There is a second version."""
    definition = admin.get(f"/v1/protocols/{PROTOCOL}/versions/1").json
    assert admin.post("/v1/protocols", {**definition, "version": 2}).status_code == 201


def approve(client: Client, approved_on: str | None, version: int = 2, path: str = PATH) -> Any:
    return client.post(path, {"protocol": PROTOCOL, "version": version, "approved_on": approved_on})


def enrolled_into(client: Client, number: str, site: str = "FUSCC") -> int:
    answer = client.post("/v1/patients", {**ENROLMENT, "subject_number": number, "site": site})
    assert answer.status_code == 201, answer.text
    return int(answer.json["protocol"]["version"])


def named(client: Client, number: str, version: int = 2, site: str = "FUSCC") -> Any:
    body = {**ENROLMENT, "subject_number": number, "site": site, "protocol": {"id": PROTOCOL, "version": version}}
    return client.post("/v1/patients", body)


@pytest.mark.usefixtures("second")
def test_a_new_version_is_no_sites_until_it_is_approved_for_it(
    service: Service, coordinator: Client, nurse: Client, elsewhere: Client
) -> None:
    assert enrolled_into(nurse, "1") == 1
    problem = refused(named(nurse, "2"), 422, "/protocol/version")
    assert (problem["errors"][0]["code"], problem["detail"]) == (
        "not_approved",
        "Version 2 is not approved for this site.",
    )
    made = approve(coordinator, "2024-02-21")
    assert made.status_code == 201
    assert coordinator.get(PATH).json["items"] == [made.json]
    # Not before its day, by the site's clock.
    service.clock.set("2024-02-20T23:59:00+08:00")
    assert enrolled_into(nurse, "3") == 1
    service.clock.set("2024-02-21T00:01:00+08:00")
    assert enrolled_into(nurse, "4") == 2
    assert named(nurse, "5").status_code == 201
    # And not elsewhere.
    assert enrolled_into(elsewhere, "6", "BERLIN") == 1
    refused(named(elsewhere, "7", site="BERLIN"), 422, "/protocol/version")
    # An approval that is withdrawn ends at once; who is enrolled stays.
    assert approve(coordinator, None).json["approved_on"] is None
    assert enrolled_into(nurse, "8") == 1
    assert list(maintenance.verify(service.store)) == []


def not_approved(answer: Any, site: str, on: str) -> None:
    """Check that an answer refuses version 2 at a site, from a day on."""
    (error,) = refused(answer, 422, "/version")["errors"]
    assert (error["code"], error["detail"]) == ("not_approved", f"Version 2 is not approved for {site} on {on}.")


@pytest.mark.usefixtures("second")
def test_nobody_is_amended_to_a_version_before_it_is_approved(
    service: Service, coordinator: Client, patient: Patient
) -> None:
    amended = {"kind": "protocol_amended", "version": 2}
    with service.unchanged():
        not_approved(patient.send(**amended, from_on="2024-03-01"), "FUSCC", "2024-03-01")
        not_approved(patient.send(**amended, from_on="2024-03-01", dry_run=True), "FUSCC", "2024-03-01")
    # Another site's approval is none of this one, nor is that of another version.
    approve(coordinator, "2024-02-01", path="/v1/sites/BERLIN/approvals")
    approve(coordinator, "2024-02-01", version=1)
    not_approved(patient.send(**amended, from_on="2024-03-01"), "FUSCC", "2024-03-01")
    # The day from which it applies counts, not today (2024-02-20).
    approve(coordinator, "2024-03-02")
    for day in ("2024-02-20", "2024-03-01"):
        not_approved(patient.send(**amended, from_on=day), "FUSCC", day)
    fact = patient.record("protocol_amended", version=2, from_on="2024-03-02")["fact"]
    # What is on record stays when the approval is withdrawn; back to the first version the way is always open.
    assert approve(coordinator, None).status_code == 201
    assert patient.read("calendar", today="2024-03-02")["protocol"]["version"] == 2
    not_approved(patient.send(**amended, from_on="2024-03-10"), "FUSCC", "2024-03-10")
    patient.record("protocol_amended", version=1, from_on="2024-03-20")
    patient.record("voided", voids=fact["fact_id"], reason="Not approved any more")
    assert list(maintenance.verify(service.store)) == []


@pytest.mark.usefixtures("second")
def test_no_correction_leads_to_a_version_that_is_not_approved(
    service: Service, coordinator: Client, patient: Patient
) -> None:
    approve(coordinator, "2024-03-02")
    first = patient.record("protocol_amended", version=1, from_on="2024-03-10")["fact"]
    second = patient.record("protocol_amended", version=2, from_on="2024-03-20")["fact"]
    amended = {"kind": "protocol_amended", "version": 2, "reason": "typing error"}
    with service.unchanged():
        for old in (first, second):
            answer = patient.send(**amended, from_on="2024-03-01", replaces=old["fact_id"])
            not_approved(answer, "FUSCC", "2024-03-01")
    patient.record(**amended, from_on="2024-03-02", replaces=first["fact_id"])


@pytest.mark.usefixtures("second")
def test_the_site_that_has_the_patient_from_then_on_is_the_one_that_approves(
    service: Service, coordinator: Client, patient: Patient
) -> None:
    """BERLIN has the patient from 2024-03-01 on, and approved nothing yet."""
    approve(coordinator, "2024-02-01")
    seen = Patient(coordinator, patient.patient_id)
    seen.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    amended = {"kind": "protocol_amended", "version": 2}
    with service.unchanged():
        not_approved(seen.send(**amended, from_on="2024-03-01"), "BERLIN", "2024-03-01")
        # Of FUSCC, at which the patient is today.
        call = {"site": "FUSCC", "from_on": "2024-03-01"}
        (item,) = coordinator.post(APPLY, call).json["items"]
        assert (item["site"], item["outcome"]) == ("FUSCC", "refused")
        assert item["problem"]["errors"][0]["detail"] == "Version 2 is not approved for BERLIN on 2024-03-01."
    approve(coordinator, "2024-02-15", path="/v1/sites/BERLIN/approvals")
    seen.record("protocol_amended", version=2, from_on="2024-03-01")


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize(("amended_on", "approved_on"), [("2024-02-20", "2024-03-02"), ("2024-03-05", "2024-03-06")])
def test_a_transfer_warns_of_a_version_that_the_new_site_has_not_approved(
    coordinator: Client, patient: Patient, amended_on: str, approved_on: str
) -> None:
    """The patient is on version 2, or will be, of which BERLIN has no approval from the first day on."""
    approve(coordinator, "2024-02-01")
    seen = Patient(coordinator, patient.patient_id)
    amended = seen.record("protocol_amended", version=2, from_on=amended_on)
    assert amended["warnings"] == []
    berlin = "/v1/sites/BERLIN/approvals"
    approve(coordinator, approved_on, path=berlin)
    on = max(amended_on, "2024-03-01")
    moved = {"kind": "site_transferred", "site": "BERLIN", "from_on": "2024-03-01"}
    (warning,) = seen.send(**moved, dry_run=True).json["warnings"]
    assert (warning["code"], warning["detail"]) == (
        "site_not_approved",
        f"version 2 is not approved for BERLIN on {on}",
    )
    assert warning["records"] == [{"kind": "site_transferred", "on": "2024-03-01"}]
    approve(coordinator, on, path=berlin)
    assert seen.record(**moved)["warnings"] == []
    assert seen.read("calendar", today="2024-03-05")["protocol"]["version"] == 2


@pytest.mark.usefixtures("second")
def test_whatever_brings_a_patient_under_a_version_that_a_site_has_not_approved_warns(
    coordinator: Client, patient: Patient
) -> None:
    """BERLIN has the patient from 2024-03-01 on; version 2 applies from 2024-02-20, and BERLIN has not approved it."""
    approve(coordinator, "2024-02-01")
    seen = Patient(coordinator, patient.patient_id)
    assert seen.record("site_transferred", site="BERLIN", from_on="2024-03-01")["warnings"] == []
    amended = seen.record("protocol_amended", version=2, from_on="2024-02-20")
    assert [(one["code"], one["records"][0]["on"]) for one in amended["warnings"]] == [
        ("site_not_approved", "2024-03-01")
    ]
    # What is so already is not said again.
    again = {"kind": "site_transferred", "site": "BERLIN", "from_on": "2024-03-02"}
    moved = seen.record(**again, replaces=seen.read("facts")["items"][-2]["fact_id"], reason="a day later")
    assert moved["warnings"] == []


@pytest.mark.usefixtures("second")
def test_a_version_for_many_is_for_those_whose_site_approved_it(
    service: Service, coordinator: Client, admin: Client, patient: Patient
) -> None:
    here, there = patient, admin.enrol(subject_number="B-1", site="BERLIN")
    approve(coordinator, "2024-03-01")
    approve(coordinator, "2024-03-02", path="/v1/sites/BERLIN/approvals")
    call = {"patients": [there.patient_id, here.patient_id], "from_on": "2024-03-01", "reason": "Amendment 1"}
    with service.unchanged():
        dry = coordinator.post(APPLY, call, dry_run="true").json
    assert [item["outcome"] for item in dry["items"]] == ["refused", "applied"]
    done = coordinator.post(APPLY, call).json
    assert done["counts"] == {"applied": 1, "already": 0, "refused": 1}
    for answer in (dry, done):
        (left,) = [item for item in answer["items"] if item["outcome"] == "refused"]
        assert (left["subject_number"], left["fact_id"], left["consequences"]) == ("B-1", None, [])
        assert left["problem"] == {
            "status": 422,
            "errors": [
                {
                    "pointer": "/version",
                    "detail": "Version 2 is not approved for BERLIN on 2024-03-01.",
                    "code": "not_approved",
                }
            ],
        }
    seen = Patient(coordinator, there.patient_id)
    assert [fact["kind"] for fact in seen.read("facts")["items"]] == ["registered", "enrolled"]
    approve(coordinator, "2024-03-01", path="/v1/sites/BERLIN/approvals")
    again = coordinator.post(APPLY, call).json
    assert again["counts"] == {"applied": 1, "already": 1, "refused": 0}
    assert list(maintenance.verify(service.store)) == []


@pytest.mark.usefixtures("second")
def test_who_approved_what_is_on_the_audit(service: Service, coordinator: Client) -> None:
    approve(coordinator, "2024-02-01")
    approve(coordinator, "2024-02-15")
    events = service.store.rows("SELECT * FROM audit WHERE action = 'version_approved' ORDER BY seq")
    said = [(event["name"], event["site"], orjson.loads(event["detail"])) for event in events]
    one = {"protocol": PROTOCOL, "version": 2}
    first, last = {**one, "approved_on": "2024-02-01"}, {**one, "approved_on": "2024-02-15"}
    assert said == [
        ("coordinator", "FUSCC", {"old": {**one, "approved_on": None}, "new": first}),
        ("coordinator", "FUSCC", {"old": first, "new": last}),
    ]


@pytest.mark.usefixtures("second")
def test_only_a_coordinator_of_the_site_or_an_admin_approves(service: Service, nurse: Client, monitor: Client) -> None:
    of_berlin = service.client(service.token("coordinator", ["BERLIN"]))
    with service.unchanged():
        refused(approve(nurse, "2024-02-01"), 403)
        refused(approve(monitor, "2024-02-01"), 403)
        refused(approve(of_berlin, "2024-02-01"), 404)
        refused(of_berlin.get(PATH), 404)
    assert approve(of_berlin, "2024-02-01", path="/v1/sites/BERLIN/approvals").status_code == 201


def test_what_is_no_version_is_not_approved(service: Service, coordinator: Client) -> None:
    with service.unchanged():
        refused(approve(coordinator, "2024-02-01", version=3), 422, "/version")
        refused(coordinator.post(PATH, {"protocol": "none", "version": 1, "approved_on": None}), 422, "/version")
        refused(coordinator.post(PATH, {"protocol": PROTOCOL, "version": 1}), 422, "/approved_on")


def test_an_admin_of_some_sites_adds_nothing_that_others_would_see(service: Service, admin: Client) -> None:
    of_one = service.client(service.token("admin", ["FUSCC"]))
    definition = {**admin.get(f"/v1/protocols/{PROTOCOL}/versions/1").json, "version": 2}
    site = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
    with service.unchanged():
        refused(of_one.post("/v1/protocols", definition), 403)
        refused(of_one.post("/v1/sites", site), 403)
    assert admin.post("/v1/protocols", definition).status_code == 201
    assert admin.post("/v1/sites", site).status_code == 201
