"""A version is what a site enrols into only from the day on which it is approved for that site."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from service import ENROLMENT, Client, Service, refused

from scheduler_api.use_cases.projections import maintenance

PROTOCOL = "nct06110650"
PATH = "/v1/sites/FUSCC/approvals"


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
