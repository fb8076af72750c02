"""Recording durably, and making again what is derived."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

from scheduler_api.records import upkeep

from .measure import Figure, ratio, seconds
from .people import TREATED_FROM
from .requests import REFERENCE
from .service import NOW, Service, call, logging_to_nowhere, trivial


def figures(folder: Path) -> list[Figure]:
    """A dose recorded with its consequences, on the disk when it is answered; and a patient rebuilt from the log."""
    service, least = Service(folder, "writing"), trivial()
    nothing, patient_id = service.get("/"), service.add_two_year_patient()
    days = count()

    def record() -> None:
        day = TREATED_FROM + timedelta(next(days) % 700)
        dose = {"kind": "dose_recorded", "dose_on": day.isoformat(), "status": "taken"}
        environment = service.post(f"/v1/patients/{patient_id}/facts", dose)
        call(service.app, environment, "201 CREATED", environment["wsgi.input"].getvalue())

    with logging_to_nowhere():
        rebuilding = seconds(lambda: upkeep.rebuild(service.store, NOW), 5)
        recording = ratio(record, lambda: call(least, nothing), pairs=15)
    return [
        Figure(
            "Recording a dose",
            "`POST …/facts` of the two-year patient, durably, with consequences",
            REFERENCE,
            recording,
        ),
        Figure("Rebuilding", "the two-year patient from 750 facts", "milliseconds", rebuilding * 1000, unit="ms"),
    ]
