"""`clock`: no command records by a clock that is behind what is known, until somebody says that it is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.clocks import note_trusted

from .conftest import Commands


def test_the_clocks_are_shown(run: Commands, store: Store) -> None:
    with store.transaction():
        note_trusted(store, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    shown = run.ok("clock")
    assert "this machine" in shown
    assert "last noted by a worker  2026-01-02 03:04:05 UTC\n" in shown


@pytest.mark.only("sqlite")
def test_nothing_is_recorded_by_a_clock_that_is_behind_until_somebody_says_that_it_is_right(
    run: Commands, store: Store
) -> None:
    with store.transaction():
        note_trusted(store, datetime.now(UTC) + timedelta(days=30))
    (line,) = run.refused("tokens", "create", "--role", "nurse")
    assert line.startswith("The clock is ")
    assert line.endswith(
        "behind the last instant that a worker noted. If it is right, run `scheduler-api clock --accept`."
    )
    run.ok("clock", "--accept")
    run.ok("tokens", "create", "--role", "nurse")
