"""On whose clock a visit is booked, and from which instant: the order of appointments."""

from __future__ import annotations

from collections.abc import Iterator

from .dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "ALTER TABLE visits ADD COLUMN booked_time_zone TEXT"
    yield "ALTER TABLE visits ADD COLUMN booked_from TEXT"
    yield "CREATE INDEX visits_by_booking ON visits (booked_from, patient_id, visit) WHERE booked_from IS NOT NULL"
    yield (
        "CREATE INDEX visits_by_booking_of_site ON visits (site, booked_from, patient_id, visit) "
        "WHERE booked_from IS NOT NULL"
    )
