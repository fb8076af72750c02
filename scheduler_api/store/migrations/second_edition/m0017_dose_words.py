"""What was said of the doses of each month: derived, and written without the rest of a patient's row."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield """
    CREATE TABLE dose_words (
        patient_id TEXT NOT NULL,
        month TEXT NOT NULL,
        version INTEGER NOT NULL,
        words TEXT NOT NULL,
        PRIMARY KEY (patient_id, month)
    )
    """
