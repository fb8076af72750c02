"""Follow the visits of two responses through lists and bookings, and through a correction of the first response."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service
from stories import CONFIRMING, add_trial

from scheduler_api.use_cases.projections import maintenance


@pytest.fixture
def patient(admin: Client, nurse: Client) -> Patient:
    """A patient with a PR on 2024-01-10 and on 01-31, each to be confirmed four weeks later; today is 2024-02-20."""
    add_trial(admin, "again", CONFIRMING)
    patient = nurse.enrol(protocol="again", enrolled_on="2024-01-03")
    for done_on in ("2024-01-10", "2024-01-31"):
        patient.record("visit_done", series="imaging", done_on=done_on, visit="unscheduled", response="PR")
    return patient


def listed(nurse: Client) -> dict[str, tuple[Any, ...]]:
    """The confirming scans in the list of visits: target, status and booking."""
    rows = nurse.get("/v1/visits", series="again", status="overdue,open,upcoming,not_required").json["items"]
    return {row["visit"]: (row["target_on"], row["status"], row["booked_on"]) for row in rows}


def test_what_is_booked_stays_when_an_earlier_response_is_corrected(
    service: Service, nurse: Client, patient: Patient
) -> None:
    assert listed(nurse) == {"again": ("2024-02-07", "overdue", None), "again-2": ("2024-02-28", "upcoming", None)}
    visit = f"{patient.path}/visits/again-2"
    assert nurse.send("PUT", f"{visit}/booking", {"booked_on": "2024-02-27"}).status_code == 200
    assert nurse.get(visit).json["because"] == "response PR 2024-01-31 + 4 weeks"
    facts = patient.read("facts")["items"]
    first = next(fact for fact in facts if fact.get("done_on") == "2024-01-10")
    said = {"series": "imaging", "done_on": "2024-01-10", "visit": "unscheduled", "response": "SD"}
    result = patient.record("visit_done", replaces=first["fact_id"], reason="read again", **said)
    after = {one["what"]: one["after"] for one in result["consequences"]}
    assert (after["visit again"]["target_on"], after["visit again-2"]["status"]) == ("2024-02-28", "not_required")
    expected = {"again": ("2024-02-28", "upcoming", None), "again-2": (None, "not_required", "2024-02-27")}
    assert listed(nurse) == expected
    work = {(one["kind"], one["visit"]) for one in nurse.get("/v1/worklist").json["items"]}
    assert ("booking_to_cancel", "again-2") in work
    maintenance.rebuild(service.store, service.clock())
    assert listed(nurse) == expected
