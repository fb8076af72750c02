"""Deviations (rules, section 8): every kind, and what is none. First dose 2024-01-05, 300 mg."""

from __future__ import annotations

from typing import Any

import pytest

from .patients import Patient, day, protocol, series


def dose_row(kind: str, on: str, planned: str, actual: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": on,
        "visit": None,
        "dose_on": on,
        "dose_id": f"{on}.surufatinib.1",
        "planned": planned,
        "actual": actual,
        "days_off": None,
        "site": "FUSCC",
    }


def all_of(patient: Patient, today: str = "2024-02-01") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = patient.on(today)["deviations"]
    return rows


def test_a_dose_missed() -> None:
    patient = Patient.treated()
    patient.miss("2024-01-10")
    assert all_of(patient) == [dose_row("dose_missed", "2024-01-10", "300 mg", "missed")]


def test_a_dose_during_a_hold() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10")
    patient.take("2024-01-12")
    assert all_of(patient) == [dose_row("dose_while_held", "2024-01-12", "held", "300 mg")]


def test_another_amount() -> None:
    patient = Patient.treated()
    patient.record("dose_changed", from_on="2024-01-08", amount=250)
    patient.take("2024-01-10", amount=300)
    patient.take("2024-01-11", amount=250)
    patient.take("2024-01-12", amount=12.5)
    assert all_of(patient) == [
        dose_row("dose_above_plan", "2024-01-10", "250 mg", "300 mg"),
        dose_row("dose_amount", "2024-01-10", "250 mg", "300 mg"),
        dose_row("dose_amount", "2024-01-12", "250 mg", "12.5 mg"),
    ]


def test_whatever_is_taken_in_a_hold_differs_from_no_planned_amount() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10")
    patient.take("2024-01-12", amount=200)
    assert [row["kind"] for row in all_of(patient)] == ["dose_while_held"]


def test_a_dose_on_a_day_of_rest() -> None:
    patient = Patient.treated(protocol(days=list(range(1, 15))))
    patient.take("2024-01-20")
    assert all_of(patient) == [dose_row("dose_on_rest_day", "2024-01-20", "rest", "300 mg")]


def test_a_dose_before_the_start() -> None:
    patient = Patient()
    patient.take("2024-01-04")
    assert all_of(patient) == []
    patient.record("treatment_started", first_dose_on="2024-01-05")
    assert all_of(patient) == [dose_row("dose_before_start", "2024-01-04", "first dose 2024-01-05", "300 mg")]


def test_a_dose_after_the_end() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-01-20")
    patient.take("2024-01-22")
    assert all_of(patient) == [dose_row("dose_after_end", "2024-01-22", "last day of treatment 2024-01-20", "300 mg")]


@pytest.mark.parametrize("when", ["held", "rest", "after the end", "before the start", "not begun"])
def test_missed_where_nothing_was_planned_is_none(when: str) -> None:
    rules = protocol(days=list(range(1, 15)))
    patient = Patient(rules) if when == "not begun" else Patient.treated(rules)
    if when == "held":
        patient.record("hold_started", from_on="2024-01-08")
        patient.miss("2024-01-10")
    elif when == "rest":
        patient.miss("2024-01-20")
    elif when == "after the end":
        patient.end_treatment("2024-01-08")
        patient.miss("2024-01-10")
    else:
        patient.miss("2024-01-04")
    assert all_of(patient) == []


def test_an_unrecorded_day_is_none() -> None:
    assert all_of(Patient.treated()) == []


def visit_row(kind: str, on: str, actual: str | None, days_off: int | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": on,
        "visit": "imaging-w6",
        "dose_on": None,
        "dose_id": None,
        "planned": "2024-02-07/2024-02-21",
        "actual": actual,
        "days_off": days_off,
        "site": "FUSCC",
    }


def test_a_visit_early_and_a_visit_late() -> None:
    early, late = Patient.treated(), Patient.treated()
    early.scan("2024-02-05", "imaging-w6")
    assert all_of(early, "2024-02-25") == [visit_row("visit_early", "2024-02-05", "2024-02-05", -2)]
    late.scan("2024-02-24")
    assert all_of(late, "2024-02-25") == [visit_row("visit_late", "2024-02-24", "2024-02-24", 3)]


def test_a_visit_in_its_window_is_none() -> None:
    patient = Patient.treated()
    patient.scan("2024-02-21")
    assert all_of(patient, "2024-02-25") == []


@pytest.mark.parametrize("today", ["2024-02-22", "2024-03-20"])
def test_a_visit_overdue_or_missed_is_one_from_the_day_after_its_window(today: str) -> None:
    assert all_of(Patient.treated(), "2024-02-21") == []
    assert all_of(Patient.treated(), today) == [visit_row("visit_missed", "2024-02-22", None, None)]


def test_a_visit_not_required_is_none() -> None:
    patient = Patient.treated()
    patient.record("progressed", progressed_on="2024-02-21", basis="clinical")
    assert all_of(patient, "2024-04-01") == []


@pytest.mark.parametrize(("booked_on", "days_off"), [("2024-02-06", -1), ("2024-02-25", 4)])
def test_a_booking_out_of_its_window(booked_on: str, days_off: int) -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w6", booked_on=booked_on)
    assert all_of(patient) == [visit_row("booking_out_of_window", booked_on, booked_on, days_off)]
    patient.scan("2024-02-14")
    assert all_of(patient, "2024-02-15") == []


@pytest.mark.parametrize("booked_on", ["2024-02-07", "2024-02-21"])
def test_a_booking_in_its_window_is_none(booked_on: str) -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w6", booked_on=booked_on)
    assert all_of(patient) == []


def test_deviations_come_in_order_of_days_and_only_those_of_the_range() -> None:
    patient = Patient.treated(protocol(series("imaging", every={"weeks": 6})))
    patient.miss("2024-03-01")
    patient.miss("2024-01-10")
    patient.scan("2024-02-24")
    assert patient.on("2024-03-10").deviations() == [
        ("dose_missed", "2024-01-10"),
        ("visit_late", "2024-02-24"),
        ("dose_missed", "2024-03-01"),
    ]
    assert patient.on("2024-03-10", "2024-01-11", "2024-02-24").deviations() == [("visit_late", "2024-02-24")]
    assert patient.on("2024-03-10", "2024-02-20", "2024-02-23").deviations() == []


def test_a_missed_visit_is_found_on_its_day_alone() -> None:
    seen = Patient.treated().on("2024-03-01", "2024-02-22", "2024-02-22")
    assert seen.deviations() == [("visit_missed", "2024-02-22")]


def test_a_correction_takes_a_deviation_back() -> None:
    patient = Patient.treated()
    patient.miss("2024-01-10")
    patient.take("2024-01-10")
    assert all_of(patient) == []


def test_those_of_all_time_reach_to_the_last_thing_on_record_whatever_day_it_is() -> None:
    patient = Patient.treated()
    patient.scan("2024-02-06", "imaging-w6")
    patient.take("2024-02-20", amount=200)
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-06-01")
    found = [(one["kind"], str(one["on"])) for one in patient.schedule().all_deviations(day("2024-02-10"))]
    assert found == [
        ("visit_early", "2024-02-06"),
        ("dose_amount", "2024-02-20"),
        ("booking_out_of_window", "2024-06-01"),
    ]


class TestCountedFromAVisitThatWasNotDone:
    """Counted from `lab`, 2024-02-28 ± 1 day, which was never done: one week and two weeks later, to the day."""

    def patient(self, **enrolment: str) -> Patient:
        lab, post = (
            series("lab", first={"weeks": 8}, window=(1, 1)),
            series("post", {"visit": "lab"}, every={"weeks": 1}),
        )
        patient = Patient(
            protocol(lab, {**post, "count": 2, "window": {"before_days": 0, "after_days": 0}}), **enrolment
        )
        patient.record("visit_booked", visit="post-w2", booked_on="2024-03-15")
        return patient

    def test_it_is_missed_early_or_late_by_the_target_of_that_visit(self) -> None:
        patient = self.patient()
        patient.record("treatment_started", first_dose_on="2024-01-05")
        found = [("visit_missed", "2024-03-01"), ("visit_missed", "2024-03-07"), ("visit_missed", "2024-03-14")]
        assert patient.on("2024-03-25").deviations() == [*found, ("booking_out_of_window", "2024-03-15")]
        assert patient.on("2024-03-25").visits["post-w1"]["provisional"]
        patient.record("visit_done", series="post", visit="post-w2", done_on="2024-03-15")
        assert patient.on("2024-03-25").deviations() == [*found[:2], ("visit_late", "2024-03-15")]

    def test_but_not_if_that_one_rests_on_a_start_that_is_only_planned(self) -> None:
        lab = series("lab", "first_dose", first={"weeks": -1}, window=(0, 0))
        post = series("post", {"visit": "lab"}, first={"days": 1}, window=(0, 0))
        patient = Patient(protocol(lab, post), planned_first_dose_on="2024-01-20")
        assert patient.on("2024-01-18").deviations() == []
        patient.record("treatment_started", first_dose_on="2024-01-20")
        assert patient.on("2024-01-21").deviations("visit_missed") == [
            ("visit_missed", "2024-01-14"),
            ("visit_missed", "2024-01-15"),
        ]
