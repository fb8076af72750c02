"""Find what a fact changed: the difference between the calendars before and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.doses.accountability import count_periods
from scheduler_api.engine.doses.off_plan import OffPlanDose, off_plan_doses
from scheduler_api.engine.model.facts import is_appointment
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycle_rows import cycle_rows
from scheduler_api.engine.treatment.doses import DosePlan, Span, TreatmentPlan
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.visits.off_plan_given import given_doses

from .calendar import PatientSchedule
from .deviations import dose_deviations
from .explanations import why_cycle, why_doses, why_given, why_no_more_treatment, why_status, why_treatment, why_visit

_VISIT_FIELDS = (
    *("target_on", "opens_on", "closes_on", "status", "booked_on", "done_on", "days_off", "response", "provisional"),
)


class _Item(NamedTuple):
    """Something that a fact may change; `why` says why it is so, given which fields differ (none: it is new)."""

    fields: dict[str, Any]
    why: Callable[[Collection[str]], Reason]


def consequences(
    before: PatientSchedule | None, after: PatientSchedule, today: date, through: date
) -> list[dict[str, Any]]:
    """Return every visit, cycle, dose, treatment and contraception date that differs between two schedules.

    Only what lies up to the day `through` is compared.
    Each is `{what, before, after, because}`: `what` names it (`visit imaging-w12`, `cycle 4`, `doses from 2024-02-25`,
    `recorded dose 2024-02-26`, `contraception`, `treatment`, `status`), `before` and `after` the fields that differ
    (None: it is not there), `because` says why it is so now. What cannot have changed is not computed.
    """
    counts = _moved_counts(before, after)
    if before is not None and _changes_no_date(before, after):
        return counts
    series = after.changed_series(before) if before is not None else after.visit_schedule.names
    treatment_plan = before is None or not (
        after.plans_like(before) or _treatment_inputs(before) == _treatment_inputs(after)
    )
    old = _items(before, today, through, series, treatment_plan) if before is not None else {}
    new = _items(after, today, through, series, treatment_plan)
    moved = []
    for what, thing in new.items():
        fields, earlier = thing.fields, old[what].fields if what in old else None
        if earlier is None:
            moved.append(_moved(what, None, fields, thing.why(())))
        elif changed := [field for field in fields if earlier[field] != fields[field]]:
            moved.append(_moved(what, _only(earlier, changed), _only(fields, changed), thing.why(changed)))
    for what in old:
        if what not in new:
            moved.append(_moved(what, old[what].fields, None, _why_gone(before, after, what)))
    if before is not None and treatment_plan:
        moved += [*_recorded_days(before, after), *_given_days(before, after)]
    return [*moved, *counts]


def _recorded_days(before: PatientSchedule, after: PatientSchedule) -> Iterator[dict[str, Any]]:
    """Yield each day, recorded as taken all along, that differs from what is planned for it now (section 3)."""
    was, now = (_off_plan(schedule) for schedule in (before, after))
    for (plan, day), (now_plan, dose) in now.items():
        was_plan = before.treatment_plan.dose_plan(now_plan.regimen.name, now_plan.slot)
        if was_plan is None:
            continue
        planned = was_plan.planned_on(day)
        is_same_record = dict(was_plan.log.taken(day, day)).get(day) == dose.taken
        if not is_same_record or planned == dose.planned or was.get((plan, day), (None, None))[1] == dose:
            continue
        span = now_plan.span_on(day)
        no_more = why_no_more_treatment(after.history, now_plan.regimen)
        why = no_more if span is None else why_doses(after, now_plan, span)
        what = f"recorded dose {day if _is_only(after.treatment_plan) else now_plan.dose_id(day)}"
        yield _moved(what, {"amount": planned}, {"amount": dose.planned}, why)


def _given_days(before: PatientSchedule, after: PatientSchedule) -> Iterator[dict[str, Any]]:
    """Yield each dose, given at the site all along, that differs from what is planned for it now (section 3)."""
    was = {one.record.fact_id: one for one in given_doses(before.visit_schedule)}
    for one in given_doses(after.visit_schedule):
        earlier = was.get(one.record.fact_id)
        if earlier is not None and one.kinds and earlier.planned != one.planned:
            what = f"recorded dose {one.record.done_on} of {one.visit or earlier.about}"
            yield _moved(what, {"amount": earlier.planned}, {"amount": one.planned}, why_given(after, one))


_COUNT_FIELDS = ("returned_on", "dispensed", "returned", "lost", "compliance", "difference", "agrees")


def _moved_counts(before: PatientSchedule | None, after: PatientSchedule) -> list[dict[str, Any]]:
    """Return what differs in the counts of drug between two schedules (section 14), each period by its first day."""
    was, now = ({} if schedule is None else _counts(schedule) for schedule in (before, after))
    moved = []
    for what, (fields, because) in now.items():
        earlier = was[what][0] if what in was else None
        if earlier is None:
            moved.append(_moved(what, None, fields, because))
        elif changed := [field for field in fields if earlier[field] != fields[field]]:
            moved.append(_moved(what, _only(earlier, changed), _only(fields, changed), because))
    gone = Reason("nothing_dispensed")
    return [*moved, *(_moved(what, fields, None, gone) for what, (fields, _) in was.items() if what not in now)]


def _counts(schedule: PatientSchedule) -> dict[str, tuple[dict[str, Any], Reason]]:
    """Return the counts of drug by name; that of the regimen where there are several."""
    found = {}
    several = len(schedule.treatment_plan.regimens) > 1
    for period in count_periods(schedule.treatment_plan):
        of = f" of {period.regimens[0]}" if several else ""
        found[f"drug count{of} from {period.from_on}"] = _only(period.row(), _COUNT_FIELDS), period.because
    return found


def _off_plan(schedule: PatientSchedule) -> dict[tuple[str, date], tuple[DosePlan, OffPlanDose]]:
    """Return the doses that count as taken and differ from the plan, by intake and day."""
    return {
        (plan.name, one.day): (plan, one)
        for plan in schedule.treatment_plan.doses
        for one in off_plan_doses(plan, date.min + ONE_DAY, date.max - ONE_DAY)
        if not one.by_patient and one.kind != "dose_before_start"
    }


def _is_only(treatment_plan: TreatmentPlan) -> bool:
    """Return whether there is one dose a day, so that nobody needs to say which."""
    return len(treatment_plan.doses) == 1


def new_deviations(
    before: PatientSchedule, after: PatientSchedule, today: date, day: date | None
) -> list[dict[str, Any]]:
    """Return the deviations of all time, as seen on `today`, that are there in one schedule and were not in another.

    `day` is given if they differ by the record of that day's dose. Mostly nothing else then depends on it, and neither
    other days nor visits are looked at: it saves more than half of the time that recording takes.
    """
    if day is not None and after.plans_like(before):
        known, found = (dose_deviations(schedule.treatment_plan, day, day) for schedule in (before, after))
    else:
        known, found = (schedule.all_deviations(today) for schedule in (before, after))
    keys = {frozenset(deviation.items()) for deviation in known}
    return [deviation for deviation in found if frozenset(deviation.items()) not in keys]


def _changes_no_date(before: PatientSchedule, after: PatientSchedule) -> bool:
    """Return whether only recorded days differ, and no date (last dose, end of a version) follows from them."""
    same_last = before.history.last_dose_on == after.history.last_dose_on
    return after.plans_like(before) and same_last and len(after.treatment_plan.plan) == 1


def _treatment_inputs(schedule: PatientSchedule) -> tuple[object, ...]:
    """Return everything that cycles and planned doses are computed from."""
    history, treatment_plan = schedule.history, schedule.treatment_plan
    start = history.first_dose_on is None, history.c1d1_because
    return (
        [(one.started, one.runs, one.ends_on) for one in treatment_plan.regimens],
        start,
        [one.last_dose_day for one in treatment_plan.doses],
        treatment_plan.plan,
        history.holds,
        history.dose_changes,
        history.arms,
        history.cohort_changes,
        history.fertility_changes,
    )


def _items(
    schedule: PatientSchedule, today: date, through: date, series: Collection[str], treatment_plan: bool
) -> dict[str, _Item]:
    """Return what a fact may change, by name: visits of some series, and if `treatment_plan` also cycles and doses."""
    history, contraception = schedule.history, schedule.contraception(today)
    released = contraception.pop("because")
    treatment = _only(schedule.treatment(today), _TREATMENT_FIELDS)
    items = {
        "status": _Item({"status": patient_status(history, today)}, lambda changed: why_status(history, today)),
        "treatment": _Item(treatment, partial(why_treatment, schedule, today)),
        "contraception": _Item(contraception, lambda changed: released),
    }
    for number, stay in enumerate(history.stays):
        what = "site" if stay.from_on is None else f"site from {stay.from_on}"
        fields = {"site": stay.site, "through_on": stay.through_on}
        items[what] = _Item(fields, partial(_why_site, history, number))
    if schedule.awaits_site(today):
        items[_REMINDERS] = _Item({"sent": False}, lambda changed: _why_no_reminders(history, today))
    if treatment_plan:
        for row in cycle_rows(schedule.treatment_plan, today, _first_day(schedule.treatment_plan), through):
            fields = _only(row, ("starts_on", "ends_on", "provisional"))
            of = _of_cycles(schedule.treatment_plan, row["starts_on"])
            items[f"cycle {row['number']}{of}"] = _Item(fields, partial(why_cycle, schedule, row))
        for plan in schedule.treatment_plan.doses:
            items.update(_doses(schedule, plan, through))
    for visit in schedule.visits(date.min, through, series) if series else ():
        end = schedule.visit_schedule.series(visit.series).end_of(visit.visit)
        items[f"visit {visit.visit}"] = _Item(_only(visit.row(today), _VISIT_FIELDS), partial(why_visit, visit, end))
    return items


def _first_day(treatment_plan: TreatmentPlan) -> date:
    """Return the first day of any regimen: one may start at a milestone before the first dose of all."""
    return min(one.starts_on for one in treatment_plan.regimens)


def _of_cycles(treatment_plan: TreatmentPlan, day: date) -> str:
    """Return of which regimen the cycle of a day is, if it starts at a milestone: its cycles are numbered anew."""
    regimen = treatment_plan.regimen_of_day(day)
    return "" if regimen is None or regimen.milestone_on is None else f" of {regimen.name}"


#: What `what` is of dose reminders that are not sent (section 6); there is nothing to tell of those that are.
_REMINDERS = "dose reminders"


def _why_site(history: History, number: int, changed: Collection[str] = ()) -> Reason:
    """Return why a site has the patient; for one that hands the patient over, which has it then."""
    following = history.transfers[number : number + 1] or history.transfers[number - 1 : number]
    if not following:
        return Reason("site_of_registration", site=history.registered.site)
    return Reason("site_from", site=following[0].site, day=following[0].from_on)


def _why_no_reminders(history: History, today: date) -> Reason:
    pregnancy = history.pregnancy_on(today)
    assert pregnancy is not None
    return Reason("no_reminders_while_pregnant", base=pregnancy.because)


_TREATMENT_FIELDS = ("first_dose_on", "last_dose_on", "ended", "cycle", "cycle_day", "amount", "on_hold")


def _doses(schedule: PatientSchedule, plan: DosePlan, through: date) -> Iterator[tuple[str, _Item]]:
    """Yield the planned doses of an intake, named by the first day from which they are alike.

    Their `through_on` is None if they reach the end of the range. Where there are several intakes a day, or regimens,
    the name says which.
    """
    parts = _parts(plan, through)
    of = "" if _is_only(schedule.treatment_plan) else f" of {plan.name}"
    for part, following in zip(parts, [*parts[1:], None], strict=False):
        first, last = part[0], part[-1]
        amount, held, days = _plan_of(first)
        ends_on = None if last.ends_on == through != plan.last_dose_day else last.ends_on
        fields = {"through_on": ends_on, "amount": amount, "held": held, "days": days and sorted(days)}
        yield f"doses{of} from {first.starts_on}", _Item(fields, partial(_why_doses, schedule, plan, first, following))


def _parts(plan: DosePlan, through: date) -> list[list[Span]]:
    """Return the spans of a plan through a day, grouping neighbours in which the same is planned."""
    return [[*spans] for _, spans in groupby(plan.spans(plan.starts_on, through), _plan_of)]


def _plan_of(span: Span) -> tuple[float | None, bool, frozenset[int] | None]:
    return None if span.held else span.planned_amount, span.held, _days_of(span)


def _days_of(span: Span) -> frozenset[int] | None:
    """Return the days of the cycle that have a dose; None if every day has one, or if cycles differ."""
    when = span.regimen.when
    own = when[0].days if len(when) == 1 else None
    return own if span.days is None else span.days if own is None else span.days & own


def _why_doses(
    schedule: PatientSchedule, plan: DosePlan, first: Span, following: list[Span] | None, changed: Collection[str]
) -> Reason:
    if [*changed] != ["through_on"]:
        return why_doses(schedule, plan, first)
    if following:
        return why_doses(schedule, plan, following[0])
    return why_no_more_treatment(schedule.history, plan.regimen) if plan.ends_on else why_doses(schedule, plan, first)


def _why_gone(before: PatientSchedule | None, schedule: PatientSchedule, what: str) -> Reason:
    if what == _REMINDERS:
        return Reason("reminders_again")
    history = schedule.history
    if what.startswith("site from "):
        day = date.fromisoformat(what.removeprefix("site from "))
        at = max((number for number, stay in enumerate(history.stays) if (stay.from_on or date.min) <= day), default=0)
        return _why_site(history, at)
    kind, _, name = what.partition(" ")
    if kind == "doses":
        of, _, from_on = name.rpartition("from ")
        return _why_other_doses(schedule, of.strip().removeprefix("of "), date.fromisoformat(from_on))
    if kind == "cycle":
        if history.last_treatment_day is not None:
            return why_no_more_treatment(history)
        return Reason("open_hold_stops_cycles")
    if is_appointment(name):
        return Reason("appointment_kept" if name in history.bookings else "booking_cancelled")
    for series in schedule.visit_schedule.names:
        visit_series = schedule.visit_schedule.series(series)
        if (end := visit_series.end_of(name)) is not None:
            return end.because
    was_open = before is None or before.history.reopened is not None
    return Reason("not_in_plan") if was_open or history.reopened is None else history.reopened.because


def _why_other_doses(schedule: PatientSchedule, of: str, day: date) -> Reason:
    """Return why what is planned for an intake does not change on a day."""
    plan = next((one for one in schedule.treatment_plan.doses if of in ("", one.name)), None)
    started = plan.regimen.started if plan is not None else None
    if plan is None or started is None:
        return Reason("not_in_plan")
    if day < plan.starts_on:
        return started.because
    parts = _parts(plan, day)
    if not plan.holds_day(day) or not parts:
        return why_no_more_treatment(schedule.history, plan.regimen)
    return why_doses(schedule, plan, parts[-1][0])


def _moved(what: str, before: dict[str, Any] | None, after: dict[str, Any] | None, because: Reason) -> dict[str, Any]:
    return {"what": what, "before": before, "after": after, "because": because}


def _only(thing: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: thing[field] for field in fields}
