"""Responses of visits: of which series, by which criteria, and which of them mean progression (rules, section 6)."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed

from .patients import Patient, protocol, series

PSA = {"codes": ["PSA-R", "PSA-P"], "progression": ["PSA-P"]}


def with_scan(responses: Any, response: str) -> Patient:
    scans = series("scan", every={"weeks": 6}, responses=responses, until=["progression"])
    patient = Patient.treated(protocol(scans))
    patient.record("visit_done", series="scan", done_on="2024-02-14", response=response)
    return patient


@pytest.mark.parametrize(
    ("responses", "response", "progressed_on"),
    [
        ("RECIST 1.1", "PD", "2024-02-14"),
        ("RECIST 1.1", "SD", None),
        # Of iRECIST, progression that is not confirmed is none.
        ("iRECIST", "iUPD", None),
        ("iRECIST", "iCPD", "2024-02-14"),
        (PSA, "PSA-R", None),
        (PSA, "PSA-P", "2024-02-14"),
    ],
)
def test_which_responses_mean_progression_is_the_protocols(
    responses: Any, response: str, progressed_on: str | None
) -> None:
    patient = with_scan(responses, response)
    shown = patient.history.progressed_on
    assert (shown and shown.isoformat()) == progressed_on
    seen = patient.on("2024-03-01", last="2024-04-01")
    assert seen.visits["scan-w6"]["response"] == response
    assert ("scan-w12" in seen.visits) == (progressed_on is None)


@pytest.mark.parametrize(("responses", "response"), [("iRECIST", "PD"), (PSA, "SD"), ("RECIST 1.1", "iCPD")])
def test_a_response_by_other_criteria_is_refused(responses: Any, response: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        with_scan(responses, response)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/response", "malformed")]


def test_a_visit_whose_series_has_no_responses_has_none() -> None:
    patient = Patient.treated(protocol(series("clinic", every={"weeks": 6})))
    with pytest.raises(ValidationFailed) as refused:
        patient.record("visit_done", series="clinic", done_on="2024-02-14", response="SD")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/response", "not_applicable")]


def test_of_parts_the_one_that_says_progression_counts() -> None:
    patient = with_scan("iRECIST", "iSD")
    patient.record("visit_done", series="scan", visit="scan-w6", done_on="2024-02-16", response="iCPD", part=True)
    patient.record("visit_done", series="scan", visit="scan-w6", done_on="2024-02-18", response="NE", part=True)
    seen = patient.on("2024-03-01")
    assert (seen.visits["scan-w6"]["response"], patient.history.progressed_on.isoformat()) == ("iCPD", "2024-02-16")


def test_a_response_that_is_filled_in_later_needs_no_reason_and_counts() -> None:
    scans = series("scan", every={"weeks": 6}, responses="RECIST 1.1")
    patient = Patient.treated(protocol(scans))
    done = patient.record("visit_done", series="scan", done_on="2024-02-14")
    patient.correct(done, "visit_done", why=None, series="scan", done_on="2024-02-14", response="PD")
    assert patient.history.progressed_on.isoformat() == "2024-02-14"
