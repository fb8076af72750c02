"""`POST /v1/patients` with what cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from service import ENROLMENT, Client, refused


@pytest.mark.parametrize(
    ("data", "status", "pointers"),
    [
        ({"subject_number": "001"}, 409, ["/subject_number"]),
        ({"subject_number": "00 2"}, 422, ["/subject_number"]),
        ({"subject_number": "002\n"}, 422, ["/subject_number"]),
        ({"subject_number": ""}, 422, ["/subject_number"]),
        ({"subject_number": "x" * 41}, 422, ["/subject_number"]),
        ({"subject_number": 2}, 422, ["/subject_number"]),
        ({"site": "NOWHERE"}, 422, ["/site"]),
        ({"site": "BERLIN"}, 422, ["/site"]),
        ({"protocol": "unknown"}, 422, ["/protocol/id"]),
        ({"protocol": {"id": "nct06110650", "version": 2}}, 422, ["/protocol/version"]),
        ({"protocol": {"id": "nct06110650", "version": "1"}}, 422, ["/protocol/version"]),
        ({"protocol": {"id": "nct06110650", "colour": 1}}, 422, ["/protocol/colour"]),
        ({"protocol": {}}, 422, ["/protocol/id"]),
        ({"protocol": 5}, 422, ["/protocol"]),
        ({"protocol": None}, 422, ["/protocol"]),
        ({"enrolled_on": "2024-02-30"}, 422, ["/enrolled_on"]),
        ({"enrolled_on": "2024-02-21"}, 422, ["/enrolled_on"]),
        ({"planned_first_dose_on": "2024-01-02"}, 422, ["/planned_first_dose_on"]),
        ({"planned_first_dose_on": None}, 422, ["/planned_first_dose_on"]),
        ({"sex": "other"}, 422, ["/sex"]),
        ({"fertility": "not_fertile"}, 422, ["/basis"]),
        ({"basis": "sterilisation"}, 422, ["/basis"]),
        ({"sex": "male", "fertility": "not_fertile", "basis": "natural_menopause"}, 422, ["/basis"]),
        ({"time_zone": "Mars/Olympus"}, 422, ["/time_zone"]),
        ({"time_zone": "/etc/localtime"}, 422, ["/time_zone"]),
        ({"patient_id": "p-mine"}, 422, ["/patient_id"]),
        (
            {"site": "X", "protocol": {"id": "nct06110650", "version": 9}, "fertility": "not_fertile"},
            422,
            ["/site", "/protocol/version", "/basis"],
        ),
    ],
    ids=str,
)
def test_an_impossible_enrolment(nurse: Client, data: dict[str, Any], status: int, pointers: list[str]) -> None:
    body = {**ENROLMENT, "subject_number": "002", **data}
    refused(nurse.post("/v1/patients", body), status, *pointers)


def test_every_missing_field_is_named(nurse: Client) -> None:
    refused(nurse.post("/v1/patients", {}), 422, *(f"/{name}" for name in ENROLMENT if name != "enrolled_on"))
