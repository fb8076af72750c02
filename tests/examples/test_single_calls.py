"""What an app may do without a queue: PUT and DELETE of a day, and the answers it keeps by their ETag."""

from __future__ import annotations

from typing import Any

import requests
from patience import PATIENCE
from service import Patient

from .conftest import World


def access(world: World, patient: Patient) -> dict[str, str]:
    """The headers of a phone of the patient."""
    body = {"code": world.code(patient), "device_name": "Phone"}
    given = requests.post(f"{world.network.url}/v1/activate", json=body, timeout=PATIENCE).json()
    return {"Authorization": f"Bearer {given['access_token']}"}


def when(world: World) -> dict[str, str]:
    """When something is said and sent: now."""
    return dict.fromkeys(("said_at", "sent_at"), world.now().isoformat())


def put(world: World, headers: dict[str, str], day: str, at: dict[str, str] | None = None) -> Any:
    """Record a day as taken."""
    address = f"{world.network.url}/v1/me/doses/{day}"
    return requests.put(
        address, json={"status": "taken", "amount": 300, **(at or when(world))}, headers=headers, timeout=PATIENCE
    )


def test_tomorrow_is_refused_also_where_it_is_today_in_utc(world: World) -> None:
    world.at("2024-02-20T17:00:00", "America/Los_Angeles")
    headers = access(world, world.enrol(time_zone=world.zone))
    assert put(world, headers, "2024-02-20").json()["outcome"] == "recorded"
    assert put(world, headers, "2024-02-21").status_code == 422


def test_seven_days_back_are_taken_and_no_more_also_where_utc_is_a_day_behind(world: World) -> None:
    world.at("2024-02-20T07:00:00", "Asia/Shanghai")
    headers = access(world, world.enrol())
    assert put(world, headers, "2024-02-13").json()["outcome"] == "recorded"
    assert put(world, headers, "2024-02-12").status_code == 422


def test_a_day_taken_back_and_the_same_again_changes_nothing(world: World) -> None:
    patient = world.enrol()
    headers = access(world, patient)
    address = f"{world.network.url}/v1/me/doses/2024-02-20"
    first, then = when(world), when(world)
    outcomes = [put(world, headers, "2024-02-20", first).json()["outcome"] for _ in range(2)]
    for _ in range(2):
        answer = requests.delete(address, params=then, headers=headers, timeout=PATIENCE)
        outcomes.append(answer.json()["outcome"])
    assert outcomes == ["recorded", "already_recorded"] * 2


def test_the_etag_of_another_patient_on_the_same_phone_is_not_this_ones(world: World) -> None:
    """A browser keeps answers by their address, and all patients have the same."""
    tags = []
    for number in ("001", "002"):
        headers = access(world, world.enrol(subject_number=number))
        known = {"If-None-Match": tags[-1]} if tags else {}
        answer = requests.get(f"{world.network.url}/v1/me/today", headers={**headers, **known}, timeout=PATIENCE)
        assert answer.status_code == 200
        tags.append(answer.headers["ETag"])
