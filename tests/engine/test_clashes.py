"""Visits that cannot stand together make a protocol invalid as a whole (rules, section 2)."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import protocol_data, series

CLINIC = series("clinic", "cycle", on_day=1, window=(0, 0))


def clash(*visits: dict[str, Any], **dosing: Any) -> bool:
    """Whether these visits cannot stand together, though each is well by itself."""
    try:
        read_protocol(protocol_data(*visits, **dosing))
    except ValidationFailed as refused:
        found = [field_error.pointer for field_error in refused.errors]
        assert found == ["/visits"]
        return True
    return False


@pytest.mark.parametrize(
    ("every", "window", "overlaps"),
    [
        ({"days": 1}, (0, 0), False),
        ({"days": 1}, (1, 0), True),
        ({"weeks": 6}, (20, 21), False),
        ({"weeks": 6}, (21, 21), True),
        ({"weeks": 2}, (0, 13), False),
        ({"weeks": 2}, (0, 14), True),
        # From 31 January to the end of February are 28 days, in most years; from any day 28 at least.
        ({"months": 1}, (13, 14), False),
        ({"months": 1}, (14, 14), True),
        # Two months with a February in them: 59 days.
        ({"months": 2}, (29, 29), False),
        ({"months": 2}, (29, 30), True),
        ({"months": 12}, (182, 182), False),
        ({"months": 12}, (182, 183), True),
    ],
)
def test_windows_of_a_series_do_not_overlap_from_any_day(
    every: dict[str, int], window: tuple[int, int], overlaps: bool
) -> None:
    assert clash(series("call", every=every, window=window)) is overlaps


@pytest.mark.parametrize(
    ("first", "window", "overlaps"),
    [
        # After week 12, closing on day 91, the next opens on day 92 or later.
        ({"weeks": 15}, (13, 0), False),
        ({"weeks": 15}, (14, 0), True),
        ({"days": 92}, (0, 0), False),
        ({"days": 91}, (0, 0), True),
        ({"weeks": 12}, (0, 0), True),
    ],
)
def test_windows_of_recurrences_do_not_overlap(first: dict[str, int], window: tuple[int, int], overlaps: bool) -> None:
    assert (
        clash(series("imaging", every={"weeks": 6}, count=2), series("imaging", first=first, window=window)) is overlaps
    )


@pytest.mark.parametrize(
    ("first", "window", "overlaps"),
    [
        # From 1 February to 1 March are 28 days in most years, and from no day to the next month fewer.
        ({"months": 3}, (27, 0), False),
        ({"months": 3}, (28, 0), True),
        ({"months": 2}, (0, 0), True),
    ],
)
def test_windows_of_recurrences_in_months_do_not_overlap_from_any_day(
    first: dict[str, int], window: tuple[int, int], overlaps: bool
) -> None:
    visits = series("call", every={"months": 1}, count=2, window=(0, 0)), series("call", first=first, window=window)
    assert clash(*visits) is overlaps


@pytest.mark.parametrize(
    ("cycle_days", "window", "overlaps"), [(21, (3, 3), False), (21, (3, 4), True), (14, (0, 6), False)]
)
def test_windows_of_cycle_visits_do_not_overlap(cycle_days: int, window: tuple[int, int], overlaps: bool) -> None:
    days = (1, 8) if cycle_days == 14 else (1, 8, 15)
    visits = [series("clinic", "cycle", on_day=day, window=window) for day in days]
    assert clash(*visits, cycle_days=cycle_days) is overlaps


def test_windows_overlap_into_the_next_cycle() -> None:
    assert clash(series("clinic", "cycle", on_day=1, window=(10, 11)))
    assert not clash(series("clinic", "cycle", on_day=1, window=(10, 10)))
    # Only from cycle 2 on, once day 1 has no visit of its own.
    assert clash(
        series("clinic", "cycle", on_day=1, window=(0, 0), count=1),
        series("clinic", "cycle", on_day=5, window=(3, 0)),
        series("clinic", "cycle", on_day=20, window=(0, 3)),
    )


def test_two_visits_of_a_series_have_two_names() -> None:
    # The k-th visit of one is the second of the other, far enough from all but itself.
    twice = series("imaging", first={"weeks": 12}, window=(0, 0), every={"weeks": 6}, count=1)
    assert clash(series("imaging", every={"weeks": 6}, window=(0, 0)), twice)
    assert clash(
        series("safety", first={"weeks": 1}, window=(0, 0)), series("safety", first={"weeks": 9}, window=(0, 0))
    )
    assert clash(CLINIC, CLINIC)


def test_days_and_weeks_have_names_of_their_own() -> None:
    assert not clash(
        series("lab", every={"days": 6}, count=1, window=(0, 0)), series("lab", every={"weeks": 6}, window=(0, 0))
    )


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
    assert clash(*visits)


def test_anchors_may_form_a_chain_in_any_order() -> None:
    read_protocol(
        protocol_data(
            series("c", {"visit": "b"}, first={"weeks": 1}),
            series("b", {"visit": "a-w2"}, first={"weeks": 1}),
            series("a", every={"weeks": 1}, window=(0, 0)),
        )
    )
