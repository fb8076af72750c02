"""Find visits of a protocol that contradict one another: circular anchors, overlapping windows (rules, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from itertools import combinations_with_replacement, takewhile
from math import lcm

from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.model.protocol import Cycles, Protocol, Recurrence, Regimen, Series, Who
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycles import CycleCourse, CycleRun
from scheduler_api.engine.treatment.milestones import AnchorDay
from scheduler_api.engine.visits.recurrence import (
    PlannedVisit,
    SeriesPlan,
    overlapping,
    planned_visits_of,
)

_DAYS_OF = {"d": 1, "w": 1, "m": 31}
#: A recurrence with a count ends within so many years.
LONGEST = 30


def clashes(protocol: Protocol) -> list[FieldError]:
    """Return what is wrong with the visits of a protocol taken together, each of which is valid by itself."""
    return [
        *_circles(protocol.series),
        *_one_name(protocol.series),
        *_never(protocol),
        *_same_cycles(protocol),
        *_overlaps(protocol),
    ]


def _same_cycles(protocol: Protocol) -> Iterator[FieldError]:
    """Yield regimens that follow a lead one and number their cycles as that did, where visits are on such cycles."""
    if not any(series.anchor.is_cycle and series.anchor.regimen is None for series in protocol.series):
        return
    for index, regimen in enumerate(protocol.regimens):
        before = protocol.find_regimen(regimen.starts.after or "")
        if before is None or not before.who.may_meet(regimen.who):
            continue
        following = before.first_cycle + (before.cycles or 1)
        if regimen.first_cycle < following:
            detail = f"Visits are on days of the lead regimen's cycles, and this one goes on after {before.id}: its "
            detail += f"first cycle is number {following} or a later one."
            yield FieldError(f"/regimens/{index}/first_cycle", detail, "malformed")


def _never(protocol: Protocol) -> Iterator[FieldError]:
    """Yield entries of which no visit can ever be: all open after what they are counted from has ended them."""
    for series in protocol.series:
        for recurrence in series.recurrences:
            alone = {names[0] for names in recurrence.until if len(names) == 1} | {"death", "end_of_study"}
            ended = [name for name in series.anchor.milestones if name in alone]
            opens_after = recurrence.first * _DAYS_OF[recurrence.unit] - recurrence.before_days
            if ended and len(ended) == len(series.anchor.milestones) and opens_after > 0:
                detail = f"Every visit of {series.name} would open after {ended[0]}, which ends them."
                yield FieldError("/visits", detail, "malformed")


def anchor_circle(series: Iterable[Series]) -> str | None:
    """Return the name of a series that depends on itself through its anchors; None if there is none.

    It depends on the series whose visit it is counted from, or from each of whose responses. `series` may come from
    several versions of a protocol: a patient can be on all of them.
    """
    entries = list(series)
    depends: dict[str, set[str]] = {}
    for entry in entries:
        on = (other.name for other in entries if entry.anchor.visit and other.has_visit(entry.anchor.visit))
        depends.setdefault(entry.name, set()).update(on)
        if entry.anchor.each and entry.anchor.responses_of is not None:
            depends[entry.name].add(entry.anchor.responses_of)
    for name in depends:
        seen, todo = set(), list(depends[name])
        while todo:
            other = todo.pop()
            if other == name:
                return name
            if other not in seen:
                seen.add(other)
                todo += depends.get(other, ())
    return None


def same_names(series: Iterable[Series]) -> tuple[str, str] | None:
    """Return a series that is counted from each response, and one that is called like its later visits, if any.

    `series` may come from several versions of a protocol, as for `anchor_circle`.
    """
    entries = list(series)
    for one in entries:
        for other in entries if one.anchor.each else ():
            if (response := one.response_of(other.name)) > 1 and other.name == f"{one.name}-{response}":
                return one.name, other.name
    return None


def _circles(series: Iterable[Series]) -> Iterator[FieldError]:
    if (name := anchor_circle(series)) is not None:
        yield FieldError("/visits", f"The anchors of the series {name} form a circle.", "anchors_circular")


def _one_name(series: Iterable[Series]) -> Iterator[FieldError]:
    if (names := same_names(series)) is not None:
        detail = f"{names[1]} would name a series, and the visits of {names[0]} that are counted from a later response."
        yield FieldError("/visits", detail, "malformed")


def _overlaps(protocol: Protocol) -> Iterator[FieldError]:
    """Yield visits of one series that one patient cannot tell apart, over ten years and every anchor day.

    Windows may overlap where they must, but none may lie inside another.
    """
    for series in protocol.series:
        # On days of the lead regimen's cycles: whichever that is for a patient.
        regimens = [one for one in protocol.regimens if series.anchor.regimen in (None, one.id)]
        of_cycles = {(one.cycle_days, one.first_cycle) for one in regimens if series.anchor.is_cycle} or {(1, 1)}
        samples = (
            sample
            for part in _of_one_patient(series)
            for cycle_days, first_cycle in sorted(of_cycles)
            for sample in _samples(series, part, cycle_days, first_cycle)
        )
        clashes = filter(None, map(overlapping, samples))
        if (clash := next(clashes, None)) is not None:
            first, second = clash
            detail = (
                f"{first.name} ({first.opens_on} to {first.closes_on}) and {second.name} ({second.opens_on} to "
                f"{second.closes_on}) have one name or one target, or the window of one lies in that of the other."
            )
            yield FieldError("/visits", detail, "windows_overlap")


def _of_one_patient(series: Series) -> Iterator[tuple[Recurrence, ...]]:
    """Yield the recurrences of a series that one patient may have together on one day."""
    groups: dict[Who, list[Recurrence]] = {}
    for recurrence in series.recurrences:
        groups.setdefault(recurrence.who, []).append(recurrence)
    if len(groups) == 1:
        yield series.recurrences
        return
    for who, other in combinations_with_replacement(groups, 2):
        if who.may_meet(other):
            together = groups[who] if who == other else [*groups[who], *groups[other]]
            yield tuple(together)


def _samples(
    series: Series, recurrences: tuple[Recurrence, ...], cycle_days: int, first_cycle: int
) -> Iterator[Iterator[PlannedVisit]]:
    """Yield the visits of some recurrences of a series, from every anchor that may make a difference.

    Each time until their pattern repeats. Days move with their anchor, so one anchor is enough; months differ in
    length, by leap year too.
    """
    anchors = [date(2023, 3, 1)]
    if any(recurrence.unit == "m" for recurrence in recurrences):
        days = (anchors[0] + timedelta(number) for number in range(1461))
        anchors = [day for day in days if day.day >= 28]
    span = timedelta(_repeats_after(recurrences, cycle_days, series.gives))
    for day in anchors:
        anchor = AnchorDay(day, False, Reason("enrolment", day=day))
        no_ends = (None,) * len(series.recurrences)
        course = CycleCourse("", (CycleRun(first_cycle, None, day, cycle_days, ()),))
        planned_visits = planned_visits_of(SeriesPlan(series, anchor, no_ends), recurrences, (course,))
        yield takewhile(partial(_is_visit_until, day + span), planned_visits)


def _repeats_after(recurrences: tuple[Recurrence, ...], cycle_days: int, gives: Regimen | None) -> int:
    """Return after how many days the pattern repeats: after the last counted visit and one full round of the others."""
    if recurrences[0].on_day:
        chosen = [recurrence.cycles for recurrence in recurrences]
        if gives is not None:
            chosen = [cycles for entry in gives.entries for cycles in entry.cycles or (Cycles(),)]
            # Days of the week are other days of a cycle until seven cycles are over.
            cycle_days *= 7 if any(entry.weekdays is not None for entry in gives.entries) else 1
        last = max(cycles.last or cycles.first for cycles in chosen)
        days = cycle_days * (last + 2 * lcm(*(cycles.step for cycles in chosen)) + 2)
    else:
        ends = [(one.first + ((one.count or 1) - 1) * (one.every or 0)) * _DAYS_OF[one.unit] for one in recurrences]
        endless = [one for one in recurrences if one.every and not one.count]
        in_months = [one.every or 1 for one in endless if one.unit == "m"]
        in_days = [one.every or 1 for one in endless if one.unit != "m"]
        # Months and days together never repeat exactly: ten years are looked at.
        around = 3660 if in_months and in_days else 2 * max(lcm(*in_days), 31 * lcm(*in_months) if in_months else 0)
        days = max(0, *ends) + around + (13 * 31 if any(one.unit == "m" for one in recurrences) else 0)
    return min(days, 2 * LONGEST * 366)


def _is_visit_until(horizon: date, planned: PlannedVisit) -> bool:
    return planned.target_on <= horizon
