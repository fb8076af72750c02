"""The visits of a series across versions of the protocol (rules, section 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from itertools import chain, takewhile
from typing import NamedTuple

from scheduler_api.engine.model.records import Done
from scheduler_api.engine.model.versions import Period
from scheduler_api.engine.reason import Reason

from .assignment import assign
from .recurrence import PlannedVisit, PlannedVisits, SeriesPlan


class DroppedVisit(NamedTuple):
    """A visit of a new version that is not planned, and the earlier one that takes its place."""

    visit: PlannedVisit
    kept: PlannedVisit
    from_on: date

    @property
    def because(self) -> Reason:
        """Return why it is not planned."""
        new, kept = self.visit, self.kept
        days = {"day": new.target_on, "day2": kept.target_on, "day3": self.from_on}
        if new.name == kept.name:
            return Reason("dropped_same_name", visit=new.name, label=new.label, **days)
        both = {"visit": new.name, "label": new.label, "visit2": kept.name, "label2": kept.label}
        return Reason("dropped_overlap", **both, **days)


class AmendedVisits(NamedTuple):
    """The visits of a series across all versions, and those that the earlier ones kept out."""

    planned_visits: PlannedVisits
    dropped: tuple[DroppedVisit, ...]


def amended(
    stages: Sequence[tuple[Period, SeriesPlan | None]],
    planned_of: Callable[[SeriesPlan], PlannedVisits],
    done: Done | None,
) -> AmendedVisits:
    """Return the visits of a series: those of each version whose targets lie in the days for which it applies.

    A visit of a new version is dropped if an earlier one has its name, or overlaps it and was done or had not closed
    when the version began. An earlier one that is not required drops none unless it was done then, and gives its name
    to the new one. `planned_of` gives the visits of one version, as if it had always applied.
    """
    kept: list[PlannedVisit] = []
    dropped: list[DroppedVisit] = []
    most_before = max((plan.series.most_before_days for _, plan in stages if plan is not None), default=0)
    for period, plan in stages:
        if plan is None:
            continue
        planned_visits, from_on = planned_of(plan), period.from_on
        out: dict[str, DroppedVisit] = {}
        if from_on is not None and kept:
            performed = cache(partial(_performed, kept, done, from_on))
            named = {one.name: _named(planned_visits, plan, period, one.name) for one in kept}
            out = _overlapping(planned_visits, plan, period, kept, performed)
            out |= _same_name(named, kept, from_on, performed)
            dropped += (one for one in out.values() if one.visit.is_for_patient)
            kept = [one for one in kept if one.name in out or named[one.name] is None]
        new = (planned for planned in _from(planned_visits, from_on) if planned.name not in out)
        if period.to_on is None:
            return AmendedVisits(PlannedVisits(chain(kept, new), most_before), tuple(dropped))
        kept += takewhile(partial(_aims_before, period.to_on), new)
    return AmendedVisits(PlannedVisits(iter(kept), most_before), tuple(dropped))


def _aims_before(day: date, planned: PlannedVisit) -> bool:
    return planned.target_on < day


def _from(planned_visits: PlannedVisits, from_on: date | None) -> Iterator[PlannedVisit]:
    """Yield the visits with targets from a day on."""
    index = planned_visits.closing_from(from_on) if from_on is not None else 0
    while (planned := planned_visits.visit(index)) is not None:
        if from_on is None or planned.target_on >= from_on:
            yield planned
        index += 1


def _same_name(
    named: Mapping[str, PlannedVisit | None],
    kept: Sequence[PlannedVisit],
    from_on: date,
    performed: Callable[[], set[str]],
) -> dict[str, DroppedVisit]:
    """Return which visits of a version the earlier ones keep out by their names, those of `named`.

    `performed` had been done before it. If neither is in the plan, the earlier one has the name.
    """
    out = {}
    for old in kept:
        new = named[old.name]
        if new is not None and (_is_required(old) or not new.in_plan or old.name in performed()):
            out[new.name] = DroppedVisit(new, old, from_on)
    return out


def _overlapping(
    planned_visits: PlannedVisits,
    plan: SeriesPlan,
    period: Period,
    kept: Sequence[PlannedVisit],
    performed: Callable[[], set[str]],
) -> dict[str, DroppedVisit]:
    """Return which visits of a version the earlier ones keep out by their windows, by name."""
    from_on, to_on = period.from_on or date.min, period.to_on or date.max
    out: dict[str, DroppedVisit] = {}
    most_before = timedelta(plan.series.most_before_days)
    near = [old for old in kept if old.closes_on >= from_on - most_before]
    latest = max((old.closes_on for old in near), default=date.min)
    for new in _from(planned_visits, from_on) if near else ():
        if new.target_on >= to_on or new.target_on - most_before > latest:
            break
        overlapped = [old for old in near if old.opens_on <= new.closes_on and new.opens_on <= old.closes_on]
        for old in overlapped:
            if (old.closes_on >= from_on and _is_required(old)) or old.name in performed():
                out.setdefault(new.name, DroppedVisit(new, old, from_on))
    return out


def _is_required(planned: PlannedVisit) -> bool:
    """Return whether a visit is in the plan, not held all the time, and required through its window."""
    return planned.in_plan and not planned.is_held and not planned.ends_first


def _named(planned_visits: PlannedVisits, plan: SeriesPlan, period: Period, name: str) -> PlannedVisit | None:
    """Return the visit of a name that a version plans in the days for which it applies."""
    index = planned_visits.named(name) if plan.series.has_visit(name) else None
    planned = planned_visits.visit(index) if index is not None else None
    from_on, to_on = period.from_on or date.min, period.to_on or date.max
    return planned if planned is not None and from_on <= planned.target_on < to_on else None


def _performed(kept: Sequence[PlannedVisit], done: Done | None, from_on: date) -> set[str]:
    """Return the names of the earlier visits that were done before a day, by what was done before it."""
    if done is None:
        return set()
    known = Done(*([record for record in records if record.done_on < from_on] for records in done))
    most_before = max((planned.recurrence.before_days for planned in kept), default=0)
    visits = PlannedVisits(iter(kept), most_before)
    return {kept[index].name for index in assign(visits, known).performed}
