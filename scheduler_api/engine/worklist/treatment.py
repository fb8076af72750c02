"""List what the site has to record about treatment and study: arm, milestones, the first dose and the ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from operator import itemgetter

from scheduler_api.engine.dates import ONE_DAY, day_before, earliest_of
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.versions import version_on
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.milestones import reached

from .entry import END_TREATMENT, PAPER, ResolvingCall, WorklistEntry, intake_named, plain

#: An arm that is needed after C1D1 is asked for from so long before it is.
_ARM = timedelta(7)
#: A first dose that nobody recorded is listed from so long after its planned day.
_FIRST_DOSE = timedelta(7)


def treatment_entries(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield what is to be recorded about treatment and study, from the arm to the end."""
    yield from _of_arm(treatment_plan)
    yield from _of_milestones(treatment_plan.history)
    yield from _of_first_dose(treatment_plan)
    yield from _of_treatment(treatment_plan)


def _of_arm(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield the entry for an arm that is not assigned, needed by C1D1 or when the first drug of an arm starts later.

    Where each drug of an arm starts at a milestone that is not on record, the arm is not needed yet; where an amendment
    brings the arms later, it is needed when that begins.
    """
    history = treatment_plan.history
    c1d1 = history.c1d1
    if history.enrolled is None or c1d1 is None:
        return
    with_arms = [one for one in treatment_plan.plan if one.protocol.arms and (one.to_on is None or one.to_on > c1d1)]
    if not with_arms:
        return
    first, to_on = with_arms[0], with_arms[-1].to_on
    starts = [(c1d1, history.c1d1_because)]
    of_arms = {one.id for one in first.protocol.regimens if one.who.arms is not None}
    if of_arms:
        found = (one.started for one in treatment_plan.regimens if one.name in of_arms)
        starts = [(started.on, started.because) for started in found if started is not None]
    if not starts:
        return
    needed_on, base = min(starts, key=itemgetter(0))
    if first.from_on is not None and first.from_on > needed_on:
        needed_on, base = first.from_on, Reason("amended_to", day=first.from_on, number=first.protocol.version)
    if history.arm_on(needed_on) is not None:
        return
    from_on = history.enrolled.enrolled_on
    if needed_on > c1d1:
        from_on = max(from_on, needed_on - _ARM)
    assigned_on = history.arms[0].from_on if history.arms else None
    through_on = earliest_of(history.last_dose_day, day_before(assigned_on), day_before(to_on))
    call = ResolvingCall({"kind": "arm_assigned"}, ("arm", "on"))
    yield plain("arm_missing", from_on, through_on, needed_on, Reason("no_arm_assigned", base=base), call)


def _of_milestones(history: History) -> Iterator[WorklistEntry]:
    """Yield an entry for each milestone that was recorded ahead, from its day on: did it take place?

    None of a day after the patient left: nothing begins with it.
    """
    off_on = history.off_study_on
    for one in history.milestones:
        if one.is_announced and (off_on is None or one.from_on <= off_on):
            on, named = one.from_on, {"milestone": one.name, "on": one.from_on.isoformat()}
            confirm = ResolvingCall({"kind": "milestone_reached", **named, "replaces": one.fact_id}, ("reason",))
            void = ResolvingCall({"kind": "voided", "voids": one.fact_id}, ("reason",))
            because = Reason("recorded_ahead", base=one.because)
            yield WorklistEntry("milestone_unconfirmed", one.name, None, on, None, on, because, (confirm, void))


def _of_first_dose(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield the entry for a dose with which treatment began by the patient's word, until a start is recorded."""
    history = treatment_plan.history
    day = history.first_taken_on
    if history.first_dose_on is not None or day is None:
        return
    for plan in treatment_plan.doses:
        word = plan.log.words_of(day).said_by_patient
        if word is not None and word.status == "taken":
            start = ResolvingCall({"kind": "treatment_started", "first_dose_on": day.isoformat()}, ())
            fact = {"kind": "dose_recorded", "dose_on": day.isoformat(), "status": "missed", **intake_named(plan)}
            calls = start, ResolvingCall(fact, ())
            because = Reason("taken_before_start", day=day)
            yield WorklistEntry("dose_before_start", day.isoformat(), None, day, None, day, because, calls)
            return


def _of_treatment(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield what is still to record about treatment and study; once off study, only the end of treatment."""
    plan, history = treatment_plan.plan, treatment_plan.history
    if history.enrolled is None:
        return
    off_on, reopened = history.off_study_on, history.reopened
    # Where treatment was reopened, what counts is a progression since.
    progressed = reached(history, plan[-1].protocol, "progression", None if reopened is None else reopened.from_on)
    through_on = day_before(off_on)
    if history.treatment_ended is None:
        if off_on is not None:
            because = Reason("contraception_rests_on_last_dose", base=history.off_study_because)
            yield plain("treatment_end_missing", off_on, None, off_on + PAPER, because, END_TREATMENT)
        if progressed is not None and not version_on(plan, progressed.on).beyond_progression:
            because = Reason("end_not_recorded", base=progressed.because)
            yield plain("treatment_still_open", progressed.on, through_on, progressed.on, because, END_TREATMENT)
        if (over_on := _all_over_on(treatment_plan)) is not None and history.begun:
            because = Reason("end_not_recorded", base=Reason("regimens_over", day=over_on))
            day = over_on + ONE_DAY
            yield plain("treatment_to_end", day, through_on, day + PAPER, because, END_TREATMENT)
        if not history.begun and reopened is None:
            planned_on = history.enrolled.planned_first_dose_on
            because = Reason("no_start_recorded", day=planned_on)
            start = ResolvingCall({"kind": "treatment_started"}, ("first_dose_on",))
            day = planned_on + _FIRST_DOSE
            yield plain("first_dose_missing", day, through_on, day, because, start, END_TREATMENT)
    ends = [end.decided_on for end in history.treatment_ends if end.reason == "progression"]
    if ends and history.progressed_on is None:
        because = Reason("no_progression_recorded", day=ends[0])
        call = ResolvingCall({"kind": "progressed"}, ("progressed_on", "basis"))
        yield plain("progression_date_missing", ends[0], None, ends[0] + PAPER, because, call)


def _all_over_on(treatment_plan: TreatmentPlan) -> date | None:
    """Return the last day of the last regimen, if each has an end of its own; None while one goes on."""
    ends = [
        one.over_on
        for one in treatment_plan.regimens
        if one.started is not None and treatment_plan.history.may_fit(one.first.who)
    ]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
