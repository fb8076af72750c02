"""Reminders: what is planned, what has gone out, and how patients and sites want it."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: Derived: messages planned for the next days. A row of a patient's has the patient, one of a site's own has none.
#: What is due together lies together, so that it goes out without a walk all over the table.
_REMINDERS = """
    CREATE TABLE reminders (
        message_id TEXT NOT NULL,
        audience TEXT NOT NULL,
        patient_id TEXT,
        site TEXT NOT NULL,
        kind TEXT NOT NULL,
        about TEXT NOT NULL,
        next_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        PRIMARY KEY (next_at, message_id)
    ) {by_key}
    """
#: Where in `reminders` a message is planned, those of a patient together. What has gone out may still be named here
#: until the patient is next planned: an index would have to change, in another place for each message, as it goes out.
_REMINDER_TIMES = """
    CREATE TABLE reminder_times (
        message_id TEXT PRIMARY KEY,
        next_at TEXT NOT NULL
    ) {by_key}
    """
_TABLES = (
    # What has gone out. `message_id` says recipient, kind and what it is about: no message is sent twice.
    """
    CREATE TABLE outbox (
        message_id TEXT PRIMARY KEY,
        audience TEXT NOT NULL,
        patient_id TEXT,
        site TEXT NOT NULL,
        kind TEXT NOT NULL,
        about TEXT NOT NULL,
        due_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        written_at TEXT NOT NULL,
        status TEXT NOT NULL,
        settled_at TEXT,
        put_off_until TEXT
    )
    """,
    "CREATE INDEX outbox_waiting ON outbox (written_at) WHERE status = 'waiting'",
    "CREATE INDEX outbox_by_patient ON outbox (patient_id, expires_at)",
    # How often each happened, by kind of message.
    """
    CREATE TABLE reminder_counts (
        what TEXT NOT NULL,
        kind TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (what, kind)
    )
    """,
    # When something was last done that must be done again and again.
    "CREATE TABLE marks (name TEXT PRIMARY KEY, at TEXT NOT NULL)",
    # How patients and sites want to be reminded, as JSON; without a row they have set none.
    "CREATE TABLE patient_wishes (patient_id TEXT PRIMARY KEY, wishes TEXT NOT NULL)",
    "CREATE TABLE site_wishes (site TEXT PRIMARY KEY, wishes TEXT NOT NULL)",
    # A copy in the patient's row, which is read far more often than preferences change.
    "ALTER TABLE patients ADD COLUMN wishes TEXT",
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield _REMINDERS.format(by_key=dialect.by_key)
    yield _REMINDER_TIMES.format(by_key=dialect.by_key)
    yield from _TABLES
