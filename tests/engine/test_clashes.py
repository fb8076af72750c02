"""Visits that one patient could not tell apart make a protocol invalid as a whole (rules, section 2)."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import protocol_data, series

ARMS: dict[str, Any] = {"arms": [{"id": name, "label": name} for name in ("a", "b", "c")]}
COHORTS: dict[str, Any] = {"cohorts": [{"id": name, "label": name} for name in ("carriers", "elderly")]}


def clash(*visits: dict[str, Any], **rest: Any) -> str:
    """What is said of visits that cannot stand together, though each is well by itself; empty if they can."""
    for visit in visits:
        read_protocol(protocol_data(visit, **rest))
    return refusal(*visits, **rest)


def refusal(*visits: dict[str, Any], **rest: Any) -> str:
    errors: tuple[FieldError, ...] = ()
    try:
        read_protocol(protocol_data(*visits, **rest))
    except ValidationFailed as refused:
        errors = refused.errors
    assert all(field_error.pointer.startswith("/visits") for field_error in errors)
    return " ".join(field_error.detail for field_error in errors)


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"every": {"days": 1}}, (1, 1)),
        ({"every": {"weeks": 1}}, (7, 7)),
        ({"every": {"months": 1}}, (14, 14)),
        ({"anchor": {"days": [1, 2]}}, (2, 2)),
        ({"anchor": {"days": [1]}}, (10, 11)),
        ({"anchor": {"days": [-1, 1], "cycles": [1]}}, (1, 1)),
    ],
)
def test_windows_of_a_series_may_overlap(entry: dict[str, Any], window: tuple[int, int]) -> None:
    read_protocol(protocol_data({**series("call", window=window), **entry}))


@pytest.mark.parametrize(
    ("first", "window", "is_inside"),
    [
        # Week 12 is open from day 77 through day 91.
        ({"days": 92}, (0, 0), False),
        ({"days": 91}, (0, 0), False),
        ({"days": 90}, (0, 0), True),
        ({"days": 85}, (8, 7), False),
        ({"days": 85}, (9, 7), True),
        # One target.
        ({"weeks": 12}, (7, 7), True),
    ],
)
def test_no_window_lies_inside_another(first: dict[str, int], window: tuple[int, int], is_inside: bool) -> None:
    twice = series("imaging", every={"weeks": 6}, count=2)
    assert bool(clash(twice, series("imaging", first=first, window=window))) is is_inside


@pytest.mark.parametrize(
    ("first", "window", "is_inside"),
    [
        # Month 2 is open for ten days before it. From 1 February to 1 March are 28 days in most years, and from no day
        # to the next month fewer.
        ({"months": 3}, (38, 0), False),
        ({"months": 3}, (39, 0), True),
        ({"months": 2}, (0, 0), True),
    ],
)
def test_no_window_in_months_lies_inside_another_from_any_day(
    first: dict[str, int], window: tuple[int, int], is_inside: bool
) -> None:
    twice = series("call", every={"months": 1}, count=2, window=(10, 0))
    assert bool(clash(twice, series("call", first=first, window=window))) is is_inside


def test_no_window_lies_inside_one_of_the_next_cycle() -> None:
    assert not clash(series("clinic", {"days": [1]}, window=(21, 21)))
    # Day 20 closes on day 29, which is day 8 of the next cycle; its day 5 closes on day 5.
    assert clash(series("clinic", {"days": [5]}, window=(0, 0)), series("clinic", {"days": [20]}, window=(0, 9)))
    assert not clash(series("clinic", {"days": [5]}, window=(0, 0)), series("clinic", {"days": [20]}, window=(0, 6)))


@pytest.mark.parametrize(
    ("first", "second", "is_clash"),
    [
        # The second visit of one is the first of the other.
        ({"every": {"weeks": 6}, "count": 2}, {"first": {"weeks": 12}, "every": {"weeks": 9}}, True),
        ({"every": {"weeks": 6}, "count": 2}, {"first": {"weeks": 13}, "every": {"weeks": 9}}, False),
        ({"first": {"weeks": 1}}, {"first": {"weeks": 9}}, False),
        ({"first": {"weeks": 1}}, {"first": {"weeks": 1}}, True),
        # Each has its own name; but both would be on one day.
        ({"every": {"weeks": 6}, "count": 1}, {"first": {"days": 42}}, True),
        ({"every": {"weeks": 6}, "count": 1}, {"first": {"days": 43}}, False),
        ({"every": {"days": 6}, "count": 1}, {"every": {"weeks": 6}}, False),
        # A month has 28 to 31 days, 29 in a leap year alone.
        ({"first": {"months": 1}}, {"first": {"days": 27}}, False),
        ({"first": {"months": 1}}, {"first": {"days": 28}}, True),
        ({"first": {"months": 1}}, {"first": {"days": 29}}, True),
        ({"first": {"months": 1}}, {"first": {"days": 31}}, True),
        ({"first": {"months": 1}}, {"first": {"days": 32}}, False),
        # Counted without end, they meet at last.
        ({"every": {"weeks": 5}}, {"first": {"weeks": 3}, "every": {"weeks": 7}}, True),
        ({"every": {"weeks": 2}}, {"first": {"weeks": 3}, "every": {"weeks": 2}}, False),
    ],
)
def test_two_visits_of_one_patient_have_names_and_targets_of_their_own(
    first: dict[str, Any], second: dict[str, Any], is_clash: bool
) -> None:
    entries = [series("lab", window=(0, 0), **entry) for entry in (first, second)]
    assert bool(clash(*entries)) is is_clash
    assert bool(clash(*reversed(entries))) is is_clash


@pytest.mark.parametrize(
    ("first", "second", "is_clash"),
    [
        ({"days": [1]}, {"days": [1]}, True),
        ({"days": [1, 8]}, {"days": [8, 15]}, True),
        ({"days": [1]}, {"days": [8]}, False),
        ({"days": [1], "cycles": {"to": 2}}, {"days": [1], "cycles": {"from": 3}}, False),
        ({"days": [1], "cycles": {"to": 3}}, {"days": [1], "cycles": {"from": 3}}, True),
        ({"days": [1], "cycles": {"every": 2}}, {"days": [1], "cycles": {"from": 2, "every": 2}}, False),
        ({"days": [1], "cycles": {"every": 2}}, {"days": [1], "cycles": {"from": 2, "every": 3}}, True),
        ({"days": [1], "cycles": [1, 3]}, {"days": [1], "cycles": [2, 4]}, False),
        ({"days": [1], "cycles": [1, 3]}, {"days": [1], "cycles": {"from": 3}}, True),
        ({"days": [-2], "cycles": [1]}, {"days": [1]}, False),
    ],
)
def test_entries_on_cycle_days_choose_days_of_their_own(
    first: dict[str, Any], second: dict[str, Any], is_clash: bool
) -> None:
    assert bool(clash(series("clinic", first, window=(0, 0)), series("clinic", second, window=(0, 0)))) is is_clash


@pytest.mark.parametrize(
    ("first", "second", "is_clash"),
    [
        ({"sex": "female"}, {"sex": "male"}, False),
        ({"fertile": True}, {"fertile": False}, False),
        ({"arm": "a"}, {"arm": "b"}, False),
        ({"arm": ["a", "b"]}, {"arm": "c"}, False),
        ({"arm": ["a", "b"]}, {"arm": ["b", "c"]}, True),
        # Nobody is a man in arm A and a woman, whatever the cohort.
        ({"sex": "male", "arm": "a"}, {"sex": "female", "arm": "a"}, False),
        # Carriers may be elderly.
        ({"cohort": "carriers"}, {"cohort": "elderly"}, True),
        ({"sex": "female"}, {"arm": "a"}, True),
        ({"sex": "female"}, {}, True),
    ],
)
def test_visits_that_no_patient_has_both_may_have_one_name(
    first: dict[str, Any], second: dict[str, Any], is_clash: bool
) -> None:
    entries = [
        series("imaging", every={"weeks": 6}, who=first),
        series("imaging", every={"weeks": 8}, window=(1, 1), who=second),
    ]
    assert bool(clash(*entries, **ARMS, **COHORTS)) is is_clash


def test_a_clash_names_both_visits_and_their_first_dates() -> None:
    said = clash(series("lab", window=(0, 0), every={"weeks": 6}), series("lab", window=(0, 0), first={"days": 84}))
    assert "lab-w12" in said
    assert "lab-d84" in said
    # Counted from 2023-03-01, for example.
    assert said.count("2023-05-24") >= 2


# What can never be.


@pytest.mark.parametrize(
    ("anchor", "first", "until", "never"),
    [
        ("progression", 7, ["progression"], True),
        ("progression", 7, ["new_therapy"], False),
        ("progression", 7, [{"latest": ["progression", "new_therapy"]}], False),
        # It opens on the day of the progression itself.
        ("progression", 0, ["progression"], False),
        ("death", 7, [], True),
        ("end_of_study", 7, [], True),
        ("end_of_study", 0, [], False),
        # Treatment may end before the disease progresses.
        (["progression", "end_of_treatment"], 7, ["progression"], False),
        (["progression", "end_of_treatment"], 7, ["end_of_treatment", "progression"], True),
    ],
)
def test_visits_do_not_all_open_after_what_ends_them(anchor: Any, first: int, until: list[Any], never: bool) -> None:
    said = refusal(series("safety", anchor, window=(0, 3), first={"days": first}, until=until))
    assert bool(said) is never


# Anchors.


@pytest.mark.parametrize(
    "visits",
    [
        [series("a", {"visit": "a-w1"}, every={"weeks": 1}, window=(0, 0))],
        [series("a", {"visit": "b"}, first={"weeks": 1}), series("b", {"visit": "a"}, first={"weeks": 1})],
        [
            series("a", {"visit": "c"}, first={"weeks": 1}),
            series("b", {"visit": "a"}, first={"weeks": 1}),
            series("c", {"visit": "b"}, first={"weeks": 1}),
            series("d", first={"weeks": 1}),
        ],
    ],
)
def test_anchors_form_no_circle(visits: list[dict[str, Any]]) -> None:
    assert "circle" in refusal(*visits)


def test_anchors_may_form_a_chain_in_any_order() -> None:
    read_protocol(
        protocol_data(
            series("c", {"visit": "b"}, first={"weeks": 1}),
            series("b", {"visit": "a-w2"}, first={"weeks": 1}),
            series("a", every={"weeks": 1}, window=(0, 0)),
        )
    )
