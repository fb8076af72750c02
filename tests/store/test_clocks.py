"""A clock that jumped: nothing is told, recorded or sent by it, who looks is told, and nothing is missing after."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reminders.people import planned, sent_about
from service import START, Client, Clock, Patient, Service, end, refused, samples_of

from scheduler_api import create_app
from scheduler_api.reminders.dispatch import tick
from scheduler_api.store.database.connect import connect
from scheduler_api.store.reminders import outbox
from scheduler_api.use_cases import clocks
from scheduler_api.use_cases.audit import checkpoints
from scheduler_api.use_cases.clocks import FAR, HOLD, ClockNotTrusted, ClockWatch
from scheduler_api.use_cases.operations import clock_acceptance
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.session import TERMINAL, Session

YEAR, DAY, HOUR = timedelta(365), timedelta(1), timedelta(hours=1)


class Machine:
    """A machine with a clock that can be set, and a count of seconds that cannot."""

    def __init__(self, now: datetime) -> None:
        self.now, self.counted = now, 0.0

    def clock(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.counted

    def set(self, by: timedelta) -> None:
        """Set the clock."""
        self.now += by

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.counted += seconds


@pytest.fixture
def machine(service: Service) -> Machine:
    """A machine whose clock is right: as the database's, where that has one."""
    return Machine(service.store.clock() or START)


@pytest.fixture
def watch(service: Service, machine: Machine) -> ClockWatch:
    """The clock of a process that has just started on that machine."""
    return ClockWatch(service.store, machine.clock, machine.seconds)


def noted(service: Service, at: datetime) -> None:
    """A worker trusted its clock at an instant."""
    with service.store.transaction():
        clocks.note_trusted(service.store, at)


@pytest.mark.parametrize("by", [YEAR, -DAY, HOUR, -HOUR])
def test_a_clock_that_jumps_is_not_trusted_until_it_is_right_again(
    watch: ClockWatch, machine: Machine, by: timedelta
) -> None:
    assert watch.now() == machine.now
    machine.wait(20)
    machine.set(by)
    for _ in range(2):
        machine.wait(4)
        with pytest.raises(ClockNotTrusted, match="ahead of" if by > timedelta(0) else "behind"):
            watch.now()
    machine.set(-by)
    assert watch.now() == machine.now


def test_a_machine_that_slept_and_a_clock_that_is_corrected_by_little_are_trusted(
    watch: ClockWatch, machine: Machine
) -> None:
    watch.now()
    machine.set(timedelta(minutes=4))
    assert watch.now() == machine.now
    machine.set(-timedelta(minutes=4))
    # The kernel counts on while the machine sleeps; the database's clock goes on as well.
    assert watch.now() == machine.now


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("off", [HOUR, -HOUR, FAR - HOUR])
def test_a_process_that_starts_far_from_what_was_noted_waits_until_the_clock_has_gone_on_evenly(
    service: Service, watch: ClockWatch, machine: Machine, off: timedelta
) -> None:
    noted(service, machine.now - off)
    with pytest.raises(ClockNotTrusted):
        watch.now()
    machine.wait(HOLD - 1)
    with pytest.raises(ClockNotTrusted):
        watch.now()
    # It is corrected meanwhile, which it would not be were it right: the wait begins anew.
    machine.set(-timedelta(minutes=20))
    with pytest.raises(ClockNotTrusted):
        watch.now()
    machine.wait(HOLD - 1)
    with pytest.raises(ClockNotTrusted):
        watch.now()
    machine.wait(1)
    assert watch.now() == machine.now


@pytest.mark.only("sqlite")
def test_a_process_that_starts_near_what_was_noted_waits_for_nothing(
    service: Service, watch: ClockWatch, machine: Machine
) -> None:
    noted(service, machine.now - timedelta(minutes=4))
    assert watch.now() == machine.now


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("off", [YEAR, -YEAR])
def test_after_more_than_a_week_somebody_says_that_the_clock_is_right(
    service: Service, watch: ClockWatch, machine: Machine, off: timedelta
) -> None:
    noted(service, machine.now - off)
    for _ in range(3):
        machine.wait(HOLD)
        with pytest.raises(ClockNotTrusted, match="scheduler-api clock --accept"):
            watch.now()
    clock_acceptance.accept(Session(service.store, TERMINAL, machine.now))
    assert watch.now() == machine.now
    (event,) = service.store.rows("SELECT * FROM audit WHERE action = 'clock_accepted'")
    assert json.loads(event["detail"])["old"] != json.loads(event["detail"])["new"]


@pytest.mark.only("postgresql")
def test_the_clock_of_the_database_decides(service: Service, watch: ClockWatch, machine: Machine) -> None:
    noted(service, machine.now - YEAR)
    assert watch.now() == machine.now
    machine.set(HOUR)
    for _ in range(3):
        machine.wait(HOLD)
        with pytest.raises(ClockNotTrusted, match="ahead of the database's"):
            watch.now()
    # Nobody can say that it is right.
    with pytest.raises(ClockNotTrusted):
        clock_acceptance.accept(Session(service.store, TERMINAL, machine.now))
    machine.set(-HOUR - timedelta(seconds=3 * HOLD))
    assert watch.now() == machine.now


@pytest.fixture
def watched(service: Service, machine: Machine) -> Iterator[Client]:
    """A nurse's client of a service that watches its clock."""
    app = create_app(service.settings, machine.clock, machine.seconds)
    yield Client(app, service.tokens["nurse"])
    end(app)


@pytest.mark.parametrize("by", [YEAR, -DAY])
def test_nothing_is_told_and_nothing_recorded_by_a_clock_that_jumped(
    service: Service, watched: Client, machine: Machine, caplog: pytest.LogCaptureFixture, by: timedelta
) -> None:
    patient = watched.enrol()
    machine.set(by)
    with caplog.at_level(logging.ERROR, "scheduler_api"), service.unchanged():
        for _ in range(2):
            answer = patient.send("treatment_started", first_dose_on="2024-01-05")
            refused(answer, 503)
            assert answer.headers["Retry-After"] == "60"
            refused(patient.get("calendar"), 503)
        assert watched.get("/readyz").json == {"status": "unavailable", "database": "ok", "clock": "not trusted"}
        assert watched.get("/healthz").status_code == 200
        assert samples_of(watched.get("/metrics").text)["scheduler_clock_trusted",] == 0
    machine.set(-by)
    assert samples_of(watched.get("/metrics").text)["scheduler_clock_trusted",] == 1
    assert watched.get("/readyz").status_code == 200
    assert patient.send("treatment_started", first_dose_on="2024-01-05").status_code == 201
    # Once a minute is enough.
    said = [record.data["message"] for record in caplog.records if record.message == "clock not trusted"]  # type: ignore[attr-defined]
    assert len(said) <= 1


@pytest.fixture
def treated(nurse: Client) -> Patient:
    """A patient on treatment, who is to take a dose this evening."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


def test_what_a_clock_ahead_skipped_is_sent_once_it_is_right(service: Service, treated: Patient, clock: Clock) -> None:
    """Nobody was there to refuse: all was planned and ticked a year ahead."""
    store, now = service.store, clock.now
    maintenance.extend_horizons(store, now)
    tick(store, now)
    before = planned(service, treated)
    assert before
    # A message that waits to be delivered expires, too.
    waiting = store.row("SELECT * FROM reminders WHERE kind = 'dose_due' ORDER BY next_at LIMIT 1")
    assert waiting is not None
    maintenance.extend_horizons(store, now + YEAR)
    assert tick(store, now + YEAR).stale > 0
    wrong = list(maintenance.verify(store, now=now))
    assert any(line.startswith("mark tick: is of 2025-02-19") for line in wrong), wrong
    assert any("planned from a day that is still to come" in line for line in wrong), wrong
    maintenance.extend_horizons(store, now)
    tick(store, now)
    assert planned(service, treated) == before
    assert list(maintenance.verify(store, now=now)) == []
    clock.set("2024-02-20T20:00:03+08:00")
    tick(store, clock.now)
    assert ("dose_due", "2024-02-20") in sent_about(service, treated)


def test_what_waited_and_expired_by_a_clock_ahead_waits_again(service: Service, treated: Patient, clock: Clock) -> None:
    store = service.store
    clock.set("2024-02-20T20:00:03+08:00")
    tick(store, clock.now)
    (message,) = store.rows("SELECT * FROM outbox WHERE kind = 'dose_due'")
    with store.transaction():
        store.write(
            "UPDATE outbox SET status = 'expired', settled_at = :at WHERE message_id = :message_id",
            {**message, "at": (clock.now + YEAR).isoformat()},
        )
    tick(store, clock.now + YEAR)
    tick(store, clock.now)
    found = outbox.get(store, message["message_id"])
    assert found is not None
    assert (found["status"], found["settled_at"]) == ("waiting", None)


def test_facts_and_events_of_an_instant_still_to_come_are_named(service: Service, treated: Patient) -> None:
    now = service.clock.now
    assert list(maintenance.verify(service.store, now=now)) == []
    wrong = list(maintenance.verify(service.store, now=now - DAY))
    assert any(line.startswith(f"patient {treated.patient_id}: fact number 1 is of 2024-02-20") for line in wrong)
    assert any(line.startswith("stream cli-") for line in wrong)


def test_checkpoints_go_on_after_one_that_a_clock_ahead_made(service: Service, treated: Patient) -> None:
    store, now = service.store, service.clock.now
    assert checkpoints.make_if_due(store, checkpoints.NO_KEYS, now) is not None
    treated.record("dose_recorded", dose_on="2024-01-05", status="taken")
    assert checkpoints.make_if_due(store, checkpoints.NO_KEYS, now + YEAR) is not None
    treated.record("dose_recorded", dose_on="2024-01-06", status="taken")
    made = checkpoints.make_if_due(store, checkpoints.NO_KEYS, now + timedelta(minutes=30))
    assert made is not None
    head = store.row(
        "SELECT MAX(seq) AS seq FROM checkpoint_heads WHERE stream = :stream", {"stream": treated.patient_id}
    )
    assert head == {"seq": 5}
    assert checkpoints.make_if_due(store, checkpoints.NO_KEYS, now + HOUR) is None
    assert checkpoints.make_if_due(store, checkpoints.NO_KEYS, now + timedelta(days=1, hours=1)) is not None
    assert list(maintenance.verify(store)) == []


#: A worker on a machine whose clock is ahead.
AHEAD = """
import sys
from datetime import datetime, timedelta, UTC
import scheduler_api
scheduler_api.utc_now = lambda: datetime.now(UTC) + timedelta(days=365)
from scheduler_api.cli import main
main(["worker", "--while-stdin"])
"""


def run_worker(database: str, program: str, *events: str) -> dict[str, dict[str, Any]]:
    """Run a worker until it has logged some events; return the line of each."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SCHEDULER_")}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**clean, "SCHEDULER_DATABASE": database},
    ) as worker:
        assert worker.stderr is not None
        said: dict[str, dict[str, Any]] = {}
        while set(events) - said.keys():
            line = json.loads(worker.stderr.readline())
            said[line["event"]] = line
        worker.communicate()
    assert worker.returncode == 0
    return said


def test_a_worker_whose_clock_is_a_year_ahead_does_nothing_but_checkpoints(database: str) -> None:
    store = connect(database)
    now = datetime.now(UTC)
    with store.transaction():
        clocks.note_trusted(store, now)
    maintenance.extend_horizons(store, now)
    tick(store, now)
    marks, reminders = (store.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("marks", "reminders"))
    assert reminders
    said = run_worker(database, AHEAD, "clock not trusted", "checkpoint")
    assert said["clock not trusted"]["level"] == "ERROR"
    assert "ahead of" in said["clock not trusted"]["message"]
    assert store.rows("SELECT * FROM marks ORDER BY 1, 2") == marks
    assert store.rows("SELECT * FROM reminders ORDER BY 1, 2") == reminders
    said = run_worker(database, AHEAD.replace("days=365", "days=0"), "checkpoint")
    assert said["checkpoint"]["checkpoint"]["checkpoint"] == 2
    store.close()
