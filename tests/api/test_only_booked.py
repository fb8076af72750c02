"""A booked visit that the plan no longer has: it stays in every list until it is cancelled or recorded done."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient

from scheduler_api.store.visits.visits import SORTS

BOOKED = {"booked_on": "2024-03-15", "booked_time": "10:00", "booked_place": "Room 3"}


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient whose booked follow-up of contraception is called off by a sterilisation; today is 2024-02-20."""
    patient = nurse.enrol()
    patient.record("treatment_ended", last_dose_on="2024-02-15", decided_on="2024-02-15", reason="other")
    patient.record("visit_booked", visit="contraception-m1", booked_on="2024-03-15", time="10:00", place="Room 3")
    said = {"fertility": "not_fertile", "basis": "sterilisation", "from_on": "2024-02-16"}
    moved = {one["what"]: one for one in patient.record("fertility_changed", **said)["consequences"]}
    after = moved["visit contraception-m1"]["after"]
    assert after == {"target_on": None, "opens_on": None, "closes_on": None, "status": "not_required"}
    return patient


def pages(client: Client, **query: str) -> list[Any]:
    """All visits of a list, a page of one at a time."""
    page = client.get("/v1/visits", limit="1", **query).json
    found = page["items"]
    while page["next_cursor"]:
        page = client.get("/v1/visits", limit="1", cursor=page["next_cursor"], **query).json
        found += page["items"]
    return list(found)


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_listed_without_a_window_in_every_order(nurse: Client, patient: Patient, sort: str) -> None:
    rows = pages(nurse, sort=sort, status="not_required,open,upcoming")
    assert len({row["visit"] for row in rows}) == len(rows) > (0 if sort == "booked_at" else 3)
    (row,) = [one for one in rows if one["visit"] == "contraception-m1"]
    assert {name: row[name] for name in BOOKED} == BOOKED
    assert (row["status"], row["target_on"], row["opens_on"], row["closes_on"]) == ("not_required", None, None, None)
    assert (row["closes_in_days"], row["booked_days_off"], row["suggested_days"]) == (None, None, [])
    assert row["because"].endswith("not required: not fertile from 2024-02-16")


def test_it_is_cancelled_like_any_other(nurse: Client, patient: Patient) -> None:
    visit = f"{patient.path}/visits/contraception-m1"
    assert nurse.get(visit).json["status"] == "not_required"
    (entry,) = [one for one in nurse.get("/v1/worklist").json["items"] if one["visit"] == "contraception-m1"]
    assert (entry["kind"], entry["due_on"]) == ("booking_to_cancel", "2024-03-15")
    cancel, _ = entry["resolve_with"]
    assert (cancel["method"], cancel["path"]) == ("DELETE", f"{visit}/booking")
    assert nurse.send("DELETE", cancel["path"]).json["visit"] is None
    assert nurse.get(visit).status_code == 404
    left = nurse.get("/v1/worklist").json["items"] + nurse.get("/v1/visits").json["items"]
    assert "contraception-m1" not in [one["visit"] for one in left]
