"""When a patient is told of an appointment: on the last evening that is early enough, wherever patient and site are."""

from __future__ import annotations

import json

import pytest
from service import Client, Service

from scheduler_api.store.reminders import notification_preferences

from .people import planned, ticked

#: The site is in Shanghai (UTC+8); Kiritimati is UTC+14, Berlin UTC+1, Niue UTC-11 in February.
EVES = [
    # The evening before, if it is at least 12 hours before.
    ("Asia/Shanghai", "09:30", None, "2024-02-22 18:00"),
    ("Asia/Shanghai", "06:00", None, "2024-02-22 18:00"),
    ("Asia/Shanghai", "05:59", None, "2024-02-21 18:00"),
    # Without a time: before the day begins in Shanghai.
    ("Asia/Shanghai", None, None, "2024-02-22 18:00"),
    ("Europe/Berlin", None, None, "2024-02-21 18:00"),
    ("Pacific/Kiritimati", None, None, "2024-02-22 18:00"),
    # 09:30 in Shanghai is 02:30 of the same day in Berlin, and 14:30 of the day before in Niue.
    ("Europe/Berlin", "09:30", None, "2024-02-21 18:00"),
    ("Pacific/Niue", "09:30", None, "2024-02-21 18:00"),
    # Quiet hours that end early enough hold it back, others bring it forward.
    ("Asia/Shanghai", "14:00", ("17:30", "19:00"), "2024-02-22 19:00"),
    ("Asia/Shanghai", "07:00", ("17:30", "19:00"), "2024-02-22 19:00"),
    ("Asia/Shanghai", "06:59", ("17:30", "19:00"), "2024-02-22 17:00"),
    ("Asia/Shanghai", "14:00", ("17:30", "07:00"), "2024-02-22 17:00"),
    ("Asia/Shanghai", "14:00", ("18:00", "07:00"), "2024-02-22 17:30"),
]


@pytest.mark.parametrize(("zone", "time", "quiet", "told"), EVES)
def test_the_last_evening_that_is_early_enough(
    service: Service, nurse: Client, zone: str, time: str | None, quiet: tuple[str, str] | None, told: str
) -> None:
    patient = nurse.enrol(time_zone=zone)
    if quiet is not None:
        with service.store.transaction():
            said = json.dumps({"quiet": {"from": quiet[0], "to": quiet[1]}, "times": ["12:00"]})
            notification_preferences.put_patients(service.store, patient.patient_id, said, service.clock().isoformat())
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-23", time=time)
    service.clock.set("2024-02-21T00:00:00+00:00")
    for at in ("2024-02-21T00:00:00+00:00", "2024-02-21T23:00:00+00:00"):
        ticked(service, at)
        eve = [row for row in planned(service, patient, zone) if row[0] == "booking_tomorrow"]
        if eve:
            break
    assert eve == [("booking_tomorrow", "2024-02-23 imaging-w6", told)]


def test_each_appointment_of_a_visit_has_its_eve(service: Service, nurse: Client) -> None:
    """Also two of one day; what is cancelled or done has none, nor does one more appointment have a window."""
    patient = nurse.enrol()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
    for data in ({"visit": "imaging-w6", "part": True}, {"visit": "unscheduled", "series": "imaging"}):
        patient.record("visit_booked", **data, booked_on="2024-02-21", time="14:00")
    gone = patient.record("visit_booked", visit="imaging-w6", part=True, booked_on="2024-02-21")["fact"]["fact_id"]
    patient.record("visit_booked", visit=f"imaging-w6.{gone}", booked_on=None)
    ticked(service, "2024-02-20T00:00:00+00:00")
    told = [row for row in planned(service, patient, "Asia/Shanghai") if "." in row[1] or row[0] == "booking_tomorrow"]
    assert [(kind, about.partition(".")[0], at) for kind, about, at in sorted(told)] == [
        ("booking_tomorrow", "2024-02-21 imaging-w6", "2024-02-20 18:00"),
        ("booking_tomorrow", "2024-02-21 imaging-w6", "2024-02-20 18:00"),
        ("booking_tomorrow", "2024-02-21 unscheduled", "2024-02-20 18:00"),
    ]
