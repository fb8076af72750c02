"""Every row from which a date or a right follows: `verify` names what was edited, added or deleted by anybody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import Raw
from phone.phones import Phone
from service import Client, Patient, Service

from scheduler_api.reminders.dispatch import tick
from scheduler_api.store import contents
from scheduler_api.store.contents import COVERED
from scheduler_api.store.database.port import Store
from scheduler_api.store.database.postgres_tables import PostgresDialect
from scheduler_api.store.patients.patients import DERIVED
from scheduler_api.use_cases.audit import checkpoints
from scheduler_api.use_cases.audit.contents import content_breaks, cover_all
from scheduler_api.use_cases.auth import tokens
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.reminders import destinations

KEYS = checkpoints.read_keys(checkpoints.new_key())
#: The logs, each row of which is chained to the one before it.
LOGS = ("facts", "audit", "contents", "checkpoints", "checkpoint_heads")
#: What no date and no right follows from, and why.
OTHERS = {
    "acknowledgements": "what somebody has seen of the worklist is on the audit, and shows again",
    "deliveries": "what became of a message",
    "device_tokens": "the sessions of a phone that is covered; an access token lives an hour",
    "feed_events": "what a feed has contained, so that it can be cancelled there",
    "idempotency": "answers, for a day",
    "marks": "when a job was last done; verify compares it with the present",
    "outbox": "messages that were sent, or wait to be",
    "rates": "requests of this minute",
    "reminder_times": "where to look for a planned message",
    "sent_facts": "what a phone is told of what it sent",
    "time_zones": "verify looks for each that patients live in",
    "unreached": "whom no message reached lately",
    "web_sessions": "sessions on the pages, for twelve hours at most",
    "wrong_tries": "wrong codes, for a day",
}
#: From what stands there nothing follows: with a later version the words are read from the log.
FREE = {"dose_words.version"}


def every_table(store: Store) -> set[str]:
    return set(store.tables())


def test_every_table_of_the_schema_is_covered_or_said_not_to_be(service: Service) -> None:
    named = {*LOGS, *DERIVED, *COVERED, *OTHERS}
    assert every_table(service.store) - named == set()
    assert {*LOGS, *DERIVED, *COVERED} <= every_table(service.store)


@pytest.fixture
def filled(service: Service, coordinator: Client, admin: Client) -> Patient:
    """A service in which each table from which something follows has rows, and a signed checkpoint."""
    patient = coordinator.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-01-05", status="taken")
    phone = Phone(service, patient)
    phone.read("feed")
    assert phone.send("PATCH", "reminders", {"times": ["18:00"]}).status_code == 200
    assert coordinator.post("/v1/activations", {"patient_id": patient.patient_id}).status_code == 201
    calendar = {"region": None, "opening_days": ["monday"], "closed_days": [], "open_days": [], "slots_per_day": 2}
    assert coordinator.send("PUT", "/v1/sites/FUSCC/calendar", calendar).status_code == 200
    assert coordinator.send("PUT", "/v1/sites/FUSCC/reminders", {"off": []}).status_code == 200
    contact = {"name": "Ward 3", "phone": "+86 21 1234"}
    assert coordinator.send("PUT", "/v1/sites/FUSCC/contact", contact).status_code == 200
    assert coordinator.post("/v1/sites/FUSCC/feeds", {}).status_code == 201
    destinations.add_to_site(service.session(), "FUSCC", "log", "site", "", "en")
    approval = {"protocol": "nct06110650", "version": 1, "approved_on": "2024-02-01"}
    assert coordinator.post("/v1/sites/FUSCC/approvals", approval).status_code == 201
    (token_id,) = (row["token_id"] for row in tokens.list_all(service.store) if row["role"] == "monitor")
    tokens.revoke(service.store, token_id, service.clock())
    patient.record("site_transferred", site="BERLIN", from_on="2024-02-20")
    tick(service.store, service.clock())
    checkpoints.make(service.store, KEYS, service.clock())
    assert wrong(service) == []
    return patient


def wrong(service: Service) -> list[str]:
    return list(maintenance.verify(service.store, keys=KEYS, now=service.clock.now))


def columns(raw: Raw, table: str) -> dict[str, Any]:
    of_patient = "WHERE patient_id IS NOT NULL" if table == "reminders" else ""
    (row,) = raw.execute(f"SELECT * FROM {table} {of_patient} ORDER BY 1 LIMIT 1")
    return row


def keep(raw: Raw, table: str) -> None:
    raw.execute(f"CREATE TABLE kept_rows AS SELECT * FROM {table}")


def restore(raw: Raw, table: str) -> None:
    raw.execute(f"DELETE FROM {table}")
    raw.execute(f"INSERT INTO {table} SELECT * FROM kept_rows")
    raw.execute("DROP TABLE kept_rows")


@pytest.mark.usefixtures("filled")
def test_every_column_of_every_covered_table(service: Service, raw: Raw) -> None:
    """An edit, a value taken away, a deletion and an insertion: each is named by its table."""
    raw.unguarded()
    missed = []
    for table, covered in COVERED.items():
        row = columns(raw, table)
        is_row = " AND ".join(f"{name} = :{name}" for name in covered.key)
        keep(raw, table)
        for name, value in row.items():
            if name in covered.left_out:
                continue
            other = value + 1 if isinstance(value, int) else f"{value or ''}x"
            raw.execute(f"UPDATE {table} SET {name} = :other WHERE {is_row}", {**row, "other": other})
            if not any(line.startswith(f"{table} ") for line in content_breaks(service.store)):
                missed.append(f"{table}.{name} edited")
            raw.execute(f"DELETE FROM {table}")
            raw.execute(f"INSERT INTO {table} SELECT * FROM kept_rows")
        raw.execute(f"DELETE FROM {table} WHERE {is_row}", row)
        if not any(
            line.startswith(f"{table} ") and line.endswith("is missing") for line in content_breaks(service.store)
        ):
            missed.append(f"{table} deleted")
        restore(raw, table)
        new = {name: f"{value}y" if isinstance(value, str) else value for name, value in row.items()}
        names = ", ".join(new)
        raw.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in new)})", new)
        if not any(
            line.startswith(f"{table} ") and line.endswith("not made by the service") for line in wrong(service)
        ):
            missed.append(f"{table} inserted")
        raw.execute(f"DELETE FROM {table} WHERE {is_row}", new)
    assert missed == [], " ".join(missed)
    assert wrong(service) == []


@pytest.mark.usefixtures("filled")
def test_every_column_of_every_derived_table_and_log(service: Service, raw: Raw) -> None:
    """Whatever stands in it: it is named, and nothing ends in a traceback."""
    raw.unguarded()
    missed = []
    for table in (*DERIVED, *LOGS):
        row, key = columns(raw, table), service.store.tables()[table]
        is_row = " AND ".join(f"{name} = :{name}" for name in key)
        keep(raw, table)
        for name, value in row.items():
            if f"{table}.{name}" in FREE:
                continue
            change = f"UPDATE {table} SET {name} = :other WHERE {is_row}"
            try:
                raw.execute(change, {**row, "other": value + 1000 if isinstance(value, int) else "{"})
            except psycopg.DataError:
                # A number that is null.
                raw.execute(change, {**row, "other": 1000})
            if not wrong(service):
                missed.append(f"{table}.{name}")
            raw.execute(f"DELETE FROM {table}")
            raw.execute(f"INSERT INTO {table} SELECT * FROM kept_rows")
        raw.execute(f"DELETE FROM {table} WHERE {is_row}", row)
        if not wrong(service):
            missed.append(f"{table} deleted")
        restore(raw, table)
    assert missed == [], " ".join(missed)
    assert wrong(service) == []


@pytest.mark.parametrize("column", ["site", "about", "next_at", "expires_at", "message_id"])
@pytest.mark.usefixtures("filled")
def test_a_digest_that_is_not_what_its_site_wants(service: Service, raw: Raw, column: str) -> None:
    row = raw.execute("SELECT * FROM reminders WHERE patient_id IS NULL ORDER BY next_at DESC")[0]
    other = {"site": "BERLIN", "about": "2024-02-23", "next_at": "2024-02-20T01"}.get(column, f"{row[column]}x")
    raw.execute(f"UPDATE reminders SET {column} = :other WHERE message_id = :message_id", {**row, "other": other})
    assert any("digest" in line for line in wrong(service))


@pytest.mark.only("sqlite")
@pytest.mark.usefixtures("filled")
def test_a_trigger_that_is_gone_or_does_nothing_is_named(service: Service, raw: Raw) -> None:
    said = "trigger facts_refuse_update: is missing, or not as it was made"
    raw.execute("DROP TRIGGER facts_refuse_update")
    assert wrong(service) == [said]
    raw.execute("CREATE TRIGGER facts_refuse_update BEFORE UPDATE ON facts BEGIN SELECT 1; END")
    assert wrong(service) == [said]


@pytest.mark.only("postgresql")
@pytest.mark.usefixtures("filled")
def test_a_trigger_that_does_not_fire_or_does_nothing_is_named(service: Service, raw: Raw) -> None:
    raw.execute("ALTER TABLE facts DISABLE TRIGGER facts_append_only")
    assert wrong(service) == ["trigger facts_append_only: is missing, or not as it was made"]
    raw.execute("ALTER TABLE facts ENABLE TRIGGER facts_append_only")
    assert wrong(service) == []
    raw.execute("CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'")
    named = len(wrong(service))
    raw.execute(next(PostgresDialect().append_only("facts")))
    assert named == 6
    assert wrong(service) == []


@pytest.mark.usefixtures("filled")
def test_checkpoints_that_were_all_deleted_are_missed(service: Service, raw: Raw) -> None:
    raw.unguarded()
    for table in ("checkpoints", "checkpoint_heads"):
        raw.execute(f"DELETE FROM {table}")
    assert wrong(service) == ["there is no checkpoint, though there is a key"]


def test_checkpoints_that_end_while_more_is_recorded_are_missed(service: Service, filled: Patient, raw: Raw) -> None:
    """Who cuts off the last ones leaves a gap of days."""
    for day in (23, 24, 25):
        service.clock.set(f"2024-02-{day}T12:00:00+08:00")
        filled.client.get("/v1/sites")
        filled.record("time_zone_changed", time_zone="Asia/Tokyo" if day % 2 else "Asia/Shanghai")
        checkpoints.make(service.store, KEYS, service.clock())
    assert wrong(service) == []
    raw.unguarded()
    for table in ("checkpoints", "checkpoint_heads"):
        raw.execute(f"DELETE FROM {table} WHERE checkpoint > 1")
    assert "checkpoint 1: is the last, though more was recorded for days" in wrong(service)


def test_init_covers_what_an_earlier_version_wrote_once(service: Service, raw: Raw) -> None:
    raw.unguarded()
    raw.execute("DELETE FROM contents")
    assert any(line.endswith("was not made by the service") for line in wrong_without_keys(service))
    assert cover_all(service.session()) > 5
    assert wrong_without_keys(service) == []
    raw.execute("UPDATE sites SET time_zone = 'Asia/Tokyo' WHERE site = 'FUSCC'")
    assert cover_all(service.session()) == 0
    assert wrong_without_keys(service) == ["sites FUSCC: is not what the service wrote"]


def wrong_without_keys(service: Service) -> list[str]:
    return list(maintenance.verify(service.store))


def writes() -> Iterator[tuple[str, str]]:
    """Every statement in our code that writes a covered table by itself: file and statement."""
    root = Path(contents.__file__).parent.parent
    pattern = re.compile(rf"(?:INSERT INTO|UPDATE|DELETE FROM) ({'|'.join(COVERED)}) ", re.IGNORECASE)
    for file in sorted(root.glob("[!e]*/**/*.py")):
        if "migrations" not in file.parts and file.name != contents.__name__.rpartition(".")[2] + ".py":
            yield from ((file.name, match[0]) for match in pattern.finditer(file.read_text("utf-8")))


@pytest.mark.one_engine
def test_all_writes_of_covered_tables_cover_them() -> None:
    """What only says how a destination is doing is written by itself."""
    assert {file for file, _ in writes()} == {"destinations.py"}
