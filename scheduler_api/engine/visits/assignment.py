"""Assign the visits recorded as done to the planned visits of a series (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.facts import VisitDone
from scheduler_api.engine.model.history import Done

from .recurrence import PlannedVisits


class Assigned(NamedTuple):
    """Holds what was done for each visit, by index; how it was assigned, if not by its window; and what fits none."""

    done: dict[int, VisitDone]
    how: dict[int, str]
    unscheduled: list[VisitDone]


def assign(planned_visits: PlannedVisits, done: Done) -> Assigned:
    """Assign what was done to visits in the three passes of section 5, each in order of day, then of receipt."""
    assigned, rest = Assigned({}, {}, []), []
    by_index = assigned.done
    for visit in done.named:
        _claim(planned_visits, assigned, planned_visits.named(visit.visit or ""), visit, "named")
    for visit, index in zip(done.unnamed, planned_visits.within(done.days), strict=True):
        if index is not None and index not in by_index:
            by_index[index] = visit
        else:
            rest.append(visit)
    for visit in rest:
        _claim(planned_visits, assigned, _nearest(planned_visits, by_index, visit.done_on), visit, "nearest")
    return assigned


def _claim(planned_visits: PlannedVisits, assigned: Assigned, index: int | None, visit: VisitDone, how: str) -> None:
    planned = None if index is None or index in assigned.done else planned_visits.visit(index)
    # A visit planned before its anchor (screening) can be done before it too, from the day its window opens.
    if index is None or planned is None or visit.done_on < min(planned.anchor.day, planned.opens_on):
        assigned.unscheduled.append(visit)
    else:
        assigned.done[index], assigned.how[index] = visit, how


def _nearest(planned_visits: PlannedVisits, done: dict[int, VisitDone], day: date) -> int | None:
    """Return the visit, not done, whose target is nearest to a day and at most half an interval away."""
    right = planned_visits.closing_from(day)
    left = right - 1
    while left in done:
        left -= 1
    while right in done:
        right += 1
    nearest: tuple[int, int] | None = None
    for index in (left, right):
        planned = planned_visits.visit(index)
        if planned is not None:
            distance = abs((planned.target_on - day).days)
            if nearest is None or distance < nearest[0]:
                nearest = (distance, index)
    if nearest is None:
        return None
    distance, index = nearest
    planned, following = planned_visits.at(index), planned_visits.at(index + 1)
    if planned and following and 2 * distance > (following.target_on - planned.target_on).days:
        return None
    return index
