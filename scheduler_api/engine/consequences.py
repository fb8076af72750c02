"""What a fact moved: the difference between the calendars before and after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from .calendar import Reckoning
from .cycles import cycle_rows
from .history import History
from .phases import phase

_VISIT_FIELDS = ("target_on", "opens_on", "closes_on", "status", "booked_on", "done_on", "days_off", "provisional")


def consequences(before: Reckoning | None, after: Reckoning, today: date, through: date) -> list[dict[str, Any]]:
    """Every visit, cycle, treatment and contraception date that differs between two histories, through a day.

    Each is `{what, before, after, because}`: `what` names it (`visit imaging-w12`, `cycle 4`, `contraception`,
    `treatment`, `phase`), `before` and `after` hold the fields that differ (None: it is not there), `because` says why
    it is so now. What nothing changed for is not reckoned.
    """
    series = after.series_unlike(before) if before is not None else after.book.names
    counted = before is None or _cycle_inputs(before) != _cycle_inputs(after)
    old = _things(before, today, through, series, counted) if before is not None else {}
    new = _things(after, today, through, series, counted)
    moved = []
    for what in [*new, *(what for what in old if what not in new)]:
        one, other = old.get(what), new.get(what)
        if one is not None and other is not None:
            changed = [field for field in other if one.get(field) != other[field] and field != "because"]
            if changed:
                moved.append(_moved(what, _only(one, changed), _only(other, changed), other["because"]))
        elif one is None and other is not None:
            moved.append(_moved(what, None, _without_because(other), other["because"]))
        elif one is not None:
            moved.append(_moved(what, _without_because(one), None, _why_gone(after, what)))
    return moved


def _cycle_inputs(reckoning: Reckoning) -> tuple[object, ...]:
    """All that cycles follow from."""
    history = reckoning.history
    return reckoning.course.runs, history.first_dose_on is None, history.c1d1_because, history.last_treatment_day


def _things(
    reckoning: Reckoning, today: date, through: date, series: Collection[str], counted: bool
) -> dict[str, dict[str, Any]]:
    """What a fact may move, by name: the visits of some series, and the cycles if they are `counted`."""
    history = reckoning.history
    things: dict[str, dict[str, Any]] = {"phase": {"phase": phase(history, today), "because": f"today {today}"}}
    things["treatment"] = {**reckoning.treatment(today), "because": _why_treatment(history)}
    things["contraception"] = reckoning.contraception(today)
    rows = cycle_rows(reckoning.course.runs, history, today, history.c1d1, through) if counted else ()
    for row in rows:
        things[f"cycle {row['number']}"] = _only(row, ("starts_on", "ends_on", "provisional", "because"))
    for visit in reckoning.visits(date.min, through, series) if series else ():
        things[f"visit {visit.visit}"] = _only(visit.row(today), (*_VISIT_FIELDS, "because"))
    return things


def _why_treatment(history: History) -> str:
    ended = history.treatment_ended
    if ended is None:
        return history.c1d1_because
    return f"treatment ended {ended.last_dose_on or ended.decided_on} ({ended.reason})"


def _why_gone(reckoning: Reckoning, what: str) -> str:
    history = reckoning.history
    kind, _, name = what.partition(" ")
    if kind == "cycle":
        if history.last_treatment_day is not None:
            return f"last day of treatment {history.last_treatment_day}"
        return "an open hold stops the count of cycles"
    for series in reckoning.book.names:
        book = reckoning.book.series(series)
        if book.anchor_at(name) is not None and book.end is not None:
            return book.end.because
    return "no longer in the plan"


def _moved(what: str, before: dict[str, Any] | None, after: dict[str, Any] | None, because: str) -> dict[str, Any]:
    return {"what": what, "before": before, "after": after, "because": because}


def _only(thing: Mapping[str, Any], fields: Any) -> dict[str, Any]:
    return {field: thing[field] for field in fields}


def _without_because(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in thing.items() if field != "because"}
