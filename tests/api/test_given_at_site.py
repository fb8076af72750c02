"""A drug given at the site, from the protocol to the phone: booked and recorded as a visit, with what was given."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Clock, Patient, Service, refused

from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.projections import maintenance

DEFINITION = {
    "id": "infusions",
    "version": 1,
    "regimens": [
        {
            **{"id": "lenvatinib", "drug": "lenvatinib", "route": "oral", "cycle_days": 21},
            **{"dose": {"amount": 20, "unit": "mg", "levels": [14]}, "strengths": [4, 10]},
        },
        {
            **{"id": "pembrolizumab", "drug": {"en": "pembrolizumab", "zh-CN": "帕博利珠单抗"}, "route": "intravenous"},
            **{"given_by": "site", "dose": {"amount": 200, "unit": "mg"}, "cycle_days": 21, "when": [{"days": [1]}]},
            **{"cycles_count_from": "actual", "window": {"before_days": 3, "after_days": 3}},
        },
    ],
    "visits": [],
    "contraception": [{"after_last_dose": {"days": 120}, "of": "pembrolizumab"}],
}


@pytest.fixture
def patient(admin: Client, nurse: Client) -> Patient:
    """A patient of that trial, whose first infusion was on 2024-01-05; today is 2024-02-20."""
    assert admin.post("/v1/protocols", DEFINITION).status_code == 201
    patient = nurse.enrol(protocol="infusions")
    patient.record("visit_done", series="pembrolizumab", done_on="2024-01-05")
    return patient


def doses(patient: Patient) -> list[dict[str, Any]]:
    """The infusions as lists have them."""
    query = {"series": "pembrolizumab", "patient": patient.patient_id, "limit": "3", "sort": "target_on"}
    items = patient.client.get("/v1/visits", **query).json["items"]
    return [
        {name: item[name] for name in ("visit", "target_on", "done_on", "amount", "given_amount")} for item in items
    ]


def test_it_moves_what_follows_and_says_what_was_given(service: Service, patient: Patient) -> None:
    answer = patient.record("visit_done", series="pembrolizumab", done_on="2024-01-28")
    assert answer["fact"]["amount"] == 200
    moved = {row["what"]: row["after"] for row in answer["consequences"]}
    assert moved["visit pembrolizumab-c3d1"]["target_on"] == "2024-02-18"
    first, second, third = doses(patient)
    given = {"amount": 200, "given_amount": 200}
    assert first == {"visit": "pembrolizumab-c1d1", "target_on": "2024-01-05", "done_on": "2024-01-05", **given}
    assert second == {"visit": "pembrolizumab-c2d1", "target_on": "2024-01-26", "done_on": "2024-01-28", **given}
    assert third["target_on"] == "2024-02-18"
    assert third["given_amount"] is None
    assert [*maintenance.verify(service.store)] == []


def test_too_much_is_told_at_once(service: Service, patient: Patient) -> None:
    answer = patient.record("visit_done", series="pembrolizumab", done_on="2024-01-26", amount=400)
    said = "pembrolizumab: on 2024-01-26: 400 mg given where 200 mg were planned"
    assert [(one["code"], one["detail"]) for one in answer["warnings"]] == [("dose_above_plan", said)]
    entries = patient.client.get("/v1/worklist", limit=200).json["items"]
    assert [one["because"] for one in entries if one["kind"] == "dose_above_plan"] == [said]
    tick(service.store, service.clock.now)
    rows = service.store.rows("SELECT kind FROM outbox WHERE audience = 'site' AND kind = 'dose_to_check'", {})
    assert len(rows) == 1


def test_what_is_no_dose_of_it_is_refused(patient: Patient) -> None:
    taken = {"dose_on": "2024-02-01", "status": "taken", "regimen": "pembrolizumab"}
    refused(patient.send("dose_recorded", **taken), 422, "/regimen")
    refused(patient.send("visit_done", series="pembrolizumab", done_on="2024-01-01", amount=200), 422, "/done_on")


def test_lists_of_doses_wait_with_a_delayed_infusion(admin: Client, nurse: Client) -> None:
    """Tablets on days 1 and 2 of the infusion's cycles: cycle 2 begins when it was given, two days late."""
    tablets, infusion = DEFINITION["regimens"]
    tablets = {name: value for name, value in tablets.items() if name != "cycle_days"}
    tablets |= {"cycles_of": "pembrolizumab", "when": [{"days": [1, 2]}]}
    definition = {**DEFINITION, "id": "shared-cycles", "regimens": [infusion, tablets]}
    assert admin.post("/v1/protocols", definition).status_code == 201
    patient = nurse.enrol(protocol="shared-cycles")
    for done_on in ("2024-01-05", "2024-01-28"):
        patient.record("visit_done", series="pembrolizumab", done_on=done_on)
    span = {"from": "2024-01-20", "to": "2024-02-20"}
    runs = nurse.get("/v1/doses", **span).json["items"]
    taken_home = [run for run in runs if run["regimen"] == "lenvatinib"]
    asked = [(run["from_on"], run["through_on"]) for run in taken_home if run["status"] != "rest"]
    assert asked == [("2024-01-28", "2024-01-29"), ("2024-02-18", "2024-02-19")]


def test_doses_at_the_site_are_listed_with_those_taken_at_home(patient: Patient, nurse: Client, clock: Clock) -> None:
    """Give one on each day 1 but the third: it is held. The fourth is not given; the fifth is open, the sixth to come.

    Cycles count from the day given: 01-05, 01-26 (given 01-28), then by plan 02-18, 03-10, 03-31 and 04-21.
    """
    patient.record("visit_done", series="pembrolizumab", done_on="2024-01-28", amount=100)
    hold = {"resumes_on": "2024-02-25", "reason": "pneumonitis", "regimens": ["pembrolizumab"]}
    patient.record("hold_started", from_on="2024-02-14", **hold)
    patient.record("visit_done", series="pembrolizumab", done_on="2024-02-05", visit="unscheduled", amount=50)
    clock.set("2024-03-30T12:00:00+08:00")
    span = {"from": "2024-01-01", "to": "2024-04-30"}
    items = nurse.get("/v1/doses", **span, limit=200).json["items"]
    names = ("visit", "from_on", "days", "status", "amount", "taken_amount")
    assert [tuple(one[name] for name in names) for one in items if one["regimen"] == "pembrolizumab"] == [
        ("pembrolizumab-c1d1", "2024-01-05", 1, "taken", 200, 200),
        ("pembrolizumab-c2d1", "2024-01-28", 1, "taken", 200, 100),
        ("unscheduled", "2024-02-05", 1, "taken", None, 50),
        ("pembrolizumab-c3d1", "2024-02-18", 1, "held", None, None),
        ("pembrolizumab-c4d1", "2024-03-10", 1, "missed", 200, None),
        ("pembrolizumab-c5d1", "2024-03-31", 1, "due", 200, None),
        ("pembrolizumab-c6d1", "2024-04-21", 1, "planned", 200, None),
    ]
    assert all(one["visit"] is None for one in items if one["regimen"] == "lenvatinib")
    # Adherence counts the same: what was given between two visits is none of the plan.
    (adherence,) = [one for one in patient.read("adherence")["regimens"] if one["regimen"] == "pembrolizumab"]
    assert [adherence[name] for name in ("planned", "taken", "missed", "held")] == [3, 2, 1, 1]
