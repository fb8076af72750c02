"""Keep lists and claims as quick with a million patients as with a thousand."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: After so many deleted rows the table of planned messages is tidied up, where the database does that by itself.
_DELETED = 50_000
#: The orders in which visits are listed, beside that of their closing and booking, with their columns.
_ORDERS = {
    "opening": "opens_on, patient_id, visit",
    "target": "target_on, patient_id, visit",
    "subject": "subject_number, patient_id, target_on, visit",
}
#: What is to do is looked for far more often than what is done, and is less: each has indexes of its own.
_PARTS = {"to_do": "done_on IS NULL", "done": "done_on IS NOT NULL"}
#: What tells the status of a visit that is not done: rows lie all over a large table.
_STATUS = "series, ends_on, time_zone, overdue_through, awaits_start, done_on"


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    for name in ("visits_to_do", *(f"visits_to_do_by_{one}" for one in ("site", *_ORDERS))):
        yield f"DROP INDEX {name}"
    to_do = _PARTS["to_do"]
    yield f"CREATE INDEX visits_to_do ON visits (closes_on, patient_id, visit, {_STATUS}) WHERE {to_do}"
    yield f"CREATE INDEX visits_to_do_by_site ON visits (site, closes_on, patient_id, visit, {_STATUS}) WHERE {to_do}"
    for part, condition in _PARTS.items():
        for order, columns in _ORDERS.items():
            yield f"CREATE INDEX visits_{part}_by_{order} ON visits ({columns}) WHERE {condition}"
            yield f"CREATE INDEX visits_{part}_by_{order}_of_site ON visits (site, {columns}) WHERE {condition}"
    # Most entries are over, or to come: they are passed over without being read.
    yield "DROP INDEX worklist_by_due"
    yield "CREATE INDEX worklist_by_due ON worklist (due_on, entry_id, from_on, through_on, time_zone, kind)"
    yield from dialect.tidied_after("reminders", _DELETED)
