"""Units of work: whole or not at all, one writer after another, none lost, none stuck."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from databases import Databases
from patience import PATIENCE
from service import ENROLMENT, Client, Patient, Server, Service, refused

from scheduler_api.store.database import postgres, sqlite
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Busy, Duplicate, Store
from scheduler_api.use_cases.projections import maintenance

DOSE = {"dose_on": "2024-01-05", "status": "taken"}


@pytest.fixture
def counter(databases: Databases) -> Iterator[Store]:
    """A store with a number in it."""
    database = databases.new()
    store = connect(database)
    with store.transaction():
        store.write("CREATE TABLE counter (n INTEGER NOT NULL UNIQUE)", {})
        store.write("INSERT INTO counter VALUES (0)", {})
    yield store
    store.close()
    databases.drop(database)


def number(store: Store) -> int:
    """The number."""
    row = store.row("SELECT n FROM counter")
    assert row is not None
    return int(row["n"])


def test_many_who_read_and_then_write_all_succeed(counter: Store) -> None:
    """With a transaction that begins by reading, most of them would fail: their reads are stale when they write."""
    threads, times = 10, 40
    failed: list[BaseException] = []

    def count() -> None:
        try:
            for _ in range(times):
                with counter.transaction():
                    counter.lock("number")
                    counter.write("UPDATE counter SET n = :n", {"n": number(counter) + 1})
        except BaseException as error:
            failed.append(error)
        finally:
            counter.close()

    running = [threading.Thread(target=count) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert (failed, number(counter)) == ([], threads * times)


def test_a_block_that_raises_leaves_nothing(counter: Store) -> None:
    for error in (ValueError, KeyboardInterrupt, Duplicate):
        with suppress(error), counter.transaction():
            counter.write("UPDATE counter SET n = 5", {})
            raise error
        assert number(counter) == 0


def test_a_block_inside_a_block_is_undone_alone(counter: Store) -> None:
    with counter.transaction():
        counter.write("UPDATE counter SET n = n + 1", {})
        with suppress(ValueError), counter.transaction():
            counter.write("UPDATE counter SET n = n + 10", {})
            with counter.transaction():
                counter.write("UPDATE counter SET n = n + 100", {})
            with suppress(KeyError), counter.transaction():
                counter.write("UPDATE counter SET n = n + 1000", {})
                raise KeyError
            assert number(counter) == 111
            raise ValueError
        with counter.transaction():
            counter.write("UPDATE counter SET n = n + 10000", {})
    assert number(counter) == 10_001
    with suppress(ValueError), counter.transaction():
        with counter.transaction():
            counter.write("UPDATE counter SET n = 7", {})
        raise ValueError
    assert number(counter) == 10_001


@pytest.mark.only("postgresql")
def test_a_unit_of_work_that_goes_on_after_a_refused_statement_is_not_taken_for_done(counter: Store) -> None:
    def go_on() -> None:
        with counter.transaction():
            counter.write("UPDATE counter SET n = 1", {})
            with suppress(Duplicate):
                counter.write("INSERT INTO counter VALUES (1)", {})

    with pytest.raises(RuntimeError, match="went on"):
        go_on()
    assert number(counter) == 0


def test_a_name_is_locked_in_a_unit_of_work_only(counter: Store) -> None:
    with pytest.raises(RuntimeError):
        counter.lock("number")


def test_a_refused_statement_in_a_block_of_its_own_leaves_the_rest_of_the_block_alone(counter: Store) -> None:
    with counter.transaction():
        counter.write("UPDATE counter SET n = 1", {})
        with pytest.raises(Duplicate), counter.transaction():
            counter.write("INSERT INTO counter VALUES (1)", {})
        counter.write("INSERT INTO counter VALUES (2)", {})
    assert [row["n"] for row in counter.rows("SELECT n FROM counter ORDER BY n")] == [1, 2]


def test_nothing_is_written_outside_a_block(counter: Store) -> None:
    for write in (counter.write, lambda sql, parameters: counter.write_many(sql, [parameters])):
        with pytest.raises(RuntimeError):
            write("UPDATE counter SET n = 1", {})
    assert number(counter) == 0


@pytest.mark.only("postgresql")
@pytest.mark.parametrize(("server", "ours"), [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
def test_what_is_committed_is_on_disk_whatever_the_server_says(
    databases: Databases, database: str, server: str, ours: str
) -> None:
    with databases.raw(database) as raw:
        raw.execute(f"ALTER DATABASE {database.split('/')[3].split('?')[0]} SET synchronous_commit = {server}")
    store = connect(database)
    assert store.row("SHOW synchronous_commit") == {"synchronous_commit": ours}
    store.close()


@pytest.mark.only("sqlite")
def test_every_connection_keeps_what_was_promised(service: Service) -> None:
    """A recorded fact survives a power cut, and readers do not wait for writers."""
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0)):
        row = service.store.row(f"PRAGMA {pragma}")
        assert row == {pragma: value}


class TestBusy:
    """Another writer holds the database for longer than we wait."""

    def test_it_is_said_and_nothing_is_recorded(self, service: Service, coordinator: Client) -> None:
        patient = coordinator.enrol()
        with service.held(), service.unchanged():
            for headers in ({}, {"Idempotency-Key": "one"}):
                answer = patient.send("dose_recorded", headers, **DOSE)
                refused(answer, 503)
                assert answer.headers["Retry-After"] == "1"
            refused(coordinator.post("/v1/patients", {**ENROLMENT, "subject_number": "002"}), 503)
            assert patient.get("calendar").status_code == 200
            assert coordinator.get("/v1/visits").status_code == 200
        assert patient.send("dose_recorded", {"Idempotency-Key": "one"}, **DOSE).status_code == 201

    def test_the_name_is_not_locked(self, service: Service) -> None:
        """On PostgreSQL by its lock, on SQLite since the block is not even entered."""
        other = connect(service.database)
        with pytest.MonkeyPatch.context() as settings:
            for engine in (sqlite, postgres):
                settings.setattr(engine, "BUSY_TIMEOUT", 50)
            service.store.close()
            with other.transaction():
                other.lock("name")
                with pytest.raises(Busy), service.store.transaction():
                    service.store.lock("name")
        with service.store.transaction():
            service.store.lock("name")
        other.close()


class TestTogether:
    """Several people write at the same moment."""

    def test_about_one_patient(self, service: Service, coordinator: Client) -> None:
        patient = coordinator.enrol()

        def record() -> list[int]:
            mine = Patient(service.client("nurse"), patient.patient_id)
            return [
                mine.send("dose_recorded", dose_on=f"2024-01-{day}", status="taken").status_code
                for day in range(10, 30)
            ]

        answers = service.at_once(*[record] * 6)
        assert answers == [[201] * 20] * 6
        assert len(patient.read("facts", limit=200)["items"]) == 122
        assert patient.read()["version"] == 122
        assert list(maintenance.verify(service.store)) == []

    def test_what_only_one_may(self, service: Service, coordinator: Client) -> None:
        patient = coordinator.enrol()
        tag = patient.get().headers["ETag"]

        def mine() -> Patient:
            return Patient(service.client("coordinator"), patient.patient_id)

        def answers(*calls: Any) -> list[int]:
            return sorted(answer.status_code for answer in service.at_once(*calls))

        start = {"first_dose_on": "2024-01-05"}
        assert answers(*[lambda: mine().send("dose_recorded", {"If-Match": tag}, **DOSE)] * 6) == [201] + [412] * 5
        assert answers(*[lambda: mine().send("treatment_started", **start)] * 6) == [201] + [409] * 5
        assert answers(*[lambda: mine().send("hold_started", from_on="2024-02-01")] * 6) == [201] + [409] * 5
        assert answers(*[lambda: mine().send("hold_ended", resumes_on="2024-02-09")] * 6) == [201] + [409] * 5
        fact = patient.read("facts")["items"][-1]["fact_id"]
        void = {"voids": fact, "reason": "never"}
        assert answers(*[lambda: mine().send("voided", **void)] * 6) == [201] + [409] * 5
        body = {**ENROLMENT, "subject_number": "002"}
        assert answers(*[lambda: service.client("nurse").post("/v1/patients", body)] * 6) == [201] + [409] * 5
        assert list(maintenance.verify(service.store)) == []

    def test_what_only_one_may_of_what_is_no_patients(self, service: Service, admin: Client) -> None:
        definition = {**admin.get("/v1/protocols/nct06110650/versions/1").json, "version": 2}
        site = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
        for path, body in (("/v1/protocols", definition), ("/v1/sites", site)):
            calls = [lambda path=path, body=body: service.client("admin").post(path, body)] * 6
            answers = service.at_once(*calls)  # type: ignore[misc]
            assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5

    def test_of_codes_made_together_the_last_counts(self, service: Service, coordinator: Client) -> None:
        body = {"patient_id": coordinator.enrol().patient_id}
        answers = service.at_once(*[lambda: service.client("nurse").post("/v1/activations", body)] * 6)
        assert [answer.status_code for answer in answers] == [201] * 6
        assert len(service.store.rows("SELECT 1 FROM activations")) == 1

    @pytest.mark.only("postgresql")
    def test_who_writes_about_one_patient_does_not_wait_for_another(
        self, service: Service, coordinator: Client
    ) -> None:
        one, other = (coordinator.enrol(subject_number=number) for number in ("001", "002"))

        def about(patient: Patient) -> int:
            return Patient(service.client("nurse"), patient.patient_id).send("dose_recorded", **DOSE).status_code

        with pytest.MonkeyPatch.context() as settings:
            settings.setattr(postgres, "BUSY_TIMEOUT", 50)
            service.store.close()
            with service.store.transaction():
                about(one)
                assert service.at_once(lambda: about(other), lambda: about(one)) == [201, 503]
        assert len(one.read("facts")["items"]) == len(other.read("facts")["items"]) == 3
        assert list(maintenance.verify(service.store)) == []

    def test_in_several_processes(self, database: str, template: Any, tmp_path: Path) -> None:
        headers = {"Authorization": f"Bearer {template[1]['nurse']}"}
        with Server(database, tmp_path, workers=2) as server:
            service = Service(database, template[1])
            patients = requests.post(f"{server.url}/v1/patients", json=ENROLMENT, headers=headers, timeout=PATIENCE)
            address = f"{server.url}/v1/patients/{patients.json()['patient_id']}/facts"

            def record() -> list[int]:
                with requests.Session() as session:
                    body = {"kind": "dose_recorded", **DOSE}
                    return [
                        session.post(address, json=body, headers=headers, timeout=PATIENCE).status_code
                        for _ in range(20)
                    ]

            answers = service.at_once(*[record] * 6)
            assert answers == [[201] * 20] * 6
            assert len(service.store.rows("SELECT 1 FROM facts")) == 122
            assert list(maintenance.verify(service.store)) == []
            service.close()


class TestWhileOthersWrite:
    """Reading all of it while facts come in."""

    @pytest.fixture
    def writing(self, service: Service, coordinator: Client) -> Iterator[None]:
        """Somebody records facts about four patients, without a pause."""
        patients = [coordinator.enrol(subject_number=f"00{number}").patient_id for number in range(4)]
        done = threading.Event()
        wrong: list[Any] = []

        def write() -> None:
            day = 0
            while not done.is_set():
                for patient_id in patients:
                    patient = Patient(service.client("nurse"), patient_id)
                    answer = patient.send("dose_recorded", dose_on=f"2024-01-{10 + day % 20}", status="taken")
                    wrong.extend([answer.text] if answer.status_code != 201 else [])
                day += 1
            service.store.close()

        thread = threading.Thread(target=write)
        thread.start()
        yield
        done.set()
        thread.join()
        assert wrong == []

    @pytest.mark.usefixtures("writing")
    def test_the_log_is_found_whole(self, service: Service) -> None:
        assert [line for _ in range(150) for line in maintenance.verify(service.store)] == []

    @pytest.mark.usefixtures("writing")
    def test_a_backup_is_of_one_moment(self, service: Service, tmp_path: Path) -> None:
        for number in range(8):
            service.store.backup(tmp_path / f"{number}.db")
            copy = connect(str(tmp_path / f"{number}.db"))
            assert copy.row("PRAGMA integrity_check") == {"integrity_check": "ok"}
            assert list(maintenance.verify(copy)) == []
            assert copy.pending_migrations() == []
            known = {row["hash"] for row in service.store.rows("SELECT hash FROM facts")}
            assert {row["hash"] for row in copy.rows("SELECT hash FROM facts")} <= known
            copy.close()

    @pytest.mark.usefixtures("writing")
    def test_rebuilding_and_rolling_forward(self, service: Service) -> None:
        for _ in range(5):
            maintenance.rebuild(service.store, service.clock())
            maintenance.extend_horizons(service.store, service.clock())
        assert list(maintenance.verify(service.store)) == []
