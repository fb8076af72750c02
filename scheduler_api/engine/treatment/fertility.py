"""Find the days on which a patient is fertile (rules, section 6)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import FertilityChange


class FertilePeriod(NamedTuple):
    """A fertile period from `from_on` through `through_on` (None: for good); `ended_by` is the change that ended it."""

    from_on: date
    through_on: date | None
    ended_by: FertilityChange | None


def fertile_periods(history: History, begins: date) -> tuple[FertilePeriod, ...]:
    """Return the periods, from a day on, in which the patient is fertile, in order of days."""
    since = begins if history.registered.fertility == "fertile" else None
    periods = []
    for index, change in enumerate(history.fertility_changes):
        following = history.fertility_changes[index + 1 : index + 2]
        if following and following[0].from_on == change.from_on:
            continue
        if change.fertile and since is None:
            since = max(change.from_on, begins)
        elif not change.fertile and since is not None:
            if since < change.from_on:
                periods.append(FertilePeriod(since, change.from_on - ONE_DAY, change))
            since = None
    if since is not None:
        periods.append(FertilePeriod(since, None, None))
    return tuple(periods)
