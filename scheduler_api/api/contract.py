"""The contract (OpenAPI 3.1), generated from the blueprints and their schemas."""

from __future__ import annotations

from typing import Any

from flask import Flask

from .fact_shapes import FACTS
from .problems import ProblemApi

DESCRIPTION = (
    "Calendars of patients in a clinical trial, computed from what is recorded about them. "
    "Every date can say why it is that day. Errors are RFC 9457 problems."
)
_HEADERS = {
    "If-None-Match": "An ETag: 304 if nothing changed",
    "If-Match": "An ETag of the patient: 412 if the patient changed since",
    "Idempotency-Key": "The same key and request gives the first answer again",
}


def contract(app: Flask, api: ProblemApi) -> dict[str, Any]:
    """The whole contract as data, the same for the same code."""
    document: dict[str, Any] = api.spec.to_dict()
    _add_facts(api, document)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                _complete(path, method, operation)
    return document


def _add_facts(api: ProblemApi, document: dict[str, Any]) -> None:
    """A new fact is one of its kinds."""
    schemas = document["components"]["schemas"]
    mapping = {}
    for kind, schema in FACTS.items():
        name = type(schema).__name__
        if name not in schemas:
            api.spec.components.schema(name, schema=schema)
        mapping[kind] = f"#/components/schemas/{name}"
    schemas.update(api.spec.to_dict()["components"]["schemas"])
    schemas["NewFact"] = {
        "description": "A fact of any kind; `kind` says which fields it has.",
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """The habits of every endpoint: security, conditions, and the problems that may come instead of an answer."""
    of_patient = path.startswith("/v1/patients/{patient_id}")
    headers = []
    if method == "get" and of_patient:
        headers.append("If-None-Match")
    if method == "post" and path.endswith("/facts"):
        headers.append("If-Match")
    if method == "post" and not path.endswith("/previews"):
        headers.append("Idempotency-Key")
    parameters = operation.setdefault("parameters", [])
    for name in headers:
        parameters.append({"in": "header", "name": name, "schema": {"type": "string"}, "description": _HEADERS[name]})
    if not parameters:
        del operation["parameters"]
    statuses = {401, 403, 404, 422, 503}
    if method == "post":
        statuses |= {400, 409, 413, 415}
    if "If-Match" in headers:
        statuses.add(412)
    responses = operation["responses"]
    responses.pop("default", None)
    if "If-None-Match" in headers:
        responses["304"] = {"description": "Nothing changed"}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        responses[str(status)] = {"description": "A problem", "content": problem}
    operation["responses"] = dict(sorted(responses.items()))
    is_list = responses["200"]["content"] if "200" in responses and "content" in responses["200"] else {}
    reference = str(is_list.get("application/json", {}).get("schema", {}).get("$ref", ""))
    if reference.endswith("List"):
        is_list["text/csv"] = {"schema": {"type": "string"}}
