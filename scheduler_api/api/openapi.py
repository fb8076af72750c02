"""The contract (OpenAPI 3.1), generated from the blueprints and their schemas."""

from __future__ import annotations

from typing import Any

from flask import Flask

from scheduler_api.api.http.problems import ProblemApi
from scheduler_api.api.routes.phones.sync import QUEUED
from scheduler_api.schemas.facts import FACTS

DESCRIPTION = (
    "Calendars of patients in a clinical trial, computed from what is recorded about them. "
    "Every date can say why it is that day. Errors are RFC 9457 problems."
)
#: What the service says of itself.
_SERVICE = {"/healthz": "Whether the process answers", "/readyz": "Whether requests can be served"}
_APPLY = "/v1/protocols/{protocol}/versions/{version}/apply"
#: POSTs that record nothing, have ids of their own or do no more when sent again, or answer with a secret kept nowhere.
NOT_REPEATABLE = (
    "/v1/previews",
    "/v1/activations",
    "/v1/activate",
    "/v1/token",
    "/v1/me/sync",
    "/v1/me/devices/{device_id}/push",
    "/v1/sites/{site}/destinations",
    _APPLY,
)
_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "If-None-Match": ("An ETag: 304 if nothing changed", {}),
    "If-Match": ("An ETag of the patient: 412 if the patient changed since", {}),
    "Idempotency-Key": ("The same key and request gives the first answer again", {"pattern": "^[!-~]{1,200}$"}),
}


def contract(app: Flask, api: ProblemApi) -> dict[str, Any]:
    """Return the whole contract as data: the same for the same code."""
    document: dict[str, Any] = api.spec.to_dict()
    _add_kinds(api, document)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                _complete(path, method, operation)
    for path, summary in _SERVICE.items():
        document["paths"][path] = {"get": _service_operation(path, summary)}
    metrics = {"200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    operation = {"summary": "Counts for Prometheus", "tags": ["service"], "security": [], "responses": metrics}
    document["paths"]["/metrics"] = {"get": operation}
    return document


def _service_operation(path: str, summary: str) -> dict[str, Any]:
    """Return the operation of a question to the service itself, which needs no token."""
    status = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    content = {"application/json": {"schema": status}}
    responses = {"200": {"description": "Yes", "content": content}}
    if path == "/readyz":
        responses["503"] = {"description": "Not now", "content": content}
    return {"summary": summary, "tags": ["service"], "security": [], "responses": responses}


def _add_kinds(api: ProblemApi, document: dict[str, Any]) -> None:
    """Describe a new fact, and a queued one, as one of its kinds."""
    schemas = document["components"]["schemas"]
    for name, kinds in (("NewFact", FACTS), ("QueuedFact", QUEUED)):
        mapping = {}
        for kind, schema in kinds.items():
            kind_name = type(schema).__name__.removesuffix("Schema")
            if kind_name not in schemas:
                api.spec.components.schema(kind_name, schema=schema)
            mapping[kind] = f"#/components/schemas/{kind_name}"
        schemas.update(api.spec.to_dict()["components"]["schemas"])
        schemas[name] = {
            "description": "One of several kinds; `kind` says which fields it has.",
            "oneOf": [{"$ref": reference} for reference in mapping.values()],
            "discriminator": {"propertyName": "kind", "mapping": mapping},
        }
    schemas["Preview"]["oneOf"] = [{"required": ["protocol"]}, {"required": ["definition"]}]
    schemas["Sync"]["properties"]["facts"]["items"] = {"$ref": "#/components/schemas/QueuedFact"}


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add what every operation shares: security, conditions, and the problems that may come instead of an answer."""
    of_patient = path.startswith("/v1/patients/{patient_id}") and not path.endswith("/devices")
    headers = []
    if method == "get" and (of_patient or path in ("/v1/me/today", "/v1/me/calendar") or path.endswith(".ics")):
        headers.append("If-None-Match")
    if method != "get" and of_patient and path.endswith(("/facts", "/booking", "/result")):
        headers.append("If-Match")
    if method == "post" and path not in NOT_REPEATABLE:
        headers.append("Idempotency-Key")
    parameters = operation.setdefault("parameters", [])
    for name in headers:
        description, form = _HEADERS[name]
        schema = {"type": "string", **form}
        parameters.append({"in": "header", "name": name, "schema": schema, "description": description})
    if not parameters:
        del operation["parameters"]
    statuses = {401, 403, 404, 422, 429, 503}
    if method in ("post", "put", "delete"):
        statuses |= {409}
    if method in ("post", "put"):
        statuses |= {400, 413, 415}
    if path in ("/v1/activate", "/v1/token") or path.endswith(".ics"):
        operation["security"] = []
    if "If-Match" in headers:
        statuses.add(412)
    responses = operation["responses"]
    responses.pop("default", None)
    if "If-None-Match" in headers:
        responses["304"] = {"description": "Nothing changed"}
    if path.endswith(".ics"):
        responses["200"]["content"] = {"text/calendar": {"schema": {"type": "string"}}}
    if path.endswith("/export"):
        responses["200"]["content"] = {"application/x-ndjson": {"schema": {"type": "string"}}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        responses[str(status)] = {"description": "A problem", "content": problem}
    operation["responses"] = dict(sorted(responses.items()))
    is_list = responses["200"]["content"] if "200" in responses and "content" in responses["200"] else {}
    reference = str(is_list.get("application/json", {}).get("schema", {}).get("$ref", ""))
    if reference.endswith("List"):
        is_list["text/csv"] = {"schema": {"type": "string"}}
