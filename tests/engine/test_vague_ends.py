"""Death and ends of which only the month or the year is known: what rests on them says so (rules, section 1)."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import Conflict
from scheduler_api.engine.model.facts import body_from_data
from scheduler_api.engine.recording.conflicts import after_death

from .patients import Patient, patient_with, series

DEATHS: list[tuple[str, dict[str, Any]]] = [
    ("study_ended", {"reason": "death", "ended_on": "2024-03"}),
    ("treatment_ended", {"reason": "death", "last_dose_on": "2024-02-20", "decided_on": "2024-03"}),
]


def contraception(patient: Patient, today: str = "2024-07-01") -> tuple[Any, Any, Any]:
    """The last day, whether it is provisional, and why it is that day."""
    found = patient.on(today)["contraception"]
    return found["through_on"], found["provisional"], found["because"]


@pytest.mark.parametrize(("kind", "data"), DEATHS)
def test_contraception_until_a_death_of_some_day_in_march_is_provisional(kind: str, data: dict[str, Any]) -> None:
    patient = Patient.treated()
    patient.record(kind, **data)
    assert contraception(patient) == ("2024-03-30", True, "died 2024-03-31, reported as 2024-03")


def test_of_two_reports_of_one_death_the_day_is_known() -> None:
    patient = Patient.treated()
    patient.record("study_ended", reason="death", ended_on="2024-03")
    patient.record("treatment_ended", reason="death", last_dose_on="2024-02-20", decided_on="2024-03-31")
    assert contraception(patient) == ("2024-03-30", False, "died 2024-03-31")


def test_who_was_never_dosed_is_released_provisionally() -> None:
    """A decision, then a loss to follow-up, of some day in March; the decision of 10 April changes nothing."""
    patient = Patient()
    patient.record("treatment_ended", reason="other", last_dose_on=None, decided_on="2024-03")
    assert contraception(patient) == (
        "2024-03-30",
        True,
        "never dosed; treatment ended 2024-03-31, reported as 2024-03",
    )
    patient = Patient()
    patient.record("study_ended", reason="lost_to_follow_up", ended_on="2024-03")
    patient.record("treatment_ended", reason="other", last_dose_on=None, decided_on="2024-04-10")
    assert contraception(patient) == ("2024-03-30", True, "never dosed; study ended 2024-03-31, reported as 2024-03")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *DEATHS[:1],
        ("study_ended", {"reason": "lost_to_follow_up", "ended_on": "2024-03"}),
        ("treatment_ended", {"reason": "other", "last_dose_on": "2024-03", "decided_on": "2024-04-02"}),
        ("treatment_ended", {"reason": "other", "last_dose_on": "unknown", "decided_on": "2024-03"}),
        ("regimen_ended", {"regimen": "surufatinib", "last_dose_on": "2024-03"}),
    ],
)
def test_the_cycle_that_ends_with_it_is_provisional(kind: str, data: dict[str, Any]) -> None:
    """Cycle 5 begins on 29 March. That of 8 March ends at its full length."""
    patient = Patient.treated()
    patient.record(kind, **data)
    last = patient.on("2024-07-01").cycles[5]
    assert (last["ends_on"], last["provisional"]) == ("2024-03-31", True)
    assert not patient.on("2024-07-01").cycles[4]["provisional"]


@pytest.mark.parametrize(
    ("kind", "data", "because"),
    [
        (*DEATHS[0], "died 2024-03-31, reported as 2024-03"),
        (
            *("study_ended", {"reason": "lost_to_follow_up", "ended_on": "2024-03"}),
            "study ended 2024-03-31, reported as 2024-03",
        ),
        (
            *("treatment_ended", {"reason": "other", "last_dose_on": "2024-02-20", "decided_on": "2024-03"}),
            "treatment ended 2024-03-31, reported as 2024-03",
        ),
        (
            *("regimen_ended", {"regimen": "surufatinib", "last_dose_on": "2024-03"}),
            "surufatinib ended, last dose 2024-03-31, reported as 2024-03",
        ),
    ],
)
def test_a_visit_that_it_ends_says_so(kind: str, data: dict[str, Any], because: str) -> None:
    """Day 1 of cycle 4 is 8 March."""
    patient = patient_with(series("clinic", {"days": [1]}, window=(1, 1)))
    patient.record(kind, **data)
    assert patient.on("2024-07-01").visits["clinic-c4d1"]["because"].endswith(f"; not required: {because}")


def test_what_is_refused_after_it_says_so() -> None:
    patient = Patient.treated()
    death = patient.record("study_ended", reason="death", ended_on="2024-03")
    body = body_from_data("progressed", {"progressed_on": "2024-04-02", "basis": "clinical"})
    refused = after_death(patient.history, body)
    assert isinstance(refused, Conflict)
    detail = f"After the death of the patient in 2024-03, taken as 2024-03-31, which {death} records."
    assert [error.detail for error in refused.errors] == [detail]
