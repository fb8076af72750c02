"""Write what FHIR answers with besides resources: bundles, outcomes, and the statement of what there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .elements import FHIR_JSON, present, system

#: The day on which what the statement says changed last.
_STATED_ON = "2026-11-29"
#: The code of an issue, by the status of the problem.
_ISSUES: Mapping[int, str] = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    422: "value",
    429: "throttled",
    500: "exception",
    503: "transient",
}
_SECURITY = (
    "`Authorization: Bearer` with a token of staff, as for the rest of the service. A site's staff see its patients "
    "only, and what they read is in the audit."
)


class SearchParameter(NamedTuple):
    """A parameter of a search: its name, its type in FHIR, and what it means."""

    name: str
    kind: str
    documentation: str


def searchset(base: str, resources: Iterable[Mapping[str, Any]], address: str, following: str | None) -> dict[str, Any]:
    """Return a page of a search, found at `address`, as a Bundle; `following` is the address of the next page."""
    links = [{"relation": "self", "url": address}]
    if following is not None:
        links.append({"relation": "next", "url": following})
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    return present(resourceType="Bundle", type="searchset", link=links, entry=entries)


def operation_outcome(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return a problem (RFC 9457) as an OperationOutcome: an issue for each bad field, or one for all."""
    kind = _ISSUES.get(problem["status"], "processing")
    issue = {"severity": "error", "code": kind}
    errors: Sequence[Mapping[str, str]] = problem.get("errors", ())
    issues = [
        {
            **issue,
            "details": {"coding": [{"system": system("code"), "code": error["code"]}], "text": error["detail"]},
            # Of a parameter of several values, which of them it is goes unsaid.
            "location": [f"http.{error['pointer'].split('/')[1]}"],
        }
        for error in errors
    ]
    return {
        "resourceType": "OperationOutcome",
        "issue": issues or [{**issue, "details": {"text": problem["detail"]}}],
    }


def capability_statement(
    base: str, version: str, searches: Mapping[str, Sequence[SearchParameter]], paging: str
) -> dict[str, Any]:
    """Return the CapabilityStatement: of each type of resource, reading one and searching by some parameters.

    `paging` says how results are paged.
    """
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _STATED_ON,
        "kind": "instance",
        "software": {"name": "Scheduler API", "version": version},
        "implementation": {"description": "Calendars of patients in clinical trials, read only", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", FHIR_JSON],
        "rest": [
            {
                "mode": "server",
                "documentation": paging,
                "security": {"description": _SECURITY},
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "versioning": "no-version",
                        "searchParam": [
                            {"name": one.name, "type": one.kind, "documentation": one.documentation}
                            for one in parameters
                        ],
                    }
                    for kind, parameters in searches.items()
                ],
            }
        ],
    }
