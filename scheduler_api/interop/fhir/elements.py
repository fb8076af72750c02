"""Elements that resources have in common: identifiers, codes, references and extensions of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The type of content of every resource.
FHIR_JSON = "application/fhir+json"
#: Where the addresses are that speak FHIR.
FHIR_PATH = "/fhir/"
#: The names of our own code systems and extensions begin so.
_OURS = "urn:scheduler-api:"
#: The code system of sites.
SITES = f"{_OURS}site"


def present(**elements: Any) -> dict[str, Any]:
    """Return elements without those that are empty, which FHIR does not write."""
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}


def system(*names: str) -> str:
    """Return the name of a code system of ours, as `urn:scheduler-api:nct06110650:subject-number`."""
    return _OURS + ":".join(names)


def subject_numbers(protocol: str) -> str:
    """Return the system in which the subject numbers of a protocol are unique, but for screen failures."""
    return system(protocol, "subject-number")


def protocol_of(subject_system: str) -> str:
    """Return the protocol whose subject numbers are in a system; empty if it is no such system."""
    protocol = subject_system.removeprefix(_OURS).removesuffix(":subject-number")
    return protocol if subject_system == subject_numbers(protocol) else ""


def reference(kind: str, resource_id: str) -> dict[str, str]:
    """Return a reference to a resource of this service."""
    return {"reference": f"{kind}/{resource_id}"}


def site(name: str, kind: str) -> dict[str, Any]:
    """Return a reference to a site, which is no resource here, as an organisation or a location: by its id."""
    return {"type": kind, "identifier": {"system": SITES, "value": name}}


def code(of: str, value: str, text: Any = None) -> dict[str, Any]:
    """Return a code of a system, with words for people."""
    return present(coding=[{"system": of, "code": value}], text=text)


def extensions(**values: Any) -> list[dict[str, Any]]:
    """Return extensions of ours: a boolean each, or a date; those without a value are left out."""
    return [
        {"url": system(name.replace("_", "-")), f"value{'Boolean' if isinstance(value, bool) else 'Date'}": value}
        for name, value in values.items()
        if value is not None
    ]


def period(start: Any, end: Any) -> Mapping[str, Any]:
    """Return a period of days, both included; without an end it goes on."""
    return present(start=start, end=end)
