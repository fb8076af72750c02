"""All tests here send what is refused, to one service and about one patient, and each leaves no trace."""

from collections.abc import Iterator

import pytest
from service import Patient, Service


@pytest.fixture(scope="module")
def service(shared: Service) -> Service:
    """One application for all tests of a file."""
    return shared


@pytest.fixture(scope="module")
def patient(service: Service) -> Patient:
    """The patient of the worked examples, seen by a nurse."""
    return service.client("nurse").enrol()


@pytest.fixture(autouse=True)
def nothing_recorded(service: Service, patient: Patient) -> Iterator[None]:
    """What is refused leaves no trace in any table."""
    with service.unchanged():
        yield
