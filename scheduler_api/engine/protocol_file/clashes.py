"""Find visits of a protocol that contradict one another: circular anchors, overlapping windows (rules, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from itertools import takewhile
from math import lcm

from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.model.protocol import Protocol, Series
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycles import CycleRun
from scheduler_api.engine.visits.recurrence import AnchorDay, PlannedVisit, SeriesPlan, overlapping, planned_visits_of

#: A recurrence with a count ends within so many years.
LONGEST = 30


def clashes(protocol: Protocol) -> list[FieldError]:
    """Return what is wrong with the visits of a protocol taken together, each of which is valid by itself."""
    return [*_circles(protocol.series), *_overlaps(protocol)]


def anchor_circle(series: Iterable[Series]) -> str | None:
    """Return the name of a series that depends on itself through the visits it is anchored on; None if there is none.

    `series` may come from several versions of a protocol: a patient can be on all of them.
    """
    entries = list(series)
    depends: dict[str, set[str]] = {}
    for entry in entries:
        on = (other.name for other in entries if entry.anchor_visit and other.has_visit(entry.anchor_visit))
        depends.setdefault(entry.name, set()).update(on)
    for name in depends:
        seen, todo = set(), list(depends[name])
        while todo:
            other = todo.pop()
            if other == name:
                return name
            if other not in seen:
                seen.add(other)
                todo += depends[other]
    return None


def _circles(series: Iterable[Series]) -> Iterator[FieldError]:
    if (name := anchor_circle(series)) is not None:
        yield FieldError("/visits", f"The anchors of the series {name} form a circle.", "anchors_circular")


def _overlaps(protocol: Protocol) -> Iterator[FieldError]:
    """Yield visits of one series with overlapping windows or equal names, over ten years and every anchor day."""
    for series in protocol.series:
        clash = next(filter(None, map(overlapping, _samples(series, protocol.dosing.cycle_days))), None)
        if clash is not None:
            names = f"{clash[0].name} and {clash[1].name}"
            yield FieldError(
                "/visits",
                f"The windows of {names} overlap, or the two are one visit.",
                "windows_overlap",
            )


def _samples(series: Series, cycle_days: int) -> Iterator[Iterator[PlannedVisit]]:
    """Yield the visits of a series from every anchor that may make a difference, until their pattern repeats.

    Days move with their anchor, so one anchor is enough; months differ in length, by leap year too.
    """
    anchors = [date(2023, 3, 1)]
    if any(recurrence.unit == "m" for recurrence in series.recurrences):
        days = (anchors[0] + timedelta(number) for number in range(1461))
        anchors = [day for day in days if day.day >= 28]
    for day in anchors:
        anchor = AnchorDay(day, False, Reason("enrolment", day=day))
        planned_visits = planned_visits_of(SeriesPlan(series, anchor, None), (CycleRun(1, None, day, cycle_days, ()),))
        yield takewhile(partial(_is_visit_until, day + timedelta(_repeats_after(series, cycle_days))), planned_visits)


def _repeats_after(series: Series, cycle_days: int) -> int:
    """Return after how many days the pattern repeats: after the last counted visit and one full round of the others."""
    recurrences = series.recurrences
    if series.anchor == "cycle":
        days = cycle_days * (max(recurrence.count or 0 for recurrence in recurrences) + 2)
    else:
        ends = [
            recurrence.first + ((recurrence.count or 1) - 1) * (recurrence.every or 0) for recurrence in recurrences
        ]
        around = lcm(*(recurrence.every for recurrence in recurrences if recurrence.every and not recurrence.count))
        days = max(0, *ends) + 2 * around
        if recurrences[0].unit == "m":
            days = (days + 13) * 31
    return min(days, 2 * LONGEST * 366)


def _is_visit_until(horizon: date, planned: PlannedVisit) -> bool:
    return planned.exists and planned.target_on <= horizon
