"""The reference client through two weeks of a patient's life: flights, bad lines, midnights and clock changes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from .conftest import World, app, recorded, reopened, standing

# What a client does is the same on either database.
pytestmark = pytest.mark.only("sqlite")

LOS_ANGELES, SHANGHAI, BERLIN = "America/Los_Angeles", "Asia/Shanghai", "Europe/Berlin"


def test_two_weeks_from_shanghai_to_los_angeles_and_back(world: World) -> None:
    patient = world.enrol()
    for day in range(13, 20):
        patient.record("dose_recorded", dose_on=f"2024-02-{day}", status="taken")
    phone = world.phone(patient)

    world.at("2024-02-20T20:05:00")
    phone.record("2024-02-20", "taken")
    assert phone.look()
    assert phone.screen()["doses"][0]["status"] == "taken"

    # The line breaks after the service has got it: the phone cannot know, and sends it again, twice.
    # (First asked is `today`, with a token that has expired; then come the new tokens, `today`, and what waits.)
    world.at("2024-02-21T20:05:00", SHANGHAI, "fair", "fair", "fair", "lost", "fair", "twice")
    phone.record("2024-02-21", "missed")
    assert not phone.look()
    assert phone.screen()["doses"][0]["status"] == "missed"
    assert phone.screen()["waiting"] == 1
    assert recorded(patient)[-1] == ("2024-02-21", "missed")
    assert phone.look()
    assert phone.screen()["waiting"] == 0

    # Two days without a network; the app is killed in between, and the patient thinks again.
    world.network.offline = True
    world.at("2024-02-22T20:10:00")
    phone.record("2024-02-22", "taken")
    phone = reopened(phone)
    phone.record("2024-02-21", "taken")
    world.at("2024-02-23T19:55:00")
    phone.record("2024-02-23", "taken")
    phone.take_back("2024-02-23")
    phone.record("2024-02-23", "missed")
    assert not phone.look()
    screen = phone.screen()
    assert (screen["today"], screen["doses"][0]["status"]) == ("2024-02-23", "missed")
    assert (screen["cycle"], screen["unrecorded"], screen["waiting"]) == ({"number": 3, "day": 8}, [], 5)

    # Landed in Los Angeles, where it is still the 24th when it is the 25th at home.
    world.at("2024-02-24T09:00:00", LOS_ANGELES)
    assert (phone.screen()["today"], phone.screen()["doses"][0]["status"]) == ("2024-02-24", "due")
    phone.record("2024-02-24", "taken")
    world.network.offline = False
    # The answer to the refresh gets lost: the phone asks again at once, with the same token.
    world.network.then("fair", "lost")
    assert phone.look()
    screen = phone.screen()
    assert (screen["today"], screen["time_zone"], screen["waiting"]) == ("2024-02-24", LOS_ANGELES, 0)
    assert screen["changes_at"] == "2024-02-25T00:00:00-08:00"
    assert list(phone.notices()) == []

    for day in (25, 26):
        world.at(f"2024-02-{day}T20:00:00", LOS_ANGELES, "twice", "twice", "twice", "twice")
        phone.record(f"2024-02-{day}", "taken")
        assert phone.look()
    # Late in the evening there it is the next day in UTC, and nobody minds.
    world.at("2024-02-27T23:59:00", LOS_ANGELES)
    phone.record("2024-02-27", "taken")
    assert phone.look()
    world.at("2024-02-28T00:01:00")
    assert phone.screen()["doses"][0]["status"] == "due"
    assert phone.look()
    assert (phone.screen()["today"], phone.screen()["unrecorded"]) == ("2024-02-28", [])

    # Back in Shanghai on the 1st: the 29th was spent in the air, without a network.
    world.network.offline = True
    world.at("2024-02-28T12:00:00")
    phone.record("2024-02-28", "taken")
    world.at("2024-03-01T19:00:00", SHANGHAI)
    assert phone.screen()["unrecorded"] == ["2024-02-29.surufatinib.1"]
    phone.record("2024-02-29", "taken", note="On the plane")
    world.network.offline = False
    assert phone.look()
    screen = phone.screen()
    assert (screen["time_zone"], screen["today"], screen["unrecorded"]) == (SHANGHAI, "2024-03-01", [])

    # The nurse pauses treatment and says what she knows of a day; the patient, offline, says otherwise.
    patient.record("hold_started", from_on="2024-03-02", reason="Proteinuria")
    patient.record("dose_recorded", dose_on="2024-03-01", status="missed")
    world.network.offline = True
    world.at("2024-03-02T08:00:00")
    phone.record("2024-03-01", "taken")
    world.network.offline = False
    assert phone.look()
    assert phone.screen()["doses"][0]["status"] == "held"
    told = list(phone.notices())
    assert told == [
        "2024-03-01: the site recorded this day, and its record stands.",
        "From 2024-03-02: take no dose until the site tells you to.",
        "The site recorded 2024-03-01 as missed.",
    ]
    # On hold nothing is planned, so the patient says how much it was.
    world.at("2024-03-04T08:00:00")
    with pytest.raises(app.UnknownAmount):
        phone.record("2024-03-04", "taken")
    phone.record("2024-03-04", "taken", amount=300)
    assert phone.look()

    assert standing(patient) == {
        **{f"2024-02-{day}": "taken" for day in range(13, 30)},
        "2024-02-23": "missed",
        "2024-03-01": "missed",
        "2024-03-04": "taken",
    }
    # Nothing is there twice, and nothing is lost: also what was corrected, taken back, or did not stand.
    assert recorded(patient)[7:] == [
        ("2024-02-20", "taken"),
        ("2024-02-21", "missed"),
        ("2024-02-22", "taken"),
        ("2024-02-21", "taken"),
        ("2024-02-23", "taken"),
        ("2024-02-23", "missed"),
        *((f"2024-02-{day}", "taken") for day in range(24, 30)),
        ("2024-03-01", "missed"),
        ("2024-03-01", "taken"),
        ("2024-03-04", "taken"),
    ]
    zones = [fact["time_zone"] for fact in patient.read("facts")["items"] if fact["kind"] == "time_zone_changed"]
    assert zones == [LOS_ANGELES, SHANGHAI]


@pytest.mark.parametrize(("first", "last"), [("2024-03-25", "2024-04-07"), ("2024-10-21", "2024-11-03")])
def test_two_weeks_around_a_clock_change_in_berlin(world: World, first: str, last: str) -> None:
    """Doses just before midnight and early at night, every other day without a network, lose and double no day."""
    world.at(f"{first}T00:00:30", BERLIN)
    patient = world.enrol("elsewhere", site="BERLIN", time_zone=BERLIN, first_dose_on=first)
    phone = world.phone(patient)
    days: list[str] = []
    while not days or days[-1] < last:
        screen = phone.screen()
        assert (screen["doses"][0]["status"], screen["unrecorded"]) == ("due", [])
        day = screen["today"]
        days.append(day)
        world.network.offline = len(days) % 2 == 0
        # The clocks change at night, on the seventh day: that night both at 3:30 and before midnight.
        world.at(f"{day}T03:30:00")
        phone.look()
        world.at(f"{day}T23:59:30")
        phone.record(day, "taken")
        assert phone.look() is not world.network.offline
        if not world.network.offline:
            assert phone.screen()["changes_at"] == _midnight_after(world)
        world.at(f"{_next(day)}T00:00:30")
        phone.look()
    world.network.offline = False
    assert phone.look()
    assert recorded(patient) == [(day, "taken") for day in days]
    assert len(days) == 14
    assert "time_zone_changed" not in {fact["kind"] for fact in patient.read("facts")["items"]}


def test_midnight_in_shanghai_while_the_server_is_in_utc(world: World) -> None:
    patient = world.enrol(planned_first_dose_on="2024-02-20", first_dose_on="2024-02-20")
    world.at("2024-02-20T23:59:58")
    phone = world.phone(patient)
    screen = phone.screen()
    assert (screen["today"], screen["changes_at"]) == ("2024-02-20", "2024-02-21T00:00:00+08:00")
    asked = len(world.network.answered)
    assert phone.look()
    assert world.network.answered[asked:] == [("GET", "/v1/me/today", 304)]

    # The patient reads the screen before midnight and touches it after: it is the day on the screen that counts.
    world.at("2024-02-21T00:00:03")
    phone.record(screen["doses"][0]["dose_id"], "taken")
    assert phone.look()
    assert (phone.screen()["today"], phone.screen()["doses"][0]["status"]) == ("2024-02-21", "due")
    assert standing(patient) == {"2024-02-20": "taken"}

    # Eight in the morning there is midnight in UTC: nothing changes then.
    world.at("2024-02-21T07:59:59")
    assert phone.look()
    asked = len(world.network.answered)
    world.at("2024-02-21T08:00:01")
    assert phone.look()
    assert world.network.answered[asked:] == [("GET", "/v1/me/today", 304)]


STATEMENTS = st.sampled_from(["taken", "missed", "taken back", "nothing"])
WEATHER = st.lists(st.sampled_from(["fair", "fair", "offline", "lost", "twice"]), max_size=5)
ZONES = st.sampled_from([SHANGHAI, LOS_ANGELES, BERLIN, "Pacific/Kiritimati", "Pacific/Niue"])
STEP = st.tuples(st.integers(6, 30), ZONES, STATEMENTS, st.integers(0, 6), WEATHER)


# Without shrinking: an example takes half a second.
@settings(max_examples=settings.default.max_examples // 8, phases=[Phase.explicit, Phase.generate])
@given(st.data())
def test_whatever_the_weather_the_record_is_what_the_patient_said(shared_world: World, data: st.DataObject) -> None:
    """Any two weeks of flights and bad lines: in the end the record of each day is what was said of it last."""
    world = shared_world
    world.network.then()
    world.at("2024-02-20T12:00:00", SHANGHAI)
    patient = world.enrol(subject_number=world.new_subject_number())
    phone = world.phone(patient)
    said: dict[str, str] = {}
    hours = 0
    while hours < 14 * 24:
        step, zone, statement, back, weather = data.draw(STEP)
        hours += step
        world.service.clock.now += timedelta(hours=step)
        world.zone = zone
        world.network.then(*weather)
        day = (world.now().date() - timedelta(back)).isoformat()
        _say(phone, day, statement, said)
        try:
            phone.look()
        except app.NotActivated:
            # The answer to a refresh was lost, and the phone had no network for longer than it may ask again.
            world.network.then()
            phone.activate(world.network.url, world.code(patient), "Phone")
        phone = reopened(phone)
        for dose_on, status in said.items():
            assert f"{dose_on}.surufatinib.1" not in phone.screen()["unrecorded"] or status == "", (dose_on, status)
    world.network.then()
    assert phone.look()
    assert list(phone.notices()) == []
    assert phone.state["queue"] == []
    assert standing(patient) == {day: status for day, status in said.items() if status}


def _say(phone: Any, day: str, statement: str, said: dict[str, str]) -> None:
    if statement == "taken back":
        phone.take_back(day)
        said[day] = ""
    elif statement != "nothing":
        phone.record(day, statement)
        said[day] = statement


def _next(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(1)).isoformat()


def _midnight_after(world: World) -> str:
    return datetime.combine(world.now().date() + timedelta(1), time(0), world.now().tzinfo).isoformat()
