"""A history as it is kept says the same as the facts it came of."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from scheduler_api.engine.facts import DoseRecorded
from scheduler_api.engine.folding import extend, fold
from scheduler_api.store.snapshots import from_texts, texts_after, texts_of
from tests.engine.patients import Patient
from tests.engine.strategies import patients

pytestmark = pytest.mark.one_engine


@given(patients())
def test_a_history_comes_back_as_it_was_kept(patient: Patient) -> None:
    history = from_texts(*texts_of(patient.history))
    assert history == patient.history
    assert history.taken_in_order == patient.history.taken_in_order


@given(patients())
def test_texts_that_grow_fact_by_fact_are_those_of_the_whole(patient: Patient) -> None:
    history = fold(patient.facts[:1])
    texts = texts_of(history)
    for number, fact in enumerate(patient.facts[1:], 2):
        known, day = history, None
        if fact.strikes is None:
            history = extend(known, fact.body)
            day = fact.body.dose_on if isinstance(fact.body, DoseRecorded) else None
        else:
            history = fold(patient.facts[:number])
        texts = texts_after({"history": texts.history, "days": texts.days}, known, history, day)
        assert texts == texts_of(fold(patient.facts[:number]))


@pytest.mark.parametrize(
    ("recorded", "text"),
    [
        ([], '[null,"",[]]'),
        ([(20, "taken", None), (21, "taken", None)], '["2024-02-20","tt",[]]'),
        # Not in order, with a gap, another amount, a day missed; then a day said twice: what was said last stands.
        ([(24, "taken", 200), (20, "missed", None), (21, "taken", None)], '["2024-02-20","mt..x",[200]]'),
        ([(20, "taken", 250), (22, "taken", 200), (20, "taken", None)], '["2024-02-20","t.x",[200]]'),
        ([(20, "taken", None), (20, "missed", None)], '["2024-02-20","m",[]]'),
        ([(21, "missed", None), (20, "taken", 250), (21, "taken", 300)], '["2024-02-20","xx",[250,300]]'),
    ],
)
def test_each_day_is_a_letter(recorded: list[tuple[int, str, float | None]], text: str) -> None:
    patient = Patient.treated()
    history = patient.history.with_days({}, ([], []), frozenset())
    stored = texts_of(history)
    for day, status, mg in recorded:
        before, on = history, date(2024, 2, day)
        history = extend(history, DoseRecorded(on, status, mg))
        stored = texts_after(stored._asdict(), before, history, on)
    assert stored.days == text
