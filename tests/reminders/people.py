"""What tests of reminders ask of a service: what is planned, what has gone out, and the ticks of a worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from service import Patient, Service

from scheduler_api.reminders.dispatch import Ticked, tick
from scheduler_api.use_cases.projections import maintenance


def ticked(service: Service, at: str) -> Ticked:
    """Go to an instant, do the upkeep of the day, and tick."""
    service.clock.set(at)
    now = service.clock.now
    maintenance.extend_horizons(service.store, now)
    return tick(service.store, now)


def planned(service: Service, patient: Patient, zone: str = "Asia/Shanghai") -> list[tuple[str, str, str]]:
    """Kind, matter and local time (`2024-02-20 20:00`) of what is planned for a patient, in order of time.

    It is about days until tomorrow (UTC), or comes by then; how much more is planned differs from patient to patient.
    """
    tomorrow = str(service.clock.now.date() + timedelta(1))
    told = _told(service, "reminders", "next_at", patient, zone)
    # That a window was missed is known on the day after the one that the message is about.
    return [
        (kind, about, at)
        for kind, about, at in told
        if min(about[:10], at[:10]) <= tomorrow and not (kind == "window_missed" and at[:10] > tomorrow)
    ]


def sent_about(service: Service, patient: Patient, status: str = "waiting") -> list[tuple[str, str]]:
    """Kind and matter of what has gone out about a patient and has a status, in order of time."""
    rows = service.store.rows(
        "SELECT kind, about FROM outbox WHERE patient_id = :patient_id AND status = :status ORDER BY due_at, kind",
        {"patient_id": patient.patient_id, "status": status},
    )
    return [(row["kind"], row["about"]) for row in rows]


def _told(service: Service, table: str, column: str, patient: Patient, zone: str) -> list[tuple[str, str, str]]:
    rows = service.store.rows(
        f"SELECT kind, about, {column} AS at FROM {table} WHERE patient_id = :patient_id ORDER BY {column}, kind",
        {"patient_id": patient.patient_id},
    )
    return [(row["kind"], row["about"], local(row["at"], zone)) for row in rows]


def local(instant: str, zone: str) -> str:
    """An instant as a clock in a zone shows it."""
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def every(minutes: int, first: str, last: str) -> list[str]:
    """Instants from one to another."""
    at, until, found = datetime.fromisoformat(first), datetime.fromisoformat(last), []
    while at <= until:
        found.append(at.isoformat())
        at += timedelta(minutes=minutes)
    return found
