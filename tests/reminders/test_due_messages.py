"""Which messages a calendar calls for: clocks that change, patients who travel, what ends, and what is forgotten."""

from __future__ import annotations

import pytest
from phone.phones import Phone
from service import Client, Patient, Service

from scheduler_api.use_cases.operations import housekeeping
from scheduler_api.use_cases.projections import maintenance

from .people import every, planned, sent_about, ticked


def treated(client: Client, zone: str, **data: str) -> Patient:
    """A patient who has been under treatment for weeks."""
    patient = client.enrol(time_zone=zone, **data)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


@pytest.mark.parametrize(
    ("zone", "at", "day", "instants"),
    [
        # Berlin skips 02:00 to 03:00: the first instant after it, 01:00 UTC.
        ("Europe/Berlin", "02:30", "2024-03-31", {"2024-03-31T01:00:00.000000+00:00"}),
        # and shows 02:00 to 03:00 twice: the first of the two, in summer time, once.
        ("Europe/Berlin", "02:30", "2024-10-27", {"2024-10-27T00:30:00.000000+00:00"}),
        # New York skips 02:00 to 03:00 of the 10th, and Lord Howe goes back by half an hour on 7 April.
        ("America/New_York", "02:15", "2024-03-10", {"2024-03-10T07:00:00.000000+00:00"}),
        ("Australia/Lord_Howe", "01:45", "2024-04-07", {"2024-04-06T14:45:00.000000+00:00"}),
    ],
)
def test_a_local_time_comes_once_when_clocks_change(
    service: Service, coordinator: Client, zone: str, at: str, day: str, instants: set[str]
) -> None:
    patient = treated(coordinator, zone)
    service.clock.set(f"{day}T00:00:00+14:00")
    phone = Phone(service, patient)
    said = {"times": [at], "quiet": None, "again_after_minutes": None}
    assert phone.send("PATCH", "reminders", said).status_code == 200
    for now in every(15, f"{day}T00:00:00+12:00", f"{day}T12:00:00+00:00"):
        ticked(service, now)
    rows = service.store.rows("SELECT due_at FROM outbox WHERE kind = 'dose_due' AND about = :day", {"day": day})
    assert [row["due_at"] for row in rows] == [*instants]


def test_a_traveller_hears_neither_twice_nor_never(service: Service, nurse: Client) -> None:
    patient = treated(nurse, "Asia/Shanghai")
    ticked(service, "2024-02-20T20:00:01+08:00")
    # To Niue, where it is one in the morning of the same day: that day was told of.
    patient.record("time_zone_changed", time_zone="Pacific/Niue")
    for now in every(60, "2024-02-20T13:00:00+00:00", "2024-02-21T10:00:00+00:00"):
        ticked(service, now)
    assert [about for kind, about in sent_about(service, patient) if kind == "dose_due"] == ["2024-02-20"]
    # Then to Kiritimati, where it is noon of the 22nd: the 21st never came, and today's is still ahead.
    service.clock.set("2024-02-21T22:00:00+00:00")
    patient.record("time_zone_changed", time_zone="Pacific/Kiritimati")
    ticked(service, "2024-02-22T06:00:01+00:00")
    assert [about for kind, about in sent_about(service, patient) if kind == "dose_due"][-1] == "2024-02-22"
    assert list(maintenance.verify(service.store)) == []


def test_a_time_that_passed_with_the_change_of_zone_is_due_at_once(service: Service, nurse: Client) -> None:
    patient = treated(nurse, "Pacific/Niue")
    service.clock.set("2024-02-20T07:30:00+00:00")
    # It was half past eight in the evening of the 19th there; now it is half past nine in the evening of the 20th.
    patient.record("time_zone_changed", time_zone="Pacific/Kiritimati")
    ticked(service, "2024-02-20T07:30:05+00:00")
    assert ("dose_due", "2024-02-20") in sent_about(service, patient)


def test_a_booking_takes_back_that_a_window_opened(service: Service, nurse: Client) -> None:
    patient = nurse.enrol(enrolled_on="2024-01-17")
    ticked(service, "2024-02-21T09:00:01+08:00")
    opened = ("window_opened", "2024-02-21 imaging-w6")
    assert opened in sent_about(service, patient)
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-23")
    assert opened in sent_about(service, patient, "withdrawn")
    assert ("booking_tomorrow", "2024-02-23 imaging-w6", "2024-02-22 18:00") in planned(service, patient)


@pytest.mark.parametrize(
    ("reason", "kinds"),
    [
        ("intolerance", {"window_closing", "window_missed", "contraception_monthly"}),
        ("pregnancy", {"window_missed"}),
        ("death", set()),
    ],
)
def test_what_the_end_of_treatment_leaves(service: Service, nurse: Client, reason: str, kinds: set[str]) -> None:
    patient = treated(nurse, "Asia/Shanghai", enrolled_on="2023-12-22", planned_first_dose_on="2024-01-05")
    service.clock.set("2024-02-05T12:00:00+08:00")
    patient.record("treatment_ended", last_dose_on="2024-02-04", decided_on="2024-02-05", reason=reason)
    told = set()
    for now in every(12 * 60, "2024-02-06T00:00:00+00:00", "2024-02-23T00:00:00+00:00"):
        ticked(service, now)
        told |= {kind for kind, _ in sent_about(service, patient)}
    assert told - {"window_opened"} == kinds
    assert planned(service, patient) == [] or reason != "death"


@pytest.mark.parametrize(
    ("left", "kinds"),
    [
        ({"reason": "withdrawal"}, set()),
        ({"reason": "withdrawal", "contact_after": "continue"}, {"contraception_monthly"}),
        ({"reason": "completed"}, {"contraception_monthly"}),
        ({"reason": "completed", "contact_after": "stop"}, set()),
        ({"reason": "death", "contact_after": "continue"}, set()),
    ],
)
def test_who_left_hears_of_contraception_if_contact_goes_on(
    service: Service, nurse: Client, left: dict[str, str], kinds: set[str]
) -> None:
    """The last capsule, the end of treatment and that of the study, all on one day."""
    patient = treated(nurse, "Asia/Shanghai", enrolled_on="2023-12-22", planned_first_dose_on="2024-01-05")
    service.clock.set("2024-02-05T12:00:00+08:00")
    patient.record("dose_recorded", dose_on="2024-02-05", status="taken", amount=300)
    patient.record("treatment_ended", last_dose_on="2024-02-05", decided_on="2024-02-05", reason="other")
    patient.record("study_ended", ended_on="2024-02-05", **left)
    sent = set()
    for now in every(12 * 60, "2024-02-05T12:00:00+00:00", "2024-03-23T00:00:00+00:00"):
        ticked(service, now)
        sent |= {kind for kind, _ in sent_about(service, patient)}
    assert sent == kinds


def test_what_is_old_is_forgotten(service: Service, nurse: Client) -> None:
    patient = treated(nurse, "Asia/Shanghai")
    ticked(service, "2024-02-20T20:00:01+08:00")
    with service.store.transaction():
        service.store.write("UPDATE outbox SET status = 'sent'", {})
    service.clock.set("2025-02-20T20:00:01+08:00")
    housekeeping.forget(service.store, service.clock())
    assert sent_about(service, patient, "sent") != []
    service.clock.set("2025-04-20T20:00:01+08:00")
    assert housekeeping.forget(service.store, service.clock()) > 0
    assert sent_about(service, patient, "sent") == []
