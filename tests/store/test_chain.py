"""The log: nobody changes it by accident, and nobody changes it unseen."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from databases import Raw
from service import Client, Patient, Service

from scheduler_api.store.database.chain import FACT, link
from scheduler_api.use_cases.projections import maintenance


@pytest.fixture
def patient(coordinator: Client) -> Patient:
    """A patient with six facts, between two others."""
    other = coordinator.enrol(subject_number="other")
    patient = coordinator.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    for day in (5, 6, 7):
        patient.record("dose_recorded", dose_on=f"2024-01-0{day}", status="taken")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
    other.record("dose_recorded", dose_on="2024-01-05", status="taken")
    return patient


#: What is only ever added to, with a column that somebody might want to change.
APPEND_ONLY = {"facts": "data", "protocols": "definition"}


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET {column} = 'x'",
        *(
            pytest.param(statement, marks=pytest.mark.only("sqlite"))
            for statement in (
                "UPDATE OR IGNORE {table} SET {column} = 'x'",
                "DELETE FROM {table} WHERE {column} IS NOT NULL",
                "REPLACE INTO {table} SELECT * FROM {table}",
                "INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
            )
        ),
        pytest.param("TRUNCATE {table}", marks=pytest.mark.only("postgresql")),
        pytest.param("TRUNCATE patients, {table} CASCADE", marks=pytest.mark.only("postgresql")),
    ],
)
@pytest.mark.usefixtures("patient")
def test_what_is_recorded_stays(service: Service, raw: Raw, table: str, statement: str) -> None:
    key = ", ".join(service.store.tables()[table])
    before = service.record()[table]
    assert before
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        raw.execute(statement.format(table=table, column=APPEND_ONLY[table], key=key))
    assert service.record()[table] == before


Tamper = Callable[[Raw, str], object]


def run(statement: str) -> Tamper:
    """Run a statement about the patient."""
    return lambda raw, of: raw.execute(statement, {"of": of})


def change(column: str, value: str, seq: int = 4) -> Tamper:
    """Change one column of one fact."""
    statement = f"UPDATE facts SET {column} = {value} WHERE patient_id = :of AND seq = :seq"
    return lambda raw, of: raw.execute(statement, {"of": of, "seq": seq})


def swap(raw: Raw, of: str) -> None:
    """Let two facts change places."""
    for old, new in ((4, -4), (5, 4), (-4, 5)):
        raw.execute(
            "UPDATE facts SET seq = :new WHERE patient_id = :of AND seq = :old", {"new": new, "of": of, "old": old}
        )


def append(*, chained: bool, **values: Any) -> Tamper:
    """Add a fact at the end; `chained`: by somebody who knows how hashes are made."""

    def tamper(raw: Raw, of: str) -> None:
        last = raw.execute("SELECT * FROM facts WHERE patient_id = :of ORDER BY seq DESC", {"of": of})[0]
        row = {
            **last,
            "seq": last["seq"] + 1,
            "fact_id": "f-forged",
            "recorded_at": "2024-02-20T05:00:00+00:00",
            **values,
        }
        row["hash"] = link(last["hash"], row, FACT) if chained else "0" * 64
        names = (*FACT, "hash")
        raw.execute(f"INSERT INTO facts ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})", row)

    return tamper


def rewrite(raw: Raw, of: str) -> None:
    """Change a fact, and all hashes from there on so that they fit."""
    change("data", "replace(data, 'taken', 'missed')")(raw, of)
    previous = ""
    for row in raw.execute("SELECT * FROM facts WHERE patient_id = :of ORDER BY seq", {"of": of}):
        previous = link(previous, row, FACT)
        raw.execute("UPDATE facts SET hash = :hash WHERE fact_id = :fact_id", {**row, "hash": previous})


#: What is done to the record, and the words that name it; `{n}` is the id of the patient's fact number n.
TAMPERED: dict[str, tuple[Tamper, str]] = {
    **{
        f"edited {column}": (change(column, "'x'"), "fact {4} (number 4) is not what was recorded")
        for column in ("kind", "data", "role", "name", "replaces", "correction", "hash")
    },
    "edited by a blank": (change("data", "data || ' '"), "fact {4} (number 4) is not what was recorded"),
    "edited time": (change("recorded_at", "'2024-01-01T00:00:00+00:00'"), "fact {4} (number 4)"),
    "edited id": (change("fact_id", "'f-other'"), "fact f-other (number 4) is not what was recorded"),
    "edited first": (change("data", "replace(data, 'female', 'male')", 1), "fact {1} (number 1)"),
    "edited last": (change("data", "replace(data, '21', '20')", 7), "fact {7} (number 7)"),
    "name removed": (change("name", "NULL"), "fact {4} (number 4)"),
    "removed": (run("DELETE FROM facts WHERE patient_id = :of AND seq = 4"), "fact number 4 is missing before {5}"),
    "first removed": (
        run("DELETE FROM facts WHERE patient_id = :of AND seq = 1"),
        "fact number 1 is missing before {2}",
    ),
    "last removed": (run("DELETE FROM facts WHERE patient_id = :of AND seq = 7"), "the log ends at number 6"),
    "all removed": (run("DELETE FROM facts WHERE patient_id = :of"), "has a row in patients but no facts"),
    "reordered": (swap, "fact {5} (number 4) is not what was recorded"),
    "appended": (append(chained=False), "fact f-forged (number 8) is not what was recorded"),
    "appended and chained": (append(chained=True), "the log ends at number 8, the patient is at 7"),
    "appended nonsense": (append(chained=True, kind="born", data="{"), ""),
    "appended with a gap": (append(chained=True, seq=9), "fact number 8 is missing before f-forged"),
    "rewritten with all hashes": (rewrite, "the patient is at 7"),
    "given to another": (
        run("UPDATE facts SET patient_id = 'p-other', seq = 1 WHERE patient_id = :of AND seq = 7"),
        "the log ends at number 6",
    ),
    "row removed": (run("DELETE FROM patients WHERE patient_id = :of"), "has facts but no row"),
    "row edited": (run("UPDATE patients SET subject_number = 'x' WHERE patient_id = :of"), "stored subject_number"),
    "row behind": (run("UPDATE patients SET version = 5 WHERE patient_id = :of"), "the patient is at 5"),
    "visit edited": (
        run("UPDATE visits SET closes_on = '2024-03-01' WHERE patient_id = :of AND visit = 'imaging-w6'"),
        "the row of visit imaging-w6 is not what the facts give",
    ),
    "visit removed": (
        run("DELETE FROM visits WHERE patient_id = :of AND visit = 'imaging-w12'"),
        "the row of visit imaging-w12 is not what the facts give",
    ),
    "visit added": (
        run("UPDATE visits SET visit = 'imaging-w7' WHERE patient_id = :of AND visit = 'imaging-w6'"),
        "the row of visit imaging-w7 is not what the facts give",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_was_done_to_it_is_named(service: Service, raw: Raw, patient: Patient, how: str) -> None:
    assert list(maintenance.verify(service.store)) == []
    facts = [fact["fact_id"] for fact in patient.read("facts")["items"]]
    raw.unguarded()
    tamper, words = TAMPERED[how]
    tamper(raw, patient.patient_id)
    found = list(maintenance.verify(service.store))
    assert any(patient.patient_id in line and words.format("", *facts) in line for line in found), found
    others = ("p-other", patient.patient_id)
    assert all(line.startswith(tuple(f"patient {other}: " for other in others)) for line in found)


def test_rebuilding_mends_what_is_derived(service: Service, raw: Raw, patient: Patient) -> None:
    for statement in (
        "UPDATE patients SET history = '{}', site = 'BERLIN'",
        "DELETE FROM visits",
        "DELETE FROM time_zones",
    ):
        raw.execute(statement)
    assert list(maintenance.verify(service.store)) != []
    assert maintenance.rebuild(service.store, service.clock()) == 2
    assert list(maintenance.verify(service.store)) == []
    assert patient.read("calendar")["visits"][0]["booked_on"] == "2024-02-21"
