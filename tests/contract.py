"""Requests and answers held to the contract: what openapi.json lacks is neither accepted nor answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import orjson
from werkzeug.datastructures import MultiDict

#: Headers of answers that HTTP, the browser's safety or a server in between are about: no client of the API needs them.
_GENERAL = {
    *("Content-Type", "Content-Length", "Content-Encoding", "Cache-Control", "Vary", "Date", "Connection", "Server"),
    *("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy", "Content-Security-Policy"),
    *("Cross-Origin-Resource-Policy", "Strict-Transport-Security", "Transfer-Encoding"),
}
_QUEUE = "/v1/me/sync"
#: What the document is called by schemas that point into it.
_NAME = "urn:contract"


class Contract:
    """The contract of the service, to check requests and answers by."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        # Compiled with the document in it, each schema would take ten megabytes.
        self._registry = jsonschema_rs.Registry([(_NAME, document)], draft=jsonschema_rs.Draft202012)
        self._paths = {re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): path for path in document["paths"]}

    def check(
        self, method: str, address: str, query: MultiDict[str, str], body: bytes | str | None, answer: Any
    ) -> None:
        """Raise AssertionError unless the contract has this answer, and the request too if it was carried out.

        Of the answer status, headers, type of content and shape; of the request parameters and body.
        """
        path = next((path for form, path in self._paths.items() if form.fullmatch(address.partition("?")[0])), None)
        operation = self._document["paths"].get(path, {}).get(method.lower())
        if operation is None or answer.status_code == 500:
            return
        status = str(answer.status_code)
        where = f"{method} {path} {status}"
        declared = operation["responses"].get(status)
        assert declared is not None, f"{where} is not in the contract"
        steps: tuple[str, ...] = ("paths", path, method.lower(), "responses", status)
        if "$ref" in declared:
            steps = tuple(declared["$ref"].split("/")[1:])
            declared = self._at(steps)
        self._check_headers(where, declared.get("headers", {}), answer.headers)
        if status[0] == "2":
            self._check_request(where, path, method.lower(), query, body)
        if not answer.data or "Content-Encoding" in answer.headers:
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in declared.get("content", {}), f"{where} as {kind} is not in the contract"
        if kind in ("application/json", "application/problem+json", "application/fhir+json"):
            self._validate(where, (*steps, "content", kind, "schema"), orjson.loads(answer.data))

    def _check_headers(self, where: str, declared: Mapping[str, Any], sent: Any) -> None:
        for name in declared:
            schema = self._at(("components", "headers", name))
            assert name in sent or not schema.get("required"), f"{where} has no {name}"
            if name in sent:
                steps = ("components", "headers", name, "schema")
                self._validate(f"{where} {name}", steps, _read(sent[name], schema["schema"]))
        known = {*declared, *_GENERAL}
        assert {name for name, _ in sent} <= known, f"{where}: { ({name for name, _ in sent} - known) } in no contract"

    def _check_request(
        self, where: str, path: str, method: str, query: MultiDict[str, str], body: bytes | str | None
    ) -> None:
        declared = {
            parameter["name"]: (parameter, (*steps, "parameters", str(number), "schema"))
            for steps in (("paths", path), ("paths", path, method))
            for number, parameter in enumerate(self._at(steps).get("parameters", ()))
            if parameter["in"] == "query"
        }
        assert declared.keys() >= query.keys() or path.endswith(".ics"), f"{where} took {[*query]}"
        for name, (parameter, steps) in declared.items():
            assert name in query or not parameter.get("required"), f"{where} took no {name}"
            if name in query:
                values = ",".join(query.getlist(name))
                self._validate(f"{where} {name}", steps, _read(values, parameter["schema"]))
        content = self._at(("paths", path, method)).get("requestBody", {}).get("content")
        if content is not None:
            steps = ("paths", path, method, "requestBody", "content", "application/json", "schema")
            document = orjson.loads(body or b"null")
            if path == _QUEUE:
                # Each of what a phone queued is taken or refused by itself, in an answer that is 200.
                document = {**document, "facts": []}
            self._validate(f"{where} took", steps, document)

    def _validate(self, where: str, steps: tuple[str, ...], value: Any) -> None:
        errors = self._validator(steps).iter_errors(value)
        problems = [f"{where}: {error.message} {[*error.instance_path]}" for error in errors]
        assert problems == [], problems

    def _at(self, steps: tuple[str, ...]) -> Any:
        found: Any = self._document
        for step in steps:
            found = found[step]
        return found

    @cache  # noqa: B019 (one contract for all tests)
    def _validator(self, steps: tuple[str, ...]) -> Any:
        pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
        schema = {"$ref": f"{_NAME}#/{pointer}"}
        return jsonschema_rs.Draft202012Validator(schema, registry=self._registry, validate_formats=True)


def _read(text: str, schema: Mapping[str, Any]) -> Any:
    """A value of a header or a parameter, as its schema's type has it; the text itself if it is none."""
    kind = schema.get("type")
    if kind == "integer" and text.isdecimal():
        return int(text)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text.split(",") if kind == "array" else text
