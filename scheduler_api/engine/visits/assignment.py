"""Which visit of a series was done when, by what was recorded (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.facts import VisitDone
from scheduler_api.engine.model.history import Done

from .recurrence import PlannedVisits


class Assigned(NamedTuple):
    """What was done for a visit, by its index; how it was assigned, if not by its window; and what belongs to none."""

    done: dict[int, VisitDone]
    how: dict[int, str]
    unscheduled: list[VisitDone]


def assign(planned_visits: PlannedVisits, done: Done) -> Assigned:
    """Assign what was done to visits in the three passes of section 5, each in order of day, then of receipt."""
    found, rest = Assigned({}, {}, []), []
    by_index = found.done
    for visit in done.named:
        _claim(planned_visits, found, planned_visits.named(visit.visit or ""), visit, "named")
    for visit, index in zip(done.unnamed, planned_visits.within(done.days), strict=True):
        if index is not None and index not in by_index:
            by_index[index] = visit
        else:
            rest.append(visit)
    for visit in rest:
        _claim(planned_visits, found, _nearest(planned_visits, by_index, visit.done_on), visit, "nearest")
    return found


def _claim(planned_visits: PlannedVisits, found: Assigned, index: int | None, visit: VisitDone, how: str) -> None:
    planned = None if index is None or index in found.done else planned_visits.visit(index)
    # A visit planned before its anchor (screening) can be done before it too, from the day its window opens.
    if index is None or planned is None or visit.done_on < min(planned.anchor.day, planned.opens_on):
        found.unscheduled.append(visit)
    else:
        found.done[index], found.how[index] = visit, how


def _nearest(planned_visits: PlannedVisits, done: dict[int, VisitDone], day: date) -> int | None:
    """Return the visit, not done, whose target is nearest to a day and at most half an interval away."""
    right = planned_visits.closing_from(day)
    left = right - 1
    while left in done:
        left -= 1
    while right in done:
        right += 1
    found: tuple[int, int] | None = None
    for index in (left, right):
        planned = planned_visits.visit(index)
        if planned is not None:
            distance = abs((planned.target_on - day).days)
            if found is None or distance < found[0]:
                found = (distance, index)
    if found is None:
        return None
    distance, index = found
    planned, following = planned_visits.at(index), planned_visits.at(index + 1)
    if planned and following and 2 * distance > (following.target_on - planned.target_on).days:
        return None
    return index
