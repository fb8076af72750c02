"""Recording durably, and making again what is derived."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle
from pathlib import Path

from scheduler_api.engine.facts import DoseRecorded
from scheduler_api.records import facts, upkeep
from scheduler_api.records.derive import horizon
from scheduler_api.store import patients

from .measure import Figure, ratio, seconds
from .people import TREATED_FROM
from .requests import REFERENCE
from .service import NOW, Call, Environment, Service, call, logging_to_nowhere, trivial


def figures(folder: Path) -> list[Figure]:
    """A dose recorded with its consequences, on the disk when it is answered, in parts; and a patient rebuilt."""
    service, least = Service(folder, "writing"), trivial()
    nothing, patient_id = service.get("/"), service.add_two_year_patient()
    # Each day is first said to be missed, then taken: each record changes what is known of its day.
    said = [(TREATED_FROM + timedelta(day), status) for day in range(700) for status in ("missed", "taken")]
    doses, requests = cycle(said), cycle([_recording(service, patient_id, *dose) for dose in said])

    def record() -> None:
        environment, body = next(requests)
        call(service.app, environment, "201 CREATED", body)

    def record_alone() -> None:
        facts.record(service.session, patient_id, facts.NewFact(DoseRecorded(*next(doses))))

    def commit() -> None:
        with service.store.transaction():
            patients.set_visits_through(service.store, patient_id, horizon(NOW))

    _fill_the_log(Path(service.database), commit)
    with logging_to_nowhere():
        rebuilding = seconds(lambda: upkeep.rebuild(service.store, NOW), 5)
        whole, alone, durable = (ratio(part, lambda: call(least, nothing)) for part in (record, record_alone, commit))
    return [
        Figure(
            "Recording a dose",
            "`POST …/facts` of the two-year patient, durably, with consequences",
            REFERENCE,
            whole,
            12,
        ),
        Figure("… without the web", "the same fact, checked, recorded and derived from, durably", REFERENCE, alone),
        Figure("… a durable commit", "a transaction that changes one column of one row", REFERENCE, durable),
        Figure("Rebuilding", "the two-year patient from 750 facts", "milliseconds", rebuilding * 1000, unit="ms"),
    ]


def _fill_the_log(database: Path, commit: Call) -> None:
    """Let SQLite's write-ahead log have its size, as after the first 32 MB: from then on it is written over."""
    log, size = database.with_name(f"{database.name}-wal"), 0
    while log.stat().st_size > size:
        size = log.stat().st_size
        for _ in range(100):
            commit()


def _recording(service: Service, patient_id: str, day: date, status: str) -> tuple[Environment, bytes]:
    """The request that records a dose, and its body."""
    dose = {"kind": "dose_recorded", "dose_on": day.isoformat(), "status": status}
    environment = service.post(f"/v1/patients/{patient_id}/facts", dose)
    return environment, environment["wsgi.input"].getvalue()
