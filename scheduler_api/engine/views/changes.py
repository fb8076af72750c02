"""What a fact moved: the difference between the calendars before and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycles import cycle_rows
from scheduler_api.engine.treatment.doses import Span
from scheduler_api.engine.treatment.status import phase

from .calendar import Reckoning
from .explanations import why_cycle, why_doses, why_no_more_treatment, why_phase, why_treatment, why_visit

_VISIT_FIELDS = (
    *("target_on", "opens_on", "closes_on", "status", "booked_on", "done_on", "days_off", "response", "provisional"),
)


class _Thing(NamedTuple):
    """Something that a fact may move; `why` says why it is so, given which fields differ (none: it is new)."""

    fields: dict[str, Any]
    why: Callable[[Collection[str]], Reason]


def consequences(before: Reckoning | None, after: Reckoning, today: date, through: date) -> list[dict[str, Any]]:
    """Return every visit, cycle, dose, treatment and contraception date that differs between two histories, through
    a day.

    Each is `{what, before, after, because}`: `what` names it (`visit imaging-w12`, `cycle 4`, `doses from 2024-02-25`,
    `contraception`, `treatment`, `phase`), `before` and `after` hold the fields that differ (None: it is not there),
    `because` says why it is so now. What nothing changed for is not reckoned.
    """
    if before is not None and _is_a_day_among_others(before, after):
        return []
    series = after.series_unlike(before) if before is not None else after.book.names
    course = before is None or not (after.plans_like(before) or _course_inputs(before) == _course_inputs(after))
    old = _things(before, today, through, series, course) if before is not None else {}
    new = _things(after, today, through, series, course)
    moved = []
    for what, thing in new.items():
        fields, earlier = thing.fields, old[what].fields if what in old else None
        if earlier is None:
            moved.append(_moved(what, None, fields, thing.why(())))
        elif changed := [field for field in fields if earlier[field] != fields[field]]:
            moved.append(_moved(what, _only(earlier, changed), _only(fields, changed), thing.why(changed)))
    for what in old:
        if what not in new:
            moved.append(_moved(what, old[what].fields, None, _why_gone(after, what)))
    return moved


def _is_a_day_among_others(before: Reckoning, after: Reckoning) -> bool:
    """Return whether only recorded days differ and no date follows from them.

    Neither the last dose nor a version's end.
    """
    same_last = before.history.last_dose_on == after.history.last_dose_on
    return after.plans_like(before) and same_last and len(after.course.plan) == 1


def _course_inputs(reckoning: Reckoning) -> tuple[object, ...]:
    """Return all that cycles and planned doses follow from."""
    history, course = reckoning.history, reckoning.course
    start = history.first_dose_on is None, history.c1d1_because
    return course.runs, start, history.last_treatment_day, course.plan, history.holds, history.dose_changes


def _things(
    reckoning: Reckoning, today: date, through: date, series: Collection[str], course: bool
) -> dict[str, _Thing]:
    """Return what a fact may move, by name: visits of some series, and if `course` also cycles and doses."""
    history, contraception = reckoning.history, reckoning.contraception(today)
    released = contraception.pop("because")
    treatment = _only(reckoning.treatment(today), _TREATMENT_FIELDS)
    things = {
        "phase": _Thing({"phase": phase(history, today)}, lambda changed: why_phase(history, today)),
        "treatment": _Thing(treatment, partial(why_treatment, reckoning, today)),
        "contraception": _Thing(contraception, lambda changed: released),
    }
    if course:
        for row in cycle_rows(reckoning.course.runs, history, today, history.c1d1, through):
            fields = _only(row, ("starts_on", "ends_on", "provisional"))
            things[f"cycle {row['number']}"] = _Thing(fields, partial(why_cycle, reckoning, row))
        things.update(_doses(reckoning, through))
    for visit in reckoning.visits(date.min, through, series) if series else ():
        things[f"visit {visit.visit}"] = _Thing(_only(visit.row(today), _VISIT_FIELDS), partial(why_visit, visit))
    return things


_TREATMENT_FIELDS = ("first_dose_on", "last_dose_on", "ended", "cycle", "cycle_day", "dose_mg", "on_hold")


def _doses(reckoning: Reckoning, through: date) -> Iterator[tuple[str, _Thing]]:
    """Yield the planned doses, by the first day from which they are alike.

    `through_on` None: to the end of the range.
    """
    course, parts = reckoning.course, _parts(reckoning, through)
    for part, following in zip(parts, [*parts[1:], None], strict=False):
        first, last = part[0], part[-1]
        amount, held, days = _plan_of(first)
        ends_on = None if last.ends_on == through != course.ends_on else last.ends_on
        fields = {"through_on": ends_on, "dose_mg": amount, "held": held, "dosing_days": days and sorted(days)}
        yield f"doses from {first.starts_on}", _Thing(fields, partial(_why_doses, reckoning, first, following))


def _parts(reckoning: Reckoning, through: date) -> list[list[Span]]:
    """Return the spans of the treatment plan through a day, grouping neighbours in which the same is planned."""
    course = reckoning.course
    return [[*spans] for _, spans in groupby(course.spans(course.starts_on, through), _plan_of)]


def _plan_of(span: Span) -> tuple[float, bool, frozenset[int] | None]:
    return span.planned_mg, span.held, span.dosing.dosing_days


def _why_doses(reckoning: Reckoning, first: Span, following: list[Span] | None, changed: Collection[str]) -> Reason:
    if [*changed] != ["through_on"]:
        return why_doses(reckoning, first)
    if following:
        return why_doses(reckoning, following[0])
    return why_no_more_treatment(reckoning.history) if reckoning.course.ends_on else why_doses(reckoning, first)


def _why_gone(reckoning: Reckoning, what: str) -> Reason:
    history = reckoning.history
    kind, _, name = what.partition(" ")
    if kind == "doses":
        return _why_other_doses(reckoning, date.fromisoformat(name.removeprefix("from ")))
    if kind == "cycle":
        if history.last_treatment_day is not None:
            return why_no_more_treatment(history)
        return Reason("open_hold_stops_cycles")
    for series in reckoning.book.names:
        book = reckoning.book.series(series)
        if book.anchor_at(name) is not None and book.end is not None:
            return book.end.because
    return Reason("not_in_plan")


def _why_other_doses(reckoning: Reckoning, day: date) -> Reason:
    """Return why what is planned does not change on a day."""
    course = reckoning.course
    if day < course.starts_on:
        return reckoning.history.c1d1_because
    if not course.holds_day(day):
        return why_no_more_treatment(reckoning.history)
    return why_doses(reckoning, _parts(reckoning, day)[-1][0])


def _moved(what: str, before: dict[str, Any] | None, after: dict[str, Any] | None, because: Reason) -> dict[str, Any]:
    return {"what": what, "before": before, "after": after, "because": because}


def _only(thing: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: thing[field] for field in fields}
