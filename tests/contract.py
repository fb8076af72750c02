"""Answers held to the contract: whatever a test asks, the answer must be one that openapi.json announces."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import orjson


class Contract:
    """The contract of the service, to check answers by."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._paths = {re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): path for path in document["paths"]}

    def check(self, method: str, address: str, answer: Any) -> None:
        """Raise AssertionError unless the contract has this answer: its status, its kind and its shape."""
        path = next((path for form, path in self._paths.items() if form.fullmatch(address)), None)
        operation = self._document["paths"].get(path, {}).get(method.lower())
        if operation is None or answer.status_code == 500:
            return
        where = f"{method} {path} {answer.status_code}"
        declared = operation["responses"].get(str(answer.status_code))
        assert declared is not None, f"{where} is not in the contract"
        if not answer.data or "Content-Encoding" in answer.headers:
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in declared.get("content", {}), f"{where} as {kind} is not in the contract"
        if kind in ("application/json", "application/problem+json"):
            steps = ("paths", path, method.lower(), "responses", str(answer.status_code), "content", kind, "schema")
            self._validator(steps).validate(orjson.loads(answer.data))

    @cache  # noqa: B019 (one contract for all tests)
    def _validator(self, steps: tuple[str, ...]) -> Any:
        pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
        schema = {**self._document, "$ref": f"#/{pointer}"}
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
