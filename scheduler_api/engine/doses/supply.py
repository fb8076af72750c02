"""Compute how many pieces the planned doses of some days take (rules, section 13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import capsules_for, with_unit
from scheduler_api.engine.treatment.doses import DosePlan, Span, TreatmentPlan


def supply(treatment_plan: TreatmentPlan, first: date, last: date) -> list[dict[str, Any]]:
    """Return for each regimen with days in `first`…`last` the pieces that its planned, unrecorded doses take.

    They add up from `periods`. `complete` is False if a dose cannot be made of the protocol's strengths, or is still to
    be calculated; such doses are in no total.
    """
    found = []
    for regimen in treatment_plan.regimens:
        plans = (plan for plan in treatment_plan.doses if plan.regimen is regimen)
        periods = [_period(plan, span) for plan in plans for span in plan.spans(first, last)]
        if not periods:
            continue
        total: Counter[float] = Counter()
        for period in periods:
            for piece in period["pieces_a_dose"] or ():
                total[piece["strength"]] += piece["count"] * period["doses"]
        now = regimen.regimen_on(first)
        found.append(
            {
                "regimen": regimen.name,
                "drug": now.drug_name,
                "unit": now.unit,
                "doses": sum(period["doses"] for period in periods),
                "pieces": _listed(total),
                "complete": all(period["pieces_a_dose"] is not None for period in periods if period["doses"]),
                "periods": periods,
            }
        )
    return found


def _period(plan: DosePlan, span: Span) -> dict[str, Any]:
    to_take = 0 if span.held else sum(1 for _ in _to_take(plan, span))
    pieces: Mapping[float, int] | None = {}
    if not span.held:
        amount = span.planned_amount
        pieces = None if amount is None else capsules_for(amount, span.regimen.strengths)
    return {
        "slot": plan.slot,
        "from": span.starts_on,
        "to": span.ends_on,
        "held": span.held,
        "amount": None if span.held else span.planned_amount,
        "doses": to_take,
        "pieces_a_dose": None if pieces is None else _listed(pieces),
        "because": _because(span, to_take, pieces is None),
    }


def _to_take(plan: DosePlan, span: Span) -> Iterator[date]:
    """Yield the days of a span on which a dose is planned and nothing is recorded."""
    return (day for day in span.with_dose() if plan.log.status(day) is None)


def _because(span: Span, to_take: int, cannot: bool) -> Reason:
    if span.held:
        return Reason("held_no_dose")
    unit, strengths = span.regimen.unit, span.regimen.strengths
    if span.planned_amount is None:
        return Reason("amount_to_calculate")
    days = (span.ends_on - span.starts_on).days + 1
    still = Reason("still_to_take", number=to_take, number2=days, amount=with_unit(span.planned_amount, unit))
    if not cannot:
        return still
    if not strengths:
        return Reason("no_strengths", base=still)
    return Reason("cannot_be_made", base=still, amount=", ".join(with_unit(one, unit) for one in strengths))


def _listed(pieces: Mapping[float, int]) -> list[dict[str, Any]]:
    return [{"strength": strength, "count": count} for strength, count in sorted(pieces.items(), reverse=True)]
