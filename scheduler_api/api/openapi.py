"""The contract (OpenAPI 3.1), generated from the blueprints and their schemas."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask

from scheduler_api.api.contract import examples, headers
from scheduler_api.api.contract.words import WORDS
from scheduler_api.api.http.accept import JSON
from scheduler_api.api.http.operation import operation_of
from scheduler_api.api.http.problems import TYPES, ProblemApi
from scheduler_api.api.routes.phones.sync import QUEUED
from scheduler_api.interop.fhir.elements import FHIR_JSON, FHIR_PATH
from scheduler_api.schemas.facts import FACTS

INFO = {
    "description": (
        "Calendars of patients in a clinical trial, computed from what is recorded about them. "
        "Every date can say why it is that day. Errors are RFC 9457 problems."
    ),
    "contact": {"name": "The maintainers of Scheduler API"},
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "If-None-Match": ("An ETag: 304 if nothing changed", {}),
    "If-Match": ("An ETag of the patient: 412 if the patient changed since", {}),
    "Idempotency-Key": ("The same key and request gives the first answer again", {"pattern": "^[!-~]{1,200}$"}),
}
_REFERENCE = re.compile(r"#/components/(\w+)/([\w-]+)")


def contract(app: Flask, api: ProblemApi) -> dict[str, Any]:
    """Return the whole contract as data: the same for the same code."""
    document: dict[str, Any] = api.spec.to_dict()
    document["info"]["x-examples-day"] = examples.DAY
    document["servers"] = [{"url": "/", "description": "The service that serves this contract"}]
    document["tags"].append({"name": "service", "description": "What the service says of itself"})
    _add_kinds(api, document)
    components = document["components"]
    components["headers"] = headers.components()
    components["responses"] = {_problem_name(status): _problem(status) for status in TYPES}
    components["responses"] |= {f"Fhir{_problem_name(status)}": _outcome(status) for status in TYPES}
    views = _views(app)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                _complete(path, method, operation, views[path, method])
    for (path, method), view in views.items():
        if method == "get" and operation_of(view).says:
            document["paths"][path] = {"get": _of_the_service(view)}
    for parameter in _parameters(document):
        parameter.setdefault("description", WORDS.get(parameter["name"], ""))
        if parameter.get("required") and (example := examples.PARAMETERS.get(parameter["name"])) is not None:
            parameter["example"] = example
    for schema in components["schemas"].values():
        for name, declared in schema.get("properties", {}).items():
            _describe(name, declared)
    _prune(document)
    return document


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every parameter."""
    for operations in document["paths"].values():
        for holder in (operations, *operations.values()):
            if isinstance(holder, dict):
                yield from holder.get("parameters", ())


def _describe(name: str, declared: dict[str, Any]) -> None:
    """Say what a field means, and what it is by default.

    A `default` would be read as a value that is always there: generators of clients make such fields required.
    """
    declared.setdefault("description", WORDS.get(name, ""))
    default = declared.pop("default", None)
    if default not in (None, "", []):
        word = str(default).lower() if isinstance(default, bool) else default
        declared["description"] += f"; by default `{word}`"


def _prune(document: dict[str, Any]) -> None:
    """Leave out components that nothing refers to."""
    components, found = document["components"], set[tuple[str, str]]()
    waiting: list[Any] = [document["paths"]]
    while waiting:
        for reference in set(_REFERENCE.findall(str(waiting.pop()))) - found:
            found.add(reference)
            waiting.append(components[reference[0]][reference[1]])
    for kind in ("schemas", "responses", "headers", "examples"):
        components[kind] = {name: one for name, one in components.get(kind, {}).items() if (kind, name) in found}
        if not components[kind]:
            del components[kind]


def _problem_name(status: int) -> str:
    return "".join(part.title() for part in TYPES[status][0].split("-"))


def _problem(status: int, shown: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the response of a problem, with the examples that are its own, if it has some."""
    shown = shown or examples.of_status(status)
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if shown:
        content["examples"] = shown
    sent = (*headers.OF_EVERY_ANSWER, *headers.OF_WORDS, *headers.OF_PROBLEMS.get(status, ()))
    return {
        "description": TYPES[status][1],
        "headers": headers.referred(sent),
        "content": {"application/problem+json": content},
    }


def _outcome(status: int) -> dict[str, Any]:
    """Return the response of a problem as FHIR writes it."""
    content = {FHIR_JSON: {"schema": {"$ref": "#/components/schemas/FhirResource"}}}
    return {**_problem(status), "content": content}


def _views(app: Flask) -> dict[tuple[str, str], Any]:
    """Return the view of each path, as the contract writes it, and method."""
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }


_STATUS = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "description": "Whether it can serve", "enum": ["ok", "unavailable"]},
        "database": {"type": "string", "description": "Whether the database answers and can be written"},
        "clock": {"type": "string", "description": "Only if the clock of the machine cannot be trusted"},
        "worker": {"type": "string", "description": "Only if no worker sends messages"},
    },
    "required": ["status"],
    "additionalProperties": False,
}


def _of_the_service(view: Any) -> dict[str, Any]:
    """Return the operation of a view that says something of the service itself, to anyone and by its status."""
    summary, _, description = str(inspect.getdoc(view)).partition("\n\n")
    declared = operation_of(view)
    content = _texts(declared.produces) or {"application/json": {"schema": _STATUS}}
    return {
        "operationId": view.__name__,
        "summary": summary,
        **({"description": description} if description else {}),
        "tags": ["service"],
        "security": [],
        "responses": {
            str(code): {
                "description": "OK" if code == 200 else "Not now",
                "headers": headers.referred(headers.OF_EVERY_ANSWER),
                "content": content,
            }
            for code in declared.says
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
    for name in ("NewPatient", "Preview"):
        protocol = schemas[name]["properties"]["protocol"]
        schemas[name]["properties"]["protocol"] = {
            "description": "The id and version; or the id alone, for the latest version approved for the site",
            "oneOf": [{"type": "string", "minLength": 1, "maxLength": 64}, protocol],
        }
    schemas["Preview"]["oneOf"] = [{"required": ["protocol"]}, {"required": ["definition"]}]
    schemas["SyncRequest"]["properties"]["facts"]["items"] = {"$ref": "#/components/schemas/QueuedFact"}


def _complete(path: str, method: str, operation: dict[str, Any], view: Any) -> None:
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
    name = operation["operationId"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and (shown := examples.of_request(name)):
        body["examples"] = shown
    responses.pop("default", None)
    if "If-None-Match" in declared.headers:
        responses["304"] = {"description": "Nothing changed"}
    if declared.produces:
        responses["200"].setdefault("content", {}).update(_texts(declared.produces))
    speaks_fhir = path.startswith(FHIR_PATH)
    if speaks_fhir:
        content = responses["200"]["content"]
        content[JSON] = {**content[FHIR_JSON]}
    contents = [found for status, answer in responses.items() if status[0] == "2" and (found := answer.get("content"))]
    # A calendar app reads a feed whatever it says that it accepts: an appointment must not be lost to a header.
    if contents and not declared.any_query:
        declared.forms = tuple(dict.fromkeys(form for content in contents for form in content))
        statuses.add(406)
    for status, answer in responses.items():
        content = answer.get("content", {})
        is_page = "List" in str(content.get("application/json", {}).get("schema", ""))
        answer["headers"] = headers.referred(headers.of_answer(status, declared.headers, declared.sends, is_page))
        kind = FHIR_JSON if speaks_fhir else JSON
        if kind in content and (shown := examples.of_answer(name, int(status))):
            content[kind]["examples"] = shown
    for status in sorted(statuses):
        own = examples.of_answer(name, status)
        shared = {"$ref": f"#/components/responses/{'Fhir' if speaks_fhir else ''}{_problem_name(status)}"}
        responses[str(status)] = _problem(status, own) if own else shared
    operation["responses"] = dict(sorted(responses.items()))
