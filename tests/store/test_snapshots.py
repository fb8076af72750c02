"""A history as it is stored says the same as the facts it came of, whichever version stored it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import orjson
import pytest
from hypothesis import given
from service import Client, Patient, Service

from scheduler_api.cli.database.maintenance import prepare
from scheduler_api.store.database.formats import format_of
from scheduler_api.store.patients import dose_words, snapshots
from scheduler_api.store.patients.snapshots import FORMAT, of_row, of_text, text_of
from scheduler_api.use_cases.projections import maintenance
from tests.engine.patients import Patient as EnginePatient
from tests.engine.strategies import patients


@pytest.mark.one_engine
@given(patients())
def test_a_history_comes_back_as_it_was_stored(patient: EnginePatient) -> None:
    text, months = text_of(patient.history), dose_words.by_month(patient.history.doses)
    history = of_text(text, lambda log: lambda month: months.get((log, month), "{}"))
    doses = {}
    for name, folded in patient.history.doses.items():
        assert isinstance(folded.words, dict)
        for day in map(date.fromisoformat, folded.words):
            assert history.log(name).words_of(day) == folded.words_of(day)
        doses[name] = replace(history.log(name), words=folded.words)
    assert replace(history, doses=doses) == patient.history
    assert text_of(history) == text


class Pair(NamedTuple):
    """A named tuple to store."""

    on: date
    amount: float | None


@dataclass(frozen=True)
class Old:
    """A class as an older version had it."""

    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class New:
    """The same with one more field."""

    pairs: tuple[Pair, ...]
    places: dict[str, Pair] = field(default_factory=dict)


@pytest.mark.one_engine
def test_a_field_more_is_another_format() -> None:
    New.__name__ = "Old"
    assert format_of(1, Old) != format_of(1, New) != format_of(2, New)
    assert FORMAT == snapshots.FORMAT > 0
    assert FORMAT < 2**53


def test_words_left_in_the_database_are_those_of_the_row(service: Service, nurse: Client) -> None:
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-01-06", status="taken", amount=200)
    row = service.store.row("SELECT * FROM patients WHERE patient_id = :id", {"id": patient.patient_id})
    assert row is not None
    read_before, read_later = (of_row(service.store, row).log("") for _ in range(2))
    words = read_before.words_of(date(2024, 1, 6))
    assert words.staff is not None
    # Asked for only after more was recorded, they still have none of that.
    patient.record("dose_recorded", dose_on="2024-01-07", status="missed")
    patient.record("dose_recorded", dose_on="2024-01-06", status="missed")
    for doses in (read_before, read_later):
        assert doses.words_of(date(2024, 1, 6)) == words
        assert doses.words_of(date(2024, 1, 7)).staff is None
    assert [*maintenance.verify(service.store)] == []


def test_verify_finds_changed_words(service: Service, treated: Patient) -> None:
    with service.store.transaction():
        service.store.write("UPDATE dose_words SET words = '{}' WHERE month = '2024-01'", {})
    (wrong,) = maintenance.verify(service.store)
    assert wrong == f"patient {treated.patient_id}: what is stored of the doses of 2024-01 is not what the facts give"


def test_a_month_of_which_nothing_is_said_any_more(service: Service, treated: Patient) -> None:
    (fact,) = (fact for fact in treated.read("facts")["items"] if fact["kind"] == "dose_recorded")
    treated.record("voided", voids=fact["fact_id"], reason="of another patient")
    assert [*maintenance.verify(service.store)] == []
    treated.record("dose_recorded", dose_on="2024-01-06", status="missed")
    assert [*maintenance.verify(service.store)] == []


RANGE = {"from": "2024-01-01", "to": "2024-03-01"}


def _damaged(service: Service, patient: Patient, **columns: object) -> None:
    names = ", ".join(f"{name} = :{name}" for name in columns)
    with service.store.transaction():
        service.store.write(
            f"UPDATE patients SET {names} WHERE patient_id = :patient_id", {"patient_id": patient.patient_id, **columns}
        )


def _history_without(name: str, text: str) -> str:
    data = orjson.loads(text)
    del data[name]
    return orjson.dumps(data).decode()


@pytest.fixture
def treated(nurse: Client) -> Patient:
    """A patient with a dose, a scan and a hold."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-01-06", status="taken", amount=200)
    patient.record("visit_done", series="imaging", done_on="2024-02-14", response="SD")
    patient.record("hold_started", from_on="2024-02-16")
    return patient


@pytest.mark.parametrize("damage", ["a field is missing", "no JSON", "another format", "other doses"])
def test_what_another_version_stored_is_folded_anew(
    service: Service, nurse: Client, treated: Patient, damage: str
) -> None:
    known = treated.read("calendar", **RANGE)
    row = service.store.row("SELECT history FROM patients WHERE patient_id = :id", {"id": treated.patient_id})
    assert row is not None
    columns: dict[str, object] = {
        # As if it had been added to the history after this row was written.
        "a field is missing": {"history": _history_without("registered", row["history"])},
        "no JSON": {"history": "["},
        "another format": {"format": 0, "history": "{}"},
        "other doses": {"history": row["history"].replace('"letters":"A"', '"letters":7')},
    }[damage]
    _damaged(service, treated, **columns)
    assert treated.read("calendar", **RANGE) == known
    assert nurse.get("/v1/patients").status_code == 200
    # A fact recorded on it is stored in the format of today.
    treated.record("dose_recorded", dose_on="2024-01-07", status="missed")
    assert [*maintenance.verify(service.store)] == []


def test_init_derives_anew_what_another_version_stored(service: Service, treated: Patient) -> None:
    known, facts = treated.read("calendar", **RANGE), treated.read("facts")
    _damaged(service, treated, format=0, history="{}")
    with service.store.transaction():
        service.store.write("UPDATE visits SET because = 'words of another version'", {})
    assert any("derived again" in line for line in prepare(service.store, service.database))
    row = service.store.row("SELECT format FROM patients WHERE patient_id = :id", {"id": treated.patient_id})
    assert row == {"format": FORMAT}
    assert (treated.read("calendar", **RANGE), treated.read("facts")) == (known, facts)
    assert [*maintenance.verify(service.store)] == []
    assert prepare(service.store, service.database) == []
