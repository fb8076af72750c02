"""A day's work is a part of the patients, shared by workers; what it writes is what the facts give."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from service import Patient, Service

from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.projections import extending, maintenance
from scheduler_api.use_cases.projections.horizons import EVERY

PATIENTS = 15


@pytest.fixture
def patients(service: Service) -> list[Patient]:
    """Patients on treatment."""
    nurse = service.client("nurse")
    patients = [nurse.enrol(subject_number=f"{number:03}") for number in range(PATIENTS)]
    for patient in patients:
        patient.record("treatment_started", first_dose_on="2024-01-05")
    return patients


def planned(service: Service) -> set[tuple[str, str, str, str]]:
    """What is planned of today and tomorrow (UTC), for all."""
    tomorrow = str(service.clock.now.date() + timedelta(1))
    rows = service.store.rows("SELECT patient_id, kind, about, next_at FROM reminders WHERE patient_id IS NOT NULL")
    return {(*row.values(),) for row in rows if row["about"][:10] <= tomorrow and row["kind"] != "window_missed"}


def test_everyone_is_extended_once_in_a_period_and_planned_for_on_each_day(
    service: Service, patients: list[Patient]
) -> None:
    clock, store, counts = service.clock, service.store, []
    for _ in range(EVERY):
        clock.now += timedelta(1)
        counts.append(maintenance.extend_horizons(store, clock.now))
        tick(store, clock.now)
        assert list(maintenance.verify(store, now=clock.now)) == []
        with_the_period = planned(service)
        assert sum(kind == "dose_due" for _, kind, _, _ in with_the_period) == 2 * PATIENTS
        maintenance.replan(store, clock.now)
        assert planned(service) == with_the_period
    assert sum(counts) == PATIENTS
    assert max(counts) < PATIENTS


def test_workers_share_the_work(service: Service, patients: list[Patient]) -> None:
    service.clock.now += timedelta(EVERY)

    def work() -> int:
        return sum(
            extending.extend(service.store, [patient.patient_id], service.clock.now) for patient in patients
        ) + maintenance.extend_horizons(service.store, service.clock.now)

    counts = service.at_once(work, work, work)
    assert sum(counts) == PATIENTS
    assert list(maintenance.verify(service.store, now=service.clock.now)) == []


def test_who_has_changed_meanwhile_is_left_for_the_next_time(
    service: Service, patients: list[Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dose is recorded after its messages were computed and before they are written."""
    store, clock = service.store, service.clock
    clock.now += timedelta(EVERY)
    first, *_ = patients
    transaction, interrupted = store.transaction, []

    @contextmanager
    def interrupting() -> Iterator[None]:
        if not interrupted:
            interrupted.append(True)
            first.record("dose_recorded", dose_on=str(clock.now.date()), status="taken")
        with transaction():
            yield

    ids = [patient.patient_id for patient in patients]
    monkeypatch.setattr(store, "transaction", interrupting)
    assert extending.extend(store, ids, clock.now) == PATIENTS - 1
    monkeypatch.undo()
    # The record itself has brought the patient to the horizon.
    assert extending.extend(store, ids, clock.now) == 0
    assert list(maintenance.verify(store, now=clock.now)) == []
    today = {(one[0], one[1]) for one in planned(service) if one[2] == str(clock.now.date())}
    assert (first.patient_id, "dose_due") not in today
    assert (patients[1].patient_id, "dose_due") in today


@pytest.mark.one_engine
def test_several_processes_rebuild_what_one_rebuilds(service: Service, patients: list[Patient]) -> None:
    tables = ("patients", "visits", "treatment_positions", "worklist", "reminders", "dose_words")

    def derived() -> dict[str, list[str]]:
        record = service.record()
        return {table: sorted(repr(sorted(row.items())) for row in record[table]) for table in tables}

    maintenance.rebuild(service.store, service.clock.now)
    by_one = derived()
    assert maintenance.rebuild(service.store, service.clock.now, workers=2) == PATIENTS
    assert derived() == by_one
