"""What is planned for a patient, changes with every fact, in the fact's own transaction."""

from __future__ import annotations

import json

import pytest
from service import Client, Patient, Service, counting

from scheduler_api.store.reminders import notification_preferences
from scheduler_api.use_cases.projections import maintenance

from .people import planned, sent_about, ticked


@pytest.fixture
def patient(service: Service, nurse: Client) -> Patient:
    """The patient of the rules' worked examples, adherent so far; it is noon of 2024-02-20 and w6 was done in time."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    for day in ("2024-02-18", "2024-02-19"):
        patient.record("dose_recorded", dose_on=day, status="taken")
    patient.record("visit_done", series="imaging", done_on="2024-02-14")
    return patient


def doses(service: Service, patient: Patient) -> list[tuple[str, str, str]]:
    """What is planned about doses."""
    return [row for row in planned(service, patient) if row[0].startswith("dose_")]


def test_a_dose_day_has_a_reminder_at_eight_and_one_more_an_hour_later(service: Service, patient: Patient) -> None:
    assert planned(service, patient) == [
        ("dose_due", "2024-02-20", "2024-02-20 20:00"),
        ("dose_again", "2024-02-20", "2024-02-20 21:00"),
        ("dose_due", "2024-02-21", "2024-02-21 20:00"),
        ("dose_again", "2024-02-21", "2024-02-21 21:00"),
        # Known at midnight, and told to the site when its quiet hours end.
        ("doses_missed", "2024-02-21", "2024-02-22 07:00"),
    ]


def test_a_recorded_day_is_not_reminded_of(service: Service, patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-02-20", status="taken")
    assert {about for _, about, _ in doses(service, patient)} == {"2024-02-21"}


def test_a_held_day_is_not_reminded_of_and_what_waits_is_taken_back(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T20:00:03+08:00")
    assert sent_about(service, patient) == [("dose_due", "2024-02-20")]
    patient.record("hold_started", from_on="2024-02-20", reason="toxicity")
    assert doses(service, patient) == []
    assert sent_about(service, patient) == []
    assert sent_about(service, patient, "withdrawn") == [("dose_due", "2024-02-20")]


def test_a_hold_that_was_a_mistake_brings_back_what_it_took(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T20:00:03+08:00")
    hold = patient.record("hold_started", from_on="2024-02-20", reason="toxicity")["fact"]
    patient.record("voided", voids=hold["fact_id"], reason="another patient's")
    assert sent_about(service, patient) == [("dose_due", "2024-02-20")]
    assert ("dose_again", "2024-02-20", "2024-02-20 21:00") in doses(service, patient)
    assert ("dose_due", "2024-02-20", "2024-02-20 20:00") not in doses(service, patient)


def test_nobody_is_reminded_before_treatment_has_begun(service: Service, nurse: Client) -> None:
    patient = nurse.enrol(planned_first_dose_on="2024-02-20")
    assert doses(service, patient) == []
    patient.record("treatment_started", first_dose_on="2024-02-20")
    assert doses(service, patient)[0] == ("dose_due", "2024-02-20", "2024-02-20 20:00")


def test_the_log_is_enough_to_plan_again(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T20:00:03+08:00")
    live = planned(service, patient)
    assert list(maintenance.verify(service.store)) == []
    maintenance.rebuild(service.store, service.clock())
    assert planned(service, patient) == live
    with service.store.transaction():
        service.store.write("DELETE FROM reminders WHERE kind = 'dose_due' AND about = '2024-02-21'", {})
    wrong = f"patient {patient.patient_id}: the reminder dose_due of 2024-02-21 is not what the facts give"
    assert list(maintenance.verify(service.store)) == [wrong]


def test_after_an_outage_what_is_stale_is_counted_and_not_sent(service: Service, patient: Patient) -> None:
    with counting(service.client("")) as counted:
        outcome = ticked(service, "2024-02-21T00:00:30+08:00")
    assert sent_about(service, patient) == []
    assert outcome.stale == 2
    assert counted["scheduler_messages_stale_total", "dose_again"] == 1
    assert counted["scheduler_messages_stale_total", "dose_due"] == 1


def test_after_a_short_outage_the_second_reminder_keeps_its_distance(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T20:40:00+08:00")
    assert sent_about(service, patient) == [("dose_due", "2024-02-20")]
    assert doses(service, patient)[0] == ("dose_again", "2024-02-20", "2024-02-20 21:40")


def test_two_reminders_of_one_dose_never_come_at_once(service: Service, patient: Patient) -> None:
    ticked(service, "2024-02-20T21:10:00+08:00")
    assert sent_about(service, patient) == [("dose_due", "2024-02-20")]
    # An hour after that is in the patient's quiet hours, and then the day is over.
    assert {about for _, about, _ in doses(service, patient)} == {"2024-02-21"}


@pytest.mark.parametrize(
    ("day", "again"),
    [
        ("2024-03-29", "2024-03-29 04:00"),
        # From 02:00 the clock goes to 03:00.
        ("2024-03-31", "2024-03-31 05:00"),
        # From 03:00 the clock goes back to 02:00.
        ("2024-10-27", "2024-10-27 03:00"),
    ],
)
def test_the_second_reminder_keeps_its_distance_when_the_clocks_change(
    service: Service, nurse: Client, day: str, again: str
) -> None:
    patient = nurse.enrol(time_zone="Europe/Berlin")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    with service.store.transaction():
        wishes = json.dumps({"times": ["01:00"], "again_after_minutes": 180, "quiet": None})
        notification_preferences.put_patients(service.store, patient.patient_id, wishes, service.clock().isoformat())
    ticked(service, f"{day}T00:00:00+02:00")
    rows = [row for row in planned(service, patient, "Europe/Berlin") if row[0] != "doses_missed" and row[1] == day]
    assert rows == [("dose_due", day, f"{day} 01:00"), ("dose_again", day, again)]
