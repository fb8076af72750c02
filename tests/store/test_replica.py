"""A replica that lags, goes away and comes back: nobody who reads can tell, and what it can answer it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest
from cluster import Cluster
from databases import Postgresql
from service import Client, Service, new_database

from scheduler_api.config import BadSetting, Settings
from scheduler_api.store import replica as replicas
from scheduler_api.store.connect import connect
from scheduler_api.store.replica import Replica

#: What is asked of many patients.
LISTS = (("patients", {}), ("visits", {}), ("visits", {"series": "imaging"}), ("worklist", {}), ("deviations", {}))


@dataclass
class Pair:
    """A primary and its replica."""

    primary: Cluster
    replica: Cluster

    def replica_of(self, database: str) -> str:
        """The same database on the replica."""
        return self.replica.url(psycopg.conninfo.conninfo_to_dict(database)["dbname"])

    def pause(self, how: str) -> None:
        """Let the replica `pause` or `resume` following the primary."""
        with closing(psycopg.connect(self.replica.url("postgres"), autocommit=True)) as connection:
            connection.execute(f"SELECT pg_wal_replay_{how}()")
            state = "SELECT pg_get_wal_replay_pause_state()"
            wanted = {"pause": "paused", "resume": "not paused"}[how]
            while connection.execute(state).fetchall() != [(wanted,)]:
                pass


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two servers of our own, one following the other."""
    with Cluster() as primary, Cluster(primary) as replica:
        yield Pair(primary, replica)


@pytest.fixture
def service(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The application around both, which asks the replica again at once, whatever it was before."""
    monkeypatch.setattr(replicas, "BEHIND", 0)
    monkeypatch.setattr(replicas, "AWAY", 0)
    databases = Postgresql(pair.primary)
    database = databases.new()
    service = Service(database, new_database(database), database_read=pair.replica_of(database))
    yield service
    service.app.extensions["scheduler_replica"].close()
    service.close()
    databases.drop(database)


@pytest.fixture
def patient_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replica is waited for as long as it takes: other tests have the machine, too."""
    monkeypatch.setattr(replicas, "_PAUSES", (0.005,) * 2000)


def replica_was_asked(service: Service, pair: Pair) -> bool:
    """Whether the last question on a connection to the replica was one about patients or visits."""
    name = psycopg.conninfo.conninfo_to_dict(service.database)["dbname"]
    with closing(psycopg.connect(pair.replica.url("postgres"))) as connection:
        found = connection.execute("SELECT query FROM pg_stat_activity WHERE datname = %s", [name]).fetchall()
    return any(not query.endswith("pg_control_checkpoint()") for (query,) in found)


def subjects(client: Client) -> list[str]:
    """The subject numbers of all patients, as a list has them."""
    answer = client.get("/v1/patients")
    assert answer.status_code == 200, answer.text
    return [patient["subject_number"] for patient in answer.json["items"]]


@pytest.mark.usefixtures("patient_replica")
@pytest.mark.parametrize(("path", "query"), LISTS)
def test_what_is_asked_of_many_patients_is_asked_of_the_replica(
    service: Service, pair: Pair, path: str, query: dict[str, str]
) -> None:
    patient = service.client("coordinator").enrol()
    assert patient.get("calendar").status_code == 200
    assert not replica_was_asked(service, pair)
    answer = service.client("coordinator").get(f"/v1/{path}", **query)
    assert answer.status_code == 200
    assert replica_was_asked(service, pair)


def test_who_wrote_sees_it_though_the_replica_has_not_and_so_does_everyone_else(service: Service, pair: Pair) -> None:
    coordinator, monitor = service.client("coordinator"), service.client("monitor")
    coordinator.enrol(subject_number="001")
    pair.pause("pause")
    try:
        for number in ("002", "003"):
            coordinator.enrol(subject_number=number)
            assert subjects(coordinator)[-1] == subjects(monitor)[-1] == number
        assert not replica_was_asked(service, pair)
    finally:
        pair.pause("resume")


@pytest.mark.usefixtures("patient_replica")
def test_a_replica_that_caught_up_is_asked_again(service: Service, pair: Pair) -> None:
    coordinator = service.client("coordinator")
    pair.pause("pause")
    coordinator.enrol()
    pair.pause("resume")
    assert subjects(coordinator) == ["001"]
    assert replica_was_asked(service, pair)


@pytest.mark.usefixtures("patient_replica")
def test_nobody_notices_that_the_replica_dies(service: Service, pair: Pair) -> None:
    coordinator = service.client("coordinator")
    coordinator.enrol()
    replica: Replica = service.app.extensions["scheduler_replica"]
    assert replica.fresh() is replica
    pair.replica.stop()
    try:
        # One that was asked a moment ago, and is to be asked more.
        assert replica.row("SELECT COUNT(*) AS number FROM patients") == {"number": 1}
        for path, query in LISTS:
            assert coordinator.get(f"/v1/{path}", **query).status_code == 200
        coordinator.enrol(subject_number="002")
        assert subjects(coordinator) == ["001", "002"]
    finally:
        pair.replica.start()
    assert replica.fresh() is replica
    assert subjects(coordinator) == ["001", "002"]
    assert replica_was_asked(service, pair)


def test_a_replica_that_is_away_is_not_asked_at_each_request(
    service: Service, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "AWAY", 3600)
    pair.replica.stop()
    try:
        assert subjects(service.client("nurse")) == []
    finally:
        pair.replica.start()
    assert subjects(service.client("nurse")) == []
    assert not replica_was_asked(service, pair)


@pytest.mark.usefixtures("patient_replica")
def test_what_a_question_writes_is_written_on_the_primary(service: Service, pair: Pair) -> None:
    """A refusal is noted before it is answered, a reading soon."""
    assert service.client("nurse").get("/v1/visits", site="BERLIN").status_code == 404
    assert subjects(service.client("nurse")) == []
    service.app.extensions["scheduler"].readings.flush()
    noted = [(row["action"], row["site"]) for row in service.store.rows("SELECT action, site FROM audit ORDER BY at")]
    assert noted[-2:] == [("refused", "BERLIN"), ("read", None)]


@pytest.mark.usefixtures("patient_replica")
def test_a_unit_of_work_reads_what_it_wrote(service: Service, pair: Pair) -> None:
    replica: Replica = service.app.extensions["scheduler_replica"]
    with replica.transaction():
        replica.write("INSERT INTO marks (name, at) VALUES ('test', 'now')", {})
        with replica.transaction():
            assert replica.row("SELECT at FROM marks WHERE name = 'test'") == {"at": "now"}
        assert replica.row("SELECT at FROM marks WHERE name = 'test'") == {"at": "now"}


def test_what_is_no_replica_of_this_database_is_never_asked(service: Service, pair: Pair) -> None:
    """Another database of the same servers, the primary itself, and a server that has nothing to do with it."""
    with Cluster() as stranger:
        for url in (pair.replica.url("postgres"), service.database, stranger.url("postgres")):
            other = connect(url)
            assert Replica(service.store, other).fresh() is service.store
            other.close()


def test_a_role_without_privileges_may_ask_how_far_both_are(service: Service, pair: Pair) -> None:
    with closing(psycopg.connect(service.database, autocommit=True)) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
    primary = connect(service.database.replace("test@", "plain@"))
    replica = connect(pair.replica_of(service.database).replace("test@", "plain@"))
    both = Replica(primary, replica)
    until = time.monotonic() + 10
    while both.fresh() is not both:
        assert time.monotonic() < until
    primary.close()
    replica.close()


@pytest.mark.parametrize(("database", "replica"), [("instance/x.db", "postgresql://two/x"), ("postgresql://x/x", "x")])
def test_only_postgresql_has_replicas(database: str, replica: str) -> None:
    with pytest.raises(BadSetting, match="SCHEDULER_DATABASE_READ"):
        Settings.from_environment({"SCHEDULER_DATABASE": database, "SCHEDULER_DATABASE_READ": replica})
