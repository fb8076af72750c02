"""Capsules until a visit: by hand, and against counting them one by one."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.doses.supply import supply
from scheduler_api.engine.treatment.capsules import AT_MOST, capsules_for

from .patients import Patient, day, plain, protocol
from .strategies import patients


def until(patient: Patient, first: str, last: str) -> dict[str, Any]:
    """The supply of some days."""
    (of_regimen,) = supply(patient.schedule().treatment_plan, day(first), day(last))
    return of_regimen


def capsules(document: dict[str, Any]) -> dict[float, int]:
    """Count by strength."""
    return {entry["strength"]: entry["count"] for entry in document["pieces"]}


def strengths(*strengths_mg: float, **dosing: Any) -> Patient:
    """A patient of a protocol of 300 mg a day, with capsules of some strengths."""
    return Patient.treated(protocol(strengths=list(strengths_mg), **dosing))


def test_until_the_window_of_the_next_scan_closes() -> None:
    """From 2024-02-20 to 2024-04-03, when imaging-w12 closes, are 44 days of 300 mg: 6 capsules of 50 mg each."""
    document = until(Patient.treated(), "2024-02-20", "2024-04-03")
    assert (document["doses"], capsules(document), document["complete"]) == (44, {50: 264}, True)


def test_recorded_days_need_no_capsule_any_more() -> None:
    patient = Patient.treated()
    patient.take("2024-02-20")
    patient.miss("2024-02-21")
    assert until(patient, "2024-02-20", "2024-02-22")["doses"] == 1


def test_a_hold_needs_none_and_a_reduction_fewer() -> None:
    """300 mg on 5 days, held 4 days, then 250 mg on 3 days: 5 x 6 + 3 x 5 = 45 capsules."""
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-02-06", resumes_on="2024-02-10", reason="fever")
    patient.record("dose_changed", from_on="2024-02-10", amount=250, reason="fever")
    document = until(patient, "2024-02-01", "2024-02-12")
    assert capsules(document) == {50: 45}
    told = [(str(row["from"]), str(row["to"]), row["held"], row["amount"], row["doses"]) for row in document["periods"]]
    assert told == [
        ("2024-02-01", "2024-02-05", False, 300, 5),
        ("2024-02-06", "2024-02-09", True, None, 0),
        ("2024-02-10", "2024-02-12", False, 250, 3),
    ]


def test_rest_days_need_none() -> None:
    """Two cycles of 4 days on and 3 off."""
    document = until(strengths(100, cycle_days=7, days=[1, 2, 3, 4]), "2024-01-05", "2024-01-18")
    assert capsules(document) == {100: 24}


def test_nothing_is_needed_after_treatment_ended() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-02-10")
    assert supply(patient.schedule().treatment_plan, day("2024-02-11"), day("2024-03-01")) == []


def test_what_cannot_be_made_is_said_and_in_no_total() -> None:
    """250 mg cannot be made of 100 mg capsules; 300 mg can."""
    patient = strengths(100)
    patient.record("dose_changed", from_on="2024-02-03", amount=250, confirmed=["not_dispensable"])
    document = until(patient, "2024-02-01", "2024-02-04")
    assert (capsules(document), document["complete"], document["doses"]) == ({100: 6}, False, 4)
    assert plain(document["periods"][1]["because"]) == (
        "2 of 2 days with 250 mg still to take, which cannot be made of 100 mg"
    )
    nameless = until(strengths(), "2024-02-01", "2024-02-01")
    assert plain(nameless["periods"][0]["because"]).endswith("cannot be made of: the protocol names no strengths")


@pytest.mark.parametrize(
    ("amount", "of", "expected"),
    [
        (300, (50,), {50: 6}),
        (300, (50, 200), {200: 1, 50: 2}),
        # The greedy way, 250 + 50 + 50 + 50, is not the shortest.
        (400, (50, 200, 250), {200: 2}),
        # Of two ways with as many capsules that with the largest: not 8 + 8 + 3.
        (19, (3, 5, 8, 9), {9: 1, 5: 2}),
        (0.3, (0.1,), {0.1: 3}),
        (12.5, (2.5, 10), {10: 1, 2.5: 1}),
        (75, (50,), None),
        (1050, (50,), None),
        (300, (), None),
    ],
)
def test_the_fewest_capsules_that_make_a_dose_exactly(
    amount: float, of: tuple[float, ...], expected: dict[float, int] | None
) -> None:
    assert capsules_for(amount, of) == expected


@given(st.integers(1, 60), st.sets(st.integers(1, 30), max_size=4))
def test_no_other_way_takes_fewer(dose: int, of: set[int]) -> None:
    @cache
    def fewest(left: int) -> int:
        return min((1 + fewest(left - one) for one in of if one < left), default=999) if left not in of else 1

    found = capsules_for(dose, tuple(of))
    if found is None:
        assert fewest(dose) > AT_MOST
    else:
        assert sum(mg * count for mg, count in found.items()) == dose
        assert sum(found.values()) == fewest(dose)


@given(patients(), st.dates(date(2023, 12, 1), date(2024, 12, 31)), st.integers(0, 60))
def test_it_is_what_the_calendar_plans(patient: Patient, today: date, length: int) -> None:
    """Every day that the calendar shows planned, due or unrecorded, and no other, at its dose."""
    last = date.fromordinal(today.toordinal() + length)
    found = supply(patient.schedule().treatment_plan, today, last)
    periods = [period for of_regimen in found for period in of_regimen["periods"]]
    rows = patient.schedule().treatment_plan.rows(today, today, last)
    planned = [row["amount"] for row in rows if row["status"] in ("planned", "due", "unrecorded")]
    if patient.history.begun:
        assert sum(of_regimen["doses"] for of_regimen in found) == len(planned)
    # An amount that is still to be calculated adds nothing.
    told = [(row["amount"] or 0) * row["doses"] for row in periods]
    assert sum(told) == pytest.approx(sum(amount or 0 for amount in planned)) or not patient.history.begun
