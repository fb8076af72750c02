"""The table `facts`: the log of every patient, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.facts import Fact, body_from_data, body_to_data
from scheduler_api.store.audit.chain import FACT, link
from scheduler_api.store.database.port import Row, Store

from .older_facts import upcast

_COLUMNS = (*FACT, "hash")
_INSERT = f"INSERT INTO facts ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)})"


def append(store: Store, patient_id: str, seq: int, previous: str, fact: Fact) -> str:
    """Add a fact to a patient's log as number `seq`, chained to `previous`; return its hash. Raises Duplicate."""
    row = {
        "patient_id": patient_id,
        "seq": seq,
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        "data": orjson.dumps(body_to_data(fact.body)).decode(),
        "recorded_at": stamp(fact.recorded_at),
        "role": fact.role,
        "name": fact.name,
        "replaces": fact.replaces,
        "correction": fact.correction,
        "actor": fact.actor,
    }
    row["hash"] = digest = link(previous, row, FACT)
    store.write(_INSERT, row)
    return digest


def of_patient(store: Store, patient_id: str, until: datetime | None = None) -> list[Fact]:
    """Return a patient's facts in the order they were received; only those recorded at `until` or before, if given."""
    facts = map(to_fact, rows_of_patient(store, patient_id))
    return [fact for fact in facts if until is None or fact.recorded_at <= until]


def rows_of_patient(store: Store, patient_id: str) -> list[Row]:
    """Return a patient's rows as stored, hashes included, in order."""
    return store.rows("SELECT * FROM facts WHERE patient_id = :patient_id ORDER BY seq", {"patient_id": patient_id})


def to_fact(row: Row) -> Fact:
    """Return the fact that a row stores."""
    return Fact(
        fact_id=row["fact_id"],
        body=body_from_data(row["kind"], upcast(row["kind"], orjson.loads(row["data"]))),
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
        role=row["role"],
        name=row["name"],
        replaces=row["replaces"],
        correction=row["correction"],
        actor=row["actor"],
    )


def patients(store: Store) -> Iterator[str]:
    """Yield the ids of all patients with facts, in order, read in portions."""
    last = ""
    while True:
        rows = store.rows(
            "SELECT DISTINCT patient_id FROM facts WHERE patient_id > :last ORDER BY patient_id LIMIT 500",
            {"last": last},
        )
        if not rows:
            return
        yield from (row["patient_id"] for row in rows)
        last = rows[-1]["patient_id"]


def of_day(store: Store, patient_id: str, day: date) -> list[Fact]:
    """Return the dose records of one day, in order, with all facts of the patient that may correct or void one."""
    rows = store.rows(
        "SELECT * FROM facts WHERE patient_id = :patient_id AND (kind = 'voided' OR (kind = 'dose_recorded' "
        "AND (data LIKE :day OR replaces IS NOT NULL))) ORDER BY seq",
        {"patient_id": patient_id, "day": f'%"dose_on":"{day.isoformat()}"%'},
    )
    return [to_fact(row) for row in rows]


def get(store: Store, patient_id: str, fact_id: str) -> Fact | None:
    """Return one fact of a patient."""
    row = store.row(
        "SELECT * FROM facts WHERE fact_id = :fact_id AND patient_id = :patient_id",
        {"fact_id": fact_id, "patient_id": patient_id},
    )
    return None if row is None else to_fact(row)


def since(store: Store, patient_id: str, version: int) -> list[Fact]:
    """Return a patient's facts after number `version`, in order."""
    rows = store.rows(
        "SELECT * FROM facts WHERE patient_id = :patient_id AND seq > :version ORDER BY seq",
        {"patient_id": patient_id, "version": version},
    )
    return [to_fact(row) for row in rows]
