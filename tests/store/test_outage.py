"""PostgreSQL restarts, is away, or is lost in the middle: 503, and everything recovers by itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from cluster import Cluster
from databases import Postgresql
from patience import PATIENCE
from service import Patient, Service, new_database, refused

from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.session import lock_patient

DOSE = {"dose_on": "2024-01-05", "status": "taken"}
KEY = {"Idempotency-Key": "b1f9c1de-0001"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server of our own, to stop and to start."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def service(cluster: Cluster) -> Iterator[Service]:
    """The application around a database of that server."""
    databases = Postgresql(cluster)
    database = databases.new()
    service = Service(database, new_database(database))
    yield service
    service.close()
    databases.drop(database)


@pytest.fixture
def patient(service: Service) -> Patient:
    """A patient."""
    return service.client("coordinator").enrol()


def unavailable(answer: object) -> None:
    """Check that we are told to come back."""
    refused(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0  # type: ignore[attr-defined]


def test_while_it_is_away_and_when_it_is_back(service: Service, cluster: Cluster, patient: Patient) -> None:
    assert service.client("nurse").get("/readyz").status_code == 200
    cluster.stop()
    for _ in range(2):
        unavailable(patient.send("dose_recorded", KEY, **DOSE))
        unavailable(patient.get("calendar"))
        assert service.client("nurse").get("/readyz").status_code == 503
        assert service.client("nurse").get("/healthz").status_code == 200
    cluster.start()
    assert service.client("nurse").get("/readyz").status_code == 200
    assert patient.send("dose_recorded", KEY, **DOSE).status_code == 201
    assert [fact["kind"] for fact in patient.read("facts")["items"]] == ["registered", "enrolled", "dose_recorded"]


def test_after_a_restart_that_nobody_noticed_nobody_is_told(
    service: Service, cluster: Cluster, patient: Patient
) -> None:
    """All connections of the pool are dead, and are replaced before anything was under way on them."""

    def read() -> int:
        return Patient(service.client("nurse"), patient.patient_id).get("calendar").status_code

    assert service.at_once(*[read] * 6) == [200] * 6
    cluster.stop()
    cluster.start()
    assert service.at_once(*[read] * 6) == [200] * 6
    cluster.stop()
    cluster.start()
    assert patient.send("dose_recorded", **DOSE).status_code == 201


def test_a_unit_of_work_that_is_cut_off_leaves_nothing(service: Service, patient: Patient) -> None:
    with closing(psycopg.connect(service.database, autocommit=True)) as other:
        with service.unchanged(), service.store.transaction():
            lock_patient(service.store, patient.patient_id)
            cut = threading.Thread(target=_cut_off_who_waits, args=(other,))
            cut.start()
            (answer,) = service.at_once(
                lambda: Patient(service.client("nurse"), patient.patient_id).send("dose_recorded", KEY, **DOSE)
            )
            cut.join()
        unavailable(answer)
    assert patient.send("dose_recorded", KEY, **DOSE).status_code == 201
    assert list(maintenance.verify(service.store)) == []


def _cut_off_who_waits(other: psycopg.Connection) -> None:
    """End the connection of whoever waits for an advisory lock, as soon as somebody does."""
    until = time.monotonic() + PATIENCE
    waiting = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not other.execute(waiting).fetchall():
        assert time.monotonic() < until, "nobody waits for the lock"


def test_what_was_lost_in_the_moment_of_its_commit_is_recorded_once(service: Service, patient: Patient) -> None:
    """It was recorded and nobody was told so: who sends it again with its key gets the answer that was lost."""
    with Lossy(service.database) as lossy:
        through = Service(lossy.url, service.tokens)
        mine = Patient(through.client("nurse"), patient.patient_id)
        assert mine.get().status_code == 200
        lossy.loses_commits = True
        unavailable(mine.send("dose_recorded", KEY, **DOSE))
        lossy.loses_commits = False
        again = mine.send("dose_recorded", KEY, **DOSE)
        through.close()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert [fact["kind"] for fact in patient.read("facts")["items"]] == ["registered", "enrolled", "dose_recorded"]
    assert list(maintenance.verify(service.store)) == []


def several(service: Service, hosts: str, ports: str) -> str:
    """The address of the service's database with several servers, of which the one that takes writes is wanted."""
    name = psycopg.conninfo.conninfo_to_dict(service.database)["dbname"]
    return f"postgresql://test@/{name}?host={hosts}&port={ports}&target_session_attrs=read-write"


def test_of_several_servers_the_first_that_answers_is_used(service: Service, cluster: Cluster) -> None:
    """Nobody listens at the first address."""
    with socket.socket() as nobody:
        # Bound and not listening: whoever connects is refused, and nobody else can take the port.
        nobody.bind(("127.0.0.1", 0))
        database = several(service, f"127.0.0.1,{cluster.folder}", f"{nobody.getsockname()[1]},5432")
        through = Service(database, service.tokens)
        assert through.client("nurse").get("/readyz").status_code == 200
        enrolled = through.client("coordinator").enrol()
        through.close()
    assert Patient(service.client("nurse"), enrolled.patient_id).get().status_code == 200


def test_another_server_takes_over_without_a_restart_of_ours(
    service: Service, cluster: Cluster, patient: Patient, tmp_path: Path
) -> None:
    """The server has one of two addresses, and then the other."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.symlink_to(cluster.folder)
    through = Service(several(service, f"{first},{second}", "5432,5432"), service.tokens)
    mine = Patient(through.client("nurse"), patient.patient_id)
    mine.record("dose_recorded", **DOSE)
    first.rename(second)
    cluster.stop()
    cluster.start()
    mine.record("dose_recorded", **{**DOSE, "dose_on": "2024-01-06"})
    through.close()
    assert len(patient.read("facts")["items"]) == 4


class Lossy:
    """A network before the server that can lose the answers to commits, and the connections with them."""

    def __init__(self, database: str) -> None:
        known = psycopg.conninfo.conninfo_to_dict(database)
        self._server = f"{known['host']}/.s.PGSQL.5432"
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://test@127.0.0.1:{self._listening.getsockname()[1]}/{known['dbname']}?sslmode=disable"
        self.loses_commits = False
        self._open: list[socket.socket] = [self._listening]

    def __enter__(self) -> Lossy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += [client, server]
                threading.Thread(target=self._pass_on, args=(client, server, b"COMMIT"), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, client, None), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, lost: bytes | None) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if self.loses_commits and lost is not None and lost in data:
                    one.shutdown(socket.SHUT_RDWR)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
