"""The audit and the checkpoints: whatever is done to them, or to the ends of chains, is found and named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from databases import Raw
from service import Client, Patient, Service, refused

from scheduler_api.store.database.chain import AUDIT, FACT, link
from scheduler_api.use_cases.audit import checkpoints
from scheduler_api.use_cases.audit.checkpoints import Keys
from scheduler_api.use_cases.projections import maintenance

KEYS = checkpoints.read_keys(checkpoints.new_key())


@pytest.fixture
def patient(service: Service, coordinator: Client, elsewhere: Client) -> Patient:
    """A patient with five facts and three events, in two checkpoints, and one event after them."""
    patient = coordinator.enrol()
    coordinator.enrol(subject_number="other")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    refused(elsewhere.get(patient.path), 404)
    assert coordinator.post("/v1/activations", {"patient_id": patient.patient_id}).status_code == 201
    checkpoints.make(service.store, KEYS, service.clock())
    for day in (5, 6, 7):
        patient.record("dose_recorded", dose_on=f"2024-01-0{day}", status="taken")
    refused(elsewhere.get(f"{patient.path}/facts"), 404)
    made = checkpoints.make(service.store, KEYS, service.clock())
    # The patient's two chains, and nobody else's, moved since the first.
    assert made["heads"] == 2
    refused(elsewhere.get(f"{patient.path}/calendar"), 404)
    return patient


def wrong(service: Service, keys: Keys = KEYS, kept: Any = ()) -> list[str]:
    """What is found to be wrong."""
    return list(maintenance.verify(service.store, keys=keys, kept=kept))


@pytest.mark.parametrize("table", ["audit", "checkpoints", "checkpoint_heads"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET hash = 'x'",
        "DELETE FROM {table}",
        pytest.param("REPLACE INTO {table} SELECT * FROM {table}", marks=pytest.mark.only("sqlite")),
        "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET hash = 'x'",
    ],
)
@pytest.mark.usefixtures("patient")
def test_what_is_noted_stays(service: Service, raw: Raw, table: str, statement: str) -> None:
    key = ", ".join(service.store.tables()[table])
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        raw.execute(statement.format(table=table, key=key))


Tamper = Callable[[Raw, str], object]


def run(*statements: str) -> Tamper:
    """Run statements about the patient."""

    def tamper(raw: Raw, of: str) -> None:
        for statement in statements:
            raw.execute(statement, {"of": of})

    return tamper


def rewrite(table: str, stream: str, covered: tuple[str, ...], change: str) -> Tamper:
    """Change rows, and all hashes of the chain so that they fit."""

    def tamper(raw: Raw, of: str) -> None:
        raw.execute(change, {"of": of})
        previous = ""
        for row in raw.execute(f"SELECT * FROM {table} WHERE {stream} = :of ORDER BY seq", {"of": of}):
            previous = link(previous, row, covered)
            values = {"hash": previous, "of": of, "seq": row["seq"]}
            raw.execute(f"UPDATE {table} SET hash = :hash WHERE {stream} = :of AND seq = :seq", values)

    return tamper


CUT_FACTS = "DELETE FROM facts WHERE patient_id = :of AND seq = 6"
#: What is done, and the words that name it; `{of}` is the patient.
TAMPERED: dict[str, tuple[Tamper, str]] = {
    **{
        f"edited {column}": (
            run(f"UPDATE audit SET {column} = 'x' WHERE stream = :of AND seq = 2"),
            "stream {of}: event",
        )
        for column in ("at", "actor", "role", "name", "action", "site", "route", "hash")
    },
    "edited detail": (
        run("UPDATE audit SET detail = '{}' WHERE stream = :of AND seq = 3"),
        "stream {of}: event refused (number 3) is not what was recorded",
    ),
    "removed": (
        run("DELETE FROM audit WHERE stream = :of AND seq = 2"),
        "stream {of}: event number 2 is missing before event refused",
    ),
    "reordered": (
        run(
            "UPDATE audit SET seq = -1 WHERE stream = :of AND seq = 1",
            "UPDATE audit SET seq = 1 WHERE stream = :of AND seq = 2",
            "UPDATE audit SET seq = 2 WHERE stream = :of AND seq = -1",
        ),
        "stream {of}: event code_made (number 1) is not what was recorded",
    ),
    "an event moved to another stream": (
        run("UPDATE audit SET stream = 'other', seq = 1 WHERE stream = :of AND seq = 4"),
        "stream other: event refused (number 1) is not what was recorded",
    ),
    "the end of the audit cut off": (
        run("DELETE FROM audit WHERE stream = :of AND seq >= 3"),
        "stream {of}: event number 3 is missing; checkpoint 2 saw it",
    ),
    "a whole stream of the audit removed": (
        run("DELETE FROM audit WHERE stream = :of"),
        "stream {of}: event number 2 is missing; checkpoint 1 saw it",
    ),
    "the audit rewritten with all hashes": (
        rewrite("audit", "stream", AUDIT, "UPDATE audit SET name = 'x' WHERE stream = :of AND seq = 1"),
        "stream {of}: event number 2 is another now; checkpoint 1 saw it",
    ),
    "the end of the facts cut off, and the patient's row made to fit": (
        run(
            CUT_FACTS,
            "UPDATE patients SET version = 5, head = (SELECT hash FROM facts WHERE patient_id = :of AND seq = 5) "
            "WHERE patient_id = :of",
        ),
        "patient {of}: fact number 6 is missing; checkpoint 2 saw it",
    ),
    "a patient removed without a trace": (
        run(*(f"DELETE FROM {table} WHERE patient_id = :of" for table in ("facts", "patients", "visits", "audit"))),
        "patient {of}: fact number 3 is missing; checkpoint 1 saw it",
    ),
    "facts rewritten with all hashes": (
        rewrite("facts", "patient_id", FACT, "UPDATE facts SET actor = 'x' WHERE patient_id = :of AND seq = 1"),
        "patient {of}: fact number 6 is another now; checkpoint 2 saw it",
    ),
    "the end cut off, and the heads too": (
        run(CUT_FACTS, "DELETE FROM checkpoint_heads WHERE stream = :of AND log = 'facts' AND seq = 6"),
        "checkpoint 2: is not what was made",
    ),
    "a head edited": (
        run("UPDATE checkpoint_heads SET seq = 5 WHERE stream = :of AND seq = 6"),
        "checkpoint 2: is not what was made",
    ),
    "a checkpoint removed": (run("DELETE FROM checkpoints WHERE checkpoint = 1"), "checkpoint 1: is missing"),
    "a checkpoint's time edited": (
        run("UPDATE checkpoints SET at = '2024-01-01T00:00:00.000000+00:00' WHERE checkpoint = 1"),
        "checkpoint 1: is not what was made",
    ),
    "a signature taken away": (
        run("UPDATE checkpoints SET signed_by = NULL, signature = NULL WHERE checkpoint = 2"),
        "checkpoint 2: is not signed by a key that we know",
    ),
    "all signatures taken away": (
        run("UPDATE checkpoints SET signed_by = NULL, signature = NULL"),
        "no checkpoint is signed, though there is a key",
    ),
    "a signature of another checkpoint": (
        run("UPDATE checkpoints SET signature = (SELECT signature FROM checkpoints WHERE checkpoint = 1)"),
        "checkpoint 2: is not signed by a key that we know",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_was_done_to_it_is_named(service: Service, raw: Raw, patient: Patient, how: str) -> None:
    assert wrong(service) == []
    raw.unguarded()
    tamper, words = TAMPERED[how]
    tamper(raw, patient.patient_id)
    found = wrong(service)
    assert any(line.startswith(words.format(of=patient.patient_id)) for line in found), found


def test_who_cuts_off_the_last_checkpoint_too_is_found_by_one_that_was_kept(
    service: Service, raw: Raw, patient: Patient
) -> None:
    kept = checkpoints.every(service.store)
    assert wrong(service, kept=kept) == []
    raw.unguarded()
    for statement in (
        CUT_FACTS,
        "UPDATE patients SET version = 5, head = (SELECT hash FROM facts WHERE patient_id = :of AND seq = 5) "
        "WHERE patient_id = :of",
        "DELETE FROM checkpoints WHERE checkpoint = 2",
        "DELETE FROM checkpoint_heads WHERE checkpoint = 2",
    ):
        raw.execute(statement, {"of": patient.patient_id})
    assert maintenance.rebuild(service.store, service.clock()) == 2
    assert wrong(service) == []
    assert wrong(service, kept=kept) == ["checkpoint 2: is not the one that was exported, or is missing"]


@pytest.mark.usefixtures("patient")
def test_a_key_that_was_replaced_stays_good_while_its_public_half_is_kept(service: Service) -> None:
    assert KEYS.signing is not None
    new = checkpoints.new_key()
    alone = checkpoints.read_keys(new)
    both = checkpoints.read_keys(new + checkpoints.public_pem(KEYS.good[0]).encode())
    checkpoints.make(service.store, both, service.clock())
    assert wrong(service, both) == []
    assert wrong(service, alone) == [f"checkpoint {n}: is not signed by a key that we know" for n in (1, 2)]
    assert wrong(service, checkpoints.NO_KEYS) == []


@pytest.mark.usefixtures("patient")
def test_a_checkpoint_is_due_after_a_day(service: Service) -> None:
    assert checkpoints.make_if_due(service.store, KEYS, service.clock()) is None
    service.clock.now += timedelta(days=1)
    made = checkpoints.make_if_due(service.store, KEYS, service.clock())
    # One event had come after the second checkpoint.
    assert made is not None
    assert (made["checkpoint"], made["heads"]) == (3, 1)
    assert wrong(service) == []


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(pem: bytes) -> None:
    with pytest.raises(checkpoints.BadKey):
        checkpoints.read_keys(pem)
