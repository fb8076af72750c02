"""Pages are held to the answers: what may be left out, and that nothing else is let through."""

from __future__ import annotations

from typing import Any

import pytest

from .pages import Shown, document_of

REAL: dict[str, Any] = {
    "id": "p-52ee08ed3c42b426",
    "at": "2024-02-20T08:00:00.017+08:00",
    "items": [{"n": 1}, {"n": 2}, {"n": 3}],
}


@pytest.mark.parametrize(
    ("written", "true"),
    [
        ('{"id": "p-000000000000", "at": "2024-02-20T08:00:00+08:00", "items": [{"n": 1}, {"n": 2}, {"n": 3}]}', True),
        ('{"id": …, "at": "2024-02…", "items": [{"n": 1}, …]}', True),
        ('{"items": [{"n": 1}, …, {"n": 3}], …}', True),
        ('{"items": [{"n": 1}, {…}, …, {"n": 3}, …], …}', True),
        ('{"items": …, …}', True),
        ('{"at": …, "items": …}', False),
        ('{"at": "2024-02-21T08:00:00+08:00", …}', False),
        ('{"items": [{"n": 1}, {"n": 2}], …}', False),
        ('{"items": [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}], …}', False),
        ('{"items": [{"n": 1}, {"n": 3}, …], …}', False),
        ('{"items": [{"n": 2}, …, {"n": 1}, …], …}', False),
        ('{"items": [{"n": 1}, …, {"n": 4}], …}', False),
        ('{"items": [{"n": 1, "m": …}, …], …}', False),
        ('{"more": …, …}', False),
    ],
)  # fmt: skip
def test_what_is_left_out_is_any_and_what_is_shown_is_as_it_is(written: str, true: bool) -> None:
    assert (Shown().meant(document_of(written), REAL) == REAL) is true


def test_an_id_stands_for_the_same_one_throughout() -> None:
    page = Shown()
    assert page.meant("late.p-000000000001.w6", "late.p-52ee08ed3c42b426.w6") == "late.p-52ee08ed3c42b426.w6"
    assert page.meant("p-000000000001", "p-52ee08ed3c42b426") == "p-52ee08ed3c42b426"
    assert page.meant("p-000000000001", "p-4688903a0b1b3715") != "p-4688903a0b1b3715"
