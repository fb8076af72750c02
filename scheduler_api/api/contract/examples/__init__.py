"""The examples of the contract: requests, and the answers that the service gave when they were carried out.

The requests are in this package's modules, the answers in `answers.json`: `make examples` carries all out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from .calls import CALLS, PARAMETERS
from .example import NOW, Example
from .facts import FACTS
from .refusals import CODES, PROBLEMS

__all__ = ["ACCEPTED", "DAY", "PARAMETERS", "REFUSED", "of_answer", "of_request", "of_status"]

#: The day that the examples are seen from.
DAY = NOW[:10]
#: All examples that the service accepts, and all that it refuses, by name.
ACCEPTED: Mapping[str, Example] = {**FACTS, **CALLS}
REFUSED: Mapping[str, Example] = {**CODES, **{name: example for (_, name), example in PROBLEMS.items()}}


@cache
def _answers() -> dict[str, dict[str, Any]]:
    """Return the status and the content that each example was answered with, by its name."""
    found: dict[str, dict[str, Any]] = orjson.loads(files(__package__).joinpath("answers.json").read_bytes())
    return found


def of_request(operation: str) -> dict[str, Any]:
    """Return the examples of an operation's request that are accepted, as OpenAPI writes them."""
    return {
        name: {"summary": example.summary, "value": example.body}
        for name, example in ACCEPTED.items()
        if example.operation == operation and example.body is not None
    }


def of_answer(operation: str, status: int) -> dict[str, Any]:
    """Return the examples of an operation's answers with a status."""
    return {
        name: {"summary": example.summary, "value": _answers()[name]["content"]}
        for name, example in {**ACCEPTED, **REFUSED}.items()
        if example.operation == operation and name in _answers() and _answers()[name]["status"] == status
    }


def of_status(status: int) -> dict[str, Any]:
    """Return an example of the problems with a status, for operations that have none of their own."""
    for name, example in {**{name: one for (_, name), one in PROBLEMS.items()}, **CODES}.items():
        if name in _answers() and _answers()[name]["status"] == status:
            return {name: {"summary": example.summary, "value": _answers()[name]["content"]}}
    return {}
