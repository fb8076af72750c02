"""Hold which messages are planned for the patient of the worked examples in Shanghai, and when each is of use.

Imaging of week 6 is open from 2024-02-07 to 2024-02-21, that of week 12 from 2024-03-20 to 2024-04-03.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.reminders.about import about_dose
from scheduler_api.engine.reminders.first_reminder import SentMessage
from scheduler_api.engine.reminders.plan import Message, Planner
from scheduler_api.engine.reminders.preferences import (
    NotificationPreferences,
    QuietHours,
    SitePreferences,
    contradictions,
    second_at,
)

from .naive import Known
from .patients import Patient, day, patient_with, protocol, protocol_data, regimen_data, series
from .strategies import lives

SITE = SitePreferences("Asia/Shanghai")


def messages(patient: Patient, first: date, last: date, site: SitePreferences = SITE, **own: Any) -> list[Message]:
    """What is planned for a range of days, by default preferences unless the patient's own say otherwise."""
    return Planner(patient.schedule(), NotificationPreferences(**own), site, {}).messages(first, last)


def days_of(patient: Patient, kind: str, first: str = "2024-02-01", length: int = 120) -> list[str]:
    """The days on each of which a message of a kind is planned or still of use."""
    days = [day(first) + timedelta(number) for number in range(length)]
    return [str(on) for on in days if any(one.kind == kind for one in messages(patient, on, on))]


def through(first: str, last: str) -> list[str]:
    return [str(day(first) + timedelta(number)) for number in range((day(last) - day(first)).days + 1)]


def times(patient: Patient, kind: str, first: str, last: str) -> list[tuple[str, str, str]]:
    """What messages of a kind are about, when they may be sent and when they expire, on the patient's clock."""
    found = [one for one in messages(patient, day(first), day(last)) if one.kind == kind]
    return [(one.about, f"{one.next_at:%m-%d %H:%M}", f"{one.expires_at:%m-%d %H:%M}") for one in found]


def test_a_window_that_opens_and_closes_without_a_booking() -> None:
    patient = Patient.treated()
    assert days_of(patient, "window_opened", length=45) == through("2024-02-07", "2024-02-17")
    assert days_of(patient, "window_closing", length=45) == through("2024-02-18", "2024-02-21")
    assert days_of(patient, "window_missed", length=45) == through("2024-02-22", "2024-02-23")
    span = ("2024-02-01", "2024-03-10")
    assert times(patient, "window_opened", *span) == [("2024-02-07 imaging-w6", "02-07 09:00", "02-18 00:00")]
    assert times(patient, "window_closing", *span) == [("2024-02-21 imaging-w6", "02-18 09:00", "02-22 00:00")]
    # The site's quiet hours hold back what is known at midnight.
    assert times(patient, "window_missed", *span) == [("2024-02-21 imaging-w6", "02-22 07:00", "02-24 00:00")]


@pytest.mark.parametrize(("before", "opened", "closing"), [(3, 4, 0), (4, 1, 4)])
def test_a_window_so_short_that_both_would_come_at_once_has_one_message(before: int, opened: int, closing: int) -> None:
    patient = patient_with(series("lab", first={"weeks": 6}, window=(before, 0)))
    assert len(days_of(patient, "window_opened")) == opened
    assert len(days_of(patient, "window_closing")) == closing


def asked_to_book(patient: Patient) -> tuple[bool, bool]:
    """Return whether the patient is told that a window opened, and that it closes."""
    opened, closing = (days_of(patient, kind, length=45) for kind in ("window_opened", "window_closing"))
    return bool(opened), bool(closing)


@pytest.mark.parametrize(
    ("booked_on", "opened", "closing"),
    [
        ("2024-02-06", True, True),
        ("2024-02-07", False, True),
        ("2024-02-17", False, True),
        ("2024-02-18", False, False),
        ("2024-03-01", False, False),
    ],
)
def test_who_is_booked_is_not_asked_to_book_unless_that_has_passed(booked_on: str, opened: bool, closing: bool) -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w6", booked_on=booked_on)
    assert asked_to_book(patient) == (opened, closing)


def test_what_the_patient_was_told_of_an_appointment_is_told_otherwise_each_time_under_a_name_of_its_own() -> None:
    """Told on the evening before 2024-03-27; then it is cancelled, and booked for that day again."""
    patient, told = Patient.treated(), dict[tuple[str, str], SentMessage]()
    evening = datetime(2024, 3, 26, 10, tzinfo=UTC)

    def is_told(booked_on: str | None) -> str:
        """Record what is booked an hour later; what the next message is about, which is sent ten minutes after that."""
        nonlocal evening
        evening += timedelta(hours=1)
        patient.record("visit_booked", visit="imaging-w12", booked_on=booked_on, now=evening)
        planner = Planner(patient.schedule(), NotificationPreferences(), SITE, told)
        found = planner.messages(day("2024-03-26"), day("2024-03-26"))
        (about,) = [one.about for one in found if one.kind == "booking_tomorrow"]
        told["booking_tomorrow", about] = SentMessage(evening + timedelta(minutes=10), None)
        return about

    assert [is_told(booked_on) for booked_on in ("2024-03-27", None, "2024-03-27", None)] == [
        "2024-03-27 imaging-w12",
        "2024-03-27 imaging-w12 2 off",
        "2024-03-27 imaging-w12 3",
        "2024-03-27 imaging-w12 4 off",
    ]


def test_nobody_is_asked_to_book_what_rests_on_a_first_dose_that_is_only_planned() -> None:
    """Planned for 2024-01-10: day 15 is the 24th, ±3 days. Of the day before it nothing awaits the start."""
    clinic, before = (
        series("clinic", {"days": [15]}, window=(3, 3)),
        series("screening", "first_dose", first={"days": -1}),
    )
    patient = Patient(protocol(clinic, before), planned_first_dose_on="2024-01-10")
    span = ("2024-01-01", "2024-02-05")
    assert times(patient, "window_opened", *span) == [("2024-01-02 screening", "01-02 09:00", "01-13 00:00")]
    assert [about for about, *_ in times(patient, "window_closing", *span)] == ["2024-01-16 screening"]
    patient.record("visit_booked", visit="clinic-c1d15", booked_on="2024-01-24")
    assert [about for about, *_ in times(patient, "booking_tomorrow", *span)] == ["2024-01-24 clinic-c1d15"]
    patient.record("visit_booked", visit="clinic-c1d15", booked_on=None)
    patient.record("treatment_started", first_dose_on="2024-01-10")
    assert [about for about, *_ in times(patient, "window_opened", *span)] == [
        "2024-01-02 screening",
        "2024-01-21 clinic-c1d15",
    ]


@pytest.mark.parametrize(
    ("closed_on", "opened", "closing"),
    [
        ("2024-02-07", True, True),
        ("2024-02-08", False, True),
        ("2024-02-18", False, True),
        ("2024-02-19", False, False),
    ],
)
def test_who_is_pregnant_is_not_asked_to_book(closed_on: str, opened: bool, closing: bool) -> None:
    """A message that could be sent on a day of an open pregnancy is not sent later either."""
    patient = Patient.treated()
    patient.record("pregnancy_reported", reported_on="2024-02-01", of="patient")
    patient.record("pregnancy_closed", closed_on=closed_on, outcome="not_pregnant")
    assert asked_to_book(patient) == (opened, closing)


def test_an_appointment_is_announced_from_its_eve_until_it_begins() -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20", time="09:30")
    assert days_of(patient, "booking_tomorrow") == ["2024-02-19", "2024-02-20"]
    told = times(patient, "booking_tomorrow", "2024-02-01", "2024-03-01")
    assert told == [("2024-02-20 imaging-w6", "02-19 18:00", "02-20 09:30")]


def test_contraception_is_reminded_of_each_month_for_a_week() -> None:
    patient = Patient.treated()
    days = [on for month in ("2024-12", "2025-01", "2025-02") for on in through(f"{month}-03", f"{month}-09")]
    assert days_of(patient, "contraception_monthly", "2024-11-15", 100) == days


def test_the_release_from_contraception_is_told_for_a_week_and_only_if_it_is_certain() -> None:
    """Last dose 2024-08-31: required through 2025-02-28."""
    patient = Patient.treated()
    patient.end_treatment("2024-08-31")
    assert days_of(patient, "contraception_released", "2025-02-01", 60) == through("2025-03-01", "2025-03-07")
    lost = Patient.treated()
    lost.record("study_ended", ended_on="2024-08-31", reason="lost_to_follow_up", contact_after="continue")
    assert days_of(lost, "contraception_released", "2025-02-01", 60) == []
    # Who is not fertile any more is released at once, also while treatment goes on.
    released = Patient.treated()
    released.record("fertility_changed", from_on="2024-04-10", fertility="not_fertile", basis="sterilisation")
    assert days_of(released, "contraception_released", "2024-04-01", 30) == through("2024-04-10", "2024-04-16")


def test_the_trial_the_site_and_the_patient_each_switch_a_kind_off() -> None:
    kind, first, last = "window_opened", day("2024-02-01"), day("2024-02-29")

    def found(patient: Patient, *args: Any, **own: Any) -> bool:
        return kind in {one.kind for one in messages(patient, first, last, *args, **own)}

    data = protocol_data(series("imaging", every={"weeks": 6}))
    patient = Patient.treated(read_protocol(data))
    assert found(patient)
    assert not found(patient, off=frozenset({kind}))
    assert not found(patient, SITE._replace(off=frozenset({kind})))
    assert not found(Patient.treated(read_protocol({**data, "reminders": {"off": [kind]}})))


def second(preferences: NotificationPreferences, slot: int = 1, slots: int = 1) -> time | None:
    """When the second reminder of a dose comes."""
    return second_at(preferences, slot, preferences.times_of(slots))


def test_when_the_second_reminder_comes() -> None:
    usual = NotificationPreferences()
    assert second(usual) == time(21)
    assert second(usual._replace(off=frozenset({"dose_again"}))) is None
    assert second(usual._replace(again_after_minutes=None)) is None
    assert second(usual._replace(again_after_minutes=240)) is None


def test_a_second_reminder_in_quiet_hours_is_left_out() -> None:
    late = NotificationPreferences((time(21, 30),))
    assert [*contradictions(late, 1)] == []
    assert second(late) is None
    too_late = late._replace(times=(time(22, 30),))
    assert [error.pointer for error in contradictions(too_late, 1)] == ["/times/0"]
    assert second(late._replace(quiet=None)) == time(22, 30)
    assert second(late._replace(quiet=None, again_after_minutes=150)) is None
    # After quiet hours that end on the same day it comes then.
    noon = QuietHours(time(12), time(14))
    assert second(NotificationPreferences((time(11, 30),), quiet=noon)) == time(14)


def test_each_dose_of_a_day_has_its_time() -> None:
    """By default 08:00 and 20:00; the second reminder comes at the latest two hours before the next dose."""
    usual = NotificationPreferences()
    assert [second(usual, slot, 2) for slot in (1, 2)] == [time(9), time(21)]
    assert [second(usual._replace(again_after_minutes=minutes), 1, 2) for minutes in (600, 601)] == [time(18), None]
    assert usual.times_of(3) == (time(8), time(14), time(20))
    near = usual._replace(times=(time(8), time(11, 59)))
    assert [error.pointer for error in contradictions(near, 2)] == ["/times/1"]
    assert [*contradictions(near._replace(times=(time(8), time(12))), 2)] == []
    assert [error.pointer for error in contradictions(near, 1)][:1] == ["/times"]
    # What was chosen for one dose a day says nothing of two.
    assert usual._replace(times=(time(7, 30),)).times_of(2) == (time(8), time(20))


ENDS: list[tuple[str, str, str | None]] = [
    # A month stands for its last day before the record, but it is not that day: on 2024-05-10 nothing is listed.
    ("2024-05", "2024-05-06", None),
    ("unknown", "2024-05-10", None),
    # By the record the last dose was taken: it is none to take, and whoever took it says so.
    ("2024-05-10", "2024-05-10", "2024-05-10"),
]


@pytest.mark.parametrize(("last_dose_on", "decided_on", "asked_about"), ENDS)
def test_nobody_is_told_to_take_a_dose_once_treatment_has_ended(
    last_dose_on: str, decided_on: str, asked_about: str | None
) -> None:
    """It is recorded at 10:00 on 2024-05-10; the reminder would come at 20:00."""
    patient, now = Patient.treated(), datetime(2024, 5, 10, 2, tzinfo=UTC)
    patient.take("2024-01-05", "2024-05-09")
    assert [dose["status"] for dose in patient.view("2024-05-10")["doses"]] == ["due"]
    assert days_of(patient, "dose_due", "2024-05-09", 3) == ["2024-05-10", "2024-05-11"]
    end = patient.record(
        "treatment_ended", last_dose_on=last_dose_on, decided_on=decided_on, reason="intolerance", now=now
    )
    assert days_of(patient, "dose_due", "2024-05-10", 3) == []
    unrecorded = [] if asked_about is None else [f"{asked_about}.surufatinib.1"]
    view = patient.view("2024-05-10")
    assert (view["doses"], view["unrecorded"]) == ([], unrecorded)
    patient.take("2024-05-10")
    assert [dose["status"] for dose in patient.view("2024-05-10")["doses"]] == ["taken"]
    # What was an error is taken back, and the next day's dose is asked for.
    patient.void(end)
    assert days_of(patient, "dose_due", "2024-05-10", 3) == ["2024-05-11", "2024-05-12"]


@pytest.mark.parametrize(("last_dose_on", "left"), [("2024-05", []), ("2024-05-10", ["2024-05-10.surufatinib.1"])])
def test_nor_of_one_drug_once_that_has_ended(last_dose_on: str, left: list[str]) -> None:
    """Of two drugs one is stopped on 2024-05-10; the other goes on."""
    other = regimen_data(id="olaparib", drug="olaparib")
    patient = Patient.treated(read_protocol({**protocol_data(), "regimens": [regimen_data(), other]}))
    now = datetime(2024, 5, 10, 2, tzinfo=UTC)
    patient.record("regimen_ended", regimen="surufatinib", last_dose_on=last_dose_on, reason="intolerance", now=now)
    view = patient.view("2024-05-10")
    assert [dose["dose_id"] for dose in view["doses"]] == ["2024-05-10.olaparib.1"]
    assert [one for one in view["unrecorded"] if one.startswith("2024-05-10")] == left
    assert days_of(patient, "dose_due", "2024-05-10", 1) == ["2024-05-10"]
    patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-05-10", reason="intolerance", now=now)
    assert days_of(patient, "dose_due", "2024-05-10", 1) == []


@given(lives())
def test_doses_are_reminded_of_as_read_literally(life: tuple[Patient, list[date]]) -> None:
    patient, days = life
    known = Known(patient)
    for today in days:
        first, last = today, today + timedelta(3)
        due = {
            (row["dose_on"], int(row["dose_id"].rsplit(".", 1)[1]))
            for row in known.dose_days(today, last)
            if row["status"] in ("due", "planned")
            and row["dose_on"] >= first
            and known.asks_for(row["dose_id"].split(".")[1], row["dose_on"])
            and not known.calls_before_taking(row["dose_on"])
        }
        # After a death nothing is sent to anybody.
        expected = set() if known.died else {about_dose(on, slot) for on, slot in due}
        assert {one.about for one in messages(patient, first, last) if one.kind == "dose_due"} == expected


@given(lives(), st.integers(0, 9))
def test_what_is_planned_for_days_together_is_what_is_planned_for_each(
    life: tuple[Patient, list[date]], length: int
) -> None:
    """Of their own days; of earlier ones only what has not expired by then."""
    patient, days = life
    for first in days[:2]:
        span = [first + timedelta(number) for number in range(length + 1)]
        together = {(one.kind, one.about) for one in messages(patient, first, span[-1])}
        assert together == {(one.kind, one.about) for on in span for one in messages(patient, on, on)}
