"""One service for each file: a new one costs seconds, and patients do not get in each other's way."""

from __future__ import annotations

from itertools import count

import pytest
from service import Client, Patient, Service

from .reading import Visitor

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def service(shared: Service) -> Service:
    """The application around a database with the built-ins; it is noon in Shanghai on 2024-02-20."""
    return shared


@pytest.fixture
def visitor(service: Service) -> Visitor:
    """The nurse of FUSCC at a browser."""
    return Visitor(service, "nurse")


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient enrolled 2024-01-03, first dose 2024-01-05, with a number that nobody else has."""
    patient = nurse.enrol(subject_number=f"S-{next(_NUMBERS):02}")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient
