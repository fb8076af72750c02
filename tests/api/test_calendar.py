"""The calendar of one patient as a client reads it: ranges, adherence, deviations."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from service import Client, Clock, Patient, refused


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the worked examples, with doses, a hold, a scan and a booking; today is 2024-02-20."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    for day in range(26):
        status = "missed" if day in (6, 13) else "taken"
        patient.record("dose_recorded", dose_on=str(date(2024, 1, 5) + timedelta(day)), status=status)
    patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-17", reason="hypertension")
    patient.record("dose_recorded", dose_on="2024-02-12", status="taken", amount=200)
    patient.record("visit_done", series="imaging", visit="imaging-w6", done_on="2024-02-05", response="SD")
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-04-10", time="09:30", place="Building 2")
    return patient


@pytest.mark.parametrize(
    ("resumes_on", "on_hold"), [({}, False), ({"resumes_on": None}, True), ({"resumes_on": "2024-02-25"}, True)]
)
def test_a_correction_of_a_hold_keeps_its_end_unless_it_says_another_or_null(
    patient: Patient, resumes_on: dict[str, str | None], on_hold: bool
) -> None:
    """Today is 2024-02-20, and the hold ended on 2024-02-17."""
    held = next(fact["fact_id"] for fact in patient.read("facts", limit=200)["items"] if fact["kind"] == "hold_started")
    corrected = {"from_on": "2024-02-09", "replaces": held, "correction_reason": "one day too late", **resumes_on}
    assert patient.send("hold_started", **corrected).status_code == 201
    today = patient.read("calendar", from_="2024-02-20", to="2024-02-20")
    assert (today["treatment"]["on_hold"], today["doses"][0]["status"]) == (on_hold, "held" if on_hold else "due")


def test_the_document_of_the_worked_example(patient: Patient) -> None:
    seen = patient.read("calendar", from_="2024-01-26", to="2024-04-02")
    assert {name: seen[name] for name in ("patient_id", "protocol", "time_zone", "today", "from", "to", "status")} == {
        "patient_id": patient.patient_id,
        "protocol": {"id": "nct06110650", "version": 1},
        "time_zone": "Asia/Shanghai",
        "today": "2024-02-20",
        "from": "2024-01-26",
        "to": "2024-04-02",
        "status": "on_treatment",
    }
    treatment = {"cycle": 3, "cycle_day": 5, "amount": 300, "on_hold": False, "last_dose_on": "2024-02-12"}
    assert {name: seen["treatment"][name] for name in treatment} == treatment
    assert [(row["number"], row["starts_on"], row["status"]) for row in seen["cycles"]] == [
        (2, "2024-01-26", "completed"),
        (3, "2024-02-16", "current"),
        (4, "2024-03-08", "upcoming"),
        (5, "2024-03-29", "upcoming"),
    ]
    statuses = {row["dose_on"]: row["status"] for row in seen["doses"]}
    assert len(statuses) == 68
    days = ("2024-01-30", "2024-01-31", "2024-02-12", "2024-02-16", "2024-02-17", "2024-02-20", "2024-02-21")
    assert [statuses[day] for day in days] == ["taken", "unrecorded", "taken", "held", "unrecorded", "due", "planned"]
    scan, booked = seen["visits"]
    assert (scan["visit"], scan["status"], scan["days_off"], scan["assigned"]) == ("imaging-w6", "done", -2, "named")
    booking = (booked["booked_on"], booked["booked_time"], booked["booked_place"])
    assert (booked["visit"], booked["status"], *booking) == (
        "imaging-w12",
        "upcoming",
        "2024-04-10",
        "09:30",
        "Building 2",
    )
    # 46 days, 7 of them held, one of those taken nevertheless; 24 taken as planned.
    assert seen["adherence"] == {
        "planned": 40,
        "taken": 25,
        "missed": 2,
        "unrecorded": 13,
        "held": 6,
        "adherence": 0.625,
        "relative_dose_intensity": pytest.approx((24 * 300 + 200) / (46 * 300), abs=0.0001),
    }


def test_the_range_is_a_week_back_and_six_weeks_ahead(patient: Patient) -> None:
    seen = patient.read("calendar")
    assert (seen["from"], seen["to"]) == ("2024-02-13", "2024-04-02")
    seen = patient.read("calendar", today="2024-06-01")
    assert (seen["from"], seen["to"]) == ("2024-05-25", "2024-07-13")
    assert patient.read("calendar", from_="2024-02-20")["to"] == "2024-04-02"


def test_the_longest_range_is_800_days(patient: Patient) -> None:
    longest = patient.read("calendar", from_="2024-01-01", to="2026-03-10")
    assert (date(2026, 3, 10) - date(2024, 1, 1)).days + 1 == 800
    assert len(longest["doses"]) == 796
    refused(patient.get("calendar", from_="2024-01-01", to="2026-03-11"), 422, "/to")
    assert patient.read("calendar", from_="2024-02-20", to="2024-02-20")["doses"][0]["dose_on"] == "2024-02-20"


def test_a_range_shows_what_a_longer_one_shows_of_it(patient: Patient) -> None:
    longest = patient.read("calendar", from_="2023-12-01", to="2025-12-01")
    for first, last in (("2024-01-10", "2024-01-10"), ("2024-02-01", "2024-02-11"), ("2024-04-04", "2025-03-31")):
        seen = patient.read("calendar", from_=first, to=last)
        assert seen["doses"] == [row for row in longest["doses"] if first <= row["dose_on"] <= last]
        assert seen["deviations"] == [row for row in longest["deviations"] if first <= row["on"] <= last]
        assert seen["cycles"] == [r for r in longest["cycles"] if r["starts_on"] <= last and first <= r["ends_on"]]
        for part in ("treatment", "contraception", "adherence", "status"):
            assert seen[part] == longest[part]


def test_deviations_are_those_of_the_calendar(patient: Patient) -> None:
    longest = patient.read("calendar", from_="2023-12-01", to="2025-12-01")["deviations"]
    assert patient.read("deviations")["items"] == longest
    assert [(row["kind"], row["on"]) for row in longest] == [
        ("dose_missed", "2024-01-11"),
        ("dose_missed", "2024-01-18"),
        ("visit_early", "2024-02-05"),
        ("dose_while_held", "2024-02-12"),
        ("booking_out_of_window", "2024-04-10"),
    ]
    some = patient.read("deviations", from_="2024-01-18", to="2024-02-05")["items"]
    assert some == longest[1:3]


def test_adherence_of_another_day(patient: Patient, clock: Clock) -> None:
    early = patient.read("adherence", today="2024-01-11")
    assert (early["today"], early["planned"], early["taken"], early["adherence"]) == ("2024-01-11", 7, 6, 0.8571)
    assert patient.read("adherence", today="2024-01-04")["adherence"] is None
    clock.set("2024-02-20T16:00:00+00:00")
    assert patient.read("adherence")["planned"] == 41
