"""This service: patients enrolled by its use case, the first page of upcoming scans asked of another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from ..people import enrolled
from ..product import Actor, Query, Session, Store, body_of, connect, patients, protocols, sites, visits
from . import plan
from .plan import Answer, Patient, size_of, timed

_ADMIN = Actor("bench", "admin", "bench", None)


def answer(folder: Path, asked: Sequence[Patient]) -> Answer:
    """Enrol each patient on the day of enrolment, then ask for a site's upcoming scans."""
    path = folder / "us.db"
    store = connect(str(path))
    store.migrate()
    _prepare(_session(store, asked[0].enrolled_on))
    before = size_of(path)
    made = [timed(partial(patients.register, _session(store, one.enrolled_on), *_facts(one))) for one in asked]
    after = size_of(path)
    session = _session(store, plan.TODAY)
    found = [timed(partial(_upcoming, session)) for _ in range(plan.QUERIES)]
    dates = [_dates(session, patient["patient_id"]) for _, patient in made]
    store.close()
    return Answer(
        patients=[cost for cost, _ in made],
        bytes=(after - before) / len(asked),
        queries=[cost for cost, _ in found],
        visits=dates,
        page=[visit["target_on"] for visit in found[0][1].items],
        versions={},
    )


def _session(store: Store, day: date) -> Session:
    """The session of a morning."""
    return Session(store, _ADMIN, datetime.combine(day, time(2), UTC))


def _prepare(session: Session) -> None:
    protocols.add_built_in(session)
    for number in range(plan.SITES):
        sites.add(session, {**sites.FUSCC, "site": _site(number)})


def _site(number: int) -> str:
    return f"S{number}"


def _facts(patient: Patient) -> list[Any]:
    return [*map(body_of, enrolled(patient.subject_number, patient.enrolled_on, site=_site(patient.site)))]


def _upcoming(session: Session) -> visits.VisitPage:
    return visits.find(session, Query("imaging", ("open", "upcoming"), limit=plan.PAGE), _site(0))


def _dates(session: Session, patient_id: str) -> list[str]:
    """The target dates of all visits of a patient, soonest first."""
    return [visit["target_on"] for visit in visits.find(session, Query(patient_id=patient_id)).items]
