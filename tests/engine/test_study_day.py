"""Study days: C1D1 is day 1, the day before is day -1 (rules, section 1)."""

from __future__ import annotations

import pytest

from scheduler_api.engine.dates import study_day

from .patients import Patient, day


@pytest.mark.parametrize(
    ("on", "number"),
    [("2024-02-01", 28), ("2024-01-05", 1), ("2024-01-04", -1), ("2024-01-03", -2), ("2025-01-05", 367)],
)
def test_the_day_of_the_worked_example_and_those_around_c1d1(on: str, number: int) -> None:
    assert study_day(day("2024-01-05"), day(on)) == number


def test_a_visit_has_that_of_its_target_until_it_is_done() -> None:
    patient = Patient.treated()
    assert patient.on("2024-02-20").visits["imaging-w6"]["study_day"] == 41
    patient.scan("2024-02-19")
    assert patient.on("2024-02-20").visits["imaging-w6"]["study_day"] == 46


def test_there_is_none_while_c1d1_is_only_planned() -> None:
    patient = Patient(planned_first_dose_on="2024-01-05")
    seen = patient.on("2024-01-20")
    rows = [*seen["visits"], *seen["doses"]]
    assert {row["study_day"] for row in rows} == {None}
    patient.take("2024-01-06")
    assert patient.on("2024-01-20").doses["2024-01-06"]["study_day"] == 1


def test_a_dose_before_c1d1_and_an_extra_scan_have_one_too() -> None:
    patient = Patient.treated()
    patient.take("2024-01-04")
    patient.scan("2024-01-20", "unscheduled")
    seen = patient.on("2024-02-20")
    assert seen.doses["2024-01-04"]["study_day"] == -1
    assert [row["study_day"] for row in seen["unscheduled"]] == [16]
