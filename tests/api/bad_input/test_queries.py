"""Parameters of reading that mean nothing, and addresses where nothing is."""

from __future__ import annotations

import pytest
from service import ENROLMENT, Client, Patient, Service, refused

from ..inputs import NEW_FACT


@pytest.mark.parametrize(
    ("part", "query", "pointers"),
    [
        ("calendar", "from=2024-03-01&to=2024-02-01", ["/to"]),
        ("calendar", "from=2024-01-01&to=2026-03-11", ["/to"]),
        ("calendar", "from=1900-01-01", ["/to"]),
        ("calendar", "from=1900-01-01&to=2199-12-31", ["/to"]),
        ("calendar", "from=2024-02-30&to=10000-01-01", ["/from", "/to"]),
        ("calendar", "from=", ["/from"]),
        ("calendar", "from=2024-01-01&from=2024-01-02", ["/from"]),
        ("calendar", "today=0000-00-00", ["/today"]),
        ("calendar", "known_at=yesterday", ["/known_at"]),
        ("calendar", "known_at=2024-02-20", ["/known_at"]),
        ("calendar", "known_at=2024-02-21T00:00:00Z", ["/known_at"]),
        ("calendar", "known_at=2024-01-01T00:00:00Z", ["/known_at"]),
        ("calendar", "known_at=0001-01-01T00:00:00%2B14:00", ["/known_at"]),
        ("calendar", "known_at=9999-12-31T23:59:59-14:00", ["/known_at"]),
        ("calendar", "colour=red&limit=5", ["/colour", "/limit"]),
        ("calendar", "%ff=%00", ["/%FF"]),
        ("adherence", "today=2024-02-30", ["/today"]),
        ("adherence", "from=2024-02-01", ["/from"]),
        ("deviations", "from=2024-03-01&to=2024-02-01", ["/to"]),
        ("facts", "colour=red", ["/colour"]),
        ("", "colour=red", ["/colour"]),
    ],
)
def test_of_one_patient(patient: Patient, part: str, query: str, pointers: list[str]) -> None:
    address = f"{patient.path}/{part}".rstrip("/")
    refused(patient.client.send("GET", address, query=query), 422, *pointers)
    everything = {"If-None-Match": "*"}
    refused(patient.client.send("GET", address, query=query, headers=everything), 422, *pointers)


@pytest.mark.parametrize(
    ("path", "query", "pointers"),
    [
        ("visits", "status=late", ["/status/0"]),
        ("visits", "status=open,late", ["/status/1"]),
        ("visits", "status=", ["/status"]),
        ("visits", "booked=yes", ["/booked"]),
        ("visits", "from=2024-03-01&to=2024-02-01", ["/to"]),
        ("visits", "to=2199-12-31", ["/to"]),
        ("visits", "from=2199-12-31", ["/from"]),
        ("visits", "cursor=", ["/cursor"]),
        ("visits", "cursor=%00%ff", ["/cursor"]),
        ("visits", "cursor=e30=", ["/cursor"]),
        ("visits", "cursor=bnVsbA==", ["/cursor"]),
        ("visits", "cursor=WyJhIiwiYiJd", ["/cursor"]),
        ("visits", "cursor=WzEsMiwzXQ==", ["/cursor"]),
        ("visits", "cursor=W1tbW1tbW1tbW1tb", ["/cursor"]),
        ("visits", "cursor=a", ["/cursor"]),
        ("visits", "limit=5&limit=6", ["/limit"]),
        ("visits", "colour=red", ["/colour"]),
        ("patients", "status=dead", ["/status"]),
        ("patients", "q=", ["/q"]),
        ("patients", "q=" + "x" * 41, ["/q"]),
        ("patients", "cursor=WyJhIiwiYiIsImMiXQ==", ["/cursor"]),
        ("patients", "colour=red", ["/colour"]),
        ("sites", "colour=red", ["/colour"]),
        ("sites/FUSCC", "colour=red", ["/colour"]),
        ("protocols", "colour=red", ["/colour"]),
        ("protocols/nct06110650/versions/1", "colour=red", ["/colour"]),
    ],
)
def test_of_lists(nurse: Client, path: str, query: str, pointers: list[str]) -> None:
    refused(nurse.send("GET", f"/v1/{path}", query=query), 422, *pointers)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "", "x", "5.0", "1e1", "1_0", "%2B5", "+5", "%D9%A5", "9" * 5000])
@pytest.mark.parametrize("path", ["visits", "patients"])
def test_limits(nurse: Client, path: str, limit: str) -> None:
    refused(nurse.send("GET", f"/v1/{path}", query=f"limit={limit}"), 422, "/limit")


@pytest.mark.parametrize("query", ["dry_run=yes", "dry_run=", "dry_run=true&dry_run=true", "dryrun=true"])
def test_of_recording(patient: Patient, query: str) -> None:
    body = {"kind": "dose_recorded", **NEW_FACT["dose_recorded"]}
    answer = patient.client.send("POST", f"{patient.path}/facts", body, query=query)
    refused(answer, 422, "/" + query.partition("=")[0])


@pytest.mark.parametrize("path", ["patients", "previews", "protocols", "sites"])
def test_a_dry_run_where_there_is_none(service: Service, path: str) -> None:
    """Not to be ignored: whoever asks for it expects that nothing is recorded."""
    body = {**ENROLMENT, "subject_number": "002"} if path == "patients" else {}
    answer = service.client("admin").post(f"/v1/{path}", body, dry_run="true")
    assert "/dry_run" in [error["pointer"] for error in answer.json["errors"]]


@pytest.mark.parametrize(
    "path",
    [
        "patients/p-none",
        "patients/p-none/calendar",
        "patients/p-none/facts",
        "patients/p-none/adherence",
        "patients/p-none/deviations",
        "patients/%00",
        "patients/%ff%fe",
        "patients/" + "9" * 5000,
        "patients/p-none/nothing",
        "sites/NOWHERE",
        "protocols/none/versions/1",
        "protocols/nct06110650/versions/2",
        "protocols/nct06110650/versions/0",
        "protocols/nct06110650/versions/-1",
        "protocols/nct06110650/versions/" + "9" * 400,
        "nothing",
        "",
    ],
)
def test_what_is_not_there(nurse: Client, path: str) -> None:
    refused(nurse.get(f"/v1/{path}"), 404)


def test_a_fact_of_nobody(nurse: Client) -> None:
    refused(nurse.post("/v1/patients/p-none/facts", {"kind": "voided", "voids": "f", "reason": "x"}), 404)
