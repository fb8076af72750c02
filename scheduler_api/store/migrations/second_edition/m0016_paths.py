"""What is known of a destination that does not take messages: since when, why, and whether it will ever."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_STATEMENTS = (
    # `refusals`: how many messages in a row were refused for good; `problem`: why the last one was not taken.
    "ALTER TABLE destinations ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE destinations ADD COLUMN failing_since TEXT",
    "ALTER TABLE destinations ADD COLUMN problem TEXT",
    "CREATE INDEX destinations_of_device ON destinations (device_id, made_at)",
    # Patients whom no message reached since the last one that did, and from when on.
    "CREATE TABLE unreached (patient_id TEXT PRIMARY KEY, since TEXT NOT NULL)",
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _STATEMENTS
