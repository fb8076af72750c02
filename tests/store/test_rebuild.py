"""What is derived is what the log gives, after any story, and reaches as far ahead as it should."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from service import Anew, Client, Service
from stories import Story, begin, stories, tell

from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.projections.horizons import EVERY, HORIZON


def derived(service: Service) -> dict[str, Any]:
    """All rows that are derived from the log, in no order."""
    record = service.record()
    tables = ("patients", "visits", "treatment_positions", "worklist")
    return {table: {repr(sorted(row.items())) for row in record[table]} for table in tables}


@given(histories=st.lists(stories(), min_size=1, max_size=2))
def test_rebuilt_equals_live(amended_trial: Anew, histories: list[Story]) -> None:
    with amended_trial() as service:
        for story in histories:
            patient = begin(service.client("coordinator"), service.clock, story)
            known = [patient.read("facts")["items"][0]]
            for step in story.steps:
                answer = tell(patient, service.clock, step, known)
                if answer is not None and answer.status_code == 201:
                    known.append(answer.json["fact"])
        assert list(maintenance.verify(service.store)) == []
        service.clock.set("2025-06-01T00:00:00+00:00")
        maintenance.extend_horizons(service.store, service.clock())
        live = derived(service)
        maintenance.rebuild(service.store, service.clock())
        assert derived(service) == live
        zones = service.store.rows("SELECT DISTINCT time_zone FROM patients")
        assert {row["time_zone"] for row in zones} == {row["time_zone"] for row in service.record()["time_zones"]}


def test_rows_are_extended_with_the_days(service: Service, coordinator: Client) -> None:
    for number in range(5):
        coordinator.enrol(subject_number=f"00{number}")
    last = max(row["opens_on"] for row in service.record()["visits"])
    assert last <= str(service.clock.now.date() + timedelta(HORIZON + EVERY))
    assert maintenance.extend_horizons(service.store, service.clock()) == 0
    service.clock.now += timedelta(90)
    assert maintenance.extend_horizons(service.store, service.clock()) == 5
    assert maintenance.extend_horizons(service.store, service.clock()) == 0
    later = max(row["opens_on"] for row in service.record()["visits"])
    assert last < later <= str(service.clock.now.date() + timedelta(HORIZON + EVERY))
    assert list(maintenance.verify(service.store)) == []
    versions = {row["version"] for row in service.record()["patients"]}
    assert versions == {2}


def test_rebuilding_keeps_versions_and_so_all_tags(service: Service, coordinator: Client) -> None:
    patient = coordinator.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    tag = patient.get("calendar").headers["ETag"]
    maintenance.rebuild(service.store, service.clock())
    assert patient.get("calendar", {"If-None-Match": tag}).status_code == 304
    assert patient.send("dose_recorded", {"If-Match": tag}, dose_on="2024-01-05", status="taken").status_code == 201


def test_progress_is_told_for_each_patient(service: Service, coordinator: Client) -> None:
    patients = {coordinator.enrol(subject_number=f"00{number}").patient_id for number in range(3)}
    for work in (maintenance.verify, lambda store, tell: maintenance.rebuild(store, service.clock(), tell)):
        told: list[str] = []
        found = work(service.store, told.append)
        if not isinstance(found, int):
            assert list(found) == []
        assert sorted(told) == sorted(patients)
