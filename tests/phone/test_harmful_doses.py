"""Doses that could hurt, said on a phone: the patient is warned, and the site is told once for a sync."""

from __future__ import annotations

from scheduler_api.reminders.dispatch import tick

from .phones import Phone, dose


def told(phone: Phone) -> int:
    """How many messages asked the site to check a dose, after a tick."""
    tick(phone.service.store, phone.service.clock.now)
    (row,) = phone.service.store.rows("SELECT COUNT(*) AS number FROM outbox WHERE kind = 'dose_to_check'", {})
    return int(row["number"])


def test_the_patient_is_warned_in_the_patients_language(phone: Phone) -> None:
    headers = {"Accept-Language": "zh-CN"}
    body = {"status": "taken", "amount": 600, "said_at": phone.now(), "sent_at": phone.now()}
    for outcome in ("recorded", "already_recorded"):
        answer = phone.send("PUT", "doses/2024-02-19", body, headers=headers).json
        assert answer["outcome"] == outcome
        (warning,) = answer["warnings"]
        assert warning["code"] == "dose_above_plan"
        assert warning["detail"] == "2024-02-19：服用 600 mg，超过计划的 300 mg"
    assert told(phone) == 1


def test_a_reduction_that_an_offline_phone_had_not_seen(phone: Phone) -> None:
    """It shows 300 mg; since 2024-02-18 the plan is 200 mg. One entry and one message for the days of one sync."""
    phone.patient.record("dose_changed", from_on="2024-02-18", amount=200)
    days = ("2024-02-17", "2024-02-18", "2024-02-19")
    queued = [dose(day, amount=300, said_at=f"{day}T20:00:00+08:00") for day in days]
    outcomes = phone.sync(*queued)["outcomes"]
    kinds = [[warning["code"] for warning in outcome["warnings"]] for outcome in outcomes]
    assert kinds == [[], ["dose_above_plan"], ["dose_above_plan"]]
    items = phone.patient.client.get("/v1/worklist").json["items"]
    (entry,) = [item for item in items if item["kind"] == "dose_above_plan"]
    assert entry["because"] == "from 2024-02-18 to 2024-02-19: 300 mg taken where 200 mg were planned"
    shown = phone.patient.read("calendar", from_="2024-02-17", to="2024-02-19")
    found = [(row["kind"], row["on"]) for row in shown["deviations"]]
    assert found == [(kind, day) for day in days[1:] for kind in ("dose_above_plan", "dose_amount")]
    assert told(phone) == 1
    again = phone.sync(*queued, cursor=0)["outcomes"]
    assert [outcome["warnings"] for outcome in again] == [outcome["warnings"] for outcome in outcomes]
    assert told(phone) == 1


def test_the_patients_word_warns_where_the_sites_stands(phone: Phone) -> None:
    phone.patient.record("dose_recorded", dose_on="2024-02-19", status="taken", amount=300)
    answer = phone.record("2024-02-19", amount=600).json
    assert answer["outcome"] == "site_record_stands"
    assert [warning["code"] for warning in answer["warnings"]] == ["dose_above_plan"]
    assert told(phone) == 1
