"""Compare two databases: every row of every table, and every patient's calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, zip_longest

from scheduler_api.store.database.copying import portions
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import patients
from scheduler_api.use_cases.patients.calendars import View, calendar_of
from scheduler_api.use_cases.session import TERMINAL, Session


def differences(one: Store, other: Store, now: datetime, progress: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Yield what differs between two databases, a sentence each; nothing if they are equal.

    `progress` is called for each row.
    """
    for table, key in one.tables().items():
        for row, copied_row in zip_longest(_rows(one, table, key), _rows(other, table, key)):
            if row != copied_row:
                named = ", ".join(str((row or copied_row or {}).get(column)) for column in key)
                yield f"{table}: the row {named or row} is not in both, or not the same"
                # What follows may only be out of step.
                break
            if table == "patients" and row is not None:
                mine, copied = (_calendar(store, row["patient_id"], now) for store in (one, other))
                if mine != copied:
                    yield f"patient {row['patient_id']}: the calendars are not the same"
            progress()


def _rows(store: Store, table: str, key: tuple[str, ...]) -> Iterator[Row]:
    if key:
        return chain.from_iterable(portions(store, table, key))
    return iter(sorted(store.rows(f"SELECT * FROM {table}"), key=repr))


def _calendar(store: Store, patient_id: str, now: datetime) -> dict[str, object] | None:
    row = patients.get(store, patient_id)
    return None if row is None else calendar_of(Session(store, TERMINAL, now), row, View())
