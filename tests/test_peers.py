"""What stands beside this service in `docs/peers.md` is asked for the same, or its figures mean nothing."""

from __future__ import annotations

from pathlib import Path

from bench.peers import by_rrule, by_us, plan


def test_the_schedules_compared_are_the_same_to_the_day(tmp_path: Path) -> None:
    asked = plan.patients(16)
    ours, bare = by_us.answer(tmp_path, asked), by_rrule.answer(tmp_path, asked)
    assert ours.visits == bare.visits
    assert [len(visits) for visits in ours.visits] == [plan.VISITS] * 16
    assert ours.page == bare.page


def test_the_page_compared_is_of_windows_that_have_not_closed(tmp_path: Path) -> None:
    ours = by_us.answer(tmp_path, plan.patients(16))
    assert ours.page == sorted(ours.page)
    assert len(ours.page) < sum(len(visits) for visits in ours.visits[:: plan.SITES])
    assert min(ours.page) >= (plan.TODAY - plan.WINDOW).isoformat()
