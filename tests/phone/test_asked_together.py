"""What is reckoned of a patient is kept, and asked by several threads at once: each hears what one alone would."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from engine.patients import protocol_data, series
from service import Client, Patient, Service

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.records import reckoned
from scheduler_api.records.protocols import versions_of
from scheduler_api.records.today import today_of
from scheduler_api.store import patients

pytestmark = pytest.mark.one_engine

#: Noon in Shanghai of each tenth day of three years and more: some are asked for long before what lies behind them.
NOONS = [datetime(2024, 1, 3, 4, tzinfo=UTC) + timedelta(10 * number) for number in range(120)]
THREADS = 6


@pytest.fixture
def patient(service: Service, nurse: Client) -> Patient:
    """A patient of a protocol with visits in each cycle, and visits at uneven intervals that are counted from one."""
    visits = [
        series("clinic", "cycle", window=(1, 1), on_day=1),
        series("scan", every={"weeks": 6}, count=8),
        series("scan", first={"weeks": 57}, every={"weeks": 9}),
        series("call", {"visit": "scan-w6"}, window=(1, 1), first={"days": 10}, every={"days": 14}),
    ]
    assert service.client("admin").post("/v1/protocols", protocol_data(*visits)).status_code == 201
    patient = nurse.enrol(protocol="test")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


def test_several_threads_hear_what_one_alone_would(service: Service, patient: Patient, restless: None) -> None:
    """All ask one reckoning at once, of which nothing was reckoned before, of many days in an order of their own."""
    for day in range(5, 11):
        # A fact makes a new history, and so a new reckoning.
        patient.record("dose_recorded", dose_on=f"2024-01-{day:02}", status="taken")
        row = patients.get(service.store, patient.patient_id)
        assert row is not None
        shared = reckoned.of_row(service.store, row)
        alone = Reckoning(versions_of(service.store, row["protocol"]), shared.history)
        expected = {noon: today_of(service.store, alone, None, noon, "en") for noon in NOONS}

        def ask(seed: int, shared: Reckoning = shared) -> dict[datetime, Any]:
            shuffled = Random(seed).sample(NOONS, len(NOONS))
            return {noon: today_of(service.store, shared, None, noon, "en") for noon in shuffled}

        answers = service.at_once(*[partial(ask, seed) for seed in range(THREADS)])
        assert answers == [expected] * THREADS
        assert reckoned.of_row(service.store, row) is shared
