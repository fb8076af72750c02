"""Adherence and relative dose intensity (rules, section 4), counted by hand. C1D1 is 2024-01-05, 300 mg a day."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.doses.adherence import DoseSums, dose_sums
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import Patient, day, protocol, protocol_data, regimen_data


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


def test_dose_intensity_is_of_the_protocols_days_also_where_a_hold_keeps_the_next_version_from_beginning() -> None:
    """A dose each Friday. The version from 5 February waits while dosing is on hold, and never begins."""
    weekly = {"days": [1], "cycle_days": 7}
    patient = Patient.treated(protocol(**weekly), protocol(version=2, on_hold="extend", **weekly))
    patient.take("2024-01-05")
    patient.record("hold_started", from_on="2024-01-20")
    patient.record("protocol_amended", version=2, from_on="2024-02-05")
    # 14 Fridays from 5 January through 5 April.
    assert counted(patient, "2024-04-10")["relative_dose_intensity"] == round(1 / 14, 4)


def test_dose_intensity_of_a_regimen_is_counted_from_its_own_start() -> None:
    """Two cycles of 7 days, held for a week: the second drug starts on 26 January, and not on the 19th."""
    first = regimen_data(cycle_days=7, on_hold="extend", cycles=2)
    second = {**regimen_data(cycle_days=7, on_hold="extend"), "id": "next", "starts": {"after": "surufatinib"}}
    data = {**protocol_data(), "regimens": [first, {**second, "drug": "olaparib", "first_cycle": 3}]}
    patient = Patient.treated(read_protocol(data))
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-17")
    patient.record("dose_recorded", dose_on="2024-01-26", status="taken", amount=300, regimen="next", slot=1)
    # 26, 27 and 28 January.
    by_regimen = {one["regimen"]: one for one in counted(patient, "2024-01-29")["regimens"]}
    assert by_regimen["next"]["relative_dose_intensity"] == round(1 / 3, 4)


@pytest.mark.parametrize("fewer", [{"days": [1]}, {"times_a_day": 1}])
def test_fewer_days_or_doses_than_the_protocol_has_make_dose_intensity_lower(fewer: dict[str, Any]) -> None:
    patient = Patient.treated(protocol(times_a_day=2, cycle_days=7))
    dose = {"regimen": "surufatinib", "slot": 1}
    patient.record("dose_recorded", dose_on="2024-01-05", status="taken", amount=300, **dose)
    patient.record("dose_changed", from_on="2024-01-12", amount=300, regimen="surufatinib", **fewer)
    # Twice a day on the 24 days from 5 through 28 January.
    assert counted(patient, "2024-01-29")["relative_dose_intensity"] == round(1 / 48, 4)


def test_of_an_amount_for_each_patient_dose_intensity_goes_by_the_first_that_stands() -> None:
    data = protocol_data()
    data["regimens"][0]["dose"] = {"amount": 5, "unit": "mg", "per": "kg"}
    patient = Patient.treated(read_protocol(data))
    patient.record("dose_changed", from_on="2024-01-10", amount=300, regimen="surufatinib")
    for amount in (400, 320):
        sure = ["above_previous"]
        patient.record("dose_changed", from_on="2024-01-05", amount=amount, regimen="surufatinib", confirmed=sure)
    patient.take("2024-01-05", "2024-01-06", amount=320)
    assert counted(patient, "2024-01-09")["relative_dose_intensity"] == 0.5
