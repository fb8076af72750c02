"""All tables of the first version."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

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
    # The log. `hash` covers the row and the hash of the patient's fact before it. A patient's facts lie together.
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
    ) {by_key}
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
        days TEXT NOT NULL,
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
    # It has all that tells which visits of a site are open or to come: rows lie all over a large table.
    "CREATE INDEX visits_to_do_by_site ON visits (site, series, closes_on, patient_id, visit, ends_on, time_zone, "
    "done_on) WHERE done_on IS NULL",
    "CREATE INDEX visits_by_site ON visits (site, closes_on, patient_id, visit)",
    # The zones that patients live in, so that today's date in each is found without reading every patient.
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


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    for statement in _TABLES:
        yield statement.replace("{by_key}", dialect.by_key)
