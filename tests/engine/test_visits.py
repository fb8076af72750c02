"""Visits: windows, statuses, and what of a series is left when it ends (rules, sections 2 and 5).

Imaging of the built-in protocol, enrolled 2024-01-03: w6 2024-02-07…02-21, w12 03-20…04-03, w18 05-01…05-15,
w24 06-12…06-26, targets in the middle.
"""

from __future__ import annotations

import pytest

from .patients import Patient, builtin, patient_with, series


@pytest.mark.parametrize(
    ("today", "w6", "w12"),
    [
        ("2024-02-06", "upcoming", "upcoming"),
        ("2024-02-07", "open", "upcoming"),
        ("2024-02-21", "open", "upcoming"),
        ("2024-02-22", "overdue", "upcoming"),
        ("2024-03-19", "overdue", "upcoming"),
        ("2024-03-20", "missed", "open"),
        ("2024-04-04", "missed", "overdue"),
    ],
)
def test_a_visit_is_upcoming_open_overdue_then_missed(today: str, w6: str, w12: str) -> None:
    seen = Patient.treated(builtin()).on(today)
    assert (seen.status("imaging-w6"), seen.status("imaging-w12")) == (w6, w12)


def test_a_done_visit_is_done_whatever_day_it_is() -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14")
    for today in ("2024-02-01", "2024-02-14", "2024-05-01"):
        assert patient.on(today).status("imaging-w6") == "done"


@pytest.mark.parametrize(
    ("progressed_on", "w6", "w12", "w18"),
    [
        ("2024-02-06", None, None, None),
        ("2024-02-07", "not_required", None, None),
        ("2024-02-21", "not_required", None, None),
        ("2024-02-22", "missed", None, None),
        ("2024-03-19", "missed", None, None),
        ("2024-03-20", "missed", "not_required", None),
        ("2024-04-03", "missed", "not_required", None),
        ("2024-04-04", "missed", "missed", None),
    ],
)
def test_visits_that_open_after_the_end_do_not_exist(
    progressed_on: str, w6: str | None, w12: str | None, w18: str | None
) -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on=progressed_on, basis="clinical")
    seen = patient.on("2024-04-10")
    found = {row["visit"]: row["status"] for row in seen["visits"] if row["series"] == "imaging"}
    assert found == {f"imaging-w{w}": s for w, s in ((6, w6), (12, w12), (18, w18)) if s is not None}


def test_no_visit_is_overdue_once_its_series_has_ended() -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on="2024-04-04", basis="clinical")
    # From E on nobody is to do it any more.
    assert patient.on("2024-04-03").status("imaging-w12") == "open"
    assert patient.on("2024-04-04").status("imaging-w12") == "missed"


def test_a_visit_beyond_count_still_makes_the_last_one_missed() -> None:
    patient = patient_with(series("call", every={"weeks": 2}, count=2, window=(1, 1)))
    assert patient.on("2024-02-12").status("call-w4") == "overdue"
    # call-w6 would open on 02-13.
    assert patient.on("2024-02-13").status("call-w4") == "missed"


def test_a_single_visit_stays_overdue() -> None:
    patient = patient_with(series("safety", first={"weeks": 2}, window=(1, 2)))
    assert patient.on("2024-01-19").status("safety") == "open"
    assert patient.on("2024-01-20").status("safety") == "overdue"
    assert patient.on("2030-01-01", "2024-01-01").status("safety") == "overdue"


def test_what_was_done_is_assigned_before_the_series_is_cut() -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on="2024-02-01", basis="clinical")
    patient.scan("2024-02-14", "imaging-w6")
    seen = patient.on("2024-03-01")
    assert seen.targets("imaging") == {"imaging-w6": "2024-02-14"}
    assert seen.status("imaging-w6") == "done"


def test_a_booked_visit_that_is_cut_stays_and_is_not_required() -> None:
    patient = Patient.treated(builtin())
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27", time="09:00", place="CT 2")
    patient.record("progressed", progressed_on="2024-02-25", basis="clinical")
    seen = patient.on("2024-03-01")
    row = seen.visits["imaging-w12"]
    assert (row["status"], row["booked_on"], row["booked_time"], row["booked_place"]) == (
        "not_required",
        "2024-03-27",
        "09:00",
        "CT 2",
    )
    assert "imaging-w18" not in seen.visits
    patient.record("visit_booked", visit="imaging-w12", booked_on=None)
    assert "imaging-w12" not in patient.on("2024-03-01").visits


def test_a_later_booking_replaces_the_earlier() -> None:
    patient = Patient.treated(builtin())
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-14", time="09:00")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-16")
    row = patient.on("2024-02-01").visits["imaging-w6"]
    assert (row["booked_on"], row["booked_time"]) == ("2024-02-16", None)
    patient.record("visit_booked", visit="imaging-w6", booked_on=None)
    assert patient.on("2024-02-01").visits["imaging-w6"]["booked_on"] is None


@pytest.mark.parametrize(
    ("done_on", "days_off"),
    [
        ("2024-02-04", -3),
        ("2024-02-06", -1),
        ("2024-02-07", 0),
        ("2024-02-14", 0),
        ("2024-02-21", 0),
        ("2024-02-22", 1),
        ("2024-03-06", 14),
    ],
)
def test_days_off_count_from_the_nearer_end_of_the_window(done_on: str, days_off: int) -> None:
    patient = Patient.treated(builtin())
    patient.scan(done_on, "imaging-w6")
    assert patient.on("2024-03-10").visits["imaging-w6"]["days_off"] == days_off


def test_an_asymmetric_window_has_its_own_sides() -> None:
    patient = patient_with(series("lab", first={"weeks": 2}, window=(0, 3)))
    assert patient.on("2024-01-10").window("lab") == ("2024-01-17", "2024-01-17", "2024-01-20")


def test_a_range_shows_the_visits_whose_window_meets_it() -> None:
    patient = Patient.treated(builtin())
    assert list(patient.on("2024-02-01", "2024-02-21", "2024-03-20").visits) == ["imaging-w6", "imaging-w12"]
    assert list(patient.on("2024-02-01", "2024-02-22", "2024-03-19").visits) == []


def test_the_view_of_a_day_has_of_each_series_the_visit_that_matters() -> None:
    patient = Patient.treated(builtin())

    def shown(today: str) -> list[tuple[str, str]]:
        return [(row["visit"], row["status"]) for row in patient.view(today)["visits"]]

    assert shown("2024-01-05") == [("imaging-w6", "upcoming")]
    assert shown("2024-02-07") == [("imaging-w6", "open")]
    assert shown("2024-03-01") == [("imaging-w6", "overdue")]
    assert shown("2024-03-20") == [("imaging-w12", "open")]
    patient.scan("2024-03-20")
    assert shown("2024-03-20") == [("imaging-w18", "upcoming")]
    patient.end_treatment("2024-03-20")
    assert shown("2024-03-21") == [("imaging-w18", "upcoming"), ("contraception-m1", "upcoming")]
    patient.record("progressed", progressed_on="2024-03-21", basis="clinical")
    assert shown("2024-03-21") == [("contraception-m1", "upcoming")]
