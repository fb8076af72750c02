"""A second, naive reading of the count: each period and each day by itself, straight from the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from scheduler_api.engine.model.facts import Voided

from .patients import Patient


class Moved(NamedTuple):
    """Some pieces of one strength that were given out (1), came back (-1) or were lost (0)."""

    on: date
    way: int
    strength: float
    count: int


class NaivePeriod(NamedTuple):
    """What the engine's periods are compared with; amounts in mg."""

    from_on: date
    returned_on: date | None
    dispensed: dict[float, int]
    returned: dict[float, int]
    lost: dict[float, int]
    used: float | None
    taken: float
    planned: float | None
    agrees: bool | None


def moves(patient: Patient) -> list[Moved]:
    """Everything that stands, one entry for each strength."""
    gone = {fact.body.voids for fact in patient.facts if isinstance(fact.body, Voided)}
    gone |= {fact.replaces for fact in patient.facts if fact.replaces is not None}
    found = []
    for fact in patient.facts:
        body: Any = fact.body
        way = {"drug_dispensed": 1, "drug_returned": -1, "drug_lost": 0}.get(fact.kind)
        if way is None or fact.fact_id in gone:
            continue
        found += [Moved(body.on, way, float(strength), count) for strength, count in body.units.items()]
        lost = getattr(body, "lost", None) or {}
        found += [Moved(body.on, 0, float(strength), count) for strength, count in lost.items()]
    return found


def returns(patient: Patient) -> list[date]:
    """The days of returns, also of returns of nothing."""
    gone = {fact.body.voids for fact in patient.facts if isinstance(fact.body, Voided)}
    gone |= {fact.replaces for fact in patient.facts if fact.replaces is not None}
    kept = [fact.body for fact in patient.facts if fact.kind == "drug_returned" and fact.fact_id not in gone]
    return sorted({body.on for body in kept})  # type: ignore[union-attr]


def is_possible(moved: Iterable[Moved]) -> bool:
    """Return whether on no evening more of a strength had come back or was lost than had been given out."""
    every = [*moved]
    for day in {one.on for one in every}:
        for strength in {one.strength for one in every}:
            until = [one for one in every if one.on <= day and one.strength == strength]
            given = sum(one.count for one in until if one.way == 1)
            if sum(one.count for one in until if one.way != 1) > given:
                return False
    return True


def naive_periods(patient: Patient, margin: int = 10) -> list[NaivePeriod]:
    """The periods of a patient of one drug, and of one dose a day."""
    every, ends = moves(patient), returns(patient)
    if not every and not ends:
        return []
    begin = min([one.on for one in every] + ends)
    periods: list[NaivePeriod] = []
    for number, end in enumerate([*ends, None]):
        start = begin if number == 0 else ends[number - 1]
        mine: list[Moved] = []
        for one in every:
            if one.way == 1:
                # On the day of a return it is given out after it, but for the very first.
                starts = one.on >= start if number != 1 or start != begin else one.on > start
                is_in = starts and (end is None or one.on < end or (number == 0 and one.on == begin))
            else:
                is_in = (one.on > start or number == 0) and (end is None or one.on <= end)
            mine += [one] * is_in
        pieces = {way: _pieces(one for one in mine if one.way == way) for way in (1, -1, 0)}
        if end is None and not pieces[1] and not pieces[0]:
            continue
        taken, planned, most = 0.0, 0.0, 0.0
        last = end - timedelta(1) if end else date(2025, 12, 31)
        for row in patient.schedule().treatment_plan.rows(date(2027, 1, 1), start, last):
            taken += row["taken_amount"] or 0
            planned += row["amount"] or 0
            most = max(most, row["amount"] or 0)
        if end is None:
            periods.append(NaivePeriod(start, None, pieces[1], pieces[-1], pieces[0], None, taken, None, None))
            continue
        used = _mg(pieces[1]) - _mg(pieces[-1]) - _mg(pieces[0])
        is_near = abs(used - taken) <= margin / 100 * taken or abs(used - taken) <= most
        periods.append(NaivePeriod(start, end, pieces[1], pieces[-1], pieces[0], used, taken, planned, is_near))
    return periods


def _pieces(moved: Iterable[Moved]) -> dict[float, int]:
    total: Counter[float] = Counter()
    for one in moved:
        total[one.strength] += one.count
    return {strength: count for strength, count in total.items() if count}


def _mg(pieces: dict[float, int]) -> float:
    return sum(strength * count for strength, count in pieces.items())
