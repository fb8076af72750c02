"""All tests here send what is refused, to one service and about one patient, and each leaves no trace."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from service import Patient, Service


@pytest.fixture(scope="module")
def service(template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The application, for all tests of a file."""
    path = shutil.copy(template[0], tmp_path_factory.mktemp("service") / "scheduler.db")
    service = Service(Path(path), template[1])
    yield service
    service.store.close()


@pytest.fixture(scope="module")
def patient(service: Service) -> Patient:
    """The patient of the worked examples, seen by a nurse."""
    return service.client("nurse").enrol()


@pytest.fixture(autouse=True)
def nothing_recorded(service: Service, patient: Patient) -> Iterator[None]:
    """What is refused leaves no trace in any table."""
    with service.unchanged():
        yield
