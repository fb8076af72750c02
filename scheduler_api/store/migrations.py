"""The tables, by sqlite-utils' migrations. A migration that has been released is never changed; add another.

Derived: `patients`, `visits` and `time_zones` are made from `facts` and can be made again at any time.
Beware of `table.transform()`: it drops the triggers that keep the log append-only.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("scheduler_api")

_TABLES = (
    """
    CREATE TABLE sites (
        site TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        country TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        opening_days TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE protocols (
        protocol TEXT NOT NULL,
        version INTEGER NOT NULL,
        definition TEXT NOT NULL,
        added_at TEXT NOT NULL,
        PRIMARY KEY (protocol, version)
    )
    """,
    # The log. `hash` covers the row and the hash of the patient's fact before it.
    """
    CREATE TABLE facts (
        patient_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        fact_id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        data TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT,
        replaces TEXT,
        correction TEXT,
        hash TEXT NOT NULL,
        PRIMARY KEY (patient_id, seq)
    )
    """,
    # One row holds what most questions about a patient need. `version` is the number of the last fact.
    """
    CREATE TABLE patients (
        patient_id TEXT PRIMARY KEY,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        site TEXT NOT NULL,
        version INTEGER NOT NULL,
        head TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        on_treatment_from TEXT,
        follow_up_from TEXT,
        off_study_from TEXT,
        visits_through TEXT NOT NULL,
        history TEXT NOT NULL,
        doses TEXT NOT NULL,
        UNIQUE (protocol, subject_number)
    )
    """,
    "CREATE INDEX patients_by_subject ON patients (subject_number, patient_id)",
    "CREATE INDEX patients_by_site ON patients (site, subject_number, patient_id)",
    "CREATE INDEX patients_by_visits_through ON patients (visits_through)",
    """
    CREATE TABLE visits (
        patient_id TEXT NOT NULL,
        visit TEXT NOT NULL,
        site TEXT NOT NULL,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        series TEXT NOT NULL,
        label TEXT NOT NULL,
        target_on TEXT NOT NULL,
        opens_on TEXT NOT NULL,
        closes_on TEXT NOT NULL,
        next_opens_on TEXT,
        ends_on TEXT,
        booked_on TEXT,
        booked_time TEXT,
        booked_place TEXT,
        done_on TEXT,
        days_off INTEGER,
        assigned TEXT,
        response TEXT,
        provisional INTEGER NOT NULL,
        because TEXT NOT NULL,
        PRIMARY KEY (patient_id, visit)
    )
    """,
    "CREATE INDEX visits_by_closing ON visits (closes_on, patient_id, visit)",
    # Most of what closes soon is done already: what is not has indexes of its own.
    "CREATE INDEX visits_to_do ON visits (series, closes_on, patient_id, visit) WHERE done_on IS NULL",
    "CREATE INDEX visits_to_do_by_site ON visits (site, series, closes_on, patient_id, visit) WHERE done_on IS NULL",
    "CREATE INDEX visits_by_site ON visits (site, closes_on, patient_id, visit)",
    # The zones that patients live in, so that "today" can be told for each without reading every patient.
    "CREATE TABLE time_zones (time_zone TEXT PRIMARY KEY)",
    """
    CREATE TABLE tokens (
        token_id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        name TEXT,
        sites TEXT,
        created_at TEXT NOT NULL,
        revoked_at TEXT
    )
    """,
    # Answers already given to requests with an Idempotency-Key.
    """
    CREATE TABLE answers (
        token_id TEXT NOT NULL,
        key TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        status INTEGER NOT NULL,
        headers TEXT NOT NULL,
        body TEXT NOT NULL,
        answered_at TEXT NOT NULL,
        PRIMARY KEY (token_id, key)
    )
    """,
    "CREATE INDEX answers_by_age ON answers (answered_at)",
)


@migrations()
def m0001_tables(database: Database) -> None:
    """All tables of the first version."""
    for statement in _TABLES:
        database.execute(statement)


@migrations()
def m0002_append_only(database: Database) -> None:
    """The log and the protocols are only ever added to."""
    keys = {
        "facts": "(patient_id = NEW.patient_id AND seq = NEW.seq) OR fact_id = NEW.fact_id",
        "protocols": "protocol = NEW.protocol AND version = NEW.version",
    }
    for table, key in keys.items():
        # REPLACE deletes without the triggers of a deletion.
        database.execute(
            f"CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key}) "
            f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
        )
        for action in ("UPDATE", "DELETE"):
            database.execute(
                f"CREATE TRIGGER {table}_refuse_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
            )


_PHONES = (
    # A one-time code, of which only a slow hash is kept.
    """
    CREATE TABLE activations (
        hash TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        made_by TEXT,
        expires_at TEXT NOT NULL,
        used_at TEXT
    )
    """,
    """
    CREATE TABLE devices (
        device_id TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        name TEXT NOT NULL,
        activated_at TEXT NOT NULL,
        ended_at TEXT,
        ended_because TEXT
    )
    """,
    "CREATE INDEX devices_by_patient ON devices (patient_id, activated_at)",
    # Access and refresh tokens in pairs; `replaced_at` is when a refresh token gave the next pair.
    """
    CREATE TABLE device_tokens (
        access_hash TEXT PRIMARY KEY,
        refresh_hash TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        access_expires_at TEXT NOT NULL,
        refresh_expires_at TEXT NOT NULL,
        replaced_at TEXT,
        given_for TEXT,
        dropped INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX device_tokens_by_device ON device_tokens (device_id)",
    # Wrong codes, by address and by code, as hashes.
    """
    CREATE TABLE wrong_tries (
        subject TEXT NOT NULL,
        tried_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX wrong_tries_by_subject ON wrong_tries (subject, tried_at)",
    # What came of each fact that a phone sent, so that it may send it again.
    """
    CREATE TABLE sent_facts (
        patient_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        outcome TEXT NOT NULL,
        PRIMARY KEY (patient_id, client_id)
    )
    """,
    """
    CREATE TABLE feeds (
        hash TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        options TEXT NOT NULL,
        made_at TEXT NOT NULL,
        revoked_at TEXT
    )
    """,
    "CREATE INDEX feeds_by_patient ON feeds (patient_id)",
    # What a feed has shown, by event; `feed` is the feed's hash.
    """
    CREATE TABLE feed_events (
        feed TEXT NOT NULL,
        uid TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        modified_at TEXT NOT NULL,
        content TEXT NOT NULL,
        cancelled INTEGER NOT NULL,
        PRIMARY KEY (feed, uid)
    )
    """,
    # What happened besides facts: sessions ended, codes refused.
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        patient_id TEXT,
        detail TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_by_patient ON audit (patient_id, seq)",
)


@migrations()
def m0003_phones(database: Database) -> None:
    """Patients' phones: codes, devices, tokens, what they sent, feeds, and the audit of all that."""
    for statement in _PHONES:
        database.execute(statement)
    for action in ("UPDATE", "DELETE"):
        database.execute(
            f"CREATE TRIGGER audit_refuse_{action.lower()} BEFORE {action} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the table audit is append-only'); END"
        )
