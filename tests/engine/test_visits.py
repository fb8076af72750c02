"""Visits: windows, statuses, ends of series (rules, sections 2 and 5).

Imaging of the built-in protocol, enrolled 2024-01-03: w6 2024-02-07…02-21, w12 03-20…04-03, w18 05-01…05-15,
w24 06-12…06-26, targets in the middle.
"""

from __future__ import annotations

from typing import Any

import pytest

from .patients import Patient, Seen, builtin, protocol, series


def patient_with(*visits: dict[str, Any], **dosing: Any) -> Patient:
    return Patient.treated(protocol(*visits, **dosing))


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
        ("2024-04-04", "missed", "overdue", None),
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


def test_a_visit_beyond_the_end_still_makes_the_one_before_it_missed() -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on="2024-04-04", basis="clinical")
    # w18 does not exist, but would have opened on 05-01.
    assert patient.on("2024-04-30").status("imaging-w12") == "overdue"
    assert patient.on("2024-05-01").status("imaging-w12") == "missed"


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


ENDS = {
    "progressed": ("progressed", {"progressed_on": "2024-03-01", "basis": "radiological"}),
    "new_therapy": ("new_therapy_started", {"started_on": "2024-03-02"}),
    "treatment": ("treatment_ended", {"last_dose_on": "2024-03-03", "decided_on": "2024-03-10", "reason": "other"}),
    "study": ("study_ended", {"ended_on": "2024-03-04", "reason": "withdrawal"}),
}


def last_call(until: str, *ends: str) -> str:
    """The last daily call that exists: E itself, for its window is that one day."""
    patient = patient_with(series("call", every={"days": 1}, window=(0, 0), until=until))
    for end in ends:
        kind, data = ENDS[end]
        patient.record(kind, **data)
    return max(patient.on("2024-06-01", last="2024-04-01").targets("call").values())


@pytest.mark.parametrize(
    ("until", "ends", "last"),
    [
        ("progression", ["progressed"], "2024-03-01"),
        ("progression", ["new_therapy"], "2024-03-02"),
        ("progression", ["treatment"], "2024-04-01"),
        ("progression", ["study"], "2024-03-04"),
        ("progression", ["study", "new_therapy", "progressed"], "2024-03-01"),
        ("end_of_treatment", ["treatment"], "2024-03-03"),
        ("end_of_treatment", ["progressed", "new_therapy"], "2024-04-01"),
        ("end_of_treatment", ["study"], "2024-03-04"),
        ("end_of_treatment", ["study", "treatment"], "2024-03-03"),
        ("end_of_study", ["study"], "2024-03-04"),
        ("end_of_study", ["progressed", "new_therapy", "treatment"], "2024-04-01"),
    ],
)
def test_a_series_ends_with_what_its_until_names(until: str, ends: list[str], last: str) -> None:
    assert last_call(until, *ends) == last


def test_the_end_of_treatment_is_the_last_dose_even_if_taken_later() -> None:
    patient = patient_with(series("call", every={"days": 1}, window=(0, 0), until="end_of_treatment"))
    patient.end_treatment("2024-03-03", decided_on="2024-03-10")
    patient.take("2024-03-06")
    assert max(patient.on("2024-06-01").targets("call").values()) == "2024-03-06"


def test_the_end_of_treatment_never_begun_is_its_decision() -> None:
    patient = Patient(protocol(series("call", every={"days": 1}, window=(0, 0), until="end_of_treatment")))
    patient.end_treatment(None, decided_on="2024-01-10")
    assert max(patient.on("2024-06-01").targets("call").values()) == "2024-01-10"


def test_of_several_progressions_and_therapies_the_earliest_counts() -> None:
    patient = patient_with(series("imaging", every={"days": 1}, window=(0, 0), until="progression"))
    patient.record("progressed", progressed_on="2024-03-20", basis="clinical")
    patient.record("progressed", progressed_on="2024-03-10", basis="clinical")
    patient.record("new_therapy_started", started_on="2024-03-25")
    assert max(patient.on("2024-06-01").targets("imaging").values()) == "2024-03-10"
    scan = patient.scan("2024-03-05", response="PD")
    assert max(patient.on("2024-06-01").targets("imaging").values()) == "2024-03-05"
    patient.void(scan)
    assert max(patient.on("2024-06-01").targets("imaging").values()) == "2024-03-10"


def test_the_end_of_treatment_for_progression_does_not_end_imaging() -> None:
    patient = Patient.treated(builtin())
    patient.end_treatment("2024-03-01", "progression")
    assert patient.on("2024-03-02").status("imaging-w12") == "upcoming"


@pytest.mark.parametrize("response", ["CR", "PR", "SD", "NE", None])
def test_only_pd_is_a_progression(response: str | None) -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14", response=response)
    assert patient.on("2024-02-20").status("imaging-w12") == "upcoming"


def test_what_was_done_is_assigned_before_the_series_is_cut() -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on="2024-02-01", basis="clinical")
    patient.scan("2024-02-14")
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
    patient.scan(done_on)
    assert patient.on("2024-03-10").visits["imaging-w6"]["days_off"] == days_off


def test_an_asymmetric_window_has_its_own_sides() -> None:
    patient = patient_with(series("lab", first={"weeks": 2}, window=(0, 3)))
    assert patient.on("2024-01-10").window("lab") == ("2024-01-17", "2024-01-17", "2024-01-20")


def test_a_range_shows_the_visits_whose_window_meets_it() -> None:
    patient = Patient.treated(builtin())
    assert list(patient.on("2024-02-01", "2024-02-21", "2024-03-20").visits) == ["imaging-w6", "imaging-w12"]
    assert list(patient.on("2024-02-01", "2024-02-22", "2024-03-19").visits) == []


# What a series is counted from, and the names of its visits.


def targets(patient: Patient, name: str, last: str = "2024-06-30", today: str = "2024-06-30") -> dict[str, str]:
    return patient.on(today, last=last).targets(name)


def test_first_defaults_to_every_and_names_say_where_a_visit_stands() -> None:
    assert targets(patient_with(series("lab", every={"days": 60}, count=2)), "lab") == {
        "lab-d60": "2024-03-03",
        "lab-d120": "2024-05-02",
    }
    assert targets(patient_with(series("lab", every={"weeks": 8}, first={"weeks": 0}, count=3)), "lab") == {
        "lab-w0": "2024-01-03",
        "lab-w8": "2024-02-28",
        "lab-w16": "2024-04-24",
    }
    assert targets(patient_with(series("lab", every={"months": 2}, first={"months": 1}, count=3)), "lab") == {
        "lab-m1": "2024-02-03",
        "lab-m3": "2024-04-03",
        "lab-m5": "2024-06-03",
    }


def test_days_and_weeks_together_are_named_in_days() -> None:
    patient = patient_with(series("lab", every={"weeks": 6}, first={"days": 10}, count=2))
    assert targets(patient, "lab") == {"lab-d10": "2024-01-13", "lab-d52": "2024-02-24"}


def test_a_negative_first_lies_before_the_anchor() -> None:
    patient = patient_with(series("screening", "first_dose", first={"days": -14}, window=(7, 6)))
    assert patient.on("2024-01-05").window("screening") == ("2023-12-15", "2023-12-22", "2023-12-28")
    run_in = patient_with(series("lab", "first_dose", first={"weeks": -1}, every={"weeks": 1}, count=3, window=(0, 0)))
    assert targets(run_in, "lab") == {"lab-w-1": "2023-12-29", "lab-w0": "2024-01-05", "lab-w1": "2024-01-12"}


def test_a_series_from_the_first_dose_is_provisional_until_the_start_is_recorded() -> None:
    patient = Patient(protocol(series("lab", "first_dose", every={"weeks": 4})), planned_first_dose_on="2024-01-05")
    row = patient.on("2024-01-04").visits["lab-w4"]
    assert (row["target_on"], row["provisional"], row["because"]) == (
        "2024-02-02",
        True,
        "planned first dose 2024-01-05 + 4 weeks",
    )
    patient.record("treatment_started", first_dose_on="2024-01-06")
    row = patient.on("2024-01-07").visits["lab-w4"]
    assert (row["target_on"], row["provisional"]) == ("2024-02-03", False)


def test_a_series_of_cycles_stands_on_a_day_of_each() -> None:
    patient = patient_with(series("clinic", "cycle", on_day=8, window=(1, 1), count=3))
    assert targets(patient, "clinic") == {
        "clinic-c1d8": "2024-01-12",
        "clinic-c2d8": "2024-02-02",
        "clinic-c3d8": "2024-02-23",
    }


def test_a_series_of_cycles_ends_with_the_cycles() -> None:
    patient = patient_with(series("clinic", "cycle", on_day=1, window=(0, 0)))
    patient.end_treatment("2024-02-20")
    assert list(targets(patient, "clinic")) == ["clinic-c1d1", "clinic-c2d1", "clinic-c3d1"]


def test_stretches_of_a_cycle_series_have_counts_of_their_own() -> None:
    weekly_at_first = (
        series("clinic", "cycle", on_day=1, window=(0, 0)),
        series("clinic", "cycle", on_day=8, window=(0, 0), count=1),
        series("clinic", "cycle", on_day=15, window=(0, 0), count=2),
    )
    assert list(targets(patient_with(*weekly_at_first), "clinic", last="2024-03-08")) == [
        "clinic-c1d1",
        "clinic-c1d8",
        "clinic-c1d15",
        "clinic-c2d1",
        "clinic-c2d15",
        "clinic-c3d1",
        "clinic-c4d1",
    ]


def test_a_first_stretch_of_cycles_can_stop_before_the_second() -> None:
    patient = patient_with(
        series("clinic", "cycle", on_day=1, window=(0, 0), count=2), series("clinic", "cycle", on_day=8, window=(0, 0))
    )
    found = list(targets(patient, "clinic", last="2024-03-20"))
    assert found == ["clinic-c1d1", "clinic-c1d8", "clinic-c2d1", "clinic-c2d8", "clinic-c3d8", "clinic-c4d8"]
    # Between 01-26 and 02-16 the visit that opens next is c2d8 on 02-02, after it c3d8 on 02-23.
    seen = patient.on("2024-02-20")
    assert (seen.status("clinic-c2d1"), seen.status("clinic-c2d8")) == ("missed", "overdue")


def test_stretches_are_one_series_with_windows_of_their_own() -> None:
    # Every 6 weeks for 48 weeks, then every 9.
    patient = patient_with(
        series("imaging", every={"weeks": 6}, count=8, window=(7, 7)),
        series("imaging", every={"weeks": 9}, first={"weeks": 57}, window=(14, 14)),
    )
    seen = patient.on("2024-01-10", last="2025-05-01")
    assert list(seen.targets("imaging")) == [f"imaging-w{week}" for week in (6, 12, 18, 24, 30, 36, 42, 48, 57, 66)]
    # 2024-01-03 + 48 weeks = 2024-12-04; + 57 weeks = 2025-02-05.
    assert seen.window("imaging-w48") == ("2024-11-27", "2024-12-04", "2024-12-11")
    assert seen.window("imaging-w57") == ("2025-01-22", "2025-02-05", "2025-02-19")
    # The next visit to open after w48 is w57, not the w54 that the first stretch does not have.
    assert patient.on("2025-01-21").status("imaging-w48") == "overdue"
    assert patient.on("2025-01-22").status("imaging-w48") == "missed"


def test_stretches_may_be_written_in_any_order() -> None:
    patient = patient_with(
        series("lab", every={"weeks": 4}, first={"weeks": 8}, count=2, window=(0, 0)),
        series("lab", first={"weeks": 1}, every={"weeks": 1}, count=3, window=(0, 0)),
    )
    assert list(targets(patient, "lab")) == ["lab-w1", "lab-w2", "lab-w3", "lab-w8", "lab-w12"]


def test_a_series_from_the_last_dose_exists_once_treatment_has_ended() -> None:
    patient = patient_with(series("safety", "last_dose", first={"days": 30}))
    patient.take("2024-02-01")
    assert targets(patient, "safety") == {}
    end = patient.end_treatment("2024-02-10")
    assert targets(patient, "safety") == {"safety": "2024-03-11"}
    patient.take("2024-02-12")
    assert targets(patient, "safety") == {"safety": "2024-03-13"}
    patient.void(end)
    assert targets(patient, "safety") == {}


def test_a_patient_never_dosed_has_no_visits_after_the_last_dose() -> None:
    patient = Patient(protocol(series("safety", "last_dose", first={"days": 30})))
    patient.end_treatment(None, decided_on="2024-01-10")
    assert targets(patient, "safety") == {}


# Anchored on another visit: 4 weeks after imaging-w6, whose target is 02-14.

AFTER_W6 = series("safety", {"visit": "imaging-w6"}, first={"weeks": 4}, window=(3, 3))


def after_w6(**imaging: Any) -> Patient:
    return patient_with(series("imaging", every={"weeks": 6}, until="progression", **imaging), AFTER_W6)


def safety(seen: Seen) -> tuple[str, bool, str]:
    row = seen.visits["safety"]
    return row["target_on"], row["provisional"], row["because"].split(" + ")[0]


def test_a_visit_after_another_is_provisional_until_that_is_done() -> None:
    patient = after_w6()
    assert safety(patient.on("2024-02-01")) == ("2024-03-13", True, "imaging-w6 target 2024-02-14")
    scan = patient.scan("2024-02-17")
    assert safety(patient.on("2024-02-20")) == ("2024-03-16", False, "imaging-w6 done 2024-02-17")
    patient.void(scan)
    assert safety(patient.on("2024-02-20")) == ("2024-03-13", True, "imaging-w6 target 2024-02-14")


def test_a_visit_after_a_missed_one_is_counted_from_its_target() -> None:
    seen = after_w6().on("2024-04-01")
    assert seen.status("imaging-w6") == "missed"
    assert safety(seen) == ("2024-03-13", True, "imaging-w6 target 2024-02-14")


def test_a_visit_after_one_that_was_cut_is_counted_from_its_target() -> None:
    patient = after_w6()
    patient.record("progressed", progressed_on="2024-01-20", basis="clinical")
    seen = patient.on("2024-03-01")
    assert "imaging-w6" not in seen.visits
    assert safety(seen) == ("2024-03-13", True, "imaging-w6 target 2024-02-14")


def test_anchors_may_form_a_chain() -> None:
    patient = patient_with(
        series("imaging", every={"weeks": 6}),
        AFTER_W6,
        series("call", {"visit": "safety"}, every={"days": 10}, count=2, window=(0, 0)),
    )
    assert targets(patient, "call") == {"call-d10": "2024-03-23", "call-d20": "2024-04-02"}
    patient.record("visit_done", series="safety", done_on="2024-03-15")
    assert targets(patient, "call") == {"call-d10": "2024-03-25", "call-d20": "2024-04-04"}
    assert patient.on("2024-03-20").visits["call-d10"]["provisional"] is False


def test_a_visit_after_a_day_of_a_cycle() -> None:
    patient = patient_with(
        series("clinic", "cycle", on_day=1, window=(0, 0)),
        series("call", {"visit": "clinic-c2d1"}, first={"days": 3}, window=(0, 0)),
        cycle_on_hold="extend",
    )
    assert targets(patient, "call") == {"call": "2024-01-29"}
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
    assert targets(patient, "call") == {"call": "2024-02-03"}


# Whom a series applies to.


def test_a_series_for_the_fertile_is_not_there_for_others() -> None:
    rules = protocol(series("test", every={"months": 1}, applies_to="fertile"))
    other = Patient.treated(rules, fertility="not_fertile", basis="natural_menopause")
    assert targets(other, "test") == {}
    patient = Patient.treated(rules)
    assert len(targets(patient, "test", last="2024-04-01")) == 3


def test_becoming_not_fertile_ends_the_follow_up_and_what_is_done_stays() -> None:
    patient = Patient.treated(builtin())
    patient.end_treatment("2024-03-15")
    patient.record("visit_done", series="contraception", done_on="2024-04-16")
    patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on="2024-05-10")
    seen = patient.on("2024-05-12")
    statuses = {row["visit"]: row["status"] for row in seen["visits"] if row["series"] == "contraception"}
    # M2 is open from 05-08; M3, from 06-08, no longer exists.
    assert statuses == {"contraception-m1": "done", "contraception-m2": "not_required"}


def test_follow_up_is_for_patients_fertile_at_the_last_dose() -> None:
    patient = Patient.treated(builtin(), fertility="not_fertile", basis="natural_menopause")
    change = patient.record("fertility_changed", fertility="fertile", basis=None, from_on="2024-03-16")
    patient.end_treatment("2024-03-15")
    assert targets(patient, "contraception") == {}
    patient.correct(change, "fertility_changed", fertility="fertile", basis=None, from_on="2024-03-15")
    assert len(targets(patient, "contraception", last="2024-12-31")) == 6


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
