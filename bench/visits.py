"""Lists across all patients: what a page costs, and what it costs with a thousand times as many patients."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import orjson

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.engine.facts import Body, Fact, Progressed, TreatmentStarted, VisitBooked, VisitDone
from scheduler_api.engine.folding import fold
from scheduler_api.engine.history import History
from scheduler_api.engine.standing import standing
from scheduler_api.records import site_calendars, sites
from scheduler_api.records.derive import horizon
from scheduler_api.records.sites import FUSCC
from scheduler_api.store import patients, standings, visits
from scheduler_api.store.port import Row

from .measure import Figure, ratio
from .people import WEEKS_BETWEEN_SCANS, enrolled, protocol
from .requests import REFERENCE
from .service import NOW, Service, call, logging_to_nowhere, trivial

FEW, MANY = 1_000, 1_000_000
SITES = 50
#: Enrolments are spread evenly over so many days up to yesterday: a prime, so that each site has some of each day.
ENROLMENT_DAYS = 601
#: Ids are spread over the index as random ones are.
SCATTERED = 2_654_435_761
SCANS_SHOWN = "/v1/visits?series=imaging&status=open,upcoming"
ONE_SITE = f"{SCANS_SHOWN}&site=S07"
#: The columns of a visit that are a patient's own; all others are the same for all patients enrolled on one day.
_OWN = ("patient_id", "site", "subject_number")

_OfDay = Mapping[str, Sequence[Row]]


def figures(folder: Path) -> list[Figure]:
    """The first page of upcoming scans, at all sites and at one, in other orders; and a page against a trivial one."""
    few, many = (filled(folder, count) for count in (FEW, MANY))
    found = []
    with logging_to_nowhere():
        for where, path in (
            ("all sites", SCANS_SHOWN),
            ("one site", ONE_SITE),
            ("one site, by target", f"{ONE_SITE}&sort=target_on"),
            ("one site, by subject", f"{ONE_SITE}&sort=subject"),
        ):
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
                    # What a nurse asks all day is the list of a site.
                    2 if path == ONE_SITE else None,
                )
            )
        found += [_page(few, FEW, 6), _page(many, MANY)]
    return found


def _page(service: Service, count: int, limit: float | None = None) -> Figure:
    least, nothing, asked = trivial(), service.get("/"), service.get(ONE_SITE)
    value = ratio(lambda: call(service.app, asked), lambda: call(least, nothing))
    what = f"`GET {ONE_SITE}`, at {count:,} patients: 50 visits with standing, last scan and suggested days"
    return Figure(f"A page of upcoming scans, {count:,} patients", what, REFERENCE, value, limit)


def filled(folder: Path, count: int) -> Service:
    """A service with the rows that a list reads of so many patients, at `SITES` sites that take 40 scans a day.

    Patients enrolled on one day have one history: what follows from it is reckoned once, by the functions that always
    do, and copied for all of them.
    """
    service = Service(folder, f"list-{count}")
    said = {"region": None, "opening_days": FUSCC["opening_days"], "closed_days": [], "open_days": []}
    with service.store.transaction():
        for number in range(SITES):
            site = f"S{number:02}"
            sites.add(service.session, {**FUSCC, "site": site})
            site_calendars.put(service.session, site, {**said, "slots_per_day": 40})
    templates = [_derived(day) for day in range(ENROLMENT_DAYS)]
    people = sorted(
        (f"p-{number * SCATTERED % 2**32:08x}", f"S{number % SITES:02}", f"{number:07}", number % ENROLMENT_DAYS)
        for number in range(count)
    )
    # Nobody else has it open: nothing need be kept for a failure.
    service.store.close()
    connection = sqlite3.connect(service.database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    # An index is sorted in parts that stay in the processor's cache, one while the next is read.
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute("PRAGMA threads = 2")
    connection.execute(f"PRAGMA mmap_size = {2**31}")
    connection.execute("BEGIN")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('patients', 'visits') "
        "AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    _copy(connection, people, templates)
    # Sorting once is far faster than finding the place of each row.
    for _, definition in indexes:
        connection.execute(definition)
    connection.execute("INSERT INTO time_zones (time_zone) VALUES (?)", (FUSCC["time_zone"],))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return service


def _copy(connection: sqlite3.Connection, people: list[tuple[str, str, str, int]], templates: list[_OfDay]) -> None:
    """Write the rows of all people from those of their days of enrolment, in order of their keys."""
    connection.execute("CREATE TEMP TABLE people (patient_id TEXT, site TEXT, subject_number TEXT, day INTEGER)")
    connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", people)
    for table in ("patients", "standings", "visits"):
        rows = [[day, *row.values()] for day, of_day in enumerate(templates) for row in of_day[table]]
        columns = [*templates[0][table][0]]
        connection.execute(f"CREATE TEMP TABLE some_{table} (day INTEGER, {', '.join(columns)})")
        connection.executemany(f"INSERT INTO some_{table} VALUES ({', '.join('?' * (1 + len(columns)))})", rows)
        connection.execute(f"CREATE INDEX temp.{table}_of_day ON some_{table} (day)")
        taken = ", ".join(f"people.{column}" if column in _OWN else f"some.{column}" for column in columns)
        # No two patients have the same facts.
        taken = taken.replace("some.head", "people.patient_id || some.head")
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {taken} FROM people CROSS JOIN some_{table} some ON some.day = people.day"
        )


def _derived(day: int) -> _OfDay:
    """The rows of a patient enrolled so many days ago, by table, as far as a list of what is to do comes across them.

    Left out are the text of the history, and of the visits done all but the last.
    """
    history, through = _history(day), horizon(NOW)
    reckoning = Reckoning({1: protocol()}, history)
    found = visits.rows_of("", history, reckoning.visits(history.enrolled.enrolled_on, through))
    done = [name for name, row in found.items() if row["done_on"] is not None]
    for name in done[:-1]:
        del found[name]
    return {
        "patients": [{**patients.row_of("", history, 1, "0" * 50, NOW, through), "history": "", "days": ""}],
        "standings": [{"patient_id": "", "standing": standings.to_text(standing(reckoning.course))}],
        "visits": [*found.values()],
    }


def _history(day: int) -> History:
    """Enrolled so many days ago, scanned as planned; four of five progress, at one of the first seven scans.

    Every third next scan is booked, two days after its target.
    """
    enrolled_on = NOW.date() - timedelta(day + 1)
    step = timedelta(weeks=WEEKS_BETWEEN_SCANS)
    planned = (NOW.date() - enrolled_on) // step
    last = min(planned, day % 7 + 1) if day % 5 < 4 else planned
    bodies: list[Body] = [enrolled("", enrolled_on), TreatmentStarted(enrolled_on + timedelta(2))]
    bodies += [VisitDone("imaging", enrolled_on + number * step, None, "SD") for number in range(1, last + 1)]
    if last < planned:
        bodies.append(Progressed(enrolled_on + last * step, "radiological"))
    elif day % 3 == 0:
        name = f"imaging-w{(planned + 1) * WEEKS_BETWEEN_SCANS}"
        bodies.append(VisitBooked(name, enrolled_on + (planned + 1) * step + timedelta(2), "08:30", "Imaging"))
    began = datetime.combine(enrolled_on, time(), UTC)
    return fold(Fact(f"f-{n}", body, began + timedelta(minutes=n)) for n, body in enumerate(bodies))


def _check_page(body: bytes) -> None:
    page = orjson.loads(body)
    assert page["next_cursor"], "the first of several pages"
    assert all(item["suggested_days"] and item["cycle"] for item in page["items"]), "with what a nurse asks"
