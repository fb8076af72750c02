"""Who was refused, and who read health data, is noted."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from patience import PATIENCE
from service import ENROLMENT, Client, Patient, Server, Service, refused

from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Busy
from scheduler_api.use_cases.audit.events import Reading, Readings
from scheduler_api.use_cases.session import Actor

from .inputs import NEW_FACT


@pytest.fixture
def patient(coordinator: Client) -> Patient:
    """A patient of the site FUSCC."""
    return coordinator.enrol()


def noted(service: Service, action: str) -> list[dict[str, Any]]:
    """What the audit has of one action, its details in place."""
    service.app.extensions["scheduler"].readings.flush()
    rows = service.store.rows("SELECT * FROM audit WHERE action = :action ORDER BY at, stream, seq", {"action": action})
    return [{**row, **orjson.loads(row["detail"])} for row in rows]


def who_and_what(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The role, call, patient, site and status of rows."""
    return [(row["role"], row["route"], row["patient_id"], row["site"], row["status"]) for row in rows]


FACTS, CALENDAR = "/v1/patients/<string:patient_id>/facts", "/v1/patients/<string:patient_id>/calendar"


def test_who_has_no_valid_token_is_noted_without_it(service: Service, patient: Patient) -> None:
    for token in ("", "sch_wrong"):
        refused(Client(service.app, token).get(f"{patient.path}/calendar"), 401)
    first, second = noted(service, "refused")
    assert who_and_what([first, second]) == [("unknown", f"GET {CALENDAR}", patient.patient_id, "FUSCC", 401)] * 2
    assert first["actor"].startswith("unknown-")
    assert first["address"] == second["address"]
    assert "sch_wrong" not in str(service.record()["audit"])
    assert "127.0.0.1" not in str(service.record()["audit"])


def test_a_patient_of_another_site_is_404_and_noted(service: Service, patient: Patient, elsewhere: Client) -> None:
    refused(elsewhere.get(f"{patient.path}/calendar"), 404)
    refused(elsewhere.get("/v1/visits", site="FUSCC"), 404)
    refused(elsewhere.get(f"{patient.path}0/calendar"), 404)
    refused(elsewhere.get("/v1/visits", site="NOWHERE"), 404)
    assert who_and_what(noted(service, "refused")) == [
        ("nurse", f"GET {CALENDAR}", patient.patient_id, "FUSCC", 404),
        ("nurse", "GET /v1/visits", None, "FUSCC", 404),
        # What is nowhere is nobody's; only that someone asked for it is worth knowing.
        ("nurse", "GET /v1/visits", None, None, 404),
    ]


def test_a_role_that_may_not_is_403_and_noted(service: Service, patient: Patient, monitor: Client) -> None:
    refused(Patient(monitor, patient.patient_id).send("dose_recorded", **NEW_FACT["dose_recorded"]), 403)
    refused(monitor.post("/v1/patients", {**ENROLMENT, "subject_number": "002"}), 403)
    assert who_and_what(noted(service, "refused")) == [
        ("monitor", f"POST {FACTS}", patient.patient_id, "FUSCC", 403),
        ("monitor", "POST /v1/patients", None, None, 403),
    ]


def test_what_cannot_be_noted_is_not_answered(service: Service, patient: Patient, elsewhere: Client) -> None:
    with service.held():
        refused(elsewhere.get(f"{patient.path}/calendar"), 503)


def test_reading_a_patient_is_noted_by_either_way_of_answering(
    service: Service, patient: Patient, monitor: Client
) -> None:
    tag = monitor.get(f"{patient.path}/calendar").headers["ETag"]
    monitor.get(f"{patient.path}/calendar", {"If-None-Match": tag})
    monitor.get(f"{patient.path}/calendar", {"If-None-Match": tag, "Accept-Encoding": "identity"})
    monitor.get(f"{patient.path}/calendar", {"Accept-Encoding": "identity"})
    monitor.get(f"{patient.path}/facts", limit="1")
    read = noted(service, "read")
    assert who_and_what(read) == [
        ("monitor", f"GET {CALENDAR}", patient.patient_id, "FUSCC", 200),
        ("monitor", f"GET {CALENDAR}", patient.patient_id, "FUSCC", 304),
        ("monitor", f"GET {FACTS}", patient.patient_id, "FUSCC", 200),
    ]
    assert [row.get("times") for row in read] == [2, 2, None]
    assert (read[2]["query"], read[2]["shown"]) == ("limit=1", 1)


def test_a_list_is_noted_once_with_its_question_and_what_it_showed(
    service: Service, patient: Patient, monitor: Client
) -> None:
    monitor.get("/v1/visits", series="imaging", limit="3")
    monitor.get("/v1/patients")
    monitor.get("/v1/sites")
    visits, patients = noted(service, "read")
    assert (visits["route"], visits["query"], visits["shown"]) == ("GET /v1/visits", "series=imaging&limit=3", 3)
    assert (patients["route"], patients["patient_id"], patients["shown"]) == ("GET /v1/patients", None, 1)


def test_a_reading_that_cannot_be_recorded_keeps_no_other_waiting(
    service: Service, patient: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    actor = service.session().actor
    for name in ("one", "half a character \ud800", "three"):
        reading = Reading(replace(actor, name=name), "GET /v1/visits", None, "", 200)
        service.app.extensions["scheduler"].readings.add(reading, service.clock())
    service.app.extensions["scheduler"].readings.flush()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["readings lost"]
    assert sorted(row["name"] for row in noted(service, "read")) == ["one", "three"]
    service.app.extensions["scheduler"].readings.flush()
    assert len(noted(service, "read")) == 2


def test_a_dry_run_shows_and_is_noted_as_reading(service: Service, patient: Patient) -> None:
    patient.send("dose_recorded", dry_run=True, **NEW_FACT["dose_recorded"])
    (read,) = noted(service, "read")
    assert read["route"] == f"POST {FACTS}"


def test_readings_wait_for_a_database_that_is_busy(service: Service) -> None:
    nurse = Actor("t-nurse", "nurse", "nurse", ("FUSCC",))
    readings = Readings(service.store)
    with service.held(), pytest.MonkeyPatch.context() as settings:
        readings.add(Reading(nurse, "GET /v1/visits", None, "", 200), service.clock())
        with pytest.raises(Busy):
            readings.flush()
        # Who asks on while too much waits is told to come back.
        settings.setattr("scheduler_api.use_cases.audit.events.WAITING_AT_MOST", 2)
        readings.add(Reading(nurse, "GET /v1/visits", None, "a", 200), service.clock())
        with pytest.raises(Busy):
            readings.add(Reading(nurse, "GET /v1/visits", None, "b", 200), service.clock())
    readings.flush()
    assert len(noted(service, "read")) == 3


def test_many_at_once_make_one_whole_chain(service: Service) -> None:
    nurse = Actor("t-nurse", "nurse", "nurse", ("FUSCC",))
    readings = Readings(service.store)

    def read(number: int) -> None:
        for more in range(20):
            readings.add(Reading(nurse, "GET /v1/visits", None, f"{number}-{more}", 200), service.clock())
            if more % 7 == number:
                readings.flush()

    service.at_once(*(lambda number=number: read(number) for number in range(5)))  # type: ignore[misc]
    readings.flush()
    rows = noted(service, "read")
    assert sorted(row["seq"] for row in rows) == list(range(1, 101))


def test_a_server_that_is_told_to_stop_notes_what_was_read(
    template: tuple[str, dict[str, str]], server: Server
) -> None:
    headers = {"Authorization": f"Bearer {template[1]['nurse']}"}
    with requests.Session() as session:
        session.get(f"{server.url}/v1/visits?limit=7", headers=headers, timeout=PATIENCE).raise_for_status()
    server.stop(signal.SIGTERM)
    store = connect(server.database)
    row = store.row("SELECT detail FROM audit WHERE action = 'read'")
    store.close()
    assert row is not None
    assert orjson.loads(row["detail"])["query"] == "limit=7"


@pytest.mark.usefixtures("by_itself")
def test_readings_are_noted_by_themselves(service: Service, patient: Patient) -> None:
    done, flush = threading.Event(), Readings.flush

    class Told(Readings):
        def flush(self) -> None:
            flush(self)
            done.set()

    readings = Told(service.store)
    readings.add(Reading(Actor("t-1", "nurse", None, None), "GET /v1/visits", None, "", 200), service.clock())
    assert done.wait(PATIENCE)
    assert service.store.rows("SELECT 1 FROM audit WHERE actor = 't-1'") != []


def test_a_server_that_is_killed_loses_no_refusal(database: str, tmp_path: Path) -> None:
    with Server(database, tmp_path) as server:
        address = f"{server.url}/v1/patients"
        headers = {"Authorization": "Bearer sch_wrong"}
        with requests.Session() as session:
            assert session.get(address, headers=headers, timeout=PATIENCE).status_code == 401
        server.stop(signal.SIGKILL)
    store = connect(database)
    assert store.rows("SELECT route FROM audit WHERE action = 'refused'") == [{"route": "GET /v1/patients"}]
    store.close()
