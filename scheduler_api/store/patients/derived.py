"""Write the derived rows of one patient, touching only those that differ from what follows from the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from scheduler_api.engine.model.history import History
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.database.writes import Writer


def patient_columns(patient_id: str, history: History) -> dict[str, str]:
    """Return the columns by which a row of a table across patients names its patient."""
    registered = history.registered
    return {
        "patient_id": patient_id,
        "site": registered.site,
        "protocol": registered.protocol,
        "subject_number": registered.subject_number,
        "time_zone": history.time_zone,
    }


def of_patient(store: Store, table: str, key: str, patient_id: str) -> dict[str, Row]:
    """Return a patient's stored rows in a table, by `key`, its key column besides `patient_id`."""
    rows = store.rows(f"SELECT * FROM {table} WHERE patient_id = :patient_id", {"patient_id": patient_id})
    return {row[key]: row for row in rows}


def of_patients(store: Store, table: str, key: str, patient_ids: Collection[str]) -> dict[str, dict[str, Row]]:
    """Return the stored rows of some patients in a table, by patient and `key`; patients without any are left out."""
    parameters: dict[str, Any] = {}
    of_patients = one_of("patient_id", "patient", patient_ids, parameters)
    found: dict[str, dict[str, Row]] = {}
    for row in store.rows(f"SELECT * FROM {table} WHERE {of_patients}", parameters):
        found.setdefault(row["patient_id"], {})[row[key]] = row
    return found


def replace(
    writer: Writer,
    table: str,
    key: str,
    columns: Sequence[str],
    patient_id: str,
    rows: Mapping[str, Row],
    stored: Mapping[str, Row],
) -> None:
    """Make a patient's `stored` rows in a table equal to these (by `key`)."""
    gone = [{"patient_id": patient_id, "key": value} for value in stored if value not in rows]
    if gone:
        writer.write_many(f"DELETE FROM {table} WHERE patient_id = :patient_id AND {key} = :key", gone)
    changed = [row for value, row in rows.items() if stored.get(value) != row]
    if changed:
        writer.bulk_insert(table, changed, _conflict(key, tuple(columns)))


@cache
def _conflict(key: str, columns: tuple[str, ...]) -> str:
    own = ("patient_id", key)
    return (
        f"ON CONFLICT (patient_id, {key}) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in columns if name not in own)}"
    )
