"""The reference client: activation, tokens, what it keeps in its file, and what it shows without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from patience import PATIENCE
from service import Server

from .conftest import Nurse, World, app, recorded, reopened, standing
from .network import EXAMPLES

BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"


def test_the_file_is_for_its_owner_only_and_a_crash_leaves_a_whole_one(world: World) -> None:
    phone = world.phone(world.enrol())
    assert phone.file.stat().st_mode & 0o777 == 0o600
    before = phone.file.read_bytes()
    # What cannot be written, as on a full disk, leaves the old file as it was.
    phone.state["queue"].append(object())
    with pytest.raises(TypeError):
        phone.save()
    assert phone.file.read_bytes() == before
    phone = reopened(phone)
    before_mask = os.umask(0)
    try:
        phone.record("2024-02-20", "taken")
    finally:
        os.umask(before_mask)
    assert phone.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in phone.file.parent.glob("phone*")] == [phone.file.name]


def test_a_wrong_code_changes_nothing(world: World) -> None:
    phone = world.phone()
    with pytest.raises(app.Refused, match="wrong, used or expired"):
        phone.activate(world.network.url, "AAAA-AAAA", "Phone")
    assert not phone.file.exists()
    for call in (phone.look, phone.sync, lambda: phone.record("2024-02-20", "missed")):
        with pytest.raises(app.NotActivated):
            call()


def test_activation_in_another_zone_tells_it_after_the_first_look(world: World) -> None:
    patient = world.enrol()
    world.zone = BERLIN
    phone = world.phone(patient)
    assert phone.screen()["time_zone"] == BERLIN
    # All of the history came: none of it is news.
    assert list(phone.notices()) == []
    assert world.phone(patient).screen()["time_zone"] == BERLIN
    assert [fact["kind"] for fact in patient.read("facts")["items"]].count("time_zone_changed") == 1


def test_while_nothing_changes_a_look_is_one_request_without_a_body(world: World) -> None:
    patient = world.enrol()
    phone = world.phone(patient)
    assert phone.look()
    world.network.answered.clear()
    for _ in range(3):
        assert phone.look()
    assert world.network.answered == [("GET", "/v1/me/today", 304)] * 3
    patient.record("hold_started", from_on="2024-02-20", reason="Proteinuria")
    assert phone.look()
    assert phone.screen()["doses"][0]["status"] == "held"
    assert list(phone.notices()) == ["From 2024-02-20: take no dose until the site tells you to."]
    assert list(reopened(phone).notices()) == []


def test_a_session_that_was_ended_loses_nothing_that_waits(world: World) -> None:
    patient = world.enrol()
    phone = world.phone(patient)
    world.network.offline = True
    phone.record("2024-02-19", "taken")
    world.network.offline = False
    device = patient.read("devices")["items"][0]["device_id"]
    assert patient.client.send("DELETE", f"{patient.path}/devices/{device}").status_code == 204
    with pytest.raises(app.NotActivated):
        phone.look()
    phone = reopened(phone)
    phone.record("2024-02-20", "taken")
    with pytest.raises(app.NotActivated):
        phone.look()
    phone.activate(world.network.url, world.code(patient), "Phone")
    assert phone.look()
    assert recorded(patient) == [("2024-02-19", "taken"), ("2024-02-20", "taken")]


def test_a_phone_that_goes_to_another_patient_takes_nothing_along(world: World) -> None:
    first, second = world.enrol(), world.enrol(subject_number="002", first_dose_on=None)
    phone = world.phone(first)
    phone.record("2024-02-20", "taken")
    phone.activate(world.network.url, world.code(second), "Phone")
    assert phone.look()
    assert recorded(first) == recorded(second) == []
    assert phone.screen()["status"] == "enrolled"
    assert phone.screen()["unrecorded"] == []


def test_days_that_begin_without_a_network_are_known_from_the_calendar(world: World) -> None:
    patient = world.enrol()
    for day in range(13, 21):
        patient.record("dose_recorded", dose_on=f"2024-02-{day}", status="taken")
    patient.record("hold_started", from_on="2024-02-23", reason="Proteinuria")
    patient.record("hold_ended", resumes_on="2024-02-25")
    phone = world.phone(patient)
    world.network.offline = True
    seen = {}
    for day in (21, 22, 23, 24, 25):
        world.at(f"2024-02-{day}T09:00:00")
        assert not phone.look()
        screen = phone.screen()
        seen[day] = screen["doses"][0]["status"], screen["unrecorded"], screen["visits"][0]["status"]
        if day == 21:
            phone.record("2024-02-21", "taken")
    world.network.offline = False
    for day, shown in seen.items():
        world.at(f"2024-02-{day}T09:00:00")
        other = world.phone(patient)
        if day > 21:
            other.record("2024-02-21", "taken")
        other.look()
        screen = other.screen()
        assert (screen["doses"][0]["status"], screen["unrecorded"], screen["visits"][0]["status"]) == shown
    assert [shown[0] for shown in seen.values()] == ["due", "due", "held", "held", "due"]


def test_without_a_network_each_appointment_is_shown_until_its_day_is_over(world: World) -> None:
    patient = world.enrol()
    patient.record("visit_booked", visit="imaging-w6", part=True, booked_on="2024-02-22")
    patient.record("visit_booked", visit="unscheduled", series="imaging", booked_on="2024-02-23")
    phone = world.phone(patient)
    world.network.offline = True
    shown = []
    for day in (21, 22, 23, 24):
        world.at(f"2024-02-{day}T09:00:00")
        phone.look()
        shown.append([visit["booked_on"][-2:] for visit in phone.screen()["visits"] if visit["appointment"]])
    assert shown == [["22", "23"], ["22", "23"], ["23"], []]


def test_without_a_network_all_that_is_booked_is_shown_beside_the_next_of_its_series(world: World) -> None:
    """Week 6 closes on 2024-02-21 and is not done; week 12 is booked for the 22nd, long before it opens."""
    patient = world.enrol()
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-02-22")
    phone = world.phone(patient)
    world.network.offline = True
    shown = []
    for day in (21, 22, 23):
        world.at(f"2024-02-{day}T09:00:00")
        phone.look()
        shown.append([(visit["visit"], visit["status"]) for visit in phone.screen()["visits"]])
    both = [[("imaging-w6", status), ("imaging-w12", "upcoming")] for status in ("open", "overdue")]
    assert shown == [*both, [("imaging-w6", "overdue")]]


def test_a_hotel_that_answers_everything_with_its_own_page_is_no_network(world: World, server: Server) -> None:
    phone = world.phone(world.enrol())
    phone.record("2024-02-20", "taken")
    # The documentation page of another service stands for it: an answer, and not ours.
    phone.state["server"] = f"{server.url}/docs?"
    assert not phone.look()
    assert phone.screen()["waiting"] == 1


def test_more_than_one_batch_goes_in_order(world: World) -> None:
    patient = world.enrol()
    phone = world.phone(patient)
    world.network.offline = True
    for number in range(app.BATCH + 20):
        phone.record("2024-02-20", "missed" if number % 2 else "taken", note=f"Number {number}")
    world.network.offline = False
    world.network.then("fair", "lost", "fair", "twice", "lost")
    assert not phone.look()
    assert not phone.look()
    assert phone.screen()["waiting"] == 20
    assert phone.look()
    notes = [fact["note"] for fact in patient.read("facts", limit=200)["items"] if fact["kind"] == "dose_recorded"]
    assert notes == [f"Number {number}" for number in range(app.BATCH + 20)]


def test_a_phone_whose_clock_is_a_minute_fast_is_believed_its_day(world: World) -> None:
    """In Shanghai just after midnight, when the zone on record is Berlin's, where it is still the day before."""
    patient = world.enrol(time_zone=BERLIN)
    code = world.code(patient)
    world.at("2024-02-21T00:30:00")
    phone = app.Phone(world.phone().file, lambda: world.now() + timedelta(minutes=1))
    phone.activate(world.network.url, code, "Phone")
    phone.record("2024-02-21", "taken", amount=300)
    assert phone.look()
    assert list(phone.notices()) == []
    assert standing(patient) == {"2024-02-21": "taken"}


@pytest.mark.parametrize("wrong", [timedelta(hours=-26), timedelta(days=400), timedelta(days=-19_768)])
def test_a_phone_whose_clock_shows_another_day_shows_the_services_day_and_says_so(
    world: World, wrong: timedelta
) -> None:
    """The last is a clock of 1970. Without a network nobody knows whether it was set meanwhile."""
    patient = world.enrol()
    phone = app.Phone(world.phone().file, lambda: world.now() + wrong)
    phone.activate(world.network.url, world.code(patient), "Phone")
    assert phone.look()
    screen = phone.screen()
    assert (screen["today"], [dose["status"] for dose in screen["doses"]]) == ("2024-02-20", ["due"])
    assert "The clock of this phone is wrong. Please set it." in list(app._lines(screen))
    world.at("2024-02-21T09:00:00")
    world.network.offline = True
    for clock in (phone.now, world.now):
        phone = app.Phone(phone.file, clock)
        assert not phone.look()
        screen = phone.screen()
        assert (screen["unknown"], screen["doses"]) == (True, [])
    phone.record("2024-02-21", "taken")
    world.network.offline = False
    assert phone.look()
    assert phone.screen()["clock_off"] == 0
    assert phone.screen()["today"] == "2024-02-21"
    assert standing(patient) == {"2024-02-21": "taken"}


def test_after_sixty_days_without_a_network_the_dose_is_unknown(world: World) -> None:
    """Never that there is none. What the phone keeps reaches six weeks ahead."""
    patient = world.enrol()
    phone = world.phone(patient)
    world.network.offline = True
    world.at("2024-04-02T09:00:00")
    assert phone.screen()["doses"][0]["status"] == "due"
    for day in ("2024-04-03", "2024-04-20"):
        world.at(f"{day}T09:00:00")
        assert not phone.look()
        screen = phone.screen()
        assert (screen["today"], screen["unknown"], screen["doses"]) == (day, True, [])
        assert app.UNKNOWN in list(app._lines(screen))
    world.network.offline = False
    assert phone.look()
    assert [dose["status"] for dose in phone.screen()["doses"]] == ["due"]


def test_the_words_for_several_drugs_name_each_with_its_unit_and_times(world: World) -> None:
    admin = world.service.client("admin")
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    (first,) = definition["regimens"]
    twice = {**first, "times_a_day": 2, "dose": {"amount": 150, "unit": "mg", "levels": [100]}}
    other = {**first, "id": "drops", "drug": "vitamin D", "dose": {"amount": 5, "unit": "drops"}, "strengths": []}
    two = {**definition, "id": "two-drugs", "regimens": [twice, other], "sources": {}}
    assert admin.post("/v1/protocols", two).status_code == 201
    world.at("2024-02-20T09:00")
    patient = world.enrol(protocol={"id": "two-drugs", "version": 1}, first_dose_on="2024-02-20")
    phone = world.phone(patient)
    assert [line for line in app._lines(phone.screen()) if line.startswith("Dose")] == [
        "Dose 2024-02-20.surufatinib.1: surufatinib 150 mg (3 × 50 mg): take it today",
        "Dose 2024-02-20.surufatinib.2: surufatinib 150 mg (3 × 50 mg): take it today",
        "Dose 2024-02-20.drops.1: vitamin D 5 drops: take it today",
    ]
    # A day that begins without a network, and the second dose of it.
    world.at("2024-02-21T21:00", None, "offline")
    phone.record("2024-02-21.surufatinib.2", "taken")
    assert [dose["unit"] for dose in phone.screen()["doses"]] == ["mg", "mg", "drops"]
    assert "Not recorded: 2024-02-20.drops.1, " in "\n".join(app._lines(phone.screen()))
    world.at("2024-02-21T22:00")
    patient.record("dose_changed", from_on="2024-02-22", amount=100, regimen="surufatinib")
    patient.record("hold_started", from_on="2024-02-22", regimens=["drops"])
    patient.record("hold_ended", resumes_on="2024-02-25")
    patient.record("dose_changed", from_on="2024-02-26", amount=100, regimen="surufatinib", times_a_day=1, days=[1, 2])
    assert phone.look()
    assert list(phone.notices()) == [
        "From 2024-02-22: surufatinib 100 mg, twice a day.",
        "From 2024-02-22: take no vitamin D until the site tells you to.",
        "From 2024-02-25: take your vitamin D again.",
        "From 2024-02-26: surufatinib 100 mg, once a day, on the days 1, 2 of the cycle.",
    ]
    assert patient.read("calendar", from_="2024-02-21", to="2024-02-21")["doses"][1]["taken_amount"] == 150


class TestCommands:
    """The file as a program, against the service in processes of its own, today."""

    @pytest.fixture
    def run(self, tmp_path: Path, real_nurse: Nurse) -> Any:
        """Run a command on a phone where the patients are, with what was printed and the exit status."""
        environment = {**os.environ, "TZ": real_nurse.zone, "LC_ALL": "C.UTF-8"}

        def command(*arguments: str) -> tuple[int, str, str]:
            program = [sys.executable, "-W", "error", EXAMPLES / "patient_app.py", "--state", tmp_path / "phone.json"]
            done = subprocess.run(
                [*program, *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            return done.returncode, done.stdout, done.stderr

        return command

    def test_a_day_in_the_terminal(self, run: Any, real_nurse: Nurse) -> None:
        patient = real_nurse.enrol()
        assert run("today") == (1, "", "This phone is not activated: ask the site for a code.\n")
        status, out, err = run("activate", real_nurse.code(patient), "--server", real_nurse.url, "--name", "Terminal")
        assert (status, err) == (0, "")
        assert "Dose: surufatinib 300 mg (6 × 50 mg): take it today" in out
        assert "Not recorded: " in out
        assert "Dose: surufatinib 300 mg (6 × 50 mg): taken\n" in run("take")[1]
        yesterday = real_nurse.days_ago(1)
        assert "Not recorded" not in run("miss", yesterday, "--note", "Forgot it")[1]
        assert f"Not recorded: {yesterday}" in run("undo", yesterday)[1]
        assert f"{yesterday}  cycle 1 day 1  surufatinib 300 mg  unrecorded" in run("calendar", "--from", yesterday)[1]
        assert run("sync")[::2] == (0, "")
        assert real_nurse.doses(patient) == [(real_nurse.days_ago(0), "taken"), (yesterday, "missed")]
        status, address, _ = run("feed", "--doses")
        assert requests.get(address.strip(), timeout=PATIENCE).text.startswith("BEGIN:VCALENDAR")
        assert run("feed")[1].startswith("Made ")
        assert run("feed", "--revoke") == (0, "Revoked.\n", "")
        assert run("feed", "--revoke") == (0, "Revoked.\n", "")
        assert requests.get(address.strip(), timeout=PATIENCE).status_code == 404

    def test_no_server(self, run: Any) -> None:
        assert run("activate", "AAAAAAAA", "--server", "http://127.0.0.1:9") == (
            1,
            "",
            "No network. Try again later.\n",
        )
        assert run("take", "2024-02-30")[0] == 2
