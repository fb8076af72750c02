"""The contract: openapi.yaml is what the code says, has every route, and the running service keeps it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import requests
import yaml
from patience import PATIENCE
from service import ENROLMENT, Client, Server, Service

from scheduler_api.store.database.connect import connect
from scheduler_api.use_cases.projections import maintenance

pytestmark = pytest.mark.one_engine
ROOT = Path(__file__).parents[2]
#: What shows the contract is not part of it.
PAGES = {"/openapi.json", "/docs", "/docs/static/{name}"}


@pytest.fixture
def contract(service: Service) -> Any:
    """The contract that the service gives."""
    return Client(service.app, None).get("/openapi.json").json


def test_openapi_yaml_is_what_the_code_says(contract: Any) -> None:
    """If it is not: `make openapi`."""
    assert yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8")) == contract


def test_the_command_prints_it(contract: Any) -> None:
    command = [Path(sys.executable).with_name("scheduler-api"), "openapi"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert yaml.safe_load(printed) == contract
    assert printed == (ROOT / "openapi.yaml").read_text("utf-8")


def test_every_route_is_in_it(service: Service, contract: Any) -> None:
    routes = set()
    for rule in service.app.url_map.iter_rules():
        if rule.endpoint.startswith("pages."):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        routes |= {(path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    announced = {(path, method) for path, item in contract["paths"].items() for method in item.keys() - {"parameters"}}
    assert {route for route in routes if route[0] not in PAGES} == announced


def test_it_is_openapi_3_1_with_schemas_that_are_schemas(contract: Any) -> None:
    assert contract["openapi"].startswith("3.1.")
    for schema in contract["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    references = set(re.findall(r'"#/components/schemas/(\w+)"', orjson.dumps(contract).decode()))
    assert references <= contract["components"]["schemas"].keys()
    for path, item in contract["paths"].items():
        for method in item.keys() - {"parameters"}:
            operation = item[method]
            assert operation["summary"], path
            assert operation["tags"], path
            wanted = set(re.findall(r"\{(\w+)\}", path))
            given = [*item.get("parameters", []), *operation.get("parameters", [])]
            assert {parameter["name"] for parameter in given if parameter["in"] == "path"} == wanted


def test_schemathesis_finds_nothing(database: str, template: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    """All its checks against the running service; how it asks is in schemathesis.toml."""
    staff = template[1]["admin"]
    headers = {"Authorization": f"Bearer {staff}"}
    with Server(database, tmp_path) as server:

        def post(address: str, body: dict[str, Any], **headers: str) -> Any:
            answer = requests.post(f"{server.url}/v1/{address}", json=body, headers=headers, timeout=PATIENCE)
            answer.raise_for_status()
            return answer.json()

        patient_id = post("patients", ENROLMENT, **headers)["patient_id"]
        code = post("activations", {"patient_id": patient_id}, **headers)["code"]
        phone = post("activate", {"code": code, "device_name": "a phone"})["access_token"]
        config = Path(__file__).with_name("schemathesis.toml")
        command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config]
        done = subprocess.run(
            [*command, "run", f"{server.url}/openapi.json", "--checks=all"],
            cwd=tmp_path,
            env={**os.environ, "STAFF_TOKEN": staff, "PHONE_TOKEN": phone, "PATIENT": patient_id},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    answers = [line for line in lines if line["event"] == "answered"]
    assert len(answers) > 1000
    assert [line for line in lines if line["level"] == "ERROR" or line.get("status", 0) >= 500] == []
    store = connect(database)
    assert list(maintenance.verify(store)) == []
    store.close()
