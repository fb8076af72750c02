"""Each view says who may call it, and what else it declares is in the contract."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from service import Client, Service, end, refused

from scheduler_api import create_app
from scheduler_api.api.http.operation import operation_of, patient, public, staff

VERBS = (
    *("acknowledge", "activate", "add", "apply", "book", "cancel", "check", "create", "end", "export", "get"),
    *(
        "list",
        "preview",
        "read",
        "record",
        "refresh",
        "register",
        "resend",
        "revoke",
        "search",
        "set",
        "show",
        "snooze",
        "subscribe",
    ),
    *("synchronise", "take", "unsubscribe", "verify", "withdraw"),
)


def declaring_nobody(app: Flask) -> list[str]:
    """Return the endpoints of an application whose views say of nobody that they may call them."""
    return [name for name, view in app.view_functions.items() if operation_of(view).caller is None]


def test_each_view_says_who_may_call_it(service: Service) -> None:
    assert declaring_nobody(service.app) == []


def test_a_view_that_says_nothing_is_found_and_answers_nobody(service: Service) -> None:
    app = create_app(service.settings, service.clock)
    app.add_url_rule("/v1/forgotten", "forgotten", lambda: "all patients")
    assert declaring_nobody(app) == ["forgotten"]
    refused(Client(app, service.tokens["admin"]).get("/v1/forgotten"), 403)
    end(app)


@pytest.mark.one_engine
def test_a_declaration_is_kept_whatever_wraps_the_view() -> None:
    def view() -> str:
        return ""

    assert operation_of(public(view)).caller == "public"
    assert operation_of(patient(view)).caller == "patient"
    assert operation_of(staff()(view)).roles.names == ("nurse", "coordinator", "monitor", "admin")


def test_operations_are_named_as_methods(service: Service) -> None:
    paths = service.app.extensions["scheduler"].contract["paths"]
    operations = [operation for path in paths.values() for name, operation in path.items() if name != "parameters"]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) > 60
    for name in names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert name.split("_")[0] in VERBS, name
    assert all(len(operation["tags"]) == 1 for operation in operations)


def test_what_decorators_do_is_in_the_contract(service: Service) -> None:
    paths = service.app.extensions["scheduler"].contract["paths"]

    def headers(path: str, method: str) -> set[str]:
        parameters = paths[path][method].get("parameters", [])
        return {parameter["name"] for parameter in parameters if parameter["in"] == "header"}

    assert headers("/v1/patients/{patient_id}/facts", "post") == {"If-Match", "Idempotency-Key"}
    assert headers("/v1/patients/{patient_id}/visits/{visit}", "get") == {"If-None-Match"}
    assert headers("/v1/me/today", "get") == {"If-None-Match"}
    assert headers("/v1/previews", "post") == set()
    assert paths["/v1/activate"]["post"]["security"] == []
    assert paths["/v1/protocols"]["post"]["x-roles"] == ["admin"]
    assert [*paths["/v1/feeds/{secret}.ics"]["get"]["responses"]["200"]["content"]] == ["text/calendar"]
    assert "text/csv" in paths["/v1/visits"]["get"]["responses"]["200"]["content"]


def test_all_lists_come_as_csv_too_and_nothing_else_does(service: Service) -> None:
    document = service.app.extensions["scheduler"].contract
    for path, operations in document["paths"].items():
        if "get" in operations:
            content = operations["get"]["responses"]["200"].get("content", {})
            name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
            is_list = "next_cursor" in document["components"]["schemas"].get(name, {}).get("properties", {})
            assert ("text/csv" in content) == is_list, path


def test_what_the_service_says_of_itself_is_in_the_contract(service: Service) -> None:
    paths = service.app.extensions["scheduler"].contract["paths"]
    said = {path: operations["get"] for path, operations in paths.items() if not path.startswith(("/v1/", "/fhir/"))}
    assert {path: [*operation["responses"]] for path, operation in said.items()} == {
        "/healthz": ["200"],
        "/readyz": ["200", "503"],
        "/metrics": ["200"],
    }
    assert [*said["/metrics"]["responses"]["200"]["content"]] == ["text/plain"]
    for path, operation in said.items():
        assert operation["security"] == []
        assert service.client("").get(path).status_code == 200
