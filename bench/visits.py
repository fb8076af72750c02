"""A list across all patients: what it costs with a hundred times as many."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import orjson

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.facts import Body, Fact, Progressed, TreatmentStarted, VisitDone
from scheduler_api.engine.folding import fold
from scheduler_api.engine.history import History
from scheduler_api.records.derive import derived_rows, horizon
from scheduler_api.store import patients, visits
from scheduler_api.store.port import Row

from .measure import Figure, ratio
from .people import WEEKS_BETWEEN_SCANS, enrolled, protocol
from .service import NOW, Service, call, logging_to_nowhere

FEW, MANY = 1_000, 100_000
SITES = 50
#: Enrolments are spread evenly over so many days up to yesterday: a prime, so that each site has some of each day.
ENROLMENT_DAYS = 601
#: Ids are spread over the index as random ones are.
SCATTERED = 2_654_435_761
SCANS_SHOWN = "/v1/visits?series=imaging&status=open,upcoming"


def figures(folder: Path) -> list[Figure]:
    """The first page of upcoming scans, at all sites and at one."""
    few, many = (_filled(folder, count) for count in (FEW, MANY))
    found = []
    with logging_to_nowhere():
        for where, path in (("all sites", SCANS_SHOWN), ("one site", f"{SCANS_SHOWN}&site=S07")):
            asked, asked_few = many.get(path), few.get(path)
            for service, environment in ((few, asked_few), (many, asked)):
                _check_page(call(service.app, environment)[1])
            found.append(
                Figure(
                    f"Upcoming scans, {where}",
                    f"`GET {path}`, first page, at {MANY:,} patients of {SITES} sites",
                    f"the same at {FEW:,} patients",
                    ratio(
                        lambda a=asked: call(many.app, a),  # type: ignore[misc]
                        lambda a=asked_few: call(few.app, a),  # type: ignore[misc]
                    ),
                    2,
                )
            )
    return found


def _filled(folder: Path, count: int) -> Service:
    """A service with so many patients, at `SITES` sites.

    Only derived rows are written, by the functions that always write them: a list reads nothing else. Patients enrolled
    on one day have one history, and what follows from it is reckoned once for all of them.
    """
    service, through = Service(folder, f"list-{count}"), horizon(NOW)
    days = [_derived(day, through) for day in range(ENROLMENT_DAYS)]
    for start in range(0, count, 5_000):
        with service.store.transaction():
            for number in range(start, min(start + 5_000, count)):
                patient, its_visits = days[number % ENROLMENT_DAYS]
                own = {
                    "patient_id": f"p-{number * SCATTERED % 2**32:08x}",
                    "site": f"S{number % SITES:02}",
                    "subject_number": f"{number:06}",
                }
                patients.insert(service.store, {**patient, **own})
                visits.replace(service.store, own["patient_id"], {name: {**row, **own} for name, row in its_visits})
    return service


def _derived(day: int, through: date) -> tuple[Row, list[tuple[str, Row]]]:
    """The rows of a patient enrolled so many days ago and of the patient's visits."""
    history = _history(day)
    rows = derived_rows("", Reckoning({1: protocol()}, history), through).visits
    return patients.row_of("", history, 1, "", NOW, through), [*rows.items()]


def _history(day: int) -> History:
    """Enrolled so many days ago, scanned as planned; every fifth patient progressed at the latest scan."""
    enrolled_on = NOW.date() - timedelta(day + 1)
    first_scan, step = enrolled_on + timedelta(weeks=WEEKS_BETWEEN_SCANS), timedelta(weeks=WEEKS_BETWEEN_SCANS)
    scans = [first_scan + n * step for n in range((NOW.date() - first_scan) // step + 1)]
    bodies: list[Body] = [enrolled("", enrolled_on), TreatmentStarted(enrolled_on + timedelta(2))]
    bodies += [VisitDone("imaging", scan, None, "SD") for scan in scans]
    if scans and day % 5 == 0:
        bodies.append(Progressed(scans[-1], "radiological"))
    began = datetime.combine(enrolled_on, time(), UTC)
    return fold(Fact(f"f-{n}", body, began + timedelta(minutes=n)) for n, body in enumerate(bodies))


def _check_page(body: bytes) -> None:
    assert orjson.loads(body)["next_cursor"], "the first of several pages"
