"""A patient under treatment, and the phone that the nurse's code activated."""

import pytest
from service import Client, Patient, Service

from .phones import Phone


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the rules' worked examples, first dose on 2024-01-05."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


@pytest.fixture
def phone(service: Service, patient: Patient) -> Phone:
    """The patient's phone."""
    return Phone(service, patient)
