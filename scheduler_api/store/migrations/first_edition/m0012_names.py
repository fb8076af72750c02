"""Tables and columns by the names that the code has for what is in them."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_TABLES = {
    "standings": "treatment_positions",
    "patient_wishes": "patient_preferences",
    "site_wishes": "site_preferences",
    "answers": "idempotency",
}
_COLUMNS = (
    ("treatment_positions", "standing", "position"),
    ("patient_preferences", "wishes", "preferences"),
    ("site_preferences", "wishes", "preferences"),
    ("patients", "wishes", "preferences"),
    ("worklist", "settle_by", "resolve_with"),
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    for old, new in _TABLES.items():
        yield f"ALTER TABLE {old} RENAME TO {new}"
    for table, old, new in _COLUMNS:
        yield f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}"
