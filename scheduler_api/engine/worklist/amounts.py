"""List what the site has to do about planned amounts, holds and regimens that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from scheduler_api.engine.dates import day_before, earliest_of
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason, both
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.regimens import RegimenPlan

from .entry import END_TREATMENT, ResolvingCall, WorklistEntry, of_drug, plain

#: A hold without an end is listed from so long after it began, and should be resolved so long after that.
_HOLD, _HOLD_RESOLVED = timedelta(7), timedelta(14)
#: An amount that is to be calculated is asked for from so long before the first dose.
_TO_CALCULATE = timedelta(7)


def amount_entries(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield what there is to do about what is planned: holds without an end, amounts, and regimens that overlap."""
    yield from _of_holds(treatment_plan.history)
    for regimen in treatment_plan.regimens:
        yield from _of_planned_amount(treatment_plan, regimen)
    yield from _of_overlaps(treatment_plan)


def _of_holds(history: History) -> Iterator[WorklistEntry]:
    """Yield an entry for each hold without a recorded end."""
    for hold in history.open_holds:
        from_on = hold.from_on + _HOLD
        because = Reason("held_open", day=hold.from_on)
        which = {"hold": hold.fact_id} if len(history.open_holds) > 1 else {}
        end_hold = ResolvingCall({"kind": "hold_ended", **which}, ("resumes_on",))
        due_on, about = from_on + _HOLD_RESOLVED, ".".join(hold.regimens or ())
        entry = plain("hold_open", from_on, history.last_dose_day, due_on, because, end_hold, END_TREATMENT)
        yield entry._replace(about=about)


def _of_planned_amount(treatment_plan: TreatmentPlan, regimen: RegimenPlan) -> Iterator[WorklistEntry]:
    """Yield what is to be said of the planned amounts of a regimen (section 4).

    A change of the dose that was set under another dose of the protocol is to be confirmed, from the first day of the
    new one until one is set from that day or a later one; and an amount per kg or m² is to be calculated, whichever
    version brings it, and for whom.
    """
    history = regimen.history
    if regimen.started is None or not history.is_enrolled:
        return
    plans = [plan for plan in treatment_plan.doses if plan.regimen is regimen]
    last = max((plan.last_dose_day for plan in plans if plan.last_dose_day), default=None)
    if regimen.first.given_by_site:
        last = regimen.ends_on
    for is_open, stretches in groupby(regimen.amount_stretches(), lambda one: regimen.planned_amount(one[0]) is None):
        of_kind = [*stretches]
        if is_open:
            yield from _to_calculate(treatment_plan, regimen, of_kind[0][0], earliest_of(of_kind[-1][1], last))
            continue
        for since, through_on, asks_again in of_kind:
            if asks_again:
                yield from _to_confirm_amount(treatment_plan, regimen, since, earliest_of(through_on, last))


def _to_calculate(
    treatment_plan: TreatmentPlan, regimen: RegimenPlan, since: date, through_on: date | None
) -> Iterator[WorklistEntry]:
    """Yield the entry for an amount that the site is to calculate."""
    from_on = min(since - _TO_CALCULATE, through_on or date.max)
    about = regimen.name if since == regimen.starts_on else f"{regimen.name}.{since}"
    because = of_drug(treatment_plan, regimen, Reason("amount_to_calculate"))
    calls = (_set_amount(treatment_plan, regimen, since),)
    yield WorklistEntry("dose_to_calculate", about, None, from_on, through_on, since, because, calls)


def _set_amount(treatment_plan: TreatmentPlan, regimen: RegimenPlan, from_on: date) -> ResolvingCall:
    which = {"regimen": regimen.name} if len(treatment_plan.regimens) > 1 else {}
    return ResolvingCall({"kind": "dose_changed", **which, "from_on": from_on.isoformat()}, ("amount",))


def _to_confirm_amount(
    treatment_plan: TreatmentPlan, regimen: RegimenPlan, since: date, through_on: date | None
) -> Iterator[WorklistEntry]:
    """Yield the entry for a change of the dose that was set before the protocol's own dose became another one."""
    if through_on is not None and through_on < since:
        return
    earlier, now = regimen.change_on(since), regimen.regimen_on(since)
    assert earlier is not None, "only a change can be set again"
    planned = regimen.planned_amount(since)
    assert planned is not None, "what is not planned is to be calculated"
    because = Reason(
        "amount_set_before",
        amount=with_unit(earlier.amount, regimen.regimen_on(earlier.from_on).unit),
        day=earlier.from_on,
        amount2=with_unit(regimen.usual_amount(since), now.unit),
        day2=since,
        amount3=with_unit(planned, now.unit),
    )
    if (made_for := regimen.times_by(earlier)) != now.times_a_day:
        times = {"number": made_for, "number2": now.times_a_day, "number3": regimen.times_on(since)}
        because = both(because, Reason("times_set_before", **times))
    if earlier.days is not None and regimen.regimen_on(earlier.from_on).days != now.days:
        because = both(because, Reason("days_set_before"))
    because = of_drug(treatment_plan, regimen, because)
    about = since.isoformat() if len(treatment_plan.regimens) == 1 else f"{since}.{regimen.name}"
    calls = (_set_amount(treatment_plan, regimen, since),)
    yield WorklistEntry("planned_amount_to_confirm", about, None, since, through_on, since, because, calls)


def _of_overlaps(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for two regimens of one drug that run at a time: only the later is planned (section 4)."""
    off_on = treatment_plan.history.off_study_on
    for regimen in treatment_plan.regimens:
        for other in treatment_plan.overlapping(regimen):
            since = max(other.starts_on, regimen.starts_on)
            if since == date.max or not regimen.holds_day(since) or not other.holds_day(since):
                continue
            # On the day on which the patient left there is nothing to decide any more.
            through_on = earliest_of(regimen.ends_on, other.ends_on, day_before(off_on))
            because = Reason("regimens_overlap", text=regimen.name, other=other.name, day=since)
            end = ResolvingCall({"kind": "regimen_ended", "regimen": regimen.name}, ("last_dose_on",))
            about = f"{regimen.name}.{other.name}"
            yield WorklistEntry("regimens_overlap", about, None, since, through_on, since, because, (end,))
