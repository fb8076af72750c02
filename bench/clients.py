"""Measure what phones and staff ask and record all day, against a trivial endpoint of Flask called the same way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count, cycle
from pathlib import Path

import orjson

from .measure import Call, Figure, ratio
from .people import NOW, THREE_SERIES, TREATED_FROM, half_a_year, two_years
from .service import TRIVIAL, Request, Service, plain, trivial

#: The ids of the patients: two years into treatment, the same in a trial of three visit series, half a year into it.
LONG, THREE, SHORT = "p-2000000000000000", "p-3000000000000000", "p-1000000000000000"
#: SQLite's write-ahead log is written over from this size on.
_LOG_BYTES = 40_000_000


def figures(folder: Path) -> list[Figure]:
    """Measure today and calendars, then facts on a database that is durable and on one whose commits cost nothing."""
    service, least = prepared(folder / "clients.db"), trivial()
    return [*_today(service, least), *_calendars(service, least), *_facts(folder, least)]


def prepared(database: Path) -> Service:
    """Return a service with the patients."""
    service = Service(database)
    definition = orjson.loads((Path(__file__).parent / "three_series.json").read_bytes())
    service.send("POST", "/v1/protocols", definition, 201)()
    service.enrol({LONG: two_years(), THREE: two_years(protocol=THREE_SERIES), SHORT: half_a_year(NOW.date())})
    return service


def _today(service: Service, least: Request) -> Iterator[Figure]:
    one, other = (service.get("/v1/me/today", phone) for phone in service.phones((LONG, THREE)))
    headers, body = one()
    again = service.get("/v1/me/today", one.environment["HTTP_AUTHORIZATION"].split()[1], headers["ETag"])
    of = "of the two-year patient"
    yield Figure("Today, asked again", f"`GET /v1/me/today` {of}", TRIVIAL, ratio(one, least), 2.5)
    yield Figure("Today, not modified", "the same with `If-None-Match`: 304", TRIVIAL, ratio(again, least), 2.1)
    yield Figure("Size of today", "the body of that answer, uncompressed", "", len(plain(headers, body)), 1000, "bytes")
    yield _three_series("Today", ratio(other, one))


def _calendars(service: Service, least: Request) -> Iterator[Figure]:
    one, other, short = (service.get(f"/v1/patients/{patient_id}/calendar") for patient_id in (LONG, THREE, SHORT))
    for whose, request in (("two-year patient", one), ("patient half a year into treatment", short)):
        headers, body = request()
        size = f"50 days, {len(plain(headers, body)):,} bytes, compressed {len(body):,}"
        yield Figure(
            f"Calendar, {whose}", f"`GET …/calendar` of the {whose}: {size}", TRIVIAL, ratio(request, least), 6
        )
    again = service.get(one.environment["PATH_INFO"], etag=one()[0]["ETag"])
    yield Figure("… not modified", "the two-year patient's, with `If-None-Match`: 304", TRIVIAL, ratio(again, least))
    yield _three_series("Calendar", ratio(other, one))


def _three_series(what: str, value: float) -> Figure:
    return Figure(
        f"… {what.lower()} in a trial of three visit series",
        "the same, where a clinic visit in each cycle comes to imaging and contraception (`bench/three_series.json`)",
        "the same in the built-in trial, of two series",
        value,
        1.5,
    )


def _facts(folder: Path, least: Request) -> Iterator[Figure]:
    durable, quick = prepared(folder / "durable.db"), prepared(folder / "quick.db")
    quick.store.tuples("PRAGMA synchronous = OFF")
    for service in (durable, quick):
        _fill_the_log(service)
    dose = "`POST …/facts` of a dose of the two-year patient, with its consequences"
    yield Figure("A fact, durably recorded", f"{dose}, on the disk", TRIVIAL, ratio(_doses(durable, LONG), least), 13)
    yield Figure(
        "… a durable commit",
        "a transaction that writes one row, on the same disk",
        TRIVIAL,
        ratio(_commits(durable), least),
    )
    recorded = _doses(quick, LONG)
    unforced = "on a database that waits for no disk (`PRAGMA synchronous = OFF`)"
    yield Figure("… without the disk's share", f"the same {unforced}", TRIVIAL, ratio(recorded, least), 8)
    today, tomorrow = NOW.date().isoformat(), (NOW.date() + timedelta(1)).isoformat()
    for why, what, status, kind, data in (
        ("malformed", "a misspelt field", 422, "dose_recorded", {"dose_on": today, "state": "taken"}),
        ("impossible", "a dose of tomorrow", 422, "dose_recorded", {"dose_on": tomorrow, "status": "taken"}),
        ("contradictory", "a second first dose", 409, "treatment_started", {"first_dose_on": today}),
    ):
        value = ratio(quick.fact(LONG, kind, status, **data), recorded)
        yield Figure(f"A refused fact, {why}", f"{what}: {status}", f"a fact recorded {unforced}", value, 1)
    yield _three_series("A fact", ratio(_doses(quick, THREE), recorded))


def _doses(service: Service, patient_id: str) -> Call:
    """Return what records a dose at each call: of 700 days, first as missed, then as taken, and so on."""
    # All are made before: what it takes to make a request is the client's.
    requests = cycle(
        [
            service.fact(
                patient_id, "dose_recorded", dose_on=(TREATED_FROM + timedelta(day)).isoformat(), status=status
            )
            for day in range(700)
            for status in ("missed", "taken")
        ]
    )
    return lambda: next(requests)()


def _commits(service: Service) -> Call:
    """Return what writes one row at each call, durably."""
    numbers = count()

    def commit() -> None:
        with service.store.transaction():
            service.store.write("INSERT INTO marks (name, at) VALUES (:name, '')", {"name": f"bench {next(numbers)}"})

    return commit


def _fill_the_log(service: Service) -> None:
    """Let the write-ahead log have its size, as it soon has: from then on it is written over, which costs less."""
    with service.store.transaction():
        service.store.write("CREATE TABLE filler (bytes BLOB)", {})
        service.store.write(f"INSERT INTO filler VALUES (zeroblob({_LOG_BYTES}))", {})
    with service.store.transaction():
        service.store.write("DROP TABLE filler", {})
