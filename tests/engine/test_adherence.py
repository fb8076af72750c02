"""Adherence and relative dose intensity (rules, section 4), counted by hand. C1D1 is 2024-01-05, 300 mg a day."""

from __future__ import annotations

from typing import Any

from scheduler_api.engine.treatment.adherence import DoseSums, dose_sums

from .patients import Patient, day, protocol


def counted(patient: Patient, today: str) -> dict[str, Any]:
    return patient.on(today)["adherence"]


def ten_days(patient: Patient | None = None) -> Patient:
    """01-05 to 01-14: six days taken, two missed, two nobody spoke of."""
    patient = patient or Patient.treated(protocol())
    patient.take("2024-01-05", "2024-01-10")
    patient.miss("2024-01-11", "2024-01-12")
    return patient


def test_planned_is_taken_missed_and_unrecorded_through_yesterday() -> None:
    assert counted(ten_days(), "2024-01-15") == {
        "planned": 10,
        "taken": 6,
        "missed": 2,
        "unrecorded": 2,
        "held": 0,
        "adherence": 0.6,
        "relative_dose_intensity": 0.6,
    }


def test_sums_of_patients_add_up_from_nothing() -> None:
    one = dose_sums(ten_days().schedule().treatment_plan.doses, day("2024-01-15"))
    assert DoseSums().plus(one) == one
    both = one.plus(dose_sums(ten_days().schedule().treatment_plan.doses, day("2024-01-11"))).document()
    assert (both["planned"], both["taken"], both["missed"], both["adherence"]) == (17, 12, 3, 0.7059)


def test_today_counts_once_it_is_recorded() -> None:
    patient = ten_days()
    patient.take("2024-01-15")
    after = counted(patient, "2024-01-15")
    assert (after["planned"], after["taken"], after["adherence"]) == (11, 7, 0.6364)
    patient.miss("2024-01-15")
    after = counted(patient, "2024-01-15")
    assert (after["planned"], after["missed"], after["adherence"]) == (11, 3, 0.5455)


def test_a_reduced_dose_lowers_the_intensity_and_not_the_adherence() -> None:
    patient = Patient.treated(protocol())
    patient.record("dose_changed", from_on="2024-01-08", amount=200)
    ten_days(patient)
    after = counted(patient, "2024-01-15")
    # 3 x 300 + 3 x 200 = 1500 of 3000 mg.
    assert (after["adherence"], after["relative_dose_intensity"]) == (0.6, 0.5)


def test_a_reduction_entered_later_lowers_nothing_that_was_taken() -> None:
    patient = ten_days()
    patient.record("dose_changed", from_on="2024-01-08", amount=200)
    after = counted(patient, "2024-01-15")
    assert (after["adherence"], after["relative_dose_intensity"]) == (0.6, 0.6)


def test_held_days_are_not_planned_but_lower_the_intensity() -> None:
    patient = ten_days()
    patient.record("hold_started", from_on="2024-01-11", resumes_on="2024-01-14")
    after = counted(patient, "2024-01-15")
    # Held 01-11 to 01-13, among them the two days recorded missed; 01-14 is unrecorded.
    assert after == {
        "planned": 7,
        "taken": 6,
        "missed": 0,
        "unrecorded": 1,
        "held": 3,
        "adherence": 0.8571,
        "relative_dose_intensity": 0.6,
    }


def test_a_dose_on_a_held_day_counts_as_planned_and_taken() -> None:
    patient = ten_days()
    patient.record("hold_started", from_on="2024-01-09", resumes_on="2024-01-14")
    after = counted(patient, "2024-01-15")
    # Taken on 01-09 and 01-10 though held; held and not taken: 01-11 to 01-13.
    assert (after["planned"], after["taken"], after["held"]) == (7, 6, 3)


def test_days_of_rest_are_not_planned_unless_a_dose_was_taken() -> None:
    patient = Patient.treated(protocol(days=list(range(1, 15))))
    patient.take("2024-01-05", "2024-01-18")
    whole = counted(patient, "2024-01-26")
    assert (whole["planned"], whole["taken"], whole["unrecorded"], whole["relative_dose_intensity"]) == (14, 14, 0, 1.0)
    patient.take("2024-01-20")
    more = counted(patient, "2024-01-26")
    # 15 x 300 mg on 14 dosing days.
    assert (more["planned"], more["taken"], more["adherence"], more["relative_dose_intensity"]) == (15, 15, 1.0, 1.0714)


def test_held_dosing_days_count_for_the_intensity_and_held_days_of_rest_do_not() -> None:
    patient = Patient.treated(protocol(days=list(range(1, 15))))
    patient.take("2024-01-05", "2024-01-11")
    patient.record("hold_started", from_on="2024-01-12", resumes_on="2024-01-26")
    after = counted(patient, "2024-01-26")
    # Seven of fourteen dosing days; 14 days held, 7 of them of rest.
    assert (after["planned"], after["held"], after["adherence"], after["relative_dose_intensity"]) == (7, 14, 1.0, 0.5)


def test_with_nothing_planned_both_ratios_are_null() -> None:
    patient = Patient.treated(protocol())
    assert counted(patient, "2024-01-05") == counted(patient, "2023-12-01")
    assert counted(patient, "2024-01-05")["adherence"] is None
    patient.record("hold_started", from_on="2024-01-05")
    held = counted(patient, "2024-01-15")
    assert (held["planned"], held["held"]) == (0, 10)
    assert (held["adherence"], held["relative_dose_intensity"]) == (None, None)


def test_nothing_is_counted_before_treatment_has_begun() -> None:
    patient = Patient(protocol(), planned_first_dose_on="2024-01-05")
    patient.miss("2024-01-06")
    assert counted(patient, "2024-01-20") == {
        "planned": 0,
        "taken": 0,
        "missed": 0,
        "unrecorded": 0,
        "held": 0,
        "adherence": None,
        "relative_dose_intensity": None,
    }


def test_nothing_taken_is_zero_and_not_null() -> None:
    after = counted(Patient.treated(protocol()), "2024-01-06")
    assert (after["planned"], after["adherence"], after["relative_dose_intensity"]) == (1, 0.0, 0.0)


def test_counting_stops_at_the_end_of_treatment() -> None:
    patient = ten_days()
    patient.end_treatment("2024-01-12")
    patient.take("2024-01-14")
    after = counted(patient, "2024-02-15")
    assert (after["planned"], after["taken"], after["missed"], after["unrecorded"]) == (8, 6, 2, 0)


def test_other_days_begin_at_c1d1() -> None:
    patient = Patient(protocol())
    patient.take("2024-01-04")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.take("2024-01-05")
    after = counted(patient, "2024-01-06")
    assert (after["planned"], after["taken"]) == (1, 1)


def test_intensity_uses_each_days_version() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, amount=200))
    patient.record("protocol_amended", version=2, from_on="2024-01-10")
    patient.take("2024-01-05", "2024-01-12")
    # Planned 5 x 300 + 5 x 200 = 2500 mg, taken 5 x 300 + 3 x 200 = 2100.
    assert counted(patient, "2024-01-15")["relative_dose_intensity"] == 0.84


def test_more_than_planned_can_be_more_than_one() -> None:
    patient = Patient.treated(protocol())
    patient.take("2024-01-05", "2024-01-06", amount=600)
    assert counted(patient, "2024-01-07")["relative_dose_intensity"] == 2.0


def test_under_extend_dose_intensity_is_of_the_doses_that_there_would_have_been_without_the_hold() -> None:
    # 3 days of dosing in cycles of 5: without the hold doses on 5, 6, 7, 10, 11 and 12 January.
    patient = Patient.treated(protocol(days=[1, 2, 3], cycle_days=5, on_hold="extend"))
    patient.record("hold_started", from_on="2024-01-06", resumes_on="2024-01-09")
    patient.take("2024-01-05")
    patient.take("2024-01-09", "2024-01-10")
    adherence = patient.on("2024-01-13")["adherence"]
    assert (adherence["planned"], adherence["held"], adherence["adherence"]) == (3, 3, 1)
    assert adherence["relative_dose_intensity"] == 0.5
