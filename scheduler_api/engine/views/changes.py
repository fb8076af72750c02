"""Find what a fact changed: the difference between the calendars before and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from scheduler_api.engine.model.facts import is_appointment
from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycles import cycle_rows
from scheduler_api.engine.treatment.doses import Span
from scheduler_api.engine.treatment.off_plan import OffPlanDose, off_plan_doses
from scheduler_api.engine.treatment.status import patient_status

from .calendar import PatientSchedule
from .deviations import dose_deviations
from .explanations import why_cycle, why_doses, why_no_more_treatment, why_status, why_treatment, why_visit

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
    if before is not None and _changes_no_date(before, after):
        return []
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
            moved.append(_moved(what, old[what].fields, None, _why_gone(after, what)))
    return [*moved, *(_recorded_days(before, after) if before is not None and treatment_plan else ())]


def _recorded_days(before: PatientSchedule, after: PatientSchedule) -> Iterator[dict[str, Any]]:
    """Yield each day, recorded as taken all along, that differs from what is planned for it now (section 3)."""
    was, now = (_off_plan(schedule) for schedule in (before, after))
    for day, dose in now.items():
        planned = before.treatment_plan.planned_on(day)
        is_same_record = dict(before.history.doses.taken(day, day)).get(day) == dose.taken
        if not is_same_record or planned == dose.planned or was.get(day) == dose:
            continue
        span = after.treatment_plan.span_on(day)
        why = why_doses(after, span) if span is not None else why_no_more_treatment(after.history)
        yield _moved(f"recorded dose {day}", {"amount": planned}, {"amount": dose.planned}, why)


def _off_plan(schedule: PatientSchedule) -> dict[date, OffPlanDose]:
    """Return the doses that count as taken and differ from the plan, by day."""
    doses = off_plan_doses(schedule.treatment_plan, date.min + ONE_DAY, date.max - ONE_DAY)
    return {one.day: one for one in doses if not one.by_patient and one.kind != "dose_before_start"}


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
        treatment_plan.runs,
        start,
        history.last_treatment_day,
        history.last_dose_day,
        treatment_plan.plan,
        history.holds,
        history.dose_changes,
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
        for row in cycle_rows(schedule.treatment_plan.runs, history, today, schedule.treatment_plan.starts_on, through):
            fields = _only(row, ("starts_on", "ends_on", "provisional"))
            items[f"cycle {row['number']}"] = _Item(fields, partial(why_cycle, schedule, row))
        items.update(_doses(schedule, through))
    for visit in schedule.visits(date.min, through, series) if series else ():
        end = schedule.visit_schedule.series(visit.series).end_of(visit.visit)
        items[f"visit {visit.visit}"] = _Item(_only(visit.row(today), _VISIT_FIELDS), partial(why_visit, visit, end))
    return items


#: What `what` is of dose reminders that are not sent (section 7); there is nothing to tell of those that are.
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


def _doses(schedule: PatientSchedule, through: date) -> Iterator[tuple[str, _Item]]:
    """Yield the planned doses, named by the first day from which they are alike.

    Their `through_on` is None if they reach the end of the range.
    """
    treatment_plan, parts = schedule.treatment_plan, _parts(schedule, through)
    for part, following in zip(parts, [*parts[1:], None], strict=False):
        first, last = part[0], part[-1]
        amount, held, days = _plan_of(first)
        ends_on = None if last.ends_on == through != treatment_plan.last_dose_day else last.ends_on
        fields = {"through_on": ends_on, "amount": amount, "held": held, "days": days and sorted(days)}
        yield f"doses from {first.starts_on}", _Item(fields, partial(_why_doses, schedule, first, following))


def _parts(schedule: PatientSchedule, through: date) -> list[list[Span]]:
    """Return the spans of the treatment plan through a day, grouping neighbours in which the same is planned."""
    treatment_plan = schedule.treatment_plan
    return [[*spans] for _, spans in groupby(treatment_plan.spans(treatment_plan.starts_on, through), _plan_of)]


def _plan_of(span: Span) -> tuple[float | None, bool, frozenset[int] | None]:
    return None if span.held else span.planned_amount, span.held, span.regimen.days


def _why_doses(
    schedule: PatientSchedule, first: Span, following: list[Span] | None, changed: Collection[str]
) -> Reason:
    if [*changed] != ["through_on"]:
        return why_doses(schedule, first)
    if following:
        return why_doses(schedule, following[0])
    return why_no_more_treatment(schedule.history) if schedule.treatment_plan.ends_on else why_doses(schedule, first)


def _why_gone(schedule: PatientSchedule, what: str) -> Reason:
    if what == _REMINDERS:
        return Reason("reminders_again")
    history = schedule.history
    if what.startswith("site from "):
        day = date.fromisoformat(what.removeprefix("site from "))
        at = max((number for number, stay in enumerate(history.stays) if (stay.from_on or date.min) <= day), default=0)
        return _why_site(history, at)
    kind, _, name = what.partition(" ")
    if kind == "doses":
        return _why_other_doses(schedule, date.fromisoformat(name.removeprefix("from ")))
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
    return Reason("not_in_plan")


def _why_other_doses(schedule: PatientSchedule, day: date) -> Reason:
    """Return why what is planned does not change on a day."""
    treatment_plan = schedule.treatment_plan
    if day < treatment_plan.starts_on:
        return schedule.history.c1d1_because
    if not treatment_plan.holds_day(day):
        return why_no_more_treatment(schedule.history)
    return why_doses(schedule, _parts(schedule, day)[-1][0])


def _moved(what: str, before: dict[str, Any] | None, after: dict[str, Any] | None, because: Reason) -> dict[str, Any]:
    return {"what": what, "before": before, "after": after, "because": because}


def _only(thing: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: thing[field] for field in fields}
