"""Warn of what speaks against a fact that was recorded all the same (rules, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.doses.accountability import COUNT_DIFFERS, differing
from scheduler_api.engine.doses.off_plan import HarmfulDoses, harmful_dose
from scheduler_api.engine.model.dose_log import DoseLog
from scheduler_api.engine.model.facts import (
    KIND_OF,
    UNSCHEDULED,
    Body,
    DoseChanged,
    DoseRecorded,
    DrugDispensed,
    DrugLost,
    DrugReturned,
    HoldEnded,
    HoldStarted,
    ProtocolAmended,
    RegimenEnded,
    Registered,
    StudyEnded,
    TreatmentEnded,
    VisitDone,
)
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import Amendment, DoneVisit, TreatmentEnd
from scheduler_api.engine.model.versions import regimen_of_change
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.dose_ids import DoseId
from scheduler_api.engine.treatment.regimens import RegimenPlan
from scheduler_api.engine.visits.off_plan_given import OffPlanGiven
from scheduler_api.engine.visits.series import Visit

from .calendar import PatientSchedule

#: So far before and after an amendment visits are looked for.
_AROUND = timedelta(800)


def warnings(schedule: PatientSchedule, body: Body, said_at: datetime) -> list[dict[str, Any]]:
    """Return the warnings about a fact said at an instant, given the schedule with it.

    Each has its `code`, `detail` and `records`: these are those on record that the warning is about, as `{kind, on}`.
    """
    after = schedule.history
    match body:
        case DoseRecorded(amount=float() | int() as taken):
            plan = schedule.treatment_plan.named(DoseId(body.dose_on, body.regimen, body.slot))
            assert plan is not None, "a dose that nothing names is refused"
            harmful = harmful_dose(plan, body.dose_on, taken, body.taken_at or said_at)
            return [] if harmful is None else [_harmful(harmful)]
        case DrugDispensed():
            return [*_dispensed_after_end(schedule, body), *_kit_given_twice(after, body)]
        case DrugReturned():
            return [*_unknown_kit(after, body), *_count_differs(schedule, body)]
        case DrugLost():
            return [*_unknown_kit(after, body)]
        case DoseChanged() | HoldStarted() | HoldEnded():
            return [*_after_end(schedule, body)]
        case VisitDone():
            same = (body.series, body.done_on, body.visit)
            given = [one for one in schedule.off_plan_given() if one.is_harmful and one.record[:3] == same]
            return [*_before_consent(after, [body.done_on]), *map(_harmful_given, given)]
        case ProtocolAmended():
            return [*_longer_gaps(schedule, body)]
        case Registered():
            return _before_consent(after, [visit.done_on for visit in after.visits_done])
        case TreatmentEnded() if (ended := _end_of(after, body)) is not None:
            last = ended.last_day
            records = [*_of_regimens_after(schedule, last, lambda one: one.treatment_end == ended)]
            if ended.reason == "death":
                records = [*_records_after(after, ended.decided_on)]
        case RegimenEnded() if (stated := _end_of_regimen(after, body)) is not None:
            last = stated
            records = [*_of_regimens_after(schedule, last, lambda one: body.regimen in (one.name, one.first.cycles_of))]
        case StudyEnded() if (off_on := after.off_study_on) is not None:
            last, records = off_on, [*_records_after(after, off_on)]
        case _:
            return []
    if not records:
        return []
    return [
        {
            "code": "records_after_end",
            "detail": Reason("records_after_end", number=len(records), day=last),
            "records": sorted(records, key=lambda record: (record["on"], record["kind"])),
        }
    ]


def _end_of(history: History, body: TreatmentEnded) -> TreatmentEnd | None:
    """Return the end of treatment that a fact records; None if it is taken back."""
    decided_on = body.decided_on.isoformat()
    return next((end for end in history.treatment_ends if end.said.decided.text == decided_on), None)


def _end_of_regimen(history: History, body: RegimenEnded) -> date | None:
    """Return the last day that the end of a regimen states, which a fact records; None if it is taken back."""
    said = [end.last_dose for end in history.regimen_ends if end.regimen == body.regimen]
    stated = (day for day in said if day.text == body.last_dose_on.isoformat())
    return next((history.stands_for(day).on for day in stated), None)


def _after_end(schedule: PatientSchedule, body: DoseChanged | HoldStarted | HoldEnded) -> Iterator[dict[str, Any]]:
    """Yield the warning about an amount, a hold, or the end of one, from a day after the end of its regimens.

    Who recorded it may believe that the patient goes on taking the drug. One that is yet to start has not ended.
    """
    day = body.resumes_on if isinstance(body, HoldEnded) else body.from_on
    names = _regimens_of(schedule, body)
    named = [one for one in schedule.treatment_plan.regimens if names is None or one.name in names]
    regimens = [one for one in named if one.started is not None or one.exists_on(date.max)]
    ends = [one.ends_on for one in regimens if one.started is not None and one.ends_on is not None]
    if ends and len(ends) == len(regimens) and max(ends) < day:
        yield _about("after_end_of_treatment", Reason("after_end_of_treatment", day=day, day2=max(ends)), body, day)


def _regimens_of(schedule: PatientSchedule, body: DoseChanged | HoldStarted | HoldEnded) -> Collection[str] | None:
    """Return the names of the regimens whose doses a fact is about; None for all of them."""
    if isinstance(body, DoseChanged):
        name = regimen_of_change(schedule.treatment_plan.plan, body.regimen, body.from_on)
        return None if name is None else [name]
    if isinstance(body, HoldStarted):
        return body.regimens
    of_day = (hold for hold in schedule.history.holds if hold.resumes_on == body.resumes_on)
    held = [hold.regimens for hold in of_day if body.hold in (None, hold.fact_id)]
    return None if None in held else {name for names in held for name in names or ()}


def displaced(before: PatientSchedule, after: PatientSchedule, body: Body) -> Iterator[dict[str, Any]]:
    """Yield the warnings about what belongs to no visit since something was recorded as done: that itself, or another.

    Of two records that name a visit the earlier has it, and of one that names it and one that does not, the former
    (section 5). What names no visit is suggested one.
    """
    if not isinstance(body, VisitDone):
        return
    itself, names_none = _what(body), body.visit in (None, UNSCHEDULED)
    was = {_what(one.record) for one in before.unscheduled_visits()} | ({itself} if names_none else set())
    for record in (one.record for one in after.unscheduled_visits() if _what(one.record) not in was):
        code = "unscheduled" if _what(record) == itself else "takes_the_place"
        yield _about(code, Reason("of_no_visit", day=record.done_on), body, record.done_on)


def _what(done: VisitDone | DoneVisit) -> tuple[str, date, str | None, bool]:
    """Return what a fact or a record says was done; whichever fact says so, it is the same."""
    return done.series, done.done_on, done.visit, done.part


def _longer_gaps(schedule: PatientSchedule, body: ProtocolAmended) -> Iterator[dict[str, Any]]:
    """Yield the warnings about series of visits that pause at an amendment for longer than by either version alone.

    Each version plans its own visits, those of the one before it from that day on no more (section 9).
    """
    history, plan = schedule.history, schedule.treatment_plan.plan
    versions = {one.protocol.version: one.protocol for one in plan}
    if body.version not in versions:
        # Another from the same day has replaced it.
        return
    amendments = [Amendment(one.from_on, one.protocol.version) for one in plan if one.from_on is not None]
    without = tuple(one for one in amendments if one.from_on != body.from_on)
    always = replace(history.registered, version=body.version)
    either = [replace(history, amendments=without), replace(history, registered=always, amendments=())]
    plans = [PatientSchedule(versions, one) for one in either]
    doses = schedule.visit_schedule.names_of_doses
    for name in (name for name in schedule.visit_schedule.names if name not in doses):
        pause = _pause_across(schedule, name, body.from_on)
        others = [_pause_across(plan, name, body.from_on) for plan in plans]
        if pause is not None and all(other is not None and other.length < pause.length for other in others):
            first, last = pause.first_on, pause.next
            ends = {"day": first, "visit": last.visit, "label": last.label, "day2": last.target_on}
            yield _about("longer_gap", Reason("longer_gap", number=pause.length.days, **ends), body, body.from_on)


class _Pause(NamedTuple):
    """A time without visits: from the target of one, or from enrolment, to the target of the next."""

    first_on: date
    next: Visit

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.next.target_on - self.first_on


def _pause_across(schedule: PatientSchedule, name: str, day: date) -> _Pause | None:
    """Return the pause of a series that ends on a day or later, and begins before it; None if no visit follows."""
    if name not in schedule.visit_schedule.names:
        return None
    visits = [one for one in schedule.visits(day - _AROUND, day + _AROUND, [name]) if one.has_window]
    before = [one.target_on for one in visits if one.target_on < day]
    then = next((one for one in visits if one.target_on >= day), None)
    start = max(before, default=schedule.history.enrolled_on)
    return None if then is None or start is None else _Pause(start, then)


def _dispensed_after_end(schedule: PatientSchedule, body: DrugDispensed) -> Iterator[dict[str, Any]]:
    """Yield the warning about drug that is given out after the end of treatment or study."""
    regimen = schedule.treatment_plan.regimen(body.regimen)
    end = schedule.history.last_treatment_day if regimen is None else regimen.last_treatment_day
    if end is not None and body.on > end:
        yield _about("dispensed_after_end", Reason("dispensed_after_end", day=body.on, day2=end), body, body.on)


def _kit_given_twice(history: History, body: DrugDispensed) -> Iterator[dict[str, Any]]:
    """Yield the warning about a kit that was given out before; what came back may be given out again.

    With a return that names no kit all may have come back.
    """
    if body.kit is None:
        return
    kit, times = body.kit.casefold(), 0
    for one in history.drug_counts:
        if one.on <= body.on and one.what == "returned" and (one.kit is None or one.kit.casefold() == kit):
            times = 0
        elif one.on <= body.on and one.what == "dispensed" and one.kit is not None and one.kit.casefold() == kit:
            times += 1
    if times > 1:
        yield _about("kit_given_twice", Reason("kit_given_twice", text=body.kit), body, body.on)


def _unknown_kit(history: History, body: DrugReturned | DrugLost) -> Iterator[dict[str, Any]]:
    """Yield the warning about a kit that was never given out, though others with a name were."""
    known = {one.kit.casefold() for one in history.drug_counts if one.what == "dispensed" and one.kit is not None}
    if body.kit is not None and known and body.kit.casefold() not in known:
        yield _about("unknown_kit", Reason("unknown_kit", text=body.kit), body, body.on)


def _count_differs(schedule: PatientSchedule, body: DrugReturned) -> Iterator[dict[str, Any]]:
    """Yield the warning about a return whose count differs from the diary."""
    regimen = schedule.treatment_plan.regimen(body.regimen)
    for period in differing(schedule.treatment_plan):
        if regimen is not None and regimen.name in period.regimens and period.returned_on == body.on:
            yield _about(COUNT_DIFFERS, period.because, body, body.on)


def _about(code: str, detail: Reason, body: Body, on: date) -> dict[str, Any]:
    """Return a warning about the record of a day that is of the same kind as a fact."""
    return {"code": code, "detail": detail, "records": [{"kind": KIND_OF[type(body)], "on": on}]}


def _before_consent(history: History, done_on: list[date]) -> list[dict[str, Any]]:
    """Return the warning about visits done on some days, if any was before the patient consented."""
    consented_on = history.registered.consented_on
    early = [day for day in done_on if consented_on is not None and day < consented_on]
    if not early:
        return []
    detail = Reason("before_consent", day=min(early), day2=consented_on)
    return [
        {
            "code": "before_consent",
            "detail": detail,
            "records": [{"kind": "visit_done", "on": day} for day in sorted(early)],
        }
    ]


def _harmful(doses: HarmfulDoses) -> dict[str, Any]:
    """Return the warning about a dose that could hurt."""
    records = [{"kind": "dose_recorded", "on": doses.first_on}]
    return {"code": doses.kind, "detail": doses.because, "records": records}


def _harmful_given(one: OffPlanGiven) -> dict[str, Any]:
    """Return the warning about a dose given at the site that could hurt."""
    records = [{"kind": "visit_done", "on": one.record.done_on}]
    return {"code": one.kind, "detail": one.because, "records": records}


def _records_after(history: History, day: date) -> Iterator[dict[str, Any]]:
    """Yield what is recorded to have happened after a day."""
    yield from _doses_after(history.doses.values(), day)
    days = [("visit_done", visit.done_on) for visit in history.visits_done]
    days += [("progressed", reported.first_on) for reported in history.progressions]
    days += [("new_therapy_started", reported.first_on) for reported in history.new_therapies]
    yield from ({"kind": kind, "on": on} for kind, on in days if on > day)


def _of_regimens_after(
    schedule: PatientSchedule, day: date, is_ended: Callable[[RegimenPlan], bool]
) -> Iterator[dict[str, Any]]:
    """Yield what was taken or given after a day of the regimens that an end is about."""
    plan, history = schedule.treatment_plan, schedule.history
    yield from _doses_after([one.log for one in plan.doses if is_ended(one.regimen)], day)
    given = (dose.done_on for one in plan.regimens if is_ended(one) for dose in history.given_of(one.name))
    yield from ({"kind": "visit_done", "on": on} for on in given if on > day)


def _doses_after(logs: Iterable[DoseLog], day: date) -> Iterator[dict[str, Any]]:
    for on in (on for log in logs for on, _ in log.taken(day + ONE_DAY, date.max)):
        yield {"kind": "dose_recorded", "on": on}
