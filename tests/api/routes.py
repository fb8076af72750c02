"""The route table as tests walk it: every operation with what its view declares, a new one by itself too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Flask

from scheduler_api.api.http.operation import Operation, operation_of

_PART = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """A method of an address, and what its view declares; OPTIONS is for whoever any method there is for."""

    method: str
    rule: str
    declared: Operation

    @property
    def path(self) -> str:
        """The address as the contract writes it."""
        return _PART.sub(r"{\2}", self.rule)

    def address(self, known: Mapping[str, str] | None = None) -> str:
        """An address with these ids in it; what has none gets one that nothing has."""
        ids = known or {}
        return _PART.sub(lambda part: ids.get(part[2], "99" if part[1] == "int" else "none"), self.rule)


def routes(app: Flask, caller: str) -> Iterator[Route]:
    """Every method of every address that is for `staff`, or for a `patient`."""
    for rule in app.url_map.iter_rules():
        declared = operation_of(app.view_functions[rule.endpoint])
        if declared.caller == caller:
            for method in sorted(rule.methods or ()):
                yield Route(method, rule.rule, declared)
