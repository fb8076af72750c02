"""Who is turned away where, on every route there is: by role, by kind of token, and without any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from phone.phones import Phone
from service import Client, Patient, Service, refused
from werkzeug.test import TestResponse

from scheduler_api.use_cases.session import ROLES

from .routes import Route, routes

#: What a client may send besides: nothing, something that is no JSON, and JSON that is no answer to any question.
BODIES: tuple[str | None, ...] = (None, "{", '{"none": 1}')


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient of the site FUSCC."""
    return nurse.enrol()


def asked(client: Client, route: Route, patient: Patient) -> Iterator[TestResponse]:
    """The answers to an operation: of what there is and of what there is not, with good, bad and no bodies."""
    there = {
        "patient_id": patient.patient_id,
        "site": "FUSCC",
        "protocol": "nct06110650",
        "version": "1",
        "visit": "imaging-w6",
    }
    bodies = BODIES if route.method in ("POST", "PUT", "PATCH") else BODIES[:1]
    for ids, body in product((there, {}), bodies):
        yield client.send(route.method, route.address(ids), data=body)


def test_an_address_with_a_nul_is_no_failure(service: Service) -> None:
    admin = service.client("admin")
    for route in routes(service.app, "staff"):
        ids = dict.fromkeys(re.findall(r"<(?:string:)?(\w+)>", route.rule), "a%00b")
        if ids:
            body = "{}" if route.method in ("POST", "PUT", "PATCH") else None
            assert admin.send(route.method, route.address(ids), data=body).status_code in (200, 404, 415, 422), route


def turned_away(answer: TestResponse, status: int, code: str, route: Route) -> None:
    """Check that an answer refuses by the problem of this code, and says nothing else."""
    where = f"{route.method} {route.rule}: {answer.status_code}"
    assert answer.status_code == status, where
    if route.method != "HEAD":
        said = refused(answer, status)
        # Readers of FHIR are told by an OperationOutcome.
        assert "issue" in said or said["type"] == f"urn:scheduler-api:{code}", where
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer", where


def test_a_role_that_is_not_declared_is_refused_before_anything_is_looked_at(
    service: Service, patient: Patient
) -> None:
    """403 comes before 404, 415 and 422, whether what is asked for is there, elsewhere or nowhere."""
    clients = {
        role: [service.client(service.token(role, sites)) for sites in ([], ["FUSCC"], ["BERLIN"])] for role in ROLES
    }
    walked = [
        (route, role)
        for route in routes(service.app, "staff")
        for role in ROLES
        if route.method != "OPTIONS" and role not in route.declared.roles.names
    ]
    # Each role but the admin's is refused somewhere, or the walk shows nothing of it.
    assert {role for _, role in walked} == set(ROLES) - {"admin"}
    with service.unchanged():
        for route, role in walked:
            for client in clients[role]:
                for answer in asked(client, route, patient):
                    turned_away(answer, 403, "forbidden", route)


def test_a_role_that_is_declared_is_not_refused(service: Service, patient: Patient) -> None:
    """Asked for what is nowhere, so that nothing comes of it. Which methods an address has, every role may know."""
    for route in routes(service.app, "staff"):
        for role in ROLES if route.method == "OPTIONS" else route.declared.roles.names:
            answer = service.client(service.token(role, [])).send(route.method, route.address())
            assert answer.status_code not in (401, 403), f"{role}: {route.method} {route.rule}"


def test_the_contract_names_the_roles_that_are_let_in(service: Service) -> None:
    paths = service.app.extensions["scheduler"].contract["paths"]
    for route in routes(service.app, "staff"):
        if route.method not in ("HEAD", "OPTIONS"):
            assert paths[route.path][route.method.lower()]["x-roles"] == [*route.declared.roles.names]
    for route in routes(service.app, "patient"):
        if route.method not in ("HEAD", "OPTIONS"):
            assert "x-roles" not in paths[route.path][route.method.lower()]


def test_without_a_token_nothing_is_looked_at(service: Service, patient: Patient) -> None:
    nobody = Client(service.app, None)
    with service.unchanged():
        for caller in ("staff", "patient"):
            for route in routes(service.app, caller):
                for answer in asked(nobody, route, patient):
                    turned_away(answer, 401, "unauthenticated", route)


def test_a_patients_token_is_none_for_staff_and_a_staff_token_none_for_patients(
    service: Service, patient: Patient
) -> None:
    phone = service.client(Phone(service, patient).access)
    staff = [service.client(service.token(role, [])) for role in ROLES]
    with service.unchanged():
        for route in routes(service.app, "staff"):
            for answer in asked(phone, route, patient):
                turned_away(answer, 401, "unauthenticated", route)
        for route in routes(service.app, "patient"):
            for client in staff:
                for answer in asked(client, route, patient):
                    turned_away(answer, 401, "unauthenticated", route)
