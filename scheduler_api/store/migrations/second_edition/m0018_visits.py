"""Say whether a visit has a response, and whether it counts from a start that is only planned."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    # Whether visits of its series have responses.
    yield "ALTER TABLE visits ADD COLUMN has_response INTEGER NOT NULL DEFAULT 0"
    # Whether it counts from a start of treatment that is only planned. Few such windows have passed.
    yield "ALTER TABLE visits ADD COLUMN awaits_start INTEGER NOT NULL DEFAULT 0"
    yield (
        "CREATE INDEX visits_awaiting_start ON visits (closes_on, patient_id, visit) "
        "WHERE awaits_start = 1 AND done_on IS NULL"
    )
