"""What in a valid protocol is probably a slip: it is said, and keeps nobody from using the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.protocol_file.slips import SLIPS, slips

from .patients import builtin, protocol_data, series

SLIPPED: list[tuple[str, str, dict[str, Any]]] = [
    (
        "contraception_in_months",
        "/contraception/0/after_last_dose",
        protocol_data(sources={"/contraception/0/after_last_dose": {"stated": "registry", "note": "180 days"}}),
    ),
    # After week 48 the next scan is in week 66.
    (
        "gap_between_parts",
        "/visits/1/first",
        protocol_data(
            series("imaging", every={"weeks": 6}, count=8),
            series("imaging", first={"weeks": 66}, every={"weeks": 12}),
        ),
    ),
    ("given_every_day", "/regimens/0/when", protocol_data(given_by="site", window={"before_days": 0, "after_days": 0})),
    ("intravenous_by_patient", "/regimens/0/route", protocol_data(route="Intravenous infusion")),
    (
        "pregnancy_test_of_all",
        "/visits/0/who",
        protocol_data(series("pregnancy-test", every={"weeks": 6}, who={"fertile": True})),
    ),
    ("window_wide", "/visits/0/window", protocol_data(series("lab", every={"weeks": 4}, window=(7, 8)))),
]


@pytest.mark.parametrize(("code", "pointer", "data"), SLIPPED, ids=[code for code, _, _ in SLIPPED])
def test_a_slip_is_told_with_its_place(code: str, pointer: str, data: dict[str, Any]) -> None:
    assert [(slip.code, slip.pointer) for slip in slips(read_protocol(data))] == [(code, pointer)]


def test_every_slip_is_tried() -> None:
    assert [code for code, _, _ in SLIPPED] == sorted(SLIPS) == list(SLIPS)


@pytest.mark.parametrize(
    "data",
    [
        protocol_data(sources={"/contraception/0/after_last_dose": {"stated": "registry", "note": "six months"}}),
        # Week 48, then week 60.
        protocol_data(
            series("imaging", every={"weeks": 6}, count=8),
            series("imaging", first={"weeks": 60}, every={"weeks": 12}),
        ),
        protocol_data(given_by="site", window={"before_days": 0, "after_days": 0}, when=[{"days": "all"}]),
        protocol_data(series("lab", every={"weeks": 4}, window=(7, 7))),
        protocol_data(series("lab", every={"days": 28}, window=(7, 7))),
        protocol_data(series("pregnancy-test", every={"weeks": 6}, who={"sex": "female", "fertile": True})),
    ],
)
def test_what_is_usual_is_no_slip(data: dict[str, Any]) -> None:
    assert slips(read_protocol(data)) == []


def test_the_built_in_protocol_has_none() -> None:
    assert slips(builtin()) == []
