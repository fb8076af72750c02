"""Doses that could hurt: the warning in the answer, the entry on the worklist, the message, and what ends it."""

from __future__ import annotations

from typing import Any

import pytest
from service import Patient, Service, refused

from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.projections import maintenance

#: What makes a dose of 2024-02-15 one that could hurt, what is recorded, and why it could.
CASES = {
    "dose_above_plan": ([], 600, "on 2024-02-15: 600 mg taken where 300 mg were planned"),
    "dose_while_held": (
        [{"kind": "hold_started", "from_on": "2024-02-13"}],
        300,
        "on 2024-02-15: 300 mg taken while dosing was held",
    ),
    "dose_after_end": (
        [
            {
                "kind": "treatment_ended",
                "last_dose_on": "2024-02-13",
                "decided_on": "2024-02-13",
                "reason": "intolerance",
            }
        ],
        300,
        "on 2024-02-15: 300 mg taken after the last day of treatment",
    ),
}


@pytest.fixture
def patient(service: Service, patient: Patient) -> Patient:
    """The patient of the worked examples, on the night of 2024-02-20."""
    service.clock.set("2024-02-20T23:00:00+08:00")
    return patient


def entries(patient: Patient, **query: Any) -> list[dict[str, Any]]:
    """The entries about doses that could hurt."""
    items = patient.client.get("/v1/worklist", limit=200, **query).json["items"]
    return [item for item in items if item["kind"].startswith("dose_")]


def messages(service: Service) -> list[str]:
    """The kinds of message to sites that went out in a tick, quiet hours or not, but for digests."""
    tick(service.store, service.clock.now)
    rows = service.store.rows("SELECT kind FROM outbox WHERE audience = 'site' AND kind = 'dose_to_check'", {})
    return [row["kind"] for row in rows]


@pytest.mark.parametrize("kind", CASES)
def test_a_dose_that_could_hurt(service: Service, patient: Patient, kind: str) -> None:
    before, amount, why = CASES[kind]
    for fact in before:
        patient.record(**fact)
    answer = patient.record("dose_recorded", dose_on="2024-02-15", status="taken", amount=amount)
    records = [{"kind": "dose_recorded", "on": "2024-02-15"}]
    assert answer["warnings"] == [{"code": kind, "detail": why, "records": records}]
    (entry,) = entries(patient)
    assert (entry["kind"], entry["urgency"], entry["because"]) == (kind, "now", why)
    assert messages(service) == ["dose_to_check"]
    path = f"/v1/worklist/{entry['entry_id']}/acknowledgement"
    assert entry["resolve_with"][-1] == {"method": "PUT", "path": path, "body": {"until": None}, "needs": ["note"]}
    refused(patient.client.send("PUT", path, {"note": "Called her.", "until": "2024-02-22"}), 422, "/until")
    acknowledged = patient.client.send("PUT", path, {"note": "Called her.", "until": None})
    assert acknowledged.status_code == 200, acknowledged.text
    assert acknowledged.json["acknowledged"]["until"] is None
    service.clock.set("2024-04-18T12:00:00+08:00")
    maintenance.extend_horizons(service.store, service.clock.now)
    assert entries(patient) == []
    (shown,) = entries(patient, acknowledged="include")
    assert shown["acknowledged"]["note"] == "Called her."
    assert list(maintenance.verify(service.store)) == []


def test_a_later_word_like_it_brings_the_entry_back(patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-02-15", status="taken", amount=600)
    (entry,) = entries(patient)
    path = f"/v1/worklist/{entry['entry_id']}/acknowledgement"
    patient.client.send("PUT", path, {"note": "Called her.", "until": None})
    patient.record("dose_recorded", dose_on="2024-02-16", status="taken", amount=600)
    (entry,) = entries(patient)
    assert entry["because"] == "from 2024-02-15 to 2024-02-16: 600 mg taken where 300 mg were planned"


def test_a_correction_ends_it(patient: Patient) -> None:
    fact = patient.record("dose_recorded", dose_on="2024-02-15", status="taken", amount=600)["fact"]
    patient.record(
        "dose_recorded",
        dose_on="2024-02-15",
        status="taken",
        amount=300,
        replaces=fact["fact_id"],
        reason="misread",
    )
    assert entries(patient) == []


def test_an_entry_that_may_wait_is_not_acknowledged_for_good(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-10")
    (entry,) = [item for item in patient.client.get("/v1/worklist").json["items"] if item["kind"] == "hold_open"]
    path = f"/v1/worklist/{entry['entry_id']}/acknowledgement"
    refused(patient.client.send("PUT", path, {"note": "Waits", "until": None}), 422, "/until")


def test_the_message_outlives_a_rebuild_and_later_facts_and_comes_once(service: Service, patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-02-15", status="taken", amount=600)
    patient.record("dose_recorded", dose_on="2024-02-14", status="taken", amount=300)
    maintenance.rebuild(service.store, service.clock.now)
    assert messages(service) == ["dose_to_check"]
    patient.record("dose_recorded", dose_on="2024-02-13", status="taken", amount=300)
    assert messages(service) == ["dose_to_check"]


def test_a_dose_as_planned_or_less_warns_of_nothing(service: Service, patient: Patient) -> None:
    for amount in (300, 250):
        assert patient.record("dose_recorded", dose_on="2024-02-15", status="taken", amount=amount)["warnings"] == []
    assert entries(patient) == []
    assert messages(service) == []


def test_a_dry_run_warns_and_sends_nothing(service: Service, patient: Patient) -> None:
    answer = patient.send("dose_recorded", dry_run=True, dose_on="2024-02-15", status="taken", amount=600)
    assert [warning["code"] for warning in answer.json["warnings"]] == ["dose_above_plan"]
    assert messages(service) == []


def test_an_unusual_planned_amount_is_to_be_confirmed_and_keeps_that(patient: Patient) -> None:
    body: dict[str, Any] = {"from_on": "2024-02-20", "amount": 30}
    problem = patient.send("dose_changed", **body)
    assert problem.status_code == 422
    found = problem.json
    assert (found["code"], found["confirm"]) == ("needs_confirmation", ["not_a_level", "not_dispensable"])
    assert found["errors"][0]["detail"] == "not_a_level: 30 mg is no dose of the protocol, which has 300, 250, 200 mg."
    sure = ["not_a_level", "not_dispensable"]
    assert patient.record("dose_changed", **body, confirmed=sure)["fact"]["confirmed"] == sure
    (fact,) = [one for one in patient.read("facts")["items"] if one["kind"] == "dose_changed"]
    assert fact["confirmed"] == sure
    refused(patient.send("dose_changed", from_on="2024-02-20", amount=301, confirmed=sure), 422, "/amount")
