"""What is done all the time runs on tables that are divided by patient, and touches one part of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from databases import Databases
from service import Patient, Service

from scheduler_api.reminders import dispatch
from scheduler_api.store.reminders.planned_messages import beginning
from scheduler_api.use_cases.projections import maintenance
from store.partitions import BY_MESSAGE, BY_PATIENT, PARTS, partition

pytestmark = pytest.mark.only("postgresql")


@pytest.fixture
def divided(databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path) -> Iterator[Service]:
    """The application around a database whose tables are divided."""
    database = databases.copy(template[0])
    with databases.raw(database) as raw:
        partition(raw)
    service = Service(database, template[1], delivery_keys=str(tmp_path / "keys.json"))
    yield service
    service.close()
    databases.drop(database)


def parts_touched(service: Service, call: Callable[[], object]) -> dict[str, int]:
    """How many parts of each table a call reads or writes, of all that it touches: they are locked until it ends."""
    with service.store.transaction():
        call()
        rows = service.store.rows(
            "SELECT c.relname AS name FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
            "WHERE l.pid = pg_backend_pid() AND c.relispartition AND c.relkind = 'r'"
        )
    parts = {row["name"] for row in rows}
    tables = {name.partition("_part_")[0] for name in parts}
    return {table: sum(name.startswith(f"{table}_part_") for name in parts) for table in tables}


def test_a_patients_calls_touch_one_part_of_each_table(divided: Service) -> None:
    nurse, clock = divided.client("nurse"), divided.clock
    patient = nurse.enrol()
    calls: dict[str, Callable[[], object]] = {
        "start": lambda: patient.record("treatment_started", first_dose_on="2024-01-05"),
        "dose": lambda: patient.record("dose_recorded", dose_on="2024-02-20", status="taken"),
        "booking": lambda: patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21"),
        "extension": lambda: _extend(divided, patient),
        "calendar": lambda: patient.read("calendar", from_="2024-02-01", to="2024-03-31"),
        "tasks": lambda: patient.read("facts"),
    }
    for name, call in calls.items():
        touched = parts_touched(divided, call)
        assert {table: number for table, number in touched.items() if number != 1} == {}, name
    assert "reminders" in parts_touched(divided, lambda: _extend(divided, patient))
    assert list(maintenance.verify(divided.store, now=clock.now)) == []


def _extend(service: Service, patient: Patient) -> None:
    maintenance.extend_horizon(service.store, patient.patient_id, service.clock.now)


def test_lists_reminders_and_maintenance_run_on_parts(divided: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    nurse, clock, store = divided.client("nurse"), divided.clock, divided.store
    patients = [nurse.enrol(subject_number=f"FUSCC-{number:02}") for number in range(12)]
    for patient in patients:
        patient.record("treatment_started", first_dose_on="2024-01-05")
    # Who registers looks for the number first; only of two at the same moment nobody would be refused.
    with pytest.raises(AssertionError, match="409"):
        nurse.enrol(subject_number="FUSCC-00")
    assert len(nurse.get("/v1/visits", status="open,upcoming", limit="200").json["items"]) > 12
    assert len(nurse.get("/v1/worklist").json["items"]) >= 12
    assert len({beginning(patient.patient_id, "")[2] for patient in patients}) > PARTS
    clock.set("2024-02-20T12:00:01+00:00")
    # As after a large tick, which tidies up.
    monkeypatch.setattr(dispatch, "MANY", 1)
    dispatch.tick(store, clock.now)
    sent = store.rows("SELECT patient_id FROM outbox WHERE kind = 'dose_due'")
    assert sorted(row["patient_id"] for row in sent) == sorted(patient.patient_id for patient in patients)
    clock.now += timedelta(11)
    assert maintenance.extend_horizons(store, clock.now) == 12
    assert maintenance.rebuild(store, clock.now) == 12
    assert list(maintenance.verify(store, now=clock.now)) == []
    # The copy that a backup is has all of it.
    tables = store.tables()
    assert {*BY_PATIENT, *BY_MESSAGE} <= tables.keys()
    assert not [name for name in tables if "_part_" in name]
