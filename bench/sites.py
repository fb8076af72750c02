"""Measure what the desk of a site asks: upcoming scans among a thousand and a million patients, and its worklist."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from .measure import Figure, ratio
from .people import BETWEEN_SCANS, NOW, TO_FIRST_DOSE, Fact, Facts, enrolled, on_treatment
from .service import TRIVIAL, Service, trivial

FEW, MANY = 1_000, 1_000_000
SITES = 50
#: Enrolments are spread evenly over so many days up to yesterday: a prime, so that each site has some of each day.
ENROLMENT_DAYS = 601
#: Ids are spread over the index as random ones are.
SCATTERED = 2_654_435_761
SCANS = "/v1/visits?series=imaging&status=open,upcoming"
OF_SITE = f"{SCANS}&site=S07"
#: What a list reads of patients, and the columns that differ between patients who enrolled on one day.
TABLES = ("patients", "treatment_positions", "visits")
OWN = {
    **{column: f"people.{column}" for column in ("patient_id", "site", "subject_number")},
    "day_site": "people.site",
    "booked_site": "CASE WHEN some.booked_site IS NOT NULL THEN people.site END",
}
#: How many patients a site with a worklist has, and over how many days they enrolled.
DESK, DESK_DAYS = 300, 600
WORKLIST, VISITS = "/v1/worklist?site=FUSCC&limit=200", "/v1/visits?site=FUSCC"


def figures(folder: Path) -> list[Figure]:
    """Measure the first page of upcoming scans, of all sites and of one, in other orders; and a site's worklist."""
    return [*_scans(folder), *_desk(folder)]


def _scans(folder: Path) -> list[Figure]:
    templates = folder / "templates.db"
    Service(templates).enrol({f"p-d{day:015x}": _scanned(day) for day in range(ENROLMENT_DAYS)})
    few, many = (Service(copied(folder, templates, count)) for count in (FEW, MANY))
    figures, least = [], trivial()
    for where, path in (
        ("all sites", SCANS),
        ("one site", OF_SITE),
        ("one site, by target", f"{OF_SITE}&sort=target_on"),
        ("one site, by subject", f"{OF_SITE}&sort=subject"),
    ):
        pages = many.get(path), few.get(path)
        for page in pages:
            document = page.json()
            assert document["next_cursor"], "the first of several pages"
            assert all(visit["suggested_days"] and visit["cycle"] for visit in document["items"]), "whole"
        figures.append(
            Figure(
                f"Upcoming scans, {where}",
                f"`GET {path}`, first page, among {MANY:,} patients of {SITES} sites",
                f"the same among {FEW:,} patients",
                ratio(*pages),
                # What a nurse asks all day is the list of a site.
                2 if path == OF_SITE else None,
            )
        )
    for service, count, limit in ((few, FEW, 8), (many, MANY, None)):
        what = f"`GET {OF_SITE}`, among {count:,} patients: with cycle, last scan and suggested days"
        figures.append(Figure("A page of 50 upcoming scans", what, TRIVIAL, ratio(service.get(OF_SITE), least), limit))
    return figures


def _scanned(day: int) -> Facts:
    """Return a patient enrolled so many days ago, scanned as planned; four of five progress, at one of seven scans.

    Of the others every third has booked the next scan, two days after its target.
    """
    on = NOW.date() - timedelta(day + 1)
    planned = (NOW.date() - on) // BETWEEN_SCANS
    last = min(planned, day % 7 + 1) if day % 5 < 4 else planned
    facts = [*enrolled(f"D{day:03}", on)]
    if on + TO_FIRST_DOSE < NOW.date():
        facts.append(_fact("treatment_started", on + TO_FIRST_DOSE, first_dose_on=on + TO_FIRST_DOSE))
    for number in range(1, last + 1):
        scan = on + number * BETWEEN_SCANS
        facts.append(_fact("visit_done", scan, series="imaging", done_on=scan, response="SD"))
    if last < planned:
        on += last * BETWEEN_SCANS
        facts.append(_fact("progressed", on, progressed_on=on, basis="radiological"))
    elif day % 3 == 0:
        name, target = f"imaging-w{(planned + 1) * 6}", on + (planned + 1) * BETWEEN_SCANS
        booked = {"booked_on": target + timedelta(2), "time": "08:30", "place": "Imaging"}
        facts.append(_fact("visit_booked", NOW.date() - timedelta(1), visit=name, **booked))
    return facts


def _fact(kind: str, on: date, **data: date | str) -> Fact:
    return Fact(
        kind, {name: value.isoformat() if isinstance(value, date) else value for name, value in data.items()}, on
    )


def copied(folder: Path, templates: Path, count: int) -> Path:
    """Return a database with the rows that a list reads of so many patients, at `SITES` sites that take 40 scans a day.

    Patients who enrolled on one day have one history: what is derived of it was derived once and is copied for all of
    them, but for the visits that are done.
    """
    path = folder / f"scans-{count}.db"
    Service(path).store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    # Nobody else has it open, and nothing need be kept for a failure. An index is sorted in parts that stay in the
    # processor's cache, one while the next is read.
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000", "threads = 2"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("ATTACH ? AS templates", (str(templates),))
    connection.execute("BEGIN")
    for number in range(SITES):
        connection.execute(
            "INSERT INTO sites (site, name, country, time_zone, opening_days) "
            "SELECT ?, name, country, time_zone, opening_days FROM sites WHERE site = 'FUSCC'",
            (f"S{number:02}",),
        )
    connection.execute(
        "INSERT INTO site_calendars (site, closed_days, open_days, slots_per_day) "
        "SELECT site, '[]', '[]', 40 FROM sites"
    )
    connection.execute("INSERT INTO time_zones SELECT * FROM templates.time_zones")
    connection.execute("CREATE TEMP TABLE people (patient_id TEXT, site TEXT, subject_number TEXT, template TEXT)")
    people = sorted(
        (f"p-{n * SCATTERED % 2**32:08x}", f"S{n % SITES:02}", f"{n:07}", f"p-d{n % ENROLMENT_DAYS:015x}")
        for n in range(count)
    )
    connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", people)
    for table in TABLES:
        _copy(connection, table)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return path


def _copy(connection: sqlite3.Connection, table: str) -> None:
    """Copy the rows of a table for all people, in the order of their keys. Indexes are made when all rows are there."""
    indexes = connection.execute(
        "SELECT name, sql FROM main.sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX main.{name}")
    columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    taken = ", ".join(OWN.get(column, f"some.{column}") for column in columns)
    # No two patients have the same facts.
    taken = taken.replace("some.head", "people.patient_id || some.head")
    connection.execute(
        f"INSERT INTO main.{table} ({', '.join(columns)}) "
        f"SELECT {taken} FROM people CROSS JOIN templates.{table} some ON some.patient_id = people.template"
        f"{' WHERE some.done_on IS NULL' if 'done_on' in columns else ''}"
    )
    for _, definition in indexes:
        connection.execute(definition)


def _desk(folder: Path) -> Iterator[Figure]:
    """Measure the worklist of a site, as the API gives it and as a page."""
    service = Service(folder / "desk.db")
    service.enrol({f"p-e{number:015x}": _at_the_desk(number) for number in range(DESK)})
    listed, page = service.get(WORKLIST), service.get(VISITS)
    of_site = "SELECT * FROM patients WHERE site = 'FUSCC' ORDER BY subject_number, patient_id"

    def page_and_rows() -> None:
        page()
        service.store.rows(of_site)

    entries = len(listed.json()["items"])
    yield Figure(
        "Worklist of a site",
        f"`GET {WORKLIST}`, {entries} entries, at a site of {DESK} patients",
        f"`GET {VISITS}`, a page of 50, and the rows of the site's patients",
        ratio(listed, page_and_rows),
        1.5,
    )
    ward = service.page("/ward")
    what = f"`GET /ward` with these {entries} entries and their forms, {len(ward()[1]) / 1000:.0f} kB as it is sent"
    yield Figure("The ward's page", what, TRIVIAL, ratio(ward, trivial()), 200)


def _at_the_desk(number: int) -> Facts:
    """Return a patient of the site: every fourth without records of the last twenty days, every seventh eventful."""
    ago = 1 + number * DESK_DAYS // DESK
    doses = ago - 2 - (20 if number % 4 == 0 else 0)
    return on_treatment(f"{number:03}", NOW.date() - timedelta(ago), doses, eventful=number % 7 == 0)
