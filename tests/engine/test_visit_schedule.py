"""What the visits of a series are counted from, and their names (rules, sections 2 and 5)."""

from __future__ import annotations

from typing import Any

from .patients import Patient, Seen, day, patient_with, plain, protocol, series


def test_first_defaults_to_every_and_names_say_where_a_visit_stands() -> None:
    assert patient_with(series("lab", every={"days": 60}, count=2)).targets("lab") == {
        "lab-d60": "2024-03-03",
        "lab-d120": "2024-05-02",
    }
    assert patient_with(series("lab", every={"weeks": 8}, first={"weeks": 0}, count=3)).targets("lab") == {
        "lab-w0": "2024-01-03",
        "lab-w8": "2024-02-28",
        "lab-w16": "2024-04-24",
    }
    assert patient_with(series("lab", every={"months": 2}, first={"months": 1}, count=3)).targets("lab") == {
        "lab-m1": "2024-02-03",
        "lab-m3": "2024-04-03",
        "lab-m5": "2024-06-03",
    }


def test_days_and_weeks_together_are_named_in_days() -> None:
    patient = patient_with(series("lab", every={"weeks": 6}, first={"days": 10}, count=2))
    assert patient.targets("lab") == {"lab-d10": "2024-01-13", "lab-d52": "2024-02-24"}


def test_a_negative_first_lies_before_the_anchor() -> None:
    patient = patient_with(series("screening", "first_dose", first={"days": -14}, window=(7, 6)))
    assert patient.on("2024-01-05").window("screening") == ("2023-12-15", "2023-12-22", "2023-12-28")
    run_in = patient_with(series("lab", "first_dose", first={"weeks": -1}, every={"weeks": 1}, count=3, window=(0, 0)))
    assert run_in.targets("lab") == {"lab-w-1": "2023-12-29", "lab-w0": "2024-01-05", "lab-w1": "2024-01-12"}
    because = {name: plain(row["because"]) for name, row in run_in.on("2024-01-05").visits.items()}
    assert because == {
        "lab-w-1": "first dose 2024-01-05 - 1 week",
        "lab-w0": "first dose 2024-01-05",
        "lab-w1": "first dose 2024-01-05 + 1 week",
    }


def test_a_series_from_the_first_dose_is_provisional_until_the_start_is_recorded() -> None:
    patient = Patient(protocol(series("lab", "first_dose", every={"weeks": 4})), planned_first_dose_on="2024-01-05")
    row = patient.on("2024-01-04").visits["lab-w4"]
    assert (row["target_on"], row["provisional"], plain(row["because"])) == (
        "2024-02-02",
        True,
        "planned first dose 2024-01-05 + 4 weeks",
    )
    patient.record("treatment_started", first_dose_on="2024-01-06")
    row = patient.on("2024-01-07").visits["lab-w4"]
    assert (row["target_on"], row["provisional"]) == ("2024-02-03", False)


def test_a_series_of_cycles_stands_on_a_day_of_each() -> None:
    patient = patient_with(series("clinic", {"days": [8], "cycles": {"to": 3}}, window=(1, 1)))
    assert patient.targets("clinic") == {
        "clinic-c1d8": "2024-01-12",
        "clinic-c2d8": "2024-02-02",
        "clinic-c3d8": "2024-02-23",
    }


def test_a_series_of_cycles_ends_with_the_cycles() -> None:
    patient = patient_with(series("clinic", {"days": [1]}, window=(0, 0)))
    patient.end_treatment("2024-02-20")
    assert list(patient.targets("clinic")) == ["clinic-c1d1", "clinic-c2d1", "clinic-c3d1"]


def test_recurrences_of_a_cycle_series_have_counts_of_their_own() -> None:
    weekly_at_first = (
        series("clinic", {"days": [1]}, window=(0, 0)),
        series("clinic", {"days": [8], "cycles": {"to": 1}}, window=(0, 0)),
        series("clinic", {"days": [15], "cycles": {"to": 2}}, window=(0, 0)),
    )
    assert list(patient_with(*weekly_at_first).targets("clinic", last="2024-03-08")) == [
        "clinic-c1d1",
        "clinic-c1d8",
        "clinic-c1d15",
        "clinic-c2d1",
        "clinic-c2d15",
        "clinic-c3d1",
        "clinic-c4d1",
    ]


def test_a_first_recurrence_of_cycles_can_stop_before_the_second() -> None:
    patient = patient_with(
        series("clinic", {"days": [1], "cycles": {"to": 2}}, window=(0, 0)),
        series("clinic", {"days": [8]}, window=(0, 0)),
    )
    found = list(patient.targets("clinic", last="2024-03-20"))
    assert found == ["clinic-c1d1", "clinic-c1d8", "clinic-c2d1", "clinic-c2d8", "clinic-c3d8", "clinic-c4d8"]
    # Between 01-26 and 02-16 the visit that opens next is c2d8 on 02-02, after it c3d8 on 02-23.
    seen = patient.on("2024-02-20")
    assert (seen.status("clinic-c2d1"), seen.status("clinic-c2d8")) == ("missed", "overdue")


def test_recurrences_are_one_series_with_windows_of_their_own() -> None:
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
    # The next visit to open after w48 is w57, not the w54 that the first recurrence does not have.
    assert patient.on("2025-01-21").status("imaging-w48") == "overdue"
    assert patient.on("2025-01-22").status("imaging-w48") == "missed"


def test_what_a_recurrence_would_go_on_with_on_the_day_of_the_last_visit_is_no_next_visit() -> None:
    """Every 2 weeks for 4 weeks, then once more in week 6, from 2024-02-07 to 2024-02-21: nothing opens after that."""
    patient = patient_with(
        series("imaging", every={"weeks": 2}, count=2, window=(2, 2)),
        series("imaging", first={"weeks": 6}, window=(7, 7)),
    )
    assert list(patient.targets("imaging").values()) == ["2024-01-17", "2024-01-31", "2024-02-14"]
    assert patient.on("2024-06-01").status("imaging-w6") == "overdue"


def test_a_series_of_cycles_is_planned_for_a_hundred_years() -> None:
    """Somewhere it has to end, far beyond what anybody plans."""
    patient = patient_with(series("clinic", {"days": [1]}, window=(0, 0)), cycle_days=366)
    found = [visit.target_on.year for visit in patient.schedule().visits(day("2120-01-01"), day("2190-01-01"))]
    assert found == [2120, 2121, 2122, 2123, 2124, 2125]


def test_recurrences_may_be_written_in_any_order() -> None:
    patient = patient_with(
        series("lab", every={"weeks": 4}, first={"weeks": 8}, count=2, window=(0, 0)),
        series("lab", first={"weeks": 1}, every={"weeks": 1}, count=3, window=(0, 0)),
    )
    assert list(patient.targets("lab")) == ["lab-w1", "lab-w2", "lab-w3", "lab-w8", "lab-w12"]


def test_a_series_from_the_last_dose_exists_once_treatment_has_ended() -> None:
    patient = patient_with(series("safety", "last_dose", first={"days": 30}))
    patient.take("2024-02-01")
    assert patient.targets("safety") == {}
    end = patient.end_treatment("2024-02-10")
    assert patient.targets("safety") == {"safety": "2024-03-11"}
    patient.take("2024-02-12")
    assert patient.targets("safety") == {"safety": "2024-03-13"}
    patient.void(end)
    assert patient.targets("safety") == {}


def test_a_patient_never_dosed_has_no_visits_after_the_last_dose() -> None:
    patient = Patient(protocol(series("safety", "last_dose", first={"days": 30})))
    patient.end_treatment(None, decided_on="2024-01-10")
    assert patient.targets("safety") == {}


# Anchored on another visit: 4 weeks after imaging-w6, whose target is 02-14.

AFTER_W6 = series("safety", {"visit": "imaging-w6"}, first={"weeks": 4}, window=(3, 3))


def after_w6(**imaging: Any) -> Patient:
    return patient_with(
        series("imaging", every={"weeks": 6}, until=["progression", "new_therapy"], **imaging), AFTER_W6
    )


def safety(seen: Seen) -> tuple[str, bool, str]:
    row = seen.visits["safety"]
    return row["target_on"], row["provisional"], plain(row["because"]).split(" + ")[0]


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


def test_there_is_no_visit_after_one_that_was_cut() -> None:
    patient = after_w6()
    patient.record("progressed", progressed_on="2024-01-20", basis="clinical")
    assert patient.on("2024-03-01").visits == {}


def test_anchors_may_form_a_chain() -> None:
    patient = patient_with(
        series("imaging", every={"weeks": 6}),
        AFTER_W6,
        series("call", {"visit": "safety"}, every={"days": 10}, count=2, window=(0, 0)),
    )
    assert patient.targets("call") == {"call-d10": "2024-03-23", "call-d20": "2024-04-02"}
    patient.record("visit_done", series="safety", done_on="2024-03-15")
    assert patient.targets("call") == {"call-d10": "2024-03-25", "call-d20": "2024-04-04"}
    assert patient.on("2024-03-20").visits["call-d10"]["provisional"] is False


def test_a_visit_after_a_day_of_a_cycle() -> None:
    patient = patient_with(
        series("clinic", {"days": [1]}, window=(0, 0)),
        series("call", {"visit": "clinic-c2d1"}, first={"days": 3}, window=(0, 0)),
        on_hold="extend",
    )
    assert patient.targets("call") == {"call": "2024-01-29"}
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
    assert patient.targets("call") == {"call": "2024-02-03"}
