"""What `/metrics` tells of requests, whichever process answered them, and of what the worker did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from patience import PATIENCE
from service import Server, Service, counting, samples_of

from scheduler_api.engine.instants import stamp
from scheduler_api.metrics import count_request
from scheduler_api.store.database.connect import connect
from scheduler_api.store.reminders import planned_messages

NAME = "scheduler_request_seconds"
PATIENT = "/v1/patients/<string:patient_id>"


def requests_in(counted: Mapping[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """How many requests came, by method, route and class of status."""
    return {
        labels: value
        for (name, *labels_), value in counted.items()
        if name == f"{NAME}_count" and value
        for labels in [tuple(labels_)]
    }


def test_requests_are_counted_by_rule_method_and_status(service: Service) -> None:
    nurse = service.client("nurse")
    with counting(nurse) as counted:
        patient = nurse.enrol()
        assert patient.get().status_code == 200
        assert patient.get("calendar").status_code == 200
        again = patient.get("calendar", {"If-None-Match": patient.get("calendar").headers["ETag"]})
        assert again.status_code == 304
        assert nurse.get("/v1/nothing").status_code == 404
        assert nurse.send("BREW", "/v1/sites").status_code == 405
    assert requests_in(counted) == {
        ("POST", "/v1/patients", "2xx"): 1,
        ("GET", PATIENT, "2xx"): 1,
        ("GET", f"{PATIENT}/calendar", "2xx"): 2,
        ("GET", f"{PATIENT}/calendar", "3xx"): 1,
        ("GET", "", "4xx"): 1,
        ("other", "", "4xx"): 1,
        # The first of the two by which this was found out.
        ("GET", "/metrics", "2xx"): 1,
    }


def test_how_long_answers_took_adds_up(service: Service) -> None:
    with counting(service.client("")) as counted:
        for seconds in (0.0005, 0.001, 0.04, 60):
            count_request("/v1/sites", "GET", 200, seconds)
    labels = ("GET", "/v1/sites", "2xx")
    told = [counted[f"{NAME}_bucket", bound, *labels] for bound in ("0.001", "0.025", "0.05", "10.0", "+Inf")]
    assert told == [2, 2, 3, 3, 4]
    assert counted[f"{NAME}_sum", *labels] == pytest.approx(60.0415)


def test_as_many_as_were_answered_at_once_are_counted(service: Service) -> None:
    with counting(service.client("")) as counted:
        answers = service.at_once(*[lambda: service.client("nurse").get("/v1/sites").status_code] * 8)
    assert answers == [200] * 8
    assert requests_in(counted)["GET", "/v1/sites", "2xx"] == 8


def test_one_scrape_adds_up_what_all_processes_of_a_machine_did(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes answer, and the worker beside them takes a message that is due."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    now = datetime.now(UTC)
    due, until = stamp(now - timedelta(minutes=1)), stamp(now + timedelta(hours=3))
    store = connect(database)
    with store.transaction():
        planned_messages.put(
            store, [planned_messages.row_of("p-1", "FUSCC", "dose_due", "2024-02-20", due, until, False)]
        )
    store.close()
    with Server(database, tmp_path, workers=2) as server:

        def ask(path: str) -> str:
            # Each on a connection of its own, which either process may get.
            answer = requests.get(f"{server.url}{path}", timeout=PATIENCE)
            answer.raise_for_status()
            return answer.text

        asked, deadline = 0, time.monotonic() + PATIENCE
        while sum(b"/healthz" in file.read_bytes() for file in tmp_path.glob("scheduler-metrics-*/*.db")) < 2:
            assert time.monotonic() < deadline
            asked += 1
            ask("/healthz")
        counted, deadline = samples_of(ask("/metrics")), time.monotonic() + PATIENCE
        assert requests_in(counted)["GET", "/healthz", "2xx"] == asked
        while ("scheduler_messages_due_total", "dose_due") not in counted:
            assert time.monotonic() < deadline
            counted = samples_of(ask("/metrics"))
        assert counted["scheduler_messages_due_total", "dose_due"] == 1
    assert list(tmp_path.glob("scheduler-metrics-*")) == []
