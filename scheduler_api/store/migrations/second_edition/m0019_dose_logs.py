"""Keep what was said of doses by the intake of a regimen: the table is derived, and written anew from the log."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "DROP TABLE dose_words"
    # `log` names an intake of a regimen; it is empty where a protocol has only one.
    yield """
    CREATE TABLE dose_words (
        patient_id TEXT NOT NULL,
        log TEXT NOT NULL,
        month TEXT NOT NULL,
        version INTEGER NOT NULL,
        words TEXT NOT NULL,
        PRIMARY KEY (patient_id, log, month)
    )
    """
