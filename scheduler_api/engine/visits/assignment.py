"""Assign the visits recorded as done to the planned visits of a series (rules, section 5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from scheduler_api.engine.model.facts import UNSCHEDULED
from scheduler_api.engine.model.records import Done, DoneVisit

from .recurrence import PlannedVisit, PlannedVisits


class Performed(NamedTuple):
    """What was done for one visit: its records in the order they were received, and how it was assigned."""

    records: tuple[DoneVisit, ...]
    assigned: str

    @property
    def done_on(self) -> date:
        """Return the day of the visit: that of its earliest part."""
        return min(record.done_on for record in self.records)

    @property
    def response(self) -> str | None:
        """Return its response: that of the part that says progression, if any does, else the last one recorded."""
        given = [record for record in self.records if record.response is not None]
        progressions = [record.response for record in given if record.progression]
        return progressions[0] if progressions else given[-1].response if given else None


class UnscheduledVisit(NamedTuple):
    """Something done that belongs to no visit, and the visit to come that it may have been."""

    record: DoneVisit
    suggested: PlannedVisit | None


class Assigned(NamedTuple):
    """What was done for each visit, by its index, and what belongs to none."""

    performed: dict[int, Performed]
    unscheduled: list[UnscheduledVisit]


def assign(
    planned_visits: PlannedVisits,
    done: Done,
    before_holds: PlannedVisits | None = None,
) -> Assigned:
    """Assign what was done to the visits it names, to those whose window it is in, or to the one it is late for.

    Each pass goes in order of day, then of receipt. Until somebody said that a regimen ended, the visits on days of its
    cycles were to be done, and what was done then stays theirs. `before_holds` are the visits as they would be without
    any hold, if holds move them: what was done on the day that a visit had then is no longer that visit.
    """
    assigned = Assigned({}, [])
    performed, unscheduled = assigned
    for record in done.named:
        index = None if record.visit == UNSCHEDULED else planned_visits.named(record.visit or "")
        planned = planned_visits.visit(index) if index is not None and index not in performed else None
        if index is None or planned is None or _is_before_response(planned, record.done_on):
            unscheduled.append(UnscheduledVisit(record, None))
        elif before_holds is not None and _is_moved_away(before_holds, planned, record.done_on):
            unscheduled.append(UnscheduledVisit(record, planned if planned.in_plan else None))
        else:
            performed[index] = Performed((record,), "named")
    rest = [record for record in done.unnamed if not _claim_window(planned_visits, performed, record)]
    rest = [record for record in rest if not _claim_late(planned_visits, performed, record)]
    for record in rest:
        suggested = _suggested(planned_visits, performed, record)
        if suggested is None and before_holds is not None:
            suggested = _moved_from(before_holds, planned_visits, record)
        unscheduled.append(UnscheduledVisit(record, suggested))
    for record in done.parts:
        _attach(planned_visits, assigned, record, before_holds)
    # What is done meanwhile is not to be done again.
    for place, (record, planned) in enumerate(unscheduled):
        if planned is not None and planned_visits.named(planned.name) in performed:
            unscheduled[place] = UnscheduledVisit(record, None)
    return assigned


def _is_before_response(planned: PlannedVisit, day: date) -> bool:
    """Return whether a visit is counted from one of several responses, and a day lies before that and its window.

    What was done then was the visit of an earlier response, which had this name until that was corrected away.
    """
    return planned.plan.series.anchor.each and day < planned.anchor.day and day < planned.opens_on


def _is_moved_away(before_holds: PlannedVisits, planned: PlannedVisit, day: date) -> bool:
    """Return whether a day lies outside a visit's window, and would lie inside it without the holds."""
    return not planned.opens_on <= day <= planned.closes_on and _is_open_on(before_holds, planned.name, day)


def _is_open_on(planned_visits: PlannedVisits, name: str, day: date) -> bool:
    """Return whether a day lies in the window of the visit of a name."""
    index = planned_visits.named(name)
    planned = planned_visits.visit(index) if index is not None else None
    return planned is not None and planned.opens_on <= day <= planned.closes_on


def _moved_from(before_holds: PlannedVisits, planned_visits: PlannedVisits, record: DoneVisit) -> PlannedVisit | None:
    """Return the visit that a hold moved on from the day on which it was done."""
    for before in map(before_holds.visit, before_holds.open_on(record.done_on)):
        index = planned_visits.named(before.name) if before is not None else None
        planned = planned_visits.visit(index) if index is not None else None
        if planned is not None and planned.opens_on > record.done_on and planned.in_plan:
            return planned
    return None


def _claim_window(planned_visits: PlannedVisits, performed: dict[int, Performed], record: DoneVisit) -> bool:
    """Assign a record to the visit, not done, whose window it is in; return whether there is one.

    Of several it is the nearest, and of doses given at the site the earliest.
    """
    here = planned_visits.open_on(record.done_on)
    if len(here) > 1 and (first := planned_visits.visit(min(here))) is not None and first.is_dose:
        here.sort()
    for index in here:
        planned = planned_visits.visit(index)
        if index not in performed and planned is not None and planned.for_done.in_plan:
            performed[index] = Performed((record,), "window")
            return True
    return False


def _claim_late(planned_visits: PlannedVisits, performed: dict[int, Performed], record: DoneVisit) -> bool:
    """Assign a record to the visit, not done, that closed before it, if the next one had not opened.

    The visit was required through its window. Of doses it is rather one that was not held all the time.
    """
    closed = planned_visits.closed_before(record.done_on)
    for held in (False, True):
        index = planned_visits.existing(closed, -1, performed, held, for_done=True)
        planned = planned_visits.visit(index)
        if planned is None or index in performed or planned.for_done.ends_first:
            continue
        following = planned_visits.visit(planned_visits.existing(index + 1, 1, performed, held, for_done=True))
        if following is None or following.opens_on > record.done_on:
            performed[index] = Performed((record,), "late")
            return True
    return False


def _suggested(
    planned_visits: PlannedVisits, performed: dict[int, Performed], record: DoneVisit
) -> PlannedVisit | None:
    """Return the visit, not done and not open yet, that lies at most half an interval ahead of a record."""
    index = planned_visits.closing_from(record.done_on)
    while (planned := planned_visits.visit(index)) is not None:
        ahead, is_in_plan = (planned.target_on - record.done_on).days, planned.in_plan
        if 2 * ahead > planned_visits.longest_interval or (planned.none_follows and not is_in_plan):
            return None
        if is_in_plan and index not in performed and planned.opens_on > record.done_on:
            interval = _interval(planned_visits, performed, index)
            if interval is not None and 2 * ahead <= interval:
                return planned
        index += 1
    return None


def _interval(planned_visits: PlannedVisits, performed: dict[int, Performed], index: int) -> int | None:
    """Return the days from one visit to the next: its `every`, else the days since the target before it."""
    planned = planned_visits.visit(index)
    if planned is None or planned.interval_days is not None:
        return None if planned is None else planned.interval_days
    previous = planned_visits.visit(planned_visits.existing(index - 1, -1, performed, held=True))
    return None if previous is None else (planned.target_on - previous.target_on).days


def _attach(
    planned_visits: PlannedVisits,
    assigned: Assigned,
    record: DoneVisit,
    before_holds: PlannedVisits | None,
) -> None:
    """Add a part to the visit it names, else to the one whose window it is in."""
    performed = assigned.performed
    if record.visit is not None:
        index = planned_visits.named(record.visit)
        how = "named"
    else:
        here = planned_visits.open_on(record.done_on)
        index = next((i for i in here if (p := planned_visits.visit(i)) is not None and p.for_done.in_plan), None)
        how = "window"
    planned = planned_visits.visit(index) if index is not None else None
    if index is None or planned is None or _is_before_response(planned, record.done_on):
        assigned.unscheduled.append(UnscheduledVisit(record, None))
        return
    if before_holds is not None and _is_part_of_moved(before_holds, planned, index, assigned, record):
        assigned.unscheduled.append(UnscheduledVisit(record, None))
        return
    before = performed.get(index, Performed((), how))
    records = sorted((*before.records, record), key=lambda one: one.number)
    performed[index] = Performed(tuple(records), before.assigned)


def _is_part_of_moved(
    before_holds: PlannedVisits, planned: PlannedVisit, index: int, assigned: Assigned, part: DoneVisit
) -> bool:
    """Return whether a part lies before a visit that is to do again: a hold moved it from the part or what it is of.

    If another record stands that was done in the window that the visit had without the holds, the part stays with it.
    """
    if part.done_on >= planned.opens_on:
        return False
    performed = assigned.performed.get(index)
    whole = [record for record in performed.records if not record.part] if performed is not None else []
    if any(_is_open_on(before_holds, planned.name, record.done_on) for record in whole):
        return False
    others = [one.record for one in assigned.unscheduled if one.record.visit in (None, planned.name)]
    return any(_is_moved_away(before_holds, planned, record.done_on) for record in (part, *others))
