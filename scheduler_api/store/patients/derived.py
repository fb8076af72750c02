"""Write the derived rows of one patient, touching only those that differ from what follows from the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from scheduler_api.engine.model.history import History
from scheduler_api.store.database.port import Row, Store


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


def replace(
    store: Store,
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
        store.write_many(f"DELETE FROM {table} WHERE patient_id = :patient_id AND {key} = :key", gone)
    changed = [row for value, row in rows.items() if stored.get(value) != row]
    if changed:
        store.write_many(_upsert(table, key, tuple(columns)), changed)


@cache
def _upsert(table: str, key: str, columns: tuple[str, ...]) -> str:
    own = ("patient_id", key)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(':' + name for name in columns)}) "
        f"ON CONFLICT (patient_id, {key}) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in columns if name not in own)}"
    )
