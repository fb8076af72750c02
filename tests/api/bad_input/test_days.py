"""Days that are none, and days on which it cannot have happened."""

from __future__ import annotations

import pytest
from service import Patient, refused

from ..inputs import NEW_FACT

#: The days of each kind.
DAYS = [(kind, name) for kind, data in NEW_FACT.items() for name in data if name.endswith("_on")]
MAY_LIE_AHEAD = {"booked_on", "resumes_on", "from_on"}
NO_DAYS = ["2024-02-30", "2023-02-29", "0000-01-01", "10000-01-01", "2024-1-5", "2024-13-01", "20240105", "", "today"]
NO_DAYS += ["2024-01-05T00:00:00Z", "２０２４-01-05", "2024-01-05\n", "1899-12-31", "2200-01-01", "-001-01-01"]


@pytest.mark.parametrize(("kind", "name"), DAYS)
def test_no_such_day(patient: Patient, kind: str, name: str) -> None:
    for text in NO_DAYS:
        refused(patient.send(kind, **{**NEW_FACT[kind], name: text}), 422, f"/{name}")


@pytest.mark.parametrize(("kind", "name"), DAYS)
def test_before_enrolment(patient: Patient, kind: str, name: str) -> None:
    # What belongs to screening may lie up to a year before.
    may_precede = kind in ("visit_done", "visit_booked", "fertility_changed", "protocol_amended") or "pregn" in kind
    before = "2023-01-01" if may_precede else "2024-01-02"
    refused(patient.send(kind, **{**NEW_FACT[kind], name: before}), 422, f"/{name}")


@pytest.mark.parametrize(("kind", "name"), [pair for pair in DAYS if pair[1] not in MAY_LIE_AHEAD])
def test_after_today(patient: Patient, kind: str, name: str) -> None:
    refused(patient.send(kind, **{**NEW_FACT[kind], name: "2024-02-21"}), 422, f"/{name}")
