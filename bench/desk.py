"""The desk of a site: what it costs to ask for all that is to do there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import orjson

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.facts import Body, Fact
from scheduler_api.engine.folding import fold
from scheduler_api.engine.history import History
from scheduler_api.records.derive import horizon, keep_ahead
from scheduler_api.store import patients, zones

from .measure import Figure, ratio
from .people import enrolled, protocol, treated
from .service import NOW, Service, call, logging_to_nowhere

PATIENTS = 300
#: Enrolments are spread evenly over so many days.
ENROLMENT_DAYS = 600
WORKLIST = "/v1/worklist?site=FUSCC&limit=200"
VISITS = "/v1/visits?site=FUSCC"


def figures(folder: Path) -> list[Figure]:
    """The worklist of a site against a page of visits and the rows of the site's patients."""
    service = _filled(folder)
    listed, page = service.get(WORKLIST), service.get(VISITS)
    query = patients.Query(zones.todays(service.store, NOW), sites=["FUSCC"], limit=PATIENTS)

    def page_and_rows() -> None:
        call(service.app, page)
        patients.find(service.store, query)

    with logging_to_nowhere():
        entries = len(orjson.loads(call(service.app, listed)[1])["items"])
        value = ratio(lambda: call(service.app, listed), page_and_rows)
    return [
        Figure(
            "Worklist of a site",
            f"`GET {WORKLIST}`, {entries} entries, at a site of {PATIENTS} patients",
            f"`GET {VISITS}`, a page of 50, and the rows of the site's patients, without their recorded days",
            value,
            1.5,
        )
    ]


def _filled(folder: Path) -> Service:
    """A service with the derived rows of a site's patients, written by the functions that always write them."""
    service, through = Service(folder, "desk"), horizon(NOW)
    with service.store.transaction():
        for number in range(PATIENTS):
            patient_id, history = f"p-{number:016x}", _history(number)
            patients.insert(service.store, patients.row_of(patient_id, history, 1, "", NOW, through))
            keep_ahead(service.store, patient_id, Reckoning({1: protocol()}, history), None, NOW)
    return service


def _history(number: int) -> History:
    """Of every fourth patient the last twenty days are not recorded; every seventh had an eventful course."""
    enrolled_on = NOW.date() - timedelta(1 + number * ENROLMENT_DAYS // PATIENTS)
    days = (NOW.date() - enrolled_on).days - 2 - (20 if number % 4 == 0 else 0)
    bodies: Iterator[Body] = treated(enrolled_on, max(days, 0), eventful=number % 7 == 0)
    began = datetime.combine(enrolled_on, time(), UTC)
    facts = [Fact("f", enrolled(f"{number:03}", enrolled_on), began)]
    facts += [Fact(f"f-{n}", body, began + timedelta(minutes=n)) for n, body in enumerate(bodies, 1)]
    return fold(facts)
