"""What tests share: how far generated tests look, and the service around a database of each test's own.

`--hypothesis-profile=thorough` looks further, and elsewhere each time.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from service import Client, Clock, Server, Service, new_database
from stories import amended

settings.register_profile(
    "usual", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("usual"), max_examples=1500, derandomize=False)
settings.load_profile("usual")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A database with the built-ins, to be copied, and the tokens of the staff."""
    path = tmp_path_factory.mktemp("template") / "scheduler.db"
    return path, new_database(path)


@contextmanager
def copied(template: tuple[Path, dict[str, str]], folder: Path, **settings: Any) -> Iterator[Service]:
    """The application around a copy of the template."""
    service = Service(Path(shutil.copy(template[0], folder / "scheduler.db")), template[1], **settings)
    yield service
    service.store.close()


@pytest.fixture
def service(template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Service]:
    """The application around a database with the built-ins; the clock stands at noon in Shanghai, 2024-02-20."""
    with copied(template, tmp_path) as service:
        yield service


@pytest.fixture(scope="module")
def shared(template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same for all tests of a file."""
    with copied(template, tmp_path_factory.mktemp("shared")) as service:
        yield service


@pytest.fixture(scope="module")
def amended_trial(shared: Service) -> Service:
    """The `shared` application with three versions of the protocol."""
    admin = shared.client("admin")
    for definition in amended(admin.get("/v1/protocols/nct06110650/versions/1").json):
        assert admin.post("/v1/protocols", definition).status_code == 201
    return shared


@pytest.fixture
def clock(service: Service) -> Clock:
    """The clock of the application."""
    return service.clock


@pytest.fixture
def nurse(service: Service) -> Client:
    """A nurse of the site FUSCC."""
    return service.client("nurse")


@pytest.fixture
def coordinator(service: Service) -> Client:
    """A coordinator of all sites."""
    return service.client("coordinator")


@pytest.fixture
def monitor(service: Service) -> Client:
    """A monitor of all sites, who only reads."""
    return service.client("monitor")


@pytest.fixture
def admin(service: Service) -> Client:
    """An admin."""
    return service.client("admin")


@pytest.fixture
def elsewhere(service: Service) -> Client:
    """A nurse of another site, BERLIN."""
    return service.client("elsewhere")


@pytest.fixture(scope="module")
def server(template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service in a process of its own, with the tokens of `template`; tests of a file share it."""
    path = shutil.copy(template[0], tmp_path_factory.mktemp("server") / "scheduler.db")
    with Server(Path(path)) as server:
        yield server
