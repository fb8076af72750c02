"""Several visits of one day at once, each of another series: what is booked or was done for each (rules, section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.facts import VisitBooked, VisitDone, body_from_data
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.recording.several_visits import each_visit

from .patients import Patient, protocol_data, regimen_data, series
from .test_given_at_site import infusion

ON = "2024-02-14"


def each(
    *visits: str, kind: str = "visit_done", corrects: bool = False, **data: Any
) -> list[tuple[str | None, str | None, str | None, float | None]]:
    """Series, visit, response and amount of each, in a trial of tablets, infusions, scans and calls."""
    trial = protocol_data(series("imaging", every={"weeks": 6}), series("call", every={"weeks": 6}))
    patient = Patient.treated(read_protocol({**trial, "regimens": [regimen_data(), infusion()]}))
    # What names no single visit has an empty name.
    unnamed = {"done_on": ON, "series": ""} if kind == "visit_done" else {"booked_on": ON, "visit": ""}
    body = body_from_data(kind, {**unnamed, **data})
    assert isinstance(body, VisitDone | VisitBooked)
    found = each_visit(patient.schedule().treatment_plan.plan, body, visits, corrects)
    assert all(getattr(one, next(iter(unnamed))).isoformat() == ON for one in found)
    return [(one.series, one.visit, getattr(one, "response", None), getattr(one, "amount", None)) for one in found]


def refusals(*visits: str, **said: Any) -> list[tuple[str, str]]:
    """The field and the code of each error."""
    with pytest.raises(ValidationFailed) as caught:
        each(*visits, **said)
    return [(error.pointer, error.code) for error in caught.value.errors]


SCAN, CALL, DOSE = "imaging-w6", "call-w6", "pembrolizumab-c3d1"


def test_a_response_is_of_those_that_have_responses_and_an_amount_of_those_that_are_doses() -> None:
    assert each(CALL, DOSE, SCAN, response="SD", amount=100) == [
        ("call", CALL, None, None),
        ("pembrolizumab", DOSE, None, 100),
        ("imaging", SCAN, "SD", None),
    ]


@pytest.mark.parametrize("visits", [(CALL,), (SCAN, CALL), (SCAN, DOSE, CALL)])
def test_nothing_more_need_be_said(visits: tuple[str, ...]) -> None:
    assert [(visit, response, amount) for _, visit, response, amount in each(*visits)] == [
        (visit, None, None) for visit in visits
    ]
    assert [visit for _, visit, *_ in each(*visits, kind="visit_booked")] == [*visits]


def test_what_is_of_none_of_them_is_refused() -> None:
    assert refusals(CALL, DOSE, response="SD") == [("/response", "not_applicable")]
    assert refusals(CALL, SCAN, amount=100) == [("/amount", "not_applicable")]


def test_each_is_a_visit_of_the_protocol_and_of_another_series() -> None:
    assert refusals(SCAN, "haircut-w1", "imaging-w12") == [("/visits/1", "not_found"), ("/visits/2", "given_twice")]
    # Whether it is of none of them is not known while one of them is wrong.
    assert refusals(CALL, "haircut-w1", response="SD", amount=100) == [("/visits/1", "not_found")]


def test_what_names_one_visit_does_not_go_with_several() -> None:
    assert refusals(SCAN, CALL, series="imaging", visit=SCAN, part=True, corrects=True) == [
        ("/series", "not_applicable"),
        ("/visit", "not_applicable"),
        ("/part", "not_applicable"),
        ("/replaces", "not_applicable"),
    ]
