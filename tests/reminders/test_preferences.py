"""How patients and sites want to be reminded: kept whole, refused where it contradicts itself, planned by at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from phone.phones import Phone
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

from .people import planned, sent_about, ticked

DEFAULT = {
    "times": ["20:00"],
    "again_after_minutes": 60,
    "channels": ["web_push", "webhook"],
    "language": "en",
    "quiet": {"from": "22:00", "to": "07:00"},
    "off": [],
    "show_drug": False,
    "again_at": ["21:00"],
}


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient under treatment, adherent so far."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    patient.record("visit_done", series="imaging", done_on="2024-02-14")
    return patient


@pytest.fixture
def phone(service: Service, patient: Patient) -> Phone:
    """The patient's phone."""
    return Phone(service, patient)


def test_who_has_said_nothing_is_reminded_by_default(phone: Phone) -> None:
    assert phone.read("reminders") == DEFAULT


def test_a_new_time_counts_at_once_for_reminders_today_and_the_feed(
    service: Service, patient: Patient, phone: Phone
) -> None:
    feed = phone.get("feed", doses="true").json["address"]
    anyone, before = service.client(""), phone.get("today").headers["ETag"]
    tag = anyone.get(feed).headers["ETag"]
    answer = phone.send("PATCH", "reminders", {"times": ["08:30"], "again_after_minutes": None, "show_drug": True})
    assert answer.json == {
        **DEFAULT,
        "times": ["08:30"],
        "again_after_minutes": None,
        "show_drug": True,
        "again_at": [None],
    }
    assert phone.read("reminders") == answer.json
    assert phone.get("today", {"If-None-Match": before}).status_code == 200
    assert phone.read("today")["doses"][0]["remind_at"] == "2024-02-20T12:00:00+08:00"
    assert b"T083000" in anyone.get(feed, {"If-None-Match": tag}).data
    # Today's time has passed and nothing was sent: it is due at once.
    assert planned(service, patient)[0] == ("dose_due", "2024-02-20", "2024-02-20 12:00")
    assert "dose_again" not in {kind for kind, _, _ in planned(service, patient)}
    assert list(maintenance.verify(service.store)) == []


def test_preferences_outlive_a_rebuild(service: Service, patient: Patient, phone: Phone) -> None:
    preferences = phone.send("PATCH", "reminders", {"times": ["09:15"], "off": ["dose_again"]}).json
    live = planned(service, patient)
    maintenance.rebuild(service.store, service.clock())
    assert planned(service, patient) == live
    assert phone.read("reminders") == preferences


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"times": ["22:30"]}, ["/times/0"]),
        ({"times": ["06:59"]}, ["/times/0"]),
        ({"quiet": {"from": "09:00", "to": "09:00"}}, ["/quiet/to"]),
        ({"times": ["8:30"]}, ["/times/0"]),
        ({"quiet": {"from": "22:00"}}, ["/quiet/to"]),
        ({"off": ["window_opened", "dose_due", "booking_tomorrow"]}, ["/off/1", "/off/2"]),
        ({"off": ["dose_later"]}, ["/off/0"]),
        ({"again_after_minutes": 4, "show_drug": 1}, ["/again_after_minutes", "/show_drug"]),
        ({"channels": ["pigeon"], "language": "de"}, ["/channels/0", "/language"]),
    ],
)
def test_preferences_that_contradict_themselves_are_refused(
    service: Service, phone: Phone, said: Any, pointers: list[str]
) -> None:
    with service.unchanged():
        refused(phone.send("PATCH", "reminders", said), 422, *pointers)


def test_what_is_not_named_stays_and_a_second_reminder_in_quiet_hours_is_left_out(
    service: Service, patient: Patient, phone: Phone
) -> None:
    phone.send("PATCH", "reminders", {"show_drug": True, "language": "zh-CN"})
    answer = phone.send("PATCH", "reminders", {"times": ["21:30"]})
    assert answer.json == {**DEFAULT, "times": ["21:30"], "again_at": [None], "show_drug": True, "language": "zh-CN"}
    assert phone.read("reminders") == answer.json
    assert {kind for kind, _, _ in planned(service, patient)} == {"dose_due", "doses_missed"}
    refused(phone.send("PUT", "reminders", {"times": ["21:30"]}), 405)


@pytest.mark.parametrize(
    ("asked", "language"), [("zh-Hans-CN,zh;q=0.9", "zh-CN"), ("de, en;q=0.5", "en"), (None, "en")]
)
def test_the_language_begins_as_the_phone_s(
    service: Service, nurse: Client, patient: Patient, asked: str | None, language: str
) -> None:
    def activate(header: str | None) -> Client:
        code = nurse.post("/v1/activations", {"patient_id": patient.patient_id}).json["code"]
        headers = {} if header is None else {"Accept-Language": header}
        body = {"code": code, "device_name": "Redmi"}
        answer = service.client("").send("POST", "/v1/activate", body, headers=headers)
        return service.client(answer.json["access_token"])

    first = activate(asked)
    assert first.get("/v1/me/reminders").json["language"] == language
    # What was chosen since stays.
    chosen = "en" if language == "zh-CN" else "zh-CN"
    assert first.send("PATCH", "/v1/me/reminders", {"language": chosen}).status_code == 200
    assert activate("zh-CN" if chosen == "en" else "en").get("/v1/me/reminders").json["language"] == chosen


def test_a_patient_without_a_second_reminder_may_be_reminded_late(phone: Phone) -> None:
    said = {"times": ["23:30"], "quiet": None, "off": ["dose_again"]}
    assert phone.send("PATCH", "reminders", said).status_code == 200


def test_a_reminder_is_put_off_once_and_takes_the_place_of_the_second(
    service: Service, patient: Patient, phone: Phone
) -> None:
    refused(phone.send("POST", "reminders/snooze", {"minutes": 30}), 409, "/minutes")
    ticked(service, "2024-02-20T20:00:02+08:00")
    service.clock.set("2024-02-20T20:10:00+08:00")
    before = phone.get("today")
    assert before.json["doses"][0]["snoozed_until"] is None
    answer = phone.send("POST", "reminders/snooze", {"minutes": 130})
    snoozed = phone.get("today", {"If-None-Match": before.headers["ETag"]})
    assert snoozed.status_code == 200
    until = datetime.fromisoformat(snoozed.json["doses"][0]["snoozed_until"])
    assert until == datetime.fromisoformat(answer.json["put_off_until"])
    assert until.utcoffset() == timedelta(hours=8)
    assert (answer.json["kind"], answer.json["dose_on"]) == ("dose_due", "2024-02-20")
    # The patient asked for it: quiet hours do not hold it back.
    todays = [row for row in planned(service, patient) if row[1].startswith("2024-02-20")]
    assert todays == [("dose_later", "2024-02-20 dose_due", "2024-02-20 22:20")]
    assert list(maintenance.verify(service.store)) == []
    refused(phone.send("POST", "reminders/snooze", {"minutes": 30}), 409, "/minutes")
    ticked(service, "2024-02-20T22:20:01+08:00")
    assert sent_about(service, patient) == [("dose_due", "2024-02-20"), ("dose_later", "2024-02-20 dose_due")]


def test_nothing_is_put_off_past_midnight_or_once_recorded(service: Service, phone: Phone) -> None:
    ticked(service, "2024-02-20T20:00:02+08:00")
    refused(phone.send("POST", "reminders/snooze", {"minutes": 240}), 422, "/minutes")
    assert phone.record("2024-02-20").status_code == 200
    refused(phone.send("POST", "reminders/snooze", {"minutes": 30}), 409, "/minutes")


def test_a_site_says_what_it_is_told_and_when(
    service: Service, nurse: Client, coordinator: Client, elsewhere: Client, patient: Patient
) -> None:
    path = "/v1/sites/FUSCC/reminders"
    assert nurse.get(path).json == {"digest": "08:00", "quiet": {"from": "22:00", "to": "07:00"}, "off": []}
    refused(nurse.send("PUT", path, {"off": ["digest"]}), 403)
    refused(elsewhere.get(path), 404)
    refused(coordinator.send("PUT", path, {"digest": "06:00"}), 422, "/digest")
    assert {kind for kind, _, _ in planned(service, patient)} == {"dose_due", "dose_again", "doses_missed"}
    said = {"digest": "07:30", "quiet": None, "off": ["dose_again"]}
    assert coordinator.send("PUT", path, said).json == said
    assert {kind for kind, _, _ in planned(service, patient)} == {"dose_due", "doses_missed"}
    # Without quiet hours, the site hears of it when the day is over.
    assert ("doses_missed", "2024-02-21", "2024-02-22 00:00") in planned(service, patient)
    digests = service.store.rows("SELECT next_at FROM reminders WHERE kind = 'digest' AND site = 'FUSCC'")
    assert {row["next_at"][11:16] for row in digests} == {"23:30"}
    assert list(maintenance.verify(service.store)) == []
    coordinator.send("PUT", path, {"off": ["digest"]})
    assert service.store.rows("SELECT 1 FROM reminders WHERE kind = 'digest' AND site = 'FUSCC'") == []
