"""Compute how many capsules the planned doses of some days take (rules, section 13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.dates import days
from scheduler_api.engine.reason import Reason

from .capsules import capsules_for
from .doses import Span, TreatmentPlan


def supply(treatment_plan: TreatmentPlan, first: date, last: date) -> dict[str, Any]:
    """Return the capsules for planned, unrecorded doses of `first`…`last`, with the periods that they add up from.

    `complete` is False if a dose cannot be made of the protocol's strengths; such days are in no total.
    """
    periods = [_period(treatment_plan, span) for span in treatment_plan.spans(first, last)]
    total: Counter[float] = Counter()
    for period in periods:
        for capsule in period["capsules_a_day"] or ():
            total[capsule["strength_mg"]] += capsule["count"] * period["dose_days"]
    return {
        "from": first,
        "to": last,
        "dose_days": sum(period["dose_days"] for period in periods),
        "capsules": _listed(total),
        "complete": all(period["capsules_a_day"] is not None for period in periods if period["dose_days"]),
        "periods": periods,
    }


def _period(treatment_plan: TreatmentPlan, span: Span) -> dict[str, Any]:
    to_take = 0 if span.held else sum(1 for _ in _to_take(treatment_plan, span))
    capsules = capsules_for(span.planned_amount, span.regimen.strengths) if not span.held else {}
    return {
        "from": span.starts_on,
        "to": span.ends_on,
        "held": span.held,
        "amount": None if span.held else span.planned_amount,
        "dose_days": to_take,
        "capsules_a_day": None if capsules is None else _listed(capsules),
        "because": _because(span, to_take, capsules is None),
    }


def _to_take(treatment_plan: TreatmentPlan, span: Span) -> Iterator[date]:
    """Yield the days of a span on which a dose is planned and nothing is recorded."""
    history = treatment_plan.history
    for day in days(span.starts_on, span.ends_on):
        if not span.rests(day) and history.doses.status(day) is None:
            yield day


def _because(span: Span, to_take: int, cannot: bool) -> Reason:
    if span.held:
        return Reason("held_no_dose")
    days = (span.ends_on - span.starts_on).days + 1
    still = Reason("still_to_take", number=to_take, number2=days, mg=f"{span.planned_amount:g}")
    if not cannot:
        return still
    if not span.regimen.strengths:
        return Reason("no_strengths", base=still)
    return Reason("cannot_be_made", base=still, mg=", ".join(f"{mg:g}" for mg in span.regimen.strengths))


def _listed(capsules: Mapping[float, int]) -> list[dict[str, Any]]:
    return [{"strength_mg": mg, "count": count} for mg, count in sorted(capsules.items(), reverse=True)]
