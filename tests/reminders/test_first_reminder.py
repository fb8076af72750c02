"""Of each planned dose that is not recorded there is one first reminder, where the patient is; the phone says when."""

from __future__ import annotations

import pytest
from phone.phones import Phone, moved_to
from service import Client, Patient, Service

from scheduler_api.use_cases.projections import maintenance

from .people import planned, sent_about, ticked


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient on treatment in Berlin, who has recorded yesterday's dose."""
    patient = nurse.enrol(time_zone="Europe/Berlin")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    return patient


def doses(service: Service, patient: Patient) -> list[tuple[str, str]]:
    """The reminders of doses that went out, oldest first."""
    return [one for one in sent_about(service, patient) if one[0] in ("dose_due", "dose_again", "dose_later")]


def fly(service: Service, patient: Patient, zone: str, at: str) -> Phone:
    """Go to an instant; the phone says where it is then."""
    service.clock.set(at)
    phone = Phone(service, patient)
    assert phone.outcomes(moved_to(zone, said_at=phone.now())) == ["recorded"]
    return phone


def remind_at(phone: Phone) -> str | None:
    """When the phone says that today's reminder comes or came."""
    (dose,) = phone.read("today")["doses"]
    at: str | None = dose["remind_at"]
    return at


def test_who_flies_east_in_the_evening_is_reminded_on_landing(service: Service, patient: Patient) -> None:
    """At five in the afternoon in Berlin it is eleven at night in Bangkok: quiet, but the phone is in the hand."""
    ticked(service, "2024-02-20T16:00:00+00:00")
    phone = fly(service, patient, "Asia/Bangkok", "2024-02-20T16:00:30+00:00")
    assert remind_at(phone) == "2024-02-20T23:00:30+07:00"
    ticked(service, "2024-02-20T16:00:40+00:00")
    assert doses(service, patient) == [("dose_due", "2024-02-20")]
    ticked(service, "2024-02-20T16:59:00+00:00")
    assert doses(service, patient) == [("dose_due", "2024-02-20")]
    assert list(maintenance.verify(service.store)) == []


def test_at_night_the_site_s_word_of_a_journey_wakes_nobody(service: Service, patient: Patient) -> None:
    service.clock.set("2024-02-20T16:00:30+00:00")
    patient.record("time_zone_changed", time_zone="Asia/Bangkok")
    # Its time has passed three hours ago.
    assert remind_at(Phone(service, patient)) == "2024-02-20T20:00:00+07:00"
    ticked(service, "2024-02-20T16:00:40+00:00")
    assert doses(service, patient) == []


def test_of_a_day_that_is_over_on_landing_nobody_is_reminded(service: Service, patient: Patient) -> None:
    phone = fly(service, patient, "Asia/Shanghai", "2024-02-20T18:30:00+00:00")
    assert remind_at(phone) == "2024-02-21T20:00:00+08:00"
    ticked(service, "2024-02-20T18:31:00+00:00")
    assert doses(service, patient) == []
    assert phone.read("today")["unrecorded"][-1] == "2024-02-20.surufatinib.1"


def test_who_flies_west_after_the_reminder_is_not_promised_another(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T19:00:05+00:00")
    phone = fly(service, patient, "America/New_York", "2024-02-20T20:30:00+00:00")
    assert remind_at(phone) == "2024-02-20T14:00:05-05:00"
    ticked(service, "2024-02-21T01:00:05+00:00")
    assert [kind for kind, _ in doses(service, patient)].count("dose_due") == 1


def test_the_second_reminder_waits_for_its_day_behind_the_date_line(service: Service, nurse: Client) -> None:
    patient = nurse.enrol(time_zone="Pacific/Kiritimati")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    ticked(service, "2024-02-21T06:00:05+00:00")
    assert doses(service, patient)[-1] == ("dose_due", "2024-02-21")
    fly(service, patient, "Pacific/Niue", "2024-02-21T06:30:00+00:00")
    ticked(service, "2024-02-21T07:00:05+00:00")
    assert ("dose_again", "2024-02-21") not in doses(service, patient)
    # It is seven in the morning of the 21st there, after the night.
    assert ("dose_again", "2024-02-21", "2024-02-21 07:00") in planned(service, patient, "Pacific/Niue")


def test_a_time_moved_later_is_kept_though_the_reminder_was_sent(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T19:00:05+00:00")
    service.clock.set("2024-02-20T19:10:00+00:00")
    phone = Phone(service, patient)
    assert phone.send("PATCH", "reminders", {"times": ["20:30"], "quiet": None}).status_code == 200
    assert remind_at(phone) == "2024-02-20T20:30:00+01:00"
    ticked(service, "2024-02-20T19:30:05+00:00")
    assert doses(service, patient) == [("dose_due", "2024-02-20"), ("dose_later", "2024-02-20 20:30")]
    # And once more: what still waits is of the past then.
    assert phone.send("PATCH", "reminders", {"times": ["21:00"], "quiet": None}).status_code == 200
    assert remind_at(phone) == "2024-02-20T21:00:00+01:00"
    ticked(service, "2024-02-20T20:00:05+00:00")
    assert doses(service, patient)[1:] == [("dose_later", "2024-02-20 21:00")]
    assert list(maintenance.verify(service.store)) == []


def test_a_time_moved_earlier_is_due_at_once_and_later_again_is_told_later(service: Service, patient: Patient) -> None:
    service.clock.set("2024-02-20T11:00:00+00:00")
    phone = Phone(service, patient)
    phone.send("PATCH", "reminders", {"times": ["09:00"]})
    ticked(service, "2024-02-20T11:00:10+00:00")
    assert doses(service, patient) == [("dose_due", "2024-02-20")]
    service.clock.set("2024-02-20T11:20:00+00:00")
    phone.send("PATCH", "reminders", {"times": ["18:00"]})
    assert remind_at(phone) == "2024-02-20T18:00:00+01:00"
    ticked(service, "2024-02-20T17:00:05+00:00")
    assert doses(service, patient) == [("dose_due", "2024-02-20"), ("dose_later", "2024-02-20 18:00")]


def test_nothing_is_promised_once_a_dose_is_recorded_or_held(service: Service, patient: Patient) -> None:
    phone = Phone(service, patient)
    phone.record("2024-02-20")
    assert remind_at(phone) is None
    phone.take_back("2024-02-20")
    assert remind_at(phone) == "2024-02-20T20:00:00+01:00"
    patient.record("hold_started", from_on="2024-02-20", reason="toxicity")
    assert remind_at(phone) is None


def test_the_calendar_says_for_each_day_when_its_reminder_comes(service: Service, patient: Patient) -> None:
    """In Berlin the clocks go forward on the last Sunday of March."""
    service.clock.set("2024-03-29T12:00:00+01:00")
    patient.record("dose_recorded", dose_on="2024-03-28", status="taken")
    patient.record("hold_started", from_on="2024-04-01", resumes_on="2024-04-02", reason="toxicity")
    phone = Phone(service, patient)
    rows = phone.read("calendar", from_="2024-03-28", to="2024-04-02", language="zh-CN")["doses"]
    assert [row["remind_at"] for row in rows] == [
        None,
        "2024-03-29T20:00:00+01:00",
        "2024-03-30T20:00:00+01:00",
        "2024-03-31T20:00:00+02:00",
        None,
        "2024-04-02T20:00:00+02:00",
    ]
    assert {row["drug"] for row in rows} == {"索凡替尼"}
    assert phone.read("today", language="zh-CN")["doses"][0]["drug"] == "索凡替尼"
    patient.client.send("PUT", f"{patient.path}/messages", {"all": True})
    rows = phone.read("calendar", from_="2024-03-28", to="2024-04-02")["doses"]
    assert {row["remind_at"] for row in rows} == {None}
