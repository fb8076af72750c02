"""What sites have to do: a derived row for each entry, and what staff acknowledged."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_TABLES = (
    # Derived. An entry is listed on the days from_on…through_on (null: until it is resolved).
    """
    CREATE TABLE worklist (
        patient_id TEXT NOT NULL,
        entry_id TEXT NOT NULL,
        site TEXT NOT NULL,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        kind TEXT NOT NULL,
        visit TEXT,
        from_on TEXT NOT NULL,
        through_on TEXT,
        due_on TEXT NOT NULL,
        because TEXT NOT NULL,
        settle_by TEXT NOT NULL,
        PRIMARY KEY (patient_id, entry_id)
    )
    """,
    "CREATE INDEX worklist_by_site ON worklist (site, from_on)",
    "CREATE INDEX worklist_by_due ON worklist (due_on, entry_id)",
    # Not derived. It holds as long as the entry reads as it did then: `because`.
    """
    CREATE TABLE acknowledgements (
        entry_id TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        note TEXT NOT NULL,
        until TEXT NOT NULL,
        because TEXT NOT NULL,
        acknowledged_at TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT
    )
    """,
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _TABLES
