"""`worker`: what must be done every day though nobody asks for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

from patience import PATIENCE

from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.facts import Enrolled, Registered
from scheduler_api.reminders.dispatch import tick
from scheduler_api.store.database.connect import connect
from scheduler_api.store.reminders import outbox
from scheduler_api.use_cases.patients import patients
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.reminders import destinations
from scheduler_api.use_cases.session import Actor, Session
from scheduler_api.use_cases.sites import protocols, sites

from .conftest import Commands


def test_a_worker_rolls_visits_forward_and_ends_with_who_started_it(nowhere: Commands) -> None:
    database, begun = nowhere.database, datetime.now(UTC)
    # Longer ago than anything is planned ahead of, whichever of ten days is the patient's.
    long_ago = begun - timedelta(600)
    store = connect(database)
    store.migrate()
    session = Session(store, Actor("t", "admin", None, None), long_ago)
    protocols.add_built_in(session)
    sites.add_built_in(session)
    day = date(2024, 1, 3)
    registered = Registered("001", "FUSCC", "nct06110650", 1, "male", "fertile", None, "Asia/Shanghai")
    patients.register(session, registered, Enrolled(day, day))
    before = store.row("SELECT MAX(closes_on) AS last FROM visits")
    # What was planned long ago goes before: a patient whose messages go meanwhile is extended half an hour later.
    assert tick(store, begun).stale >= 1
    with subprocess.Popen(
        [sys.executable, "-m", "scheduler_api.cli", "worker", "--while-stdin"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SCHEDULER_DATABASE": database},
    ) as worker:
        assert worker.stderr is not None
        said = {}
        while {"extended horizons", "checkpoint"} - said.keys():
            line = json.loads(worker.stderr.readline())
            said[line["event"]] = line
        worker.communicate(timeout=PATIENCE)
    assert said["extended horizons"]["patients"] == 1
    assert said["checkpoint"]["checkpoint"]["checkpoint"] == 1
    assert worker.returncode == 0
    after = store.row("SELECT MAX(closes_on) AS last FROM visits")
    assert before is not None
    assert after is not None
    assert after["last"] > before["last"]
    assert list(maintenance.verify(store)) == []
    assert maintenance.extend_horizons(store, begun) == 0
    store.close()


def test_a_worker_sends_what_waits_in_the_outbox(nowhere: Commands) -> None:
    database, now = nowhere.database, datetime.now(UTC)
    store = connect(database)
    store.migrate()
    session = Session(store, Actor("t", "admin", None, None), now)
    sites.add_built_in(session)
    destinations.add_to_site(session, "FUSCC", "log", "site", "", "en")
    row = {"message_id": "m-1", "audience": "site", "patient_id": None, "site": "FUSCC", "kind": "digest"}
    times = {"about": str(now.date()), "next_at": stamp(now), "expires_at": stamp(now + timedelta(1))}
    with store.transaction():
        outbox.write(store, [{**row, **times}], stamp(now))
    with subprocess.Popen(
        [sys.executable, "-m", "scheduler_api.cli", "worker", "--while-stdin"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SCHEDULER_DATABASE": database},
    ) as worker:
        assert worker.stderr is not None
        sent = next(line for line in map(json.loads, worker.stderr) if line["event"] == "message")
        worker.communicate(timeout=PATIENCE)
    assert (sent["kind"], sent["message_id"]) == ("digest", "m-1")
    assert worker.returncode == 0
    found = outbox.get(store, "m-1")
    assert found is not None
    assert found["status"] == "sent"
    store.close()
