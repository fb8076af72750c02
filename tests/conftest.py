"""What tests share: how far generated tests look, and the service around a database of each test's own.

`--hypothesis-profile=thorough` looks further, and elsewhere each time. It also makes what fails smaller,
which takes minutes.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import orjson
import pytest
from cluster import Cluster
from databases import ENGINES, Databases, Postgresql, Raw, Sqlite
from filelock import FileLock
from hypothesis import HealthCheck, Phase, settings
from patience import PATIENCE, wait_for_databases
from service import Anew, Client, Clock, Patient, Server, Service, new_database
from stories import amended

import bench
import scheduler_api
from scheduler_api.cli.samples import samples
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.copying import copy
from scheduler_api.use_cases import debouncer
from scheduler_api.use_cases.auth import code_flow, oidc
from scheduler_api.use_cases.debouncer import Debouncer

_START = Debouncer._start

# Hypothesis also draws constants that it finds in whatever modules are loaded. All that any test loads is loaded here:
# what is drawn does not depend on which tests ran before.
for package in (scheduler_api, bench):
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        # Some are programs, and one of them needs Django.
        if not module.name.endswith("__main__") and not module.name.startswith("bench.peers."):
            import_module(module.name)

settings.register_profile(
    "usual",
    max_examples=35,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("usual"), max_examples=1500, derandomize=False, phases=tuple(Phase)
)
settings.load_profile("usual")


#: The day that the sample patients are for: in the past, whenever tests are run.
SAMPLED_ON = date(2025, 5, 20)
#: The files that take longest come first: otherwise one process is busy with them when the others have nothing left.
LONGEST = (
    *("engine/test_properties.py", "reminders/test_year_of_outages.py", "reminders/test_year.py"),
    *("api/test_contract.py", "store/test_chaos.py", "cli/test_serve.py", "cli/test_demo.py"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`, `--record-examples`."""
    engines = [*ENGINES, "both"]
    parser.addoption("--engine", choices=engines, default="both", help="on which databases to run what touches one")
    recording = "write the answers to the examples of the contract, instead of comparing them"
    parser.addoption("--record-examples", action="store_true", help=recording)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches a database once on each engine."""
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("engine")
        metafunc.parametrize("engine", ENGINES if chosen == "both" else [chosen], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what is only for one engine (`only`), or only on one, whichever it is (`one_engine`); order the rest."""
    chosen = config.getoption("engine")

    def wanted(item: pytest.Item) -> bool:
        engine = item.callspec.params.get("engine") if hasattr(item, "callspec") else None
        only = item.get_closest_marker("only")
        if engine is None or (only is None and item.get_closest_marker("one_engine") is None):
            return True
        return engine == (only.args[0] if only else ENGINES[-1] if chosen == "both" else chosen)

    items.sort(key=lambda item: not item.path.as_posix().endswith(LONGEST))
    left_out = [item for item in items if not wanted(item)]
    if left_out:
        items[:] = [item for item in items if wanted(item)]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True, scope="session")
def _nothing_by_itself() -> Iterator[None]:
    """What a service does by itself after a second comes at no moment that a test chose: here it waits to be asked.

    Nor does anybody give up waiting for another, unless that is what a test is about: the machine may be slow.
    """
    with pytest.MonkeyPatch.context() as usual:
        usual.setattr(Debouncer, "_start", lambda debouncer: None)
        wait_for_databases()
        for who_asks_provider in (oidc, code_flow):
            usual.setattr(who_asks_provider, "PATIENCE", PATIENCE)
        yield


@pytest.fixture
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a service does by itself it does here, and soon."""
    monkeypatch.setattr(Debouncer, "_start", _START)
    monkeypatch.setattr(debouncer, "DELAY", 0.001)
    monkeypatch.setattr(debouncer, "LONGEST_DELAY", 0.004)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Databases]]:
    """Where databases of an engine come from, by its name: the same as long as tests run, whichever run between."""
    with ExitStack() as lasting:

        @cache
        def of(engine: str) -> Databases:
            if engine == "sqlite":
                return Sqlite(tmp_path_factory.mktemp("databases"))
            return Postgresql(lasting.enter_context(Cluster()))

        yield of


@pytest.fixture(scope="session")
def databases(engine: str, engines: Callable[[str], Databases]) -> Databases:
    """Where databases of the engine come from."""
    return engines(engine)


@pytest.fixture(scope="session")
def template(databases: Databases) -> tuple[str, dict[str, str]]:
    """A database with the built-ins, to be copied, and the tokens of the staff."""
    return template_of(databases)


@cache
def template_of(databases: Databases) -> tuple[str, dict[str, str]]:
    """The template of an engine: a fixture would make another whenever tests go over to the other engine and back."""
    database = databases.new()
    return database, new_database(database)


def to_fill(databases: Databases) -> Service:
    """Return the application around a copy of the template: filled and closed, its database is a template as well."""
    template, tokens = template_of(databases)
    return Service(databases.copy(template), tokens)


@pytest.fixture
def database(databases: Databases, template: tuple[str, dict[str, str]]) -> Iterator[str]:
    """A copy of the template, for processes of their own."""
    copied = databases.copy(template[0])
    yield copied
    databases.drop(copied)


@contextmanager
def copied(
    databases: Databases, template: tuple[str, dict[str, str]], folder: Path, **settings: Any
) -> Iterator[Service]:
    """The application around what looks like a copy of the template; its keys are in a folder."""
    with databases.lent(template[0]) as database:
        service = Service(database, template[1], delivery_keys=str(folder / "keys.json"), **settings)
        yield service
        service.close()


@pytest.fixture
def service(databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path) -> Iterator[Service]:
    """The application around a database with the built-ins; the clock stands at noon in Shanghai, 2024-02-20."""
    with copied(databases, template, tmp_path) as service:
        yield service


@pytest.fixture(scope="module")
def shared(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The same for all tests of a file."""
    with copied(databases, template, tmp_path_factory.mktemp("shared")) as service:
        yield service


@pytest.fixture
def raw(databases: Databases, service: Service) -> Iterator[Raw]:
    """Somebody with the database of `service` and any tool for it."""
    with databases.raw(service.database) as raw:
        yield raw


@pytest.fixture(scope="module")
def amended_trial(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Anew:
    """The application with three versions of the protocol, around a database of its own each time that one asks."""
    return partial(copied, databases, amended_template_of(databases), tmp_path_factory.mktemp("amended"))


@cache
def amended_template_of(databases: Databases) -> tuple[str, dict[str, str]]:
    """A template with three versions of the protocol, which both sites have approved."""
    service = to_fill(databases)
    admin = service.client("admin")
    for definition in amended(admin.get("/v1/protocols/nct06110650/versions/1").json):
        assert admin.post("/v1/protocols", definition).status_code == 201
        admin.approve(definition["id"], definition["version"])
    service.close()
    return service.database, service.tokens


@pytest.fixture(scope="session")
def sampled(
    databases: Databases, engines: Callable[[str], Databases], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, str]]:
    """A template with the sample patients for `SAMPLED_ON`."""
    return sampled_template_of(databases, engines("sqlite"), tmp_path_factory.getbasetemp())


@cache
def sampled_template_of(databases: Databases, files: Databases, folder: Path) -> tuple[str, dict[str, str]]:
    """Return the same of an engine: what many tests copy, since it takes long to make.

    The patients are loaded into one of the `files`, and copied from there to the other engine, which is quicker.
    """
    if databases is files:
        return _with_samples(files, folder)
    loaded, tokens = sampled_template_of(files, files, folder)
    database, source = databases.new(), connect(loaded)
    store = connect(database)
    store.migrate()
    copy(source, store)
    source.close()
    store.close()
    return database, tokens


def _with_samples(files: Databases, folder: Path) -> tuple[str, dict[str, str]]:
    """Return the file, which the first process to need it makes for all that run tests side by side.

    The `folder` is that of this process; if there are several it lies in the one of the run.
    """
    kept = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "sampled.json"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            service = to_fill(files)
            samples.load(service.store, samples.entries(SAMPLED_ON))
            service.close()
            kept.write_bytes(orjson.dumps((service.database, service.tokens)))
        database, tokens = orjson.loads(kept.read_bytes())
    return database, tokens


@pytest.fixture
def clock(service: Service) -> Clock:
    """The clock of the application."""
    return service.clock


@pytest.fixture
def nurse(service: Service) -> Client:
    """A nurse of the site FUSCC."""
    return service.client("nurse")


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the rules' worked examples: enrolled 2024-01-03, first dose 2024-01-05; today is 2024-02-20."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


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
def server(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The service in a process of its own, with the tokens of `template`; tests of a file share it."""
    database = databases.copy(template[0])
    with Server(database, tmp_path_factory.mktemp("server")) as server:
        yield server
    databases.drop(database)


@pytest.fixture
def counted(patient: Patient) -> Patient:
    """A patient who began on 2024-01-05, was given 60 capsules of 50 mg, and took 300 mg on five days of seven."""
    patient.record("drug_dispensed", on="2024-01-05", units={"50": 60}, kit="A-1")
    for number in range(5, 10):
        patient.record("dose_recorded", dose_on=f"2024-01-{number:02d}", status="taken")
    return patient
