"""Phases (rules, section 7)."""

from __future__ import annotations

from .patients import Patient, builtin


def statuses(patient: Patient, *days: str) -> list[str]:
    return [patient.on(day)["status"] for day in days]


def test_treatment_begins_with_c1d1_once_a_start_is_recorded() -> None:
    assert statuses(Patient.treated(), "2024-01-04", "2024-01-05") == ["enrolled", "on_treatment"]


def test_treatment_begins_with_the_first_day_taken() -> None:
    patient = Patient(builtin(), planned_first_dose_on="2024-01-05")
    assert statuses(patient, "2024-03-01") == ["enrolled"]
    patient.miss("2024-01-05")
    assert statuses(patient, "2024-03-01") == ["enrolled"]
    patient.take("2024-01-06")
    assert statuses(patient, "2024-01-05", "2024-01-06") == ["enrolled", "on_treatment"]


def test_follow_up_begins_the_day_after_the_last_dose() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15", decided_on="2024-03-20")
    assert statuses(patient, "2024-03-15", "2024-03-16") == ["on_treatment", "follow_up"]
    patient.take("2024-03-18")
    assert statuses(patient, "2024-03-18", "2024-03-19") == ["on_treatment", "follow_up"]


def test_follow_up_of_a_patient_never_dosed_begins_with_the_decision() -> None:
    patient = Patient(builtin())
    patient.end_treatment(None, decided_on="2024-01-10")
    assert statuses(patient, "2024-01-09", "2024-01-10") == ["enrolled", "follow_up"]


def test_off_study_comes_before_all_else() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15")
    patient.record("study_ended", ended_on="2024-03-10", reason="withdrawal")
    assert statuses(patient, "2024-03-09", "2024-03-10", "2024-03-16") == ["on_treatment", "off_study", "off_study"]


def test_death_is_off_study_whichever_fact_says_so() -> None:
    patient = Patient.treated()
    patient.record("study_ended", ended_on="2024-06-01", reason="death")
    assert statuses(patient, "2024-05-31", "2024-06-01") == ["on_treatment", "off_study"]
    # The earliest date on record counts.
    patient.end_treatment("2024-05-18", "death", "2024-05-20")
    assert statuses(patient, "2024-05-19", "2024-05-20") == ["follow_up", "off_study"]
