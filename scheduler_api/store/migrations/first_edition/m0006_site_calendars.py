"""Sites' own calendars, what lists of visits say of a patient, and the orders in which visits are listed."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_STATEMENTS = (
    # A site without a row has its weekly opening days and its country's public holidays alone.
    """
    CREATE TABLE site_calendars (
        site TEXT PRIMARY KEY,
        region TEXT,
        closed_days TEXT NOT NULL,
        open_days TEXT NOT NULL,
        slots_per_day INTEGER
    )
    """,
    # Derived, like visits.
    "CREATE TABLE standings (patient_id TEXT PRIMARY KEY, standing TEXT NOT NULL)",
    # Whoever is on record gets one when horizons are next extended.
    "UPDATE patients SET visits_through = '1900-01-01'",
    "CREATE INDEX visits_booked ON visits (site, series, booked_on, done_on) WHERE booked_on IS NOT NULL",
    "CREATE INDEX visits_to_do_by_opening ON visits (site, series, opens_on, patient_id, visit) WHERE done_on IS NULL",
    "CREATE INDEX visits_to_do_by_target ON visits (site, series, target_on, patient_id, visit) WHERE done_on IS NULL",
    "CREATE INDEX visits_to_do_by_subject ON visits (site, series, subject_number, patient_id, target_on, visit) "
    "WHERE done_on IS NULL",
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _STATEMENTS
