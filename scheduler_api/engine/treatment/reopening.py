"""List the regimens of a patient, and find whether one starts after treatment had ended (rules, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise
from operator import attrgetter

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import EndOfTreatment, Reopening
from scheduler_api.engine.model.versions import Period

from .regimens import RegimenPlan

#: No cycle is counted from the day of a dose.
NO_DOSE_GIVEN: Mapping[str, Mapping[int, date]] = {}


def regimen_plans(
    plan: tuple[Period, ...], history: History, given_on: Mapping[str, Mapping[int, date]] = NO_DOSE_GIVEN
) -> tuple[RegimenPlan, ...]:
    """Return the plans of all regimens that a version in force has, in the order in which the versions list them."""
    names = dict.fromkeys(regimen.id for period in plan for regimen in period.protocol.regimens)
    found: dict[str, RegimenPlan] = {}

    def of(name: str, waiting: frozenset[str] = frozenset()) -> RegimenPlan | None:
        # Only of different versions the starts can form a circle: such a regimen never starts.
        if name not in names or name in waiting:
            return None
        if name not in found:
            found[name] = RegimenPlan(
                name, plan, history, partial(of, waiting=waiting | {name}), given_on.get(name, {})
            )
        return found[name]

    return tuple(one for name in names if (one := of(name)) is not None)


def as_it_counts(plan: tuple[Period, ...], history: History) -> History:
    """Return the history with what follows from the protocol: which doses start treatment, and if it was reopened.

    The latest end of treatment does not count if a regimen has started since.
    """
    if (beside := _beside_start(plan, history)) != history.beside_start:
        history = replace(history, beside_start=beside)
    if (anew_on := _anew_on(plan, history)) != history.anew_on:
        history = replace(history, anew_on=anew_on)
    reopened = None
    if history.ends_of_treatment:
        decided_on = history.treatment_ends[-1].decided_on
        starts = ((one.reopens_on(decided_on), one.name) for one in _all_if_one_starts_at_a_milestone(plan, history))
        # Of two on one day the first in the protocol.
        found = (Reopening(day, name) for day, name in starts if day is not None and history.end_after(day) is None)
        reopened = min(found, default=None, key=attrgetter("from_on"))
    return history if reopened == history.reopened else replace(history, reopened=reopened)


def _anew_on(plan: tuple[Period, ...], history: History) -> tuple[date, ...]:
    """Return the days on which a regimen starts at a milestone, if it is to be seen which end was decided by then.

    That is so where there are several ends, or where a decision is not exactly known.
    """
    ends = history.ends_of_treatment
    if len(ends) < 2 and all(end.decided.is_exact for end in ends):
        return ()
    starts = (one.reopens_on(date.min) for one in _all_if_one_starts_at_a_milestone(plan, history))
    return tuple(sorted({day for day in starts if day is not None}))


def _beside_start(plan: tuple[Period, ...], history: History) -> frozenset[str]:
    """Return the regimens whose doses start no treatment: by no version do they start with, or after, the first dose.

    There are none if there is nothing else for the patient.
    """
    every = [(one, period.protocol.rests_on_first_dose(one)) for period in plan for one in period.protocol.regimens]
    starting = {one.id for one, rests in every if rests}
    beside = {one.id for one, _ in every} - starting
    if not beside or not any(history.may_fit(one.who) for one, rests in every if rests):
        return frozenset()
    only = plan[0].protocol.only_dose
    return frozenset(beside if only is None or only.id not in beside else beside | {""})


def end_beside(plan: tuple[Period, ...], history: History, fact_id: str) -> EndOfTreatment | None:
    """Return an end of treatment that a fact records once more, though no regimen starts between the two; else None."""
    history = as_it_counts(plan, history)
    for earlier, later in pairwise(history.treatment_ends):
        if fact_id in (earlier.said.fact_id, later.said.fact_id):
            regimens = _all_if_one_starts_at_a_milestone(plan, history)
            starts = (regimen.reopens_on(earlier.decided_on) for regimen in regimens)
            if not any(day is not None and history.end_after(day) is later for day in starts):
                return later.said if earlier.said.fact_id == fact_id else earlier.said
    return None


def _all_if_one_starts_at_a_milestone(plan: tuple[Period, ...], history: History) -> Sequence[RegimenPlan]:
    """Return all regimens if some version has one that starts at a milestone, else none: most protocols have none."""
    if all(one.starts.milestone is None for period in plan for one in period.protocol.regimens):
        return ()
    return regimen_plans(plan, history)
