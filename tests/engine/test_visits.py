"""Visits: windows, statuses, and what of a series is left when it ends (rules, sections 2 and 5).

Imaging of the built-in protocol, enrolled 2024-01-03: w6 2024-02-07…02-21, w12 03-20…04-03, w18 05-01…05-15,
w24 06-12…06-26, targets in the middle.
"""

from __future__ import annotations

import pytest

from scheduler_api.engine.worklist.worklist import worklist

from .patients import Patient, builtin, day, is_listed, patient_with, plain, protocol, series


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


def test_a_visit_counted_from_a_start_that_nobody_recorded_is_upcoming_though_its_window_has_passed() -> None:
    """Nobody is late for what was only planned: the worklist asks for the start instead (rules, section 4)."""
    protocols = protocol(
        series("clinic", {"days": [1]}, window=(1, 1)),
        series("screening", "first_dose", first={"days": -14}, window=(7, 7)),
        series("call", {"visit": "clinic-c1d1"}, first={"days": 3}, window=(0, 0)),
    )
    patient = Patient(protocols, enrolled_on="2024-01-03", planned_first_dose_on="2024-01-05")

    def kinds() -> set[tuple[str, str | None]]:
        schedule, on = patient.schedule(), day("2024-02-01")
        found = worklist(schedule, schedule.visits(day("2023-01-01"), on), on, on)
        found = [entry for entry in found if is_listed(entry, on)]
        return {(entry.kind, entry.visit) for entry in found if entry.kind in ("visit_overdue", "first_dose_missing")}

    seen = patient.on("2024-02-01")
    assert [seen.status(name) for name in ("clinic-c1d1", "clinic-c2d1", "call", "screening")] == [
        *("upcoming", "upcoming", "upcoming"),
        # It aims before the planned start, which does not make it any earlier.
        "missed",
    ]
    assert [row["visit"] for row in patient.view("2024-02-01")["visits"]] == ["clinic-c1d1", "call"]
    assert kinds() == {("first_dose_missing", None)}
    # It began after all, by a dose: then what was not done is missed, or overdue.
    patient.record("dose_recorded", dose_on="2024-01-08", status="taken")
    seen = patient.on("2024-02-01")
    assert [seen.status(name) for name in ("clinic-c1d1", "clinic-c2d1", "call")] == ["missed", "overdue", "overdue"]
    assert kinds() == {("visit_overdue", "clinic-c2d1"), ("visit_overdue", "call")}


def test_nobody_who_has_left_is_awaited() -> None:
    clinic = series("clinic", "first_dose", every={"weeks": 1}, count=3, window=(1, 1))
    patient = Patient(protocol(clinic), enrolled_on="2024-01-03", planned_first_dose_on="2024-01-05")
    patient.record("study_ended", ended_on="2024-03-01", reason="withdrawal")
    assert patient.on("2024-03-01").status("clinic-w1") == "missed"


def test_the_view_of_a_day_has_the_first_visit_that_awaits_the_start_though_all_windows_have_passed() -> None:
    calls = series("call", "first_dose", every={"weeks": 1}, count=3, window=(1, 1))
    patient = Patient(protocol(calls), enrolled_on="2024-01-03", planned_first_dose_on="2024-01-05")
    assert [row["visit"] for row in patient.view("2024-06-01")["visits"]] == ["call-w1"]


def test_no_start_is_awaited_of_a_treatment_that_ended_before_it_began() -> None:
    patient = Patient(protocol(series("lab", "first_dose", first={"days": 7}, window=(1, 1), until=[])))
    assert patient.on("2024-02-01").status("lab") == "upcoming"
    patient.end_treatment(None, decided_on="2024-01-20")
    assert patient.on("2024-02-01").status("lab") == "overdue"


def test_a_done_visit_is_done_whatever_day_it_is() -> None:
    patient = Patient.treated(builtin())
    assert patient.on("2024-02-14").visits["imaging-w6"]["parts"] == 0
    patient.scan("2024-02-14")
    for today in ("2024-02-01", "2024-02-14", "2024-05-01"):
        assert patient.on(today).status("imaging-w6") == "done"
    assert patient.on("2024-02-14").visits["imaging-w6"]["parts"] == 1


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


def test_the_last_visit_stays_overdue_until_the_series_has_ended() -> None:
    patient = patient_with(series("call", every={"weeks": 2}, count=2, window=(1, 1)))
    assert patient.on("2024-06-01").status("call-w2") == "missed"
    # No next one opens, though one more would have on 02-13.
    assert patient.on("2024-06-01").status("call-w4") == "overdue"
    patient.record("study_ended", ended_on="2024-06-01", reason="completed")
    assert patient.on("2024-06-01").status("call-w4") == "missed"


def imaging_in_two_stretches() -> Patient:
    """Weeks 12, 24, … to the end of the study, and weeks 6, 18, … until new therapy, which began on 2024-03-01."""
    patient = patient_with(
        series("imaging", every={"weeks": 12}, until=[]),
        series("imaging", first={"weeks": 6}, every={"weeks": 12}, until=["progression", "new_therapy"]),
    )
    patient.scan("2024-02-14", "imaging-w6")
    patient.record("new_therapy_started", started_on="2024-03-01")
    return patient


def test_a_visit_that_does_not_exist_is_not_the_next_of_its_series() -> None:
    """Week 18 would open on 2024-05-01; without it week 24 is the next, which opens on 06-12."""
    patient = imaging_in_two_stretches()
    for today, status in (("2024-04-04", "overdue"), ("2024-05-02", "overdue"), ("2024-06-11", "overdue")):
        assert patient.on(today).status("imaging-w12") == status
        assert [row["visit"] for row in patient.view(today)["visits"]] == ["imaging-w12"]
    assert patient.on("2024-06-12").status("imaging-w12") == "missed"
    # Week 18 closes on 05-15: also after that week 12 is the one to do.
    assert [row["visit"] for row in patient.view("2024-05-20")["visits"]] == ["imaging-w12"]


def test_a_visit_that_is_only_booked_is_not_the_next_of_its_series_and_one_that_was_done_is() -> None:
    patient = imaging_in_two_stretches()
    patient.record("visit_booked", visit="imaging-w18", booked_on="2024-05-08")
    seen = patient.on("2024-05-02")
    assert (seen.status("imaging-w12"), seen.status("imaging-w18")) == ("overdue", "not_required")
    patient.scan("2024-05-08", "imaging-w18")
    assert patient.on("2024-05-08").status("imaging-w12") == "missed"
    assert patient.on("2024-05-08").status("imaging-w18") == "done"


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


def only_booked(patient: Patient, visit: str, today: str) -> tuple[str, str, str, str, str]:
    """Status, booked day and reason of a visit without a window, and what the worklist asks of it until when."""
    row = patient.on(today).visits[visit]
    assert row["target_on"] is row["opens_on"] is row["closes_on"] is None
    visits = patient.schedule().visits(day("2010-01-01"), day("2030-01-01"))
    entries = worklist(patient.schedule(), visits, day(today), day(today))
    (entry,) = [one for one in entries if one.visit == visit]
    assert plain(entry.because).startswith(f"booked {row['booked_on']}; not required: ")
    return row["status"], row["booked_on"], row["because"], entry.kind, str(entry.due_on)


def test_an_open_hold_leaves_the_booking_of_a_later_cycle_to_cancel() -> None:
    patient = patient_with(series("clinic", {"days": [1]}, window=(3, 3)), on_hold="extend")
    patient.record("visit_booked", visit="clinic-c3d1", booked_on="2024-02-16", time="09:00")
    hold = patient.record("hold_started", from_on="2024-02-01")
    why = "an open hold stops the count of cycles"
    gone = ("not_required", "2024-02-16", why, "booking_to_cancel", "2024-02-16")
    assert only_booked(patient, "clinic-c3d1", "2024-02-16") == gone
    assert only_booked(patient, "clinic-c3d1", "2024-02-17")[3] == "booking_past"
    shown = {row["visit"]: row["because"] for row in patient.view("2024-02-05")["visits"]}
    assert shown["clinic-c3d1"] == why
    done = patient.record("visit_done", series="clinic", done_on="2024-02-16", visit="clinic-c3d1")
    assert "clinic-c3d1" not in patient.on("2024-02-20").visits
    patient.void(done)
    patient.void(hold)
    assert patient.on("2024-02-05").window("clinic-c3d1") == ("2024-02-13", "2024-02-16", "2024-02-19")


def test_a_booking_outlives_an_amendment_an_anchor_and_a_change_of_fertility() -> None:
    first = protocol(series("imaging", every={"weeks": 6}), series("safety", "last_dose", first={"days": 30}))
    second = protocol(series("imaging", every={"weeks": 10}, who={"fertile": True}), version=2)
    patient = Patient.treated(first, second)
    ended = patient.end_treatment("2024-02-01")
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.record("visit_booked", visit="safety", booked_on="2024-03-02")
    patient.void(ended)
    patient.record("protocol_amended", version=2, from_on="2024-03-01")
    gone = ("not_required", "2024-03-27", "no longer in the plan", "booking_to_cancel", "2024-03-27")
    assert only_booked(patient, "imaging-w12", "2024-03-01") == gone
    assert only_booked(patient, "safety", "2024-03-02")[2] == "no longer in the plan"
    patient.record("visit_booked", visit="imaging-w20", booked_on="2024-05-20")
    patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on="2024-04-10")
    why = "enrolment 2024-01-03 + 20 weeks; not required: not fertile from 2024-04-10"
    assert only_booked(patient, "imaging-w20", "2024-05-01")[2] == why
    patient.record("visit_booked", visit="imaging-w20", booked_on=None)
    assert "imaging-w20" not in patient.on("2024-05-01").visits


def test_a_booking_for_a_visit_of_no_version_left_is_still_there_to_cancel() -> None:
    patient = Patient.treated(
        protocol(series("imaging", every={"weeks": 6})), protocol(series("bone-scan", every={"weeks": 8}), version=2)
    )
    amended = patient.record("protocol_amended", version=2, from_on="2024-02-01")
    patient.record("visit_booked", visit="bone-scan-w8", booked_on="2024-02-28")
    patient.void(amended)
    assert only_booked(patient, "bone-scan-w8", "2024-02-10")[:2] == ("not_required", "2024-02-28")
    patient.record("visit_booked", visit="bone-scan-w8", booked_on=None)
    assert "bone-scan-w8" not in patient.on("2024-02-10").visits


def test_a_booking_after_the_day_its_visit_was_done_is_to_cancel() -> None:
    patient = Patient.treated(builtin())
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20")
    patient.scan("2024-02-14", response="SD")
    visits = patient.schedule().visits(day("2024-01-01"), day("2024-03-01"))
    listed = worklist(patient.schedule(), visits, day("2024-02-14"), day("2024-02-25"))
    (entry,) = [entry for entry in listed if entry.kind == "booking_to_cancel"]
    assert (str(entry.from_on), str(entry.through_on)) == ("2024-02-14", "2024-02-20")
    assert plain(entry.because) == "booked 2024-02-20, but it was done on 2024-02-14"


def test_after_death_the_phone_no_longer_shows_what_is_to_cancel() -> None:
    patient = patient_with(series("clinic", {"days": [1]}, window=(3, 3)), on_hold="extend")
    patient.record("visit_booked", visit="clinic-c3d1", booked_on="2024-02-16")
    patient.record("hold_started", from_on="2024-02-01")
    patient.record("study_ended", ended_on="2024-02-05", reason="death")
    assert patient.view("2024-02-06")["visits"] == []
    assert only_booked(patient, "clinic-c3d1", "2024-02-06")[3] == "booking_to_cancel"


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


def test_a_visit_is_of_each_day_of_its_window_and_of_the_days_on_which_it_is_booked_and_done() -> None:
    """Week 6, open 2024-02-07 to 2024-02-21: booked for two days before, done three days after."""
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-05")
    patient.scan("2024-02-24")
    days = [f"2024-02-{number:02}" for number in range(1, 29)]
    found = [on for on in days if "imaging-w6" in patient.on("2024-03-01", on, on).visits]
    assert found == ["2024-02-05", *days[6:21], "2024-02-24"]
