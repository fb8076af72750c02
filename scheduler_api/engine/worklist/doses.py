"""List what the site has to do about doses that were taken or not, and about the count of the drug."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from scheduler_api.engine.dates import ONE_DAY, civil_date
from scheduler_api.engine.doses.accountability import COUNT_DIFFERS, differing
from scheduler_api.engine.doses.dose_gaps import dose_gaps
from scheduler_api.engine.doses.off_plan import harmful_doses
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.doses import DosePlan, TreatmentPlan
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.off_plan_given import OffPlanGiven

from .entry import END_TREATMENT, ResolvingCall, WorklistEntry, intake_named, of_intake

_CORRECTION = ("status", "amount", "replaces", "reason")
_DIARY = ("dose_on", "status")
#: So long after a return somebody should have asked the patient why the count differs from the diary.
_COUNTED = timedelta(7)


def dose_entries(schedule: PatientSchedule, first: date, last: date) -> Iterator[WorklistEntry]:
    """Yield the entries about doses: those not taken in `first`…`last`, and what is to be checked of any other day.

    To be checked are doses that could hurt, what a phone said late, and counts that differ from the diary.
    """
    treatment_plan = schedule.treatment_plan
    yield from _of_gaps(treatment_plan, first, last)
    yield from _of_harmful_doses(treatment_plan)
    yield from _of_harmful_given(schedule.off_plan_given())
    yield from _of_late_words(treatment_plan)
    yield from _of_counts(treatment_plan)


def _of_gaps(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[WorklistEntry]:
    hold = ResolvingCall({"kind": "hold_started"}, ("from_on",))
    for plan in treatment_plan.doses:
        record = ResolvingCall({"kind": "dose_recorded", **intake_named(plan)}, ("dose_on", "status"))
        for row in dose_gaps(plan, first, last):
            calls = (record, hold, END_TREATMENT)
            about, reported_on = _about(plan, row.first_on), row.reported_on
            because = of_intake(treatment_plan, plan, row.because)
            yield WorklistEntry(
                "doses_not_taken", about, None, reported_on, row.through_on, reported_on, because, calls
            )


def _of_harmful_doses(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each run of doses that could hurt, however long ago: until it is acknowledged or corrected."""
    for plan in treatment_plan.doses:
        for run in harmful_doses(plan, date.min + ONE_DAY, date.max - ONE_DAY):
            fact = {"kind": "dose_recorded", "dose_on": run.first_on.isoformat(), **intake_named(plan)}
            on = run.first_on
            # It may stand beside an entry about the word that counts, of the same day and kind.
            about = f"{_about(plan, on)}.by-patient" if run.by_patient else _about(plan, on)
            because = of_intake(treatment_plan, plan, run.because)
            yield WorklistEntry(run.kind, about, None, on, None, on, because, (ResolvingCall(fact, _CORRECTION),))


def _of_harmful_given(given: Iterable[OffPlanGiven]) -> Iterator[WorklistEntry]:
    """Yield an entry for each dose given at the site that could hurt, until it is acknowledged or corrected."""
    for one in (one for one in given if one.is_harmful):
        record = one.record
        fact = {"kind": "visit_done", "series": record.series, "done_on": record.done_on.isoformat()}
        call = ResolvingCall({**fact, "replaces": record.fact_id}, ("amount", "reason"))
        on = record.done_on
        yield WorklistEntry(one.kind, one.about, one.visit, on, None, on, one.because, (call,))


def _about(plan: DosePlan, day: date) -> str:
    """Return what tells entries about the doses of a day apart."""
    return day.isoformat() if plan.regimen.named(plan.slot)[0] is None else plan.dose_id(day)


def _of_late_words(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each dose of which a phone said something that staff are to confirm (section 3)."""
    history = treatment_plan.history
    said = ((one, *late) for one in treatment_plan.doses for late in one.log.unconfirmed())
    for plan, day, late in said:
        received_on, word = civil_date(late.received_at, history.time_zone), late.word
        because = Reason("reported_to_confirm", day=day, day2=received_on)
        calls = [ResolvingCall({"kind": "voided", "voids": word.fact_id}, ("reason",))]
        is_after_end = history.off_study_on is not None and day > history.off_study_on
        kind = "record_after_death" if is_after_end else "doses_to_confirm"
        # Only what was taken or missed can be recorded by staff, and nothing after death.
        if word.status != "taken_back" and (history.died_on is None or day <= history.died_on):
            fact = {"kind": "dose_recorded", "dose_on": day.isoformat(), "status": word.status, **intake_named(plan)}
            confirm = fact if word.amount is None else {**fact, "amount": word.amount}
            calls.insert(0, ResolvingCall(confirm, ()))
        because = of_intake(treatment_plan, plan, because)
        yield WorklistEntry(kind, _about(plan, day), None, received_on, None, received_on, because, tuple(calls))


def _of_counts(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each return whose count differs from the diary: until one of the two is corrected."""
    for period in differing(treatment_plan):
        on = period.returned_on
        assert on is not None, "only a return has a count"
        which = {"regimen": period.regimens[0]} if len(treatment_plan.regimens) > 1 else {}
        fact = {"kind": "drug_returned", "on": on.isoformat(), **which, "replaces": period.fact_id}
        calls = ResolvingCall(fact, ("units", "reason")), ResolvingCall({"kind": "dose_recorded"}, _DIARY)
        about = ".".join([on.isoformat(), *which.values()])
        yield WorklistEntry(COUNT_DIFFERS, about, None, on, None, on + _COUNTED, period.because, calls)
