"""Count the drug that was given out and came back, and compare it with the diary (rules, section 14)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.records import DrugCount
from scheduler_api.engine.model.versions import version_on
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import capsules_for, exact, with_unit
from scheduler_api.engine.treatment.doses import DosePlan, TreatmentPlan
from scheduler_api.engine.treatment.regimens import RegimenPlan

#: What a count that differs from the diary is called, on the worklist and as a warning.
COUNT_DIFFERS = "drug_count_differs"


@dataclass(frozen=True)
class CountPeriod:
    """Says what was given out of one drug from a day on, until the return that ends the period (None: it is open).

    `dispensed`, `returned`, `lost` and `expected` are pieces by strength; `expected` are those that make the doses
    taken by the diary, None if a dose cannot be made of the strengths. The amounts `used` by the count (None while the
    period is open), `taken` by the diary, and `planned` (None while it is open, or where an amount is still to be
    calculated) are in `unit`. `a_day` is the most that is planned for a day of the period, `margin` how many percent of
    what the diary has the count may differ from it.
    """

    drug: Reason
    regimens: tuple[str, ...]
    unit: str
    from_on: date
    returned_on: date | None
    fact_id: str | None
    dispensed: Mapping[float, int]
    returned: Mapping[float, int]
    lost: Mapping[float, int]
    expected: Mapping[float, int] | None
    used: Fraction | None
    taken: Fraction
    planned: Fraction | None
    a_day: Fraction
    margin: int

    @property
    def difference(self) -> Fraction | None:
        """Return how much more was used by the count than was taken by the diary; None while the period is open."""
        return None if self.used is None else self.used - self.taken

    @property
    def agrees(self) -> bool | None:
        """Return whether count and diary agree; None while the period is open.

        Nobody knows whether the doses of the day of a return were taken before the count: those of one day may differ.
        """
        difference = self.difference
        return None if difference is None else abs(difference) <= max(self.taken * self.margin / 100, self.a_day)

    @property
    def compliance(self) -> float | None:
        """Return what was used by the count in proportion to what was planned; None if that is not known or nothing."""
        return None if self.used is None or not self.planned else round(float(self.used / self.planned), 4)

    @property
    def left(self) -> dict[float, int] | None:
        """Return the pieces that should be left with the patient by the diary, while the period is open."""
        if self.returned_on is not None or self.expected is None:
            return None
        gone = Counter(self.lost) + Counter(self.expected)
        return {strength: count - gone[strength] for strength, count in self.dispensed.items()}

    @property
    def because(self) -> Reason:
        """Return what the count and the diary say, or since when the drug is out."""
        if self.used is None:
            return Reason("drug_out", drug=self.drug, day=self.from_on)
        said = {"amount": _with_unit(self.used, self.unit), "amount2": _with_unit(self.taken, self.unit)}
        counted = Reason("drug_counted", drug=self.drug, day=self.from_on, day2=self.returned_on, **said)
        return counted if self.agrees else Reason("count_differs", base=counted, number=self.margin)

    def row(self) -> dict[str, Any]:
        """Return the period as clients see it; pieces by the names of strengths, amounts as numbers."""
        return {
            "drug": self.drug,
            "regimens": self.regimens,
            "unit": self.unit,
            "from_on": self.from_on,
            "returned_on": self.returned_on,
            "dispensed": _named(self.dispensed),
            "returned": None if self.returned_on is None else _named(self.returned),
            "lost": _named(self.lost),
            "expected": None if self.expected is None else _named(self.expected),
            "left": None if (left := self.left) is None else _named(left),
            "used_amount": _number(self.used),
            "taken_amount": _number(self.taken),
            "planned_amount": _number(self.planned),
            "difference": _number(self.difference),
            "compliance": self.compliance,
            "agrees": self.agrees,
            "because": self.because,
        }


def count_periods(treatment_plan: TreatmentPlan, on: date | None = None) -> list[CountPeriod]:
    """Return the periods of each drug that was given out, in order of drugs and days; only those of a day, if named."""
    if not treatment_plan.history.drug_counts:
        return []
    return [
        _period(treatment_plan, regimens, handed)
        for regimens, counts in _by_drug(treatment_plan)
        for handed in _between_returns(counts)
        if on is None or (handed.from_on <= on and (not handed.returns or on < handed.returns[0].on))
    ]


def differing(treatment_plan: TreatmentPlan, on: date | None = None) -> list[CountPeriod]:
    """Return the periods whose count differs from the diary; only those of a day, if named."""
    return [period for period in count_periods(treatment_plan, on) if period.agrees is False]


def more_than_dispensed(treatment_plan: TreatmentPlan) -> str | None:
    """Return what came back or was lost though it was not given out by then, in words; None if nothing is."""
    for regimens, counts in _by_drug(treatment_plan):
        out: Counter[float] = Counter()
        for day, of_day in groupby(counts, key=attrgetter("on")):
            for one in of_day:
                (out.update if one.what == "dispensed" else out.subtract)(_units(one))
            for strength, count in out.items():
                if count < 0:
                    unit = regimens[0].first.unit
                    return f"{-count} more of {with_unit(strength, unit)} than were given out through {day}."
    return None


def _by_drug(treatment_plan: TreatmentPlan) -> Iterator[tuple[list[RegimenPlan], list[DrugCount]]]:
    """Yield the regimens of each drug with what was given out and came back of it, in order of days.

    A bottle does not know of which regimen it is: all regimens of one drug count together.
    """
    found: dict[tuple[str, str], tuple[list[RegimenPlan], list[DrugCount]]] = {}
    for one in treatment_plan.regimens:
        found.setdefault((one.first.drug, one.first.unit), ([], []))[0].append(one)
    for count in treatment_plan.history.drug_counts:
        named = treatment_plan.regimen(count.regimen)
        if named is not None:
            found[named.first.drug, named.first.unit][1].append(count)
    yield from ((regimens, counts) for regimens, counts in found.values() if counts)


class _Handed(NamedTuple):
    """Holds what was given out and lost from a day on, until some returns on one day (none: that is still to come)."""

    from_on: date
    returns: list[DrugCount]
    dispensed: Counter[float]
    lost: Counter[float]


def _between_returns(counts: Iterable[DrugCount]) -> Iterator[_Handed]:
    """Yield what was handed from return to return.

    What is given out on the day of a return is so after it, unless nothing was out before.
    """
    from_on: date | None = None
    dispensed, lost = Counter[float](), Counter[float]()
    for day, entries in groupby(counts, key=attrgetter("on")):
        of_day = list(entries)
        new = _sum(of_day, "dispensed")
        lost += _sum(of_day, "lost")
        if from_on is None:
            from_on, dispensed, new = day, new, Counter()
        if returns := [one for one in of_day if one.what == "returned"]:
            yield _Handed(from_on, returns, dispensed, lost)
            from_on, dispensed, lost = day, Counter(), Counter()
        dispensed += new
    if from_on is not None and (dispensed or lost):
        yield _Handed(from_on, [], dispensed, lost)


def _period(treatment_plan: TreatmentPlan, regimens: list[RegimenPlan], handed: _Handed) -> CountPeriod:
    from_on, returns, dispensed, lost = handed
    returned_on = returns[0].on if returns else None
    through_on = date.max - ONE_DAY if returned_on is None else returned_on - ONE_DAY
    first, returned = regimens[0].first, _sum(returns, "returned")
    doses = [one for one in treatment_plan.doses if one.regimen in regimens]
    taken, expected = _taken(doses, from_on, through_on, tuple(dispensed))
    planned = None if returned_on is None else _planned(doses, from_on, through_on)
    return CountPeriod(
        drug=first.drug_name,
        regimens=tuple(one.name for one in regimens),
        unit=first.unit,
        from_on=from_on,
        returned_on=returned_on,
        fact_id=returns[-1].fact_id if returns else None,
        dispensed=dispensed,
        returned=returned,
        lost=lost,
        expected=expected,
        used=None if returned_on is None else _amount(dispensed) - _amount(returned) - _amount(lost),
        taken=taken,
        planned=None if planned is None else _total(planned.values()),
        a_day=max((planned or {}).values(), default=Fraction()),
        margin=version_on(treatment_plan.plan, returned_on or from_on).accountability_margin,
    )


def _taken(
    doses: list[DosePlan], first: date, last: date, strengths: tuple[float, ...]
) -> tuple[Fraction, Counter[float] | None]:
    """Return the amount that was taken by the diary on the days `first`…`last`, and the pieces that make it."""
    amount, expected, can_be_made = Fraction(), Counter[float](), True
    # There are few different amounts.
    amounts = Counter(taken for plan in doses for _, taken in plan.log.taken(first, last))
    for taken, times in amounts.items():
        amount += exact(taken) * times
        pieces = capsules_for(taken, strengths)
        can_be_made &= pieces is not None
        expected.update({strength: count * times for strength, count in (pieces or {}).items()})
    return amount, expected if can_be_made else None


def _planned(doses: list[DosePlan], first: date, last: date) -> dict[date, Fraction] | None:
    """Return the planned amount of each of the days `first`…`last`; None if one is still to be calculated."""
    planned: dict[date, Fraction] = {}
    for plan in doses:
        for span in plan.spans(first, last):
            of_span = [] if span.held else [*span.with_dose()]
            if of_span and span.planned_amount is None:
                return None
            amount = exact(span.planned_amount or 0)
            planned.update({day: planned[day] + amount if day in planned else amount for day in of_span})
    return planned


def _sum(counts: Iterable[DrugCount], what: str) -> Counter[float]:
    total: Counter[float] = Counter()
    for one in counts:
        if one.what == what:
            total.update(_units(one))
    return total


def _units(count: DrugCount) -> dict[float, int]:
    return {float(strength): number for strength, number in count.units.items()}


def _total(amounts: Iterable[Fraction]) -> Fraction:
    return sum((amount * times for amount, times in Counter(amounts).items()), Fraction())


def _amount(pieces: Mapping[float, int]) -> Fraction:
    return sum((exact(strength) * count for strength, count in pieces.items()), Fraction())


def _number(amount: Fraction | None) -> float | int | None:
    if amount is None:
        return None
    return int(amount) if amount.denominator == 1 else float(amount)


def _with_unit(amount: Fraction, unit: str) -> str:
    return f"{_number(amount)} {unit}"


def _named(pieces: Mapping[float, int]) -> dict[str, int]:
    """Return pieces by the names of their strengths, largest first."""
    return {f"{strength:g}": count for strength, count in sorted(pieces.items(), reverse=True)}
