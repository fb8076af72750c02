"""What a fact moved may be much: it is compressed for who takes it so, and says the same."""

from __future__ import annotations

import gzip
import json
from typing import Any

from service import Patient

GZIP = {"Accept-Encoding": "gzip"}
#: A first dose a week later moves every visit and the whole of contraception.
LATER = {"first_dose_on": "2024-01-12", "reason": "misread"}


def correction(patient: Patient) -> dict[str, Any]:
    """The data of a correction of the patient's first dose."""
    return {**LATER, "replaces": patient.read("facts")["items"][-1]["fact_id"]}


def unpacked(answer: Any) -> Any:
    """The JSON of a compressed answer, which is shorter than what is in it."""
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "application/json"
    assert "Accept-Encoding" in answer.headers["Vary"]
    body = gzip.decompress(answer.data)
    assert len(answer.data) < len(body) / 2
    return json.loads(body)


def test_a_dry_run(patient: Patient) -> None:
    data = correction(patient)
    plain = patient.send("treatment_started", dry_run=True, **data)
    packed = patient.send("treatment_started", GZIP, dry_run=True, **data)
    assert len(plain.json["consequences"]) > 5
    assert "Content-Encoding" not in plain.headers

    def said(document: dict[str, Any]) -> dict[str, Any]:
        # A dry run makes an id and a moment up, each time others.
        made_up = ("fact_id", "recorded_at")
        fact = {name: value for name, value in document["fact"].items() if name not in made_up}
        return {**document, "fact": fact}

    assert said(unpacked(packed)) == said(plain.json)


def test_a_fact_that_is_recorded_and_its_repetition(patient: Patient) -> None:
    """The answer is kept as it is: a repetition gets it in the form that it asks for."""
    data, key = correction(patient), {"Idempotency-Key": "first-dose-001"}
    first = patient.send("treatment_started", {**GZIP, **key}, **data)
    assert first.status_code == 201
    plain = patient.send("treatment_started", key, **data)
    again = patient.send("treatment_started", {**GZIP, **key}, **data)
    for repetition in (plain, again):
        assert (repetition.status_code, repetition.headers["Idempotency-Replayed"]) == (201, "true")
    assert unpacked(first) == unpacked(again) == plain.json
    tag = {"If-Match": first.headers["ETag"]}
    assert patient.send("dose_recorded", tag, dose_on="2024-01-12", status="taken").status_code == 201


def test_a_small_answer_is_not_compressed(patient: Patient) -> None:
    answer = patient.send("dose_recorded", GZIP, dose_on="2024-01-05", status="taken")
    assert answer.status_code == 201
    assert "Content-Encoding" not in answer.headers
