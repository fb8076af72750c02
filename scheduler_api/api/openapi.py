"""The contract (OpenAPI 3.1), generated from the blueprints and their schemas."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from flask import Flask

from scheduler_api.api.http.operation import operation_of
from scheduler_api.api.http.problems import ProblemApi
from scheduler_api.api.routes.phones.sync import QUEUED
from scheduler_api.schemas.facts import FACTS

DESCRIPTION = (
    "Calendars of patients in a clinical trial, computed from what is recorded about them. "
    "Every date can say why it is that day. Errors are RFC 9457 problems."
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
    views = _views(app)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                _complete(method, operation, views[path, method])
    for (path, method), view in views.items():
        if method == "get" and operation_of(view).says:
            document["paths"][path] = {"get": _of_the_service(view)}
    return document


def _views(app: Flask) -> dict[tuple[str, str], Any]:
    """Return the view of each path, as the contract writes it, and method."""
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }


def _of_the_service(view: Any) -> dict[str, Any]:
    """Return the operation of a view that says something of the service itself, to anyone and by its status."""
    summary, _, description = str(inspect.getdoc(view)).partition("\n\n")
    declared = operation_of(view)
    status = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    content = _texts(declared.produces) or {"application/json": {"schema": status}}
    return {
        "operationId": view.__name__,
        "summary": summary,
        **({"description": description} if description else {}),
        "tags": ["service"],
        "security": [],
        "responses": {
            str(code): {"description": "OK" if code == 200 else "Not now", "content": content} for code in declared.says
        },
    }


def _texts(content_types: Iterable[str]) -> dict[str, Any]:
    """Return content of other types than JSON, of which the contract says no more."""
    text: dict[str, Any] = {"type": "string"}
    binary = {**text, "format": "binary"}
    return {name: {"schema": text if name.startswith("text/") else binary} for name in content_types}


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
    schemas["SyncRequest"]["properties"]["facts"]["items"] = {"$ref": "#/components/schemas/QueuedFact"}


def _complete(method: str, operation: dict[str, Any], view: Any) -> None:
    """Add what the view declares by its decorators, and the problems that may come instead of an answer."""
    declared = operation_of(view)
    operation["operationId"] = view.__name__
    parameters = operation.setdefault("parameters", [])
    for name in declared.headers:
        description, form = _HEADERS[name]
        schema = {"type": "string", **form}
        parameters.append({"in": "header", "name": name, "schema": schema, "description": description})
    if not parameters:
        del operation["parameters"]
    if declared.caller == "staff":
        operation["x-roles"] = [*declared.roles.names]
    elif declared.caller == "public":
        operation["security"] = []
    statuses = {401, 403, 404, 422, 429, 503}
    if method in ("post", "put", "patch", "delete"):
        statuses |= {409}
    if method in ("post", "put", "patch"):
        statuses |= {400, 408, 413, 415}
    if "If-Match" in declared.headers:
        statuses.add(412)
    responses = operation["responses"]
    responses.pop("default", None)
    if "If-None-Match" in declared.headers:
        responses["304"] = {"description": "Nothing changed"}
    if declared.produces:
        responses["200"].setdefault("content", {}).update(_texts(declared.produces))
    contents = [found for status, answer in responses.items() if status[0] == "2" and (found := answer.get("content"))]
    # A calendar app reads a feed whatever it says that it accepts: an appointment must not be lost to a header.
    if contents and not declared.any_query:
        declared.forms = tuple(dict.fromkeys(form for content in contents for form in content))
        statuses.add(406)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        responses[str(status)] = {"description": "A problem", "content": problem}
    operation["responses"] = dict(sorted(responses.items()))
