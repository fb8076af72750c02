"""Add what screening, transfers, a site's contact and appointments on the site's clock need."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_KEPT = (
    *("patient_id", "protocol", "subject_number", "site", "version", "head", "recorded_at", "time_zone"),
    *("on_treatment_from", "follow_up_from", "off_study_from", "visits_through", "history", "format", "preferences"),
)
_STATEMENTS = (
    # From when a patient is enrolled; a number is unique among patients who are no screen failures. The table is made
    # anew, since not every database can drop the condition that a number is unique among all.
    """
    CREATE TABLE patients_since (
        patient_id TEXT PRIMARY KEY,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        site TEXT NOT NULL,
        version INTEGER NOT NULL,
        head TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        moved_to TEXT,
        moved_at TEXT,
        failed_screening INTEGER NOT NULL DEFAULT 0,
        enrolled_from TEXT,
        on_treatment_from TEXT,
        follow_up_from TEXT,
        off_study_from TEXT,
        visits_through TEXT NOT NULL,
        history TEXT NOT NULL,
        format INTEGER NOT NULL DEFAULT 0,
        preferences TEXT
    )
    """,
    f"INSERT INTO patients_since ({', '.join(_KEPT)}) SELECT {', '.join(_KEPT)} FROM patients",
    "DROP TABLE patients",
    "ALTER TABLE patients_since RENAME TO patients",
    "CREATE UNIQUE INDEX patients_by_number ON patients (protocol, subject_number) WHERE failed_screening = 0",
    # Screen failures, too: of a number there are few.
    "CREATE INDEX patients_by_subject ON patients (subject_number, patient_id)",
    "CREATE INDEX patients_by_site ON patients (site, subject_number, patient_id)",
    "CREATE INDEX patients_by_visits_through ON patients (visits_through)",
    # Where a patient goes, and from when; `site` is then the site before. And until when each site that had a
    # patient reads what is recorded.
    "CREATE INDEX patients_by_next_site ON patients (moved_to, subject_number, patient_id) WHERE moved_to IS NOT NULL",
    """
    CREATE TABLE former_sites (
        patient_id TEXT NOT NULL,
        site TEXT NOT NULL,
        through_on TEXT NOT NULL,
        until_at TEXT NOT NULL,
        PRIMARY KEY (patient_id, site)
    )
    """,
    "CREATE INDEX former_sites_by_site ON former_sites (site, until_at)",
    "ALTER TABLE visits ADD COLUMN moved_to TEXT",
    "ALTER TABLE visits ADD COLUMN moved_on TEXT",
    "CREATE INDEX visits_by_next_site ON visits (moved_to, series, closes_on, patient_id, visit) "
    "WHERE moved_to IS NOT NULL",
    # The site of a visit's day, and the one that it is booked for.
    "ALTER TABLE visits ADD COLUMN day_site TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE visits ADD COLUMN booked_site TEXT",
    "DROP INDEX visits_booked",
    "CREATE INDEX visits_booked ON visits (booked_site, series, booked_on, done_on) WHERE booked_site IS NOT NULL",
    # Whom a site's patients call.
    "ALTER TABLE sites ADD COLUMN contact_name TEXT",
    "ALTER TABLE sites ADD COLUMN contact_phone TEXT",
    # Whether the plan has a visit, or there is only a booking left of it.
    "ALTER TABLE visits ADD COLUMN in_plan INTEGER NOT NULL DEFAULT 1",
    # Whether it is one more appointment, for a part of a visit or for none.
    "ALTER TABLE visits ADD COLUMN appointment TEXT",
    # On whose clock a visit is booked, and from which instant: the order of appointments.
    "ALTER TABLE visits ADD COLUMN booked_time_zone TEXT",
    "ALTER TABLE visits ADD COLUMN booked_from TEXT",
    "CREATE INDEX visits_by_booking ON visits (booked_from, patient_id, visit) WHERE booked_from IS NOT NULL",
    "CREATE INDEX visits_by_booking_of_site ON visits (site, booked_from, patient_id, visit) "
    "WHERE booked_from IS NOT NULL",
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _STATEMENTS
