"""Sites, protocols and previews that cannot be: each bad field is named where it stands in the body."""

from __future__ import annotations

from collections.abc import Callable
from cProfile import Profile
from datetime import date, timedelta
from typing import Any

import pytest
from service import ENROLMENT, Client, refused

SITE = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
PREVIEW: dict[str, Any] = {
    "protocol": "nct06110650",
    "patient": {name: value for name, value in ENROLMENT.items() if name != "protocol"},
    "today": "2024-02-20",
}


@pytest.mark.parametrize(
    ("data", "status", "pointer"),
    [
        ({"site": "FUSCC"}, 409, "/site"),
        ({"site": "a b"}, 422, "/site"),
        ({"site": "PARIS\n"}, 422, "/site"),
        ({"site": "../etc"}, 422, "/site"),
        ({"name": ""}, 422, "/name"),
        ({"country": "fr"}, 422, "/country"),
        ({"country": "FRA"}, 422, "/country"),
        ({"time_zone": "Paris"}, 422, "/time_zone"),
        ({"opening_days": []}, 422, "/opening_days"),
        ({"opening_days": ["monday", "monday"]}, 422, "/opening_days"),
        ({"opening_days": ["monday", "someday"]}, 422, "/opening_days/1"),
        ({"opening_days": "monday"}, 422, "/opening_days"),
        ({"beds": 5}, 422, "/beds"),
    ],
    ids=str,
)
def test_an_impossible_site(admin: Client, data: dict[str, Any], status: int, pointer: str) -> None:
    refused(admin.post("/v1/sites", {**SITE, **data}), status, pointer)


def put(document: Any, path: str, value: Any) -> None:
    """Set what a JSON pointer names."""
    *way, last = path.strip("/").split("/")
    for step in way:
        document = document[int(step) if isinstance(document, list) else step]
    document[int(last) if isinstance(document, list) else last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/id", "NCT 1"),
        ("/id", 5),
        ("/version", "2"),
        ("/version", 0),
        ("/title", 5),
        ("/regimens", {}),
        ("/regimens/0/dose/amount", -1),
        ("/regimens/0/cycle_days", "x"),
        ("/regimens/0/colour", "red"),
        ("/visits", None),
        ("/visits/0", None),
        ("/visits/0/window", None),
        ("/visits/0/window/before_days", -1),
        ("/visits/0/every", {"weeks": 0}),
        ("/visits/0/every", {"years": 1}),
        ("/visits/0/until", "never"),
        ("/visits/0/until/0", "never"),
        ("/contraception/0/after_last_dose/months", 1.5),
    ],
    ids=str,
)
def test_an_impossible_protocol(admin: Client, path: str, value: Any) -> None:
    """The same faults in a protocol that is sent and in one of a preview, there further in."""
    definition = {**admin.get("/v1/protocols/nct06110650/versions/1").json, "version": 2, "sources": {}}
    put(definition, path, value)
    answer = admin.post("/v1/protocols", definition)
    named = [error["pointer"] for error in answer.json["errors"]]
    assert all(pointer.startswith(path) for pointer in named), named
    refused(answer, 422, *named)
    preview = {name: value for name, value in PREVIEW.items() if name != "protocol"}
    refused(admin.post("/v1/previews", {**preview, "definition": definition}), 422, *(f"/definition{n}" for n in named))


@pytest.mark.parametrize(
    ("data", "status", "pointer"),
    [
        ({"protocol": "none"}, 422, "/protocol/id"),
        ({"protocol": {"id": "nct06110650", "version": 7}}, 422, "/protocol/version"),
        ({"definition": {}}, 422, "/protocol"),
        ({"today": "2024-02-30"}, 422, "/today"),
        ({"today": "2024-01-02"}, 422, "/patient/enrolled_on"),
        ({"from": "2024-03-01", "to": "2024-02-01"}, 422, "/to"),
        ({"from": "1900-01-01"}, 422, "/to"),
        ({"patient": {**PREVIEW["patient"], "time_zone": "Mars"}}, 422, "/patient/time_zone"),
        ({"patient": {**PREVIEW["patient"], "fertility": "not_fertile"}}, 422, "/patient/basis"),
        ({"patient": {**PREVIEW["patient"], "enrolled_on": "2024-02-30"}}, 422, "/patient/enrolled_on"),
        ({"patient": []}, 422, "/patient"),
        ({"facts": {}}, 422, "/facts"),
        ({"facts": [None]}, 422, "/facts/0"),
        ({"facts": [5]}, 422, "/facts/0"),
        ({"facts": [{}]}, 422, "/facts/0/kind"),
        ({"facts": [{"kind": "born"}]}, 422, "/facts/0/kind"),
        ({"facts": [{"kind": "hold_ended", "resumes_on": "2024-02-01"}]}, 409, "/facts/0/kind"),
        ({"facts": [{"kind": "treatment_started", "first_dose_on": "2024-02-30"}]}, 422, "/facts/0/first_dose_on"),
        ({"facts": [{"kind": "voided", "voids": "1", "reason": "x"}]}, 422, "/facts/0/voids"),
        ({"facts": [{"kind": "voided", "voids": "0", "reason": "x"}]}, 422, "/facts/0/voids"),
    ],
    ids=str,
)
def test_an_impossible_preview(monitor: Client, data: dict[str, Any], status: int, pointer: str) -> None:
    refused(monitor.post("/v1/previews", {**PREVIEW, **data}), status, pointer)


def on(number: int) -> str:
    """The day that many days after enrolment."""
    return str(date(2024, 1, 3) + timedelta(number))


def amendments() -> list[dict[str, Any]]:
    """An amendment each day."""
    return [{"kind": "protocol_amended", "version": 1, "from_on": on(day)} for day in range(1000)]


def holds_that_are_voided() -> list[dict[str, Any]]:
    """Holds of a day each, begun and ended, then all voided."""
    facts: list[dict[str, Any]] = []
    for number in range(500):
        facts.append({"kind": "hold_started", "from_on": on(2 * number)})
        facts.append({"kind": "hold_ended", "resumes_on": on(2 * number + 1)})
    return facts + [{"kind": "voided", "voids": str(2 * number + 1), "reason": "x"} for number in range(500)]


def corrections_of_corrections() -> list[dict[str, Any]]:
    """One dose, corrected again and again."""
    dose = {"kind": "dose_recorded", "dose_on": "2024-01-05", "status": "taken"}
    return [dose, *({**dose, "replaces": str(number), "reason": "x"} for number in range(1, 5000))]


@pytest.mark.parametrize("facts", [amendments, holds_that_are_voided, corrections_of_corrections])
def test_a_preview_of_very_many_facts_is_answered_soon_or_refused(monitor: Client, facts: Callable[[], Any]) -> None:
    """Nobody can keep a worker busy for minutes with one request: a minute is some 200 million calls of functions."""
    profile = Profile()
    answer = profile.runcall(monitor.post, "/v1/previews", {**PREVIEW, "facts": facts()})
    assert answer.status_code in (200, 409, 413, 422)
    assert sum(entry.callcount for entry in profile.getstats()) < 30_000_000
