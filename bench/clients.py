"""Measure what phones and staff ask and record all day, against a trivial endpoint of Flask called the same way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any

import orjson

from .measure import Call, Figure, ratio
from .people import NOW, THREE_SERIES, TREATED_FROM, TWO_ARMS, half_a_year, two_years
from .service import TRIVIAL, Request, Service, plain, trivial

#: The ids of the patients: two years into treatment, the same in a trial of three visit series and in one of two arms,
#: half a year into it.
LONG, THREE, ARMS, SHORT = (f"p-{number}000000000000000" for number in (2, 3, 4, 1))
#: What the other trials are, and how many times as much they may cost.
OTHERS = {
    THREE: (
        "a trial of three visit series",
        "the same, where a clinic visit in each cycle comes to imaging and contraception (`bench/three_series.json`)",
        1.5,
    ),
    ARMS: (
        "a trial of two arms",
        "the same with three regimens, two of them this patient's and one of these twice a day, and four series of "
        "visits (`bench/two_arms.json`)",
        2.5,
    ),
}
#: SQLite's write-ahead log is written over from this size on.
_LOG_BYTES = 40_000_000


def figures(folder: Path) -> list[Figure]:
    """Measure today and calendars, then facts on a database that is durable and on one whose commits cost nothing."""
    service, least = prepared(folder / "clients.db"), trivial()
    return [*_today(service, least), *_calendars(service, least), *_facts(folder, least)]


def prepared(database: Path) -> Service:
    """Return a service with the patients."""
    service = Service(database)
    for file in ("three_series.json", "two_arms.json"):
        definition = orjson.loads((Path(__file__).parent / file).read_bytes())
        service.send("POST", "/v1/protocols", definition, 201)()
    others = {THREE: two_years(protocol=THREE_SERIES), ARMS: two_years(protocol=TWO_ARMS)}
    service.enrol({LONG: two_years(), **others, SHORT: half_a_year(NOW.date())})
    return service


def _today(service: Service, least: Request) -> Iterator[Figure]:
    one, *others = (service.get("/v1/me/today", phone) for phone in service.phones((LONG, *OTHERS)))
    headers, body = one()
    again = service.get("/v1/me/today", one.environment["HTTP_AUTHORIZATION"].split()[1], headers["ETag"])
    of = "of the two-year patient"
    yield Figure("Today, asked again", f"`GET /v1/me/today` {of}", TRIVIAL, ratio(one, least), 2.5)
    yield Figure("Today, not modified", "the same with `If-None-Match`: 304", TRIVIAL, ratio(again, least), 2.1)
    yield Figure("Size of today", "the body of that answer, uncompressed", "", len(plain(headers, body)), 1000, "bytes")
    for patient_id, other in zip(OTHERS, others, strict=True):
        yield _other("Today", patient_id, ratio(other, one))


def _calendars(service: Service, least: Request) -> Iterator[Figure]:
    calendars = {one: service.get(f"/v1/patients/{one}/calendar") for one in (LONG, SHORT, *OTHERS)}
    one, short = calendars[LONG], calendars[SHORT]
    for whose, request in (("two-year patient", one), ("patient half a year into treatment", short)):
        headers, body = request()
        size = f"50 days, {len(plain(headers, body)):,} bytes, compressed {len(body):,}"
        yield Figure(
            f"Calendar, {whose}", f"`GET …/calendar` of the {whose}: {size}", TRIVIAL, ratio(request, least), 6
        )
    again = service.get(one.environment["PATH_INFO"], etag=one()[0]["ETag"])
    yield Figure("… not modified", "the two-year patient's, with `If-None-Match`: 304", TRIVIAL, ratio(again, least))
    for patient_id in OTHERS:
        yield _other("Calendar", patient_id, ratio(calendars[patient_id], one))


def _other(what: str, patient_id: str, value: float) -> Figure:
    """Return the figure of the same request about the patient of another trial."""
    trial, words, limit = OTHERS[patient_id]
    built_in = "the same in the built-in trial, of one regimen and two series"
    return Figure(f"… {what.lower()} in {trial}", words, built_in, value, limit)


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
    for patient_id, named in ((THREE, {}), (ARMS, {"regimen": "capecitabine", "slot": 2})):
        yield _other("A fact", patient_id, ratio(_doses(quick, patient_id, **named), recorded))


def _doses(service: Service, patient_id: str, **named: Any) -> Call:
    """Return what records a dose at each call: of 700 days, first as missed, then as taken, and so on.

    `named` are regimen and slot of the doses, where a trial has several.
    """
    # All are made before: what it takes to make a request is the client's.
    days = [(TREATED_FROM + timedelta(day)).isoformat() for day in range(700)]
    requests = cycle(
        [
            service.fact(patient_id, "dose_recorded", dose_on=day, status=status, **named)
            for day in days
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
