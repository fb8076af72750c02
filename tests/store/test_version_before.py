"""A database of the version before is opened without loss: all that is derived is made again from its log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler_api.cli.database.maintenance import prepare
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.views.calendar import calendar
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Store
from scheduler_api.store.migrations import MIGRATIONS
from scheduler_api.store.patients import facts
from scheduler_api.use_cases.patients.calendars import View, calendar_document
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.projections.horizons import HORIZON
from scheduler_api.use_cases.session import TERMINAL, Session
from scheduler_api.use_cases.sites.protocols import versions_of

#: What the version with nine migrations left of four sample patients at noon in Shanghai on 2024-10-04. One message
#: about a patient has gone out, one entry of the worklist is acknowledged, one patient is reminded at 21:30.
DUMP = Path(__file__).parent / "database_0009.sql"
NOW = datetime(2024, 10, 4, 4, tzinfo=UTC)
KEPT = ("sites", "protocols", "facts", "outbox", "audit", "marks")
#: What a derived row says in words, in which format it is, and what it has of a visit or a patient since.
WORDS = {
    "next_opens_on",
    "overdue_through",
    "parts",
    *("in_plan", "booked_time_zone", "booked_from", "booked_site", "day_site", "moved_on", "appointment"),
    *("awaits_start", "is_vague", "booking", "has_response", "amount", "given_amount", "unit"),
    "because",
    "label",
    "settle_by",
    "resolve_with",
    "history",
    "days",
    "format",
    "wishes",
    "preferences",
    "failed_screening",
    "moved_to",
    "moved_at",
    "enrolled_from",
}

Rows = list[dict[str, Any]]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The file of the database."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(DUMP.read_text("utf-8"))
    return path


@pytest.fixture
def opened(old: Path) -> Iterator[Store]:
    """The database, after `init`."""
    store = connect(str(old))
    prepare(store, str(old))
    yield store
    store.close()


def rows(path: Path, *tables: str) -> dict[str, Rows]:
    """All rows of some tables."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return {table: [*map(dict, database.execute(f"SELECT * FROM {table} ORDER BY 1, 2"))] for table in tables}


def without_words(found: dict[str, Rows]) -> dict[str, Rows]:
    """Rows without what they say in words."""
    return {
        table: [{name: value for name, value in row.items() if name not in WORDS} for row in rows]
        for table, rows in found.items()
    }


def test_init_says_what_it_did(old: Path) -> None:
    store = connect(str(old))
    assert prepare(store, str(old)) == [
        *(f"migration {migration.name} applied" for migration in MIGRATIONS[9:]),
        "3 rows covered by the audit from now on",
        "4 patients derived again from the log: stored by another version",
    ]
    assert prepare(store, str(old)) == []
    store.close()


def test_nothing_that_is_not_derived_changes(old: Path) -> None:
    before = rows(old, *KEPT)
    store = connect(str(old))
    prepare(store, str(old))
    after = rows(old, *KEPT)
    # No site of that version said whom its patients call.
    assert [(site.pop("contact_name"), site.pop("contact_phone")) for site in after["sites"]] == [(None, None)] * len(
        before["sites"]
    )
    # That rows are covered from now on is on the audit.
    after["audit"] = [event for event in after["audit"] if event["action"] != "contents_covered"]
    assert after == before
    assert len(before["facts"]) == 237
    store.close()


def test_what_could_wait_can_wait_still(opened: Store, old: Path) -> None:
    """An acknowledgement holds as long as the entry reads as it did, in whatever way a version stores that."""
    (acknowledged,) = rows(old, "acknowledgements")["acknowledgements"]
    (entry,) = (row for row in rows(old, "worklist")["worklist"] if row["entry_id"] == acknowledged["entry_id"])
    assert acknowledged["because"] == entry["because"]
    assert acknowledged["note"] == "called, comes on Monday"


def test_all_is_well_afterwards(opened: Store) -> None:
    """The chains hold, and what is derived is what the facts give."""
    assert [*maintenance.verify(opened)] == []


def test_calendars_are_those_that_the_facts_give(opened: Store) -> None:
    session = Session(opened, TERMINAL, NOW)
    view, today = View(date(2023, 10, 1), date(2025, 3, 31)), date(2024, 10, 4)
    for patient_id in facts.patients(opened):
        history = fold(facts.of_patient(opened, patient_id))
        versions = versions_of(opened, history.registered.protocol)
        expected = calendar(versions, history, today, view.first, view.last)  # type: ignore[arg-type]
        assert calendar_document(session, patient_id, view) == {"patient_id": patient_id, **expected}


def test_no_date_moves(old: Path) -> None:
    """Made again on the day on which they were written, derived rows have the dates that they had."""
    tables = ("patients", "visits", "worklist", "reminders")
    before = rows(old, *tables)
    store = connect(str(old))
    store.migrate()
    assert maintenance.rebuild(store, NOW) == 4
    store.close()
    after = rows(old, *tables)
    # What the rules ask for since then: somebody is to look at a dose taken after the end of treatment.
    new = [row for row in after["worklist"] if row["kind"] == "dose_after_end"]
    assert [row["from_on"] for row in new] == ["2024-07-08"]
    after["worklist"] = [row for row in after["worklist"] if row not in new]
    # The last visit of a series is asked for until the series ends, not only until one more would have opened.
    for rows_then, rows_now in ((before["worklist"], after["worklist"]),):
        last = [row for row in rows_now if row["kind"] == "visit_overdue" and row["through_on"] is None]
        keys = {row["entry_id"] for row in last}
        ended = [
            row.pop("through_on") for rows_of in (rows_then, rows_now) for row in rows_of if row["entry_id"] in keys
        ]
        assert ended == ["2024-09-10", None]
    # More is stored than by that version: visits that open later, messages and entries of more days.
    first, last = (str(NOW.date() + timedelta(days)) for days in (-63, 63))
    after["worklist"] = [row for row in after["worklist"] if row["from_on"] <= last]
    after["worklist"] = [row for row in after["worklist"] if (row.get("through_on") or last) >= first]
    later, tomorrow = str(NOW.date() + timedelta(HORIZON)), str(NOW.date() + timedelta(1))
    after["visits"] = [row for row in after["visits"] if row["opens_on"] <= later]
    after["reminders"] = [row for row in after["reminders"] if row["about"][:10] <= tomorrow]
    for row in (*before["patients"], *after["patients"]):
        del row["visits_through"]
    assert without_words(after) == without_words(before)


def test_how_a_patient_wants_to_be_reminded_stays(opened: Store) -> None:
    said = {
        row["subject_number"]: row["preferences"]
        for row in opened.rows("SELECT subject_number, preferences FROM patients")
    }
    assert {number for number, preferences in said.items() if preferences and "21:30" in preferences} == {"FUSCC-24"}


def test_before_init_patients_read_right(old: Path) -> None:
    """As soon as the tables are there: rows of another format are folded from the log, and stay as they are."""
    store = connect(str(old))
    store.migrate()
    before = rows(old, "patients")
    session, today = Session(store, TERMINAL, NOW), date(2024, 10, 4)
    for patient_id in facts.patients(store):
        history = fold(facts.of_patient(store, patient_id))
        document = calendar_document(session, patient_id, View())
        first, last = today - timedelta(7), today + timedelta(42)
        versions = versions_of(store, history.registered.protocol)
        assert document == {"patient_id": patient_id, **calendar(versions, history, today, first, last)}
    assert rows(old, "patients") == before
    store.close()
