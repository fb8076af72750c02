"""What the site has to do about one patient, and on which days (rules, section 12).

Nothing here depends on today: an entry says on which days it is listed, so that the list of any day is a comparison of
dates, as a visit's status is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.doses.accountability import COUNT_DIFFERS, differing
from scheduler_api.engine.doses.dose_gaps import dose_gaps
from scheduler_api.engine.doses.off_plan import HARMFUL, harmful_doses
from scheduler_api.engine.model.facts import PART, UNSCHEDULED, visit_of
from scheduler_api.engine.model.history import ONE_DAY, DoneVisit, History
from scheduler_api.engine.model.protocol import CONTRACEPTION
from scheduler_api.engine.model.versions import has_responses, version_on
from scheduler_api.engine.reason import Reason, both
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.doses import DosePlan, TreatmentPlan
from scheduler_api.engine.treatment.milestones import reached
from scheduler_api.engine.treatment.regimens import RegimenPlan
from scheduler_api.engine.treatment.stopped import changes_of_stopping, is_stopped
from scheduler_api.engine.visits.assignment import UnscheduledVisit
from scheduler_api.engine.visits.off_plan_given import OffPlanGiven
from scheduler_api.engine.visits.series import IN_VAIN, STANDS, Visit, in_plan

from .calendar import PatientSchedule

#: The kind that stands on the list of another site than the one that has the patient.
BOOKING_AT_OLD_SITE = "booking_at_old_site"
#: The kind that follows from no fact, but from what became of messages.
REACH_NOBODY = "reminders_reach_nobody"
KINDS = (
    "visit_to_book",
    "follow_up_due",
    "visit_overdue",
    "booking_past",
    "booking_outside_window",
    "booking_to_cancel",
    BOOKING_AT_OLD_SITE,
    "assignment_to_confirm",
    "response_missing",
    "visit_dropped",
    "doses_not_taken",
    *HARMFUL,
    "doses_to_confirm",
    COUNT_DIFFERS,
    "record_after_death",
    "hold_open",
    "planned_amount_to_confirm",
    "dose_to_calculate",
    "regimens_overlap",
    "arm_missing",
    "milestone_unconfirmed",
    "treatment_still_open",
    "treatment_to_end",
    "progression_date_missing",
    "pregnancy",
    "dose_before_start",
    "first_dose_missing",
    "treatment_end_missing",
    REACH_NOBODY,
)
#: The kinds that follow from what visits follow from, and stand as long as those do.
ABOUT_VISITS = frozenset(KINDS[: KINDS.index("doses_not_taken")])
#: The kinds that are acknowledged for good: what happened stays on record, and somebody has looked at it.
ACKNOWLEDGED_FOR_GOOD = (*HARMFUL, "visit_dropped", COUNT_DIFFERS)
#: The kind that cannot be foreseen: whether a day is without a dose is certain only after it.
UNFORESEEABLE = "doses_not_taken"
URGENCIES = ("now", "soon", "routine")

#: A visit that is not booked is listed from so long before its window closes.
_TO_BOOK = timedelta(7)
#: A first dose that nobody recorded is listed from so long after its planned day.
_FIRST_DOSE = timedelta(7)
#: A hold without an end is listed from so long after it began, and should be resolved so long after that.
_HOLD, _HOLD_RESOLVED = timedelta(7), timedelta(14)
#: How long a missing record that changes nothing for the patient may wait.
_PAPER = timedelta(28)
#: A scan without its response is listed from so long after it was done, and should have one so long after it was done.
_RESPONSE, _RESPONSE_GIVEN = timedelta(7), timedelta(14)
#: The outcome of a pregnancy is known at the latest so long after it was reported (40 weeks).
_TERM = timedelta(280)
#: An amount that is to be calculated is asked for from so long before the first dose.
_TO_CALCULATE = timedelta(7)
#: An arm that is needed after C1D1 is asked for from so long before it is.
_ARM = timedelta(7)
#: So long after an amendment begins somebody should have looked at the visits that it does not plan.
_DROPPED = timedelta(7)
#: So long after a return somebody should have asked the patient why the count differs from the diary.
_COUNTED = timedelta(7)


class ResolvingCall(NamedTuple):
    """A fact that would resolve an entry, as far as it is given, and the names of the fields still to be filled in."""

    fact: dict[str, Any]
    needs: tuple[str, ...]


_CORRECTION = ("status", "amount", "replaces", "reason")
_DIARY = ("dose_on", "status")
_END_TREATMENT = ResolvingCall({"kind": "treatment_ended"}, ("last_dose_on", "decided_on", "reason"))


class WorklistEntry(NamedTuple):
    """Something to do. It is listed on the days `from_on`…`through_on` (None: until it is resolved).

    `site` has it, whichever has the patient on that day (None: the one that has the patient). `about` tells a patient's
    entries of one kind apart; `due_on` is the day by which it should be resolved. It is
    before `from_on` only for what is late from the start: a visit whose window has closed.
    """

    kind: str
    about: str
    visit: str | None
    from_on: date
    through_on: date | None
    due_on: date
    because: Reason
    resolve_with: tuple[ResolvingCall, ...]
    site: str | None = None

    def is_listed_on(self, day: date) -> bool:
        """Return whether the entry is on the list of a day."""
        return self.from_on <= day and (self.through_on is None or day <= self.through_on)


def urgency(due_on: date, today: date) -> str:
    """Return `now` if due within two days or late, `soon` within seven, else `routine`."""
    left = (due_on - today).days
    return "now" if left <= 2 else "soon" if left <= 7 else "routine"


def worklist(schedule: PatientSchedule, visits: Iterable[Visit] | None, first: date, last: date) -> list[WorklistEntry]:
    """Return all entries of one patient that are listed on any day of `first`…`last`.

    `visits` are the patient's: at least all that open within 7 days of `last` or before, and all done or booked. None
    leaves out all that is about visits.
    """
    history, entries = schedule.history, []
    if visits is not None:
        latest = last + _TO_BOOK
        near = [visit for visit in visits if visit.opens_on <= latest or visit.booked_on or visit.done_on]
        entries += [entry for visit in near for entry in _of_visit(visit, history)]
        entries += [entry for visit in near for entry in _of_booking_elsewhere(history, visit)]
        plan = schedule.treatment_plan.plan
        for visit in schedule.unscheduled_visits():
            entries += _of_unscheduled(visit, has_responses(plan, visit.record.series))
        entries += _of_dropped(schedule)
    entries += _of_doses(schedule.treatment_plan, first, last)
    entries += _of_harmful_doses(schedule.treatment_plan)
    entries += _of_harmful_given(schedule.off_plan_given())
    entries += _of_late_words(schedule.treatment_plan)
    entries += _of_counts(schedule.treatment_plan)
    entries += _of_hold(history)
    for regimen in schedule.treatment_plan.regimens:
        entries += _of_planned_amount(schedule.treatment_plan, regimen)
    entries += _of_overlaps(schedule.treatment_plan)
    entries += _of_arm(schedule.treatment_plan)
    entries += _of_milestones(history)
    entries += _of_first_dose(schedule.treatment_plan)
    entries += _of_treatment(schedule.treatment_plan)
    entries = [_with_pregnancy(history, entry) for entry in entries] + [*_of_pregnancies(schedule.treatment_plan)]
    joined = [day for day in (history.registered.consented_on, history.enrolled_on) if day is not None]
    known_from = min(joined, default=date.min)
    kept = []
    for entry in entries:
        from_on = max(entry.from_on, known_from)
        through_on = entry.through_on or last
        if max(from_on, first) <= min(through_on, last):
            kept.append(entry._replace(from_on=from_on))
    return kept


def _of_visit(visit: Visit, history: History) -> Iterator[WorklistEntry]:
    if visit.appointment is not None:
        yield from _of_appointment(visit)
    elif visit.done_on is not None:
        if visit.booked_on is not None and visit.booking == IN_VAIN:
            because = Reason("booked_after_done", base=Reason("booked", day=visit.booked_on), day=visit.done_on)
            yield _to_cancel(visit, visit.booked_on, visit.done_on, because, (_cancel(visit),))
        elif visit.booking == STANDS:
            # Only parts of it were done: what is booked is for another.
            yield from _of_booking(visit, history)
        if visit.assigned == "late":
            yield _to_confirm(visit, visit.done_on)
        if visit.has_response and visit.response is None:
            because = Reason("no_response", day=visit.done_on)
            fact = {"kind": "visit_done", "series": visit.series, "visit": visit.visit, "done_on": str(visit.done_on)}
            yield _response_missing(visit.visit, visit.visit, visit.done_on, because, fact)
    elif not visit.in_plan:
        yield from _of_booking_without_visit(visit)
    elif visit.ends_on is not None and visit.ends_on <= visit.closes_on:
        yield from _of_cut_visit(visit, visit.ends_on)
    else:
        yield from _of_booking(visit, history)
        window = {"day": visit.opens_on, "day2": visit.closes_on}
        if visit.booked_on is None:
            if visit.series == CONTRACEPTION:
                because = Reason("window_open", **window)
                yield _visit("follow_up_due", visit, visit.opens_on, visit.closes_on, because)
            else:
                from_on = visit.closes_on - _TO_BOOK
                yield _visit("visit_to_book", visit, from_on, visit.closes_on, Reason("window_not_booked", **window))
        if not visit.awaits_start:
            because = Reason("window_not_done", **window)
            yield _visit("visit_overdue", visit, visit.closes_on + ONE_DAY, visit.overdue_through, because)


def _of_booking(visit: Visit, history: History) -> Iterator[WorklistEntry]:
    booked_on, off_on = visit.booked_on, history.off_study_on
    if booked_on is None:
        return
    # Whoever has left the study by then does not come, also for a visit that was overdue.
    left_on = off_on if off_on is not None and off_on < booked_on else None
    if left_on is not None:
        because = Reason("not_required", base=Reason("booked", day=booked_on), end=history.off_study_because)
        entry = _visit("booking_to_cancel", visit, left_on, booked_on, because)
        yield entry._replace(due_on=booked_on, resolve_with=(_cancel(visit), _done(visit)))
    if visit.done_on is None and not visit.opens_on <= booked_on <= visit.closes_on:
        because = Reason("booked_outside", day=booked_on, day2=visit.opens_on, day3=visit.closes_on)
        through_on = booked_on if left_on is None else left_on - ONE_DAY
        entry = _visit("booking_outside_window", visit, date.min, through_on, because)
        yield entry._replace(due_on=min(booked_on, visit.closes_on))
    yield _past(visit, booked_on)


def _of_appointment(visit: Visit) -> Iterator[WorklistEntry]:
    """Yield what there is to do about a further or an unscheduled appointment: to cancel it, or what came of it."""
    if visit.ends_on is not None and visit.ends_on <= visit.closes_on:
        yield from _of_booking_without_visit(visit)
    elif visit.booked_on is not None:
        yield _past(visit, visit.booked_on)


def _of_cut_visit(visit: Visit, ends_on: date) -> Iterator[WorklistEntry]:
    """Yield what there is to do about the booking of a visit that is no longer required."""
    booked_on = visit.booked_on
    if booked_on is not None and booked_on <= ends_on:
        yield _past(visit, booked_on)
    elif booked_on is not None:
        yield from _of_booking_in_vain(visit, booked_on, ends_on)


def _of_booking_without_visit(visit: Visit) -> Iterator[WorklistEntry]:
    """Yield what there is to do about a booking that outlived its visit."""
    if visit.booked_on is not None:
        yield from _of_booking_in_vain(visit, visit.booked_on, date.min)


def _of_booking_in_vain(visit: Visit, booked_on: date, from_on: date) -> Iterator[WorklistEntry]:
    """Yield that a booking is to be cancelled, from a day on; and after its day, that nobody said what came of it."""
    because, calls = _booked_in_vain(visit, booked_on), (_cancel(visit), _done(visit))
    yield _to_cancel(visit, booked_on, from_on, because, calls)
    yield _past(visit, booked_on)._replace(because=because, resolve_with=calls)


def _booked_in_vain(visit: Visit, booked_on: date) -> Reason:
    """Return that a visit is booked, and why it is not required."""
    why = visit.because.inputs["end"] if visit.because.rule == "not_required" else visit.because
    return Reason("not_required", base=Reason("booked", day=booked_on), end=why)


def _to_cancel(
    visit: Visit, booked_on: date, from_on: date, because: Reason, calls: tuple[ResolvingCall, ...]
) -> WorklistEntry:
    """Return the entry for a booking that is no longer needed, from a day until the booked one."""
    return WorklistEntry("booking_to_cancel", visit.visit, visit.visit, from_on, booked_on, booked_on, because, calls)


def _of_booking_elsewhere(history: History, visit: Visit) -> Iterator[WorklistEntry]:
    """Yield the entry for a booking at a site that is not to have the patient on that day: that site cancels it.

    If that site is not one of those that had the patient before (its transfer was corrected, or put off), it does not
    see the patient, and the site that has the patient cancels the booking.
    """
    booked_on, site = visit.booked_on, visit.booked_site
    if booked_on is None or not visit.is_booked_elsewhere(history):
        return
    begun = [stay for stay in history.stays if stay.from_on is None or stay.from_on <= booked_on]
    due_on = begun[-1].from_on or booked_on
    because = Reason("booked_at_old_site", day=booked_on, site=site, site2=begun[-1].site)
    had = site if any(stay.site == site for stay in begun) else None
    yield WorklistEntry(
        BOOKING_AT_OLD_SITE,
        visit.visit,
        visit.visit,
        date.min,
        booked_on,
        due_on,
        because,
        (_cancel(visit),),
        had,
    )


def _past(visit: Visit, booked_on: date) -> WorklistEntry:
    """Return the entry for a booking that has passed.

    The visit was done, gets another day, or will not be done.
    """
    because = Reason("booked_past", day=booked_on)
    calls = (_done(visit), _book(visit), _cancel(visit))
    entry = _visit("booking_past", visit, booked_on + ONE_DAY, None, because)
    return entry._replace(resolve_with=calls)


def _visit(kind: str, visit: Visit, from_on: date, through_on: date | None, because: Reason) -> WorklistEntry:
    """Return an entry that is resolved by doing the visit or by booking it anew."""
    calls = (_book(visit), _done(visit))
    return WorklistEntry(kind, visit.visit, visit.visit, from_on, through_on, visit.closes_on, because, calls)


def _book(visit: Visit) -> ResolvingCall:
    return ResolvingCall({"kind": "visit_booked", "visit": visit.visit}, ("booked_on",))


def _cancel(visit: Visit) -> ResolvingCall:
    return ResolvingCall({"kind": "visit_booked", "visit": visit.visit, "booked_on": None}, ())


def _done(visit: Visit) -> ResolvingCall:
    fact: dict[str, Any] = {"kind": "visit_done", "series": visit.series, "visit": visit_of(visit.visit)}
    if visit.appointment == PART or visit.done_on is not None:
        fact["part"] = True
    return ResolvingCall(fact, ("done_on", "response") if visit.has_response else ("done_on",))


def _to_confirm(visit: Visit, done_on: date) -> WorklistEntry:
    """Return the entry for what was done late and names no visit."""
    because = Reason("done_after_window", day=done_on, visit=visit.visit, label=visit.label, day2=visit.closes_on)
    fact = {"kind": "visit_done", "series": visit.series, "visit": visit.visit, "done_on": done_on.isoformat()}
    given = {"response": visit.response, "amount": visit.given_amount}
    confirm = ResolvingCall({**fact, **{name: value for name, value in given.items() if value is not None}}, ())
    return WorklistEntry(
        "assignment_to_confirm", visit.visit, visit.visit, done_on, None, done_on + _PAPER, because, (confirm,)
    )


def _of_unscheduled(visit: UnscheduledVisit, has_response: bool) -> Iterator[WorklistEntry]:
    """Yield what there is to do about something done that belongs to no visit: which visit was it, what was found?"""
    record, suggested = visit
    if suggested is not None:
        that_visit = {"visit": suggested.name, "label": suggested.label}
        because = Reason("done_before", day=record.done_on, **that_visit, day2=suggested.target_on)
        # What a hold moved away was named: it was another visit, or the visit is done again.
        why = () if record.visit is None else ("reason",)
        extra = ResolvingCall(_replacing(record, UNSCHEDULED), why)
        again = ResolvingCall({"kind": "visit_done", "series": record.series, "visit": suggested.name}, ("done_on",))
        that = ResolvingCall(_replacing(record, suggested.name), ()) if record.visit is None else again
        yield WorklistEntry(
            "assignment_to_confirm",
            record.fact_id,
            suggested.name,
            record.done_on,
            None,
            suggested.opens_on,
            because,
            (that, extra),
        )
    if has_response and record.response is None:
        fact = _replacing(record, record.visit)
        yield _response_missing(record.fact_id, None, record.done_on, Reason("no_response", day=record.done_on), fact)


def _replacing(record: DoneVisit, visit: str | None) -> dict[str, Any]:
    """Return the fact that says the same as a record, and which visit it was."""
    fact: dict[str, Any] = {"kind": "visit_done", "series": record.series, "done_on": record.done_on.isoformat()}
    given = {"visit": visit, "response": record.response, "part": record.part or None, "amount": record.amount}
    given["replaces"] = record.fact_id
    return fact | {name: value for name, value in given.items() if value is not None}


def _response_missing(
    about: str, visit: str | None, done_on: date, because: Reason, fact: dict[str, Any]
) -> WorklistEntry:
    call = ResolvingCall(fact, ("response",))
    due_on = done_on + _RESPONSE_GIVEN
    return WorklistEntry("response_missing", about, visit, done_on + _RESPONSE, None, due_on, because, (call,))


def _of_dropped(schedule: PatientSchedule) -> Iterator[WorklistEntry]:
    """Yield the visits of an amendment that are not planned because of earlier ones: somebody should know."""
    history, visit_schedule = schedule.history, schedule.visit_schedule
    off_on = history.off_study_on
    for dropped in (one for name in visit_schedule.names for one in visit_schedule.series(name).dropped):
        name, because = dropped.visit.name, dropped.because
        if in_plan(dropped.visit):
            yield WorklistEntry(
                "visit_dropped",
                f"{name}.{dropped.from_on}",
                name,
                date.min,
                _before(off_on),
                dropped.from_on + _DROPPED,
                because,
                (),
            )


def _of_doses(treatment_plan: TreatmentPlan, first: date, last: date) -> Iterator[WorklistEntry]:
    hold = ResolvingCall({"kind": "hold_started"}, ("from_on",))
    for plan in treatment_plan.doses:
        record = ResolvingCall({"kind": "dose_recorded", **_named(plan)}, ("dose_on", "status"))
        for row in dose_gaps(plan, first, last):
            calls = (record, hold, _END_TREATMENT)
            about, reported_on = _about(plan, row.first_on), row.reported_on
            because = _of_drug(treatment_plan, plan.regimen, row.because)
            yield WorklistEntry(
                "doses_not_taken", about, None, reported_on, row.through_on, reported_on, because, calls
            )


def _of_harmful_doses(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each run of doses that could hurt, however long ago: until it is acknowledged or corrected."""
    for plan in treatment_plan.doses:
        for run in harmful_doses(plan, date.min + ONE_DAY, date.max - ONE_DAY):
            fact = {"kind": "dose_recorded", "dose_on": run.first_on.isoformat(), **_named(plan)}
            on = run.first_on
            # It may stand beside an entry about the word that counts, of the same day and kind.
            about = f"{_about(plan, on)}.by-patient" if run.by_patient else _about(plan, on)
            because = _of_drug(treatment_plan, plan.regimen, run.because)
            yield WorklistEntry(run.kind, about, None, on, None, on, because, (ResolvingCall(fact, _CORRECTION),))


def _of_harmful_given(given: Iterable[OffPlanGiven]) -> Iterator[WorklistEntry]:
    """Yield an entry for each dose given at the site that could hurt, until it is acknowledged or corrected."""
    for one in (one for one in given if one.is_harmful):
        record = one.record
        fact = {"kind": "visit_done", "series": record.series, "done_on": record.done_on.isoformat()}
        call = ResolvingCall({**fact, "replaces": record.fact_id}, ("amount", "reason"))
        on = record.done_on
        yield WorklistEntry(one.kind, one.about, one.visit, on, None, on, one.because, (call,))


def _named(plan: DosePlan) -> dict[str, Any]:
    """Return how facts name an intake: by nothing, if it is the only one."""
    regimen, slot = plan.regimen.named(plan.slot)
    return {} if regimen is None else {"regimen": regimen, "slot": slot}


def _about(plan: DosePlan, day: date) -> str:
    """Return what tells entries about the doses of a day apart."""
    return day.isoformat() if plan.regimen.named(plan.slot)[0] is None else plan.dose_id(day)


def _of_drug(treatment_plan: TreatmentPlan, regimen: RegimenPlan, because: Reason) -> Reason:
    """Return a reason with the drug that it is about, where there are several."""
    if len(treatment_plan.regimens) == 1:
        return because
    return Reason("of_drug", base=because, drug=regimen.first.drug_name)


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
            fact = {"kind": "dose_recorded", "dose_on": day.isoformat(), "status": word.status, **_named(plan)}
            confirm = fact if word.amount is None else {**fact, "amount": word.amount}
            calls.insert(0, ResolvingCall(confirm, ()))
        because = _of_drug(treatment_plan, plan.regimen, because)
        yield WorklistEntry(kind, _about(plan, day), None, received_on, None, received_on, because, tuple(calls))


def _of_counts(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each return whose count differs from the diary: until one of both is corrected."""
    for period in differing(treatment_plan):
        on = period.returned_on
        assert on is not None, "only a return has a count"
        which = {"regimen": period.regimens[0]} if len(treatment_plan.regimens) > 1 else {}
        fact = {"kind": "drug_returned", "on": on.isoformat(), **which, "replaces": period.fact_id}
        calls = ResolvingCall(fact, ("units", "reason")), ResolvingCall({"kind": "dose_recorded"}, _DIARY)
        about = ".".join([on.isoformat(), *which.values()])
        yield WorklistEntry(COUNT_DIFFERS, about, None, on, None, on + _COUNTED, period.because, calls)


def _of_hold(history: History) -> Iterator[WorklistEntry]:
    """Yield an entry for each hold without a recorded end."""
    holds = [hold for hold in history.holds if hold.resumes_on is None]
    for hold in holds:
        from_on = hold.from_on + _HOLD
        because = Reason("held_open", day=hold.from_on)
        which = {"hold": hold.fact_id} if len(holds) > 1 else {}
        end_hold = ResolvingCall({"kind": "hold_ended", **which}, ("resumes_on",))
        due_on, about = from_on + _HOLD_RESOLVED, ".".join(hold.regimens or ())
        entry = _plain("hold_open", from_on, history.last_dose_day, due_on, because, end_hold, _END_TREATMENT)
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
    for is_open, reigns in groupby(regimen.reigns(), lambda reign: regimen.planned_amount(reign[0]) is None):
        of_kind = [*reigns]
        if is_open:
            yield from _to_calculate(treatment_plan, regimen, of_kind[0][0], _earliest(of_kind[-1][1], last))
            continue
        for since, through_on, asks_again in of_kind:
            if asks_again:
                yield from _to_confirm_amount(treatment_plan, regimen, since, _earliest(through_on, last))


def _earliest(*days: date | None) -> date | None:
    """Return the earliest of some days, each of which may be none."""
    return min((day for day in days if day is not None), default=None)


def _before(day: date | None) -> date | None:
    """Return the day before another, if there is one."""
    return None if day is None else day - ONE_DAY


def _to_calculate(
    treatment_plan: TreatmentPlan, regimen: RegimenPlan, since: date, through_on: date | None
) -> Iterator[WorklistEntry]:
    """Yield the entry for an amount that the site is to calculate."""
    from_on = min(since - _TO_CALCULATE, through_on or date.max)
    about = regimen.name if since == regimen.starts_on else f"{regimen.name}.{since}"
    because = _of_drug(treatment_plan, regimen, Reason("amount_to_calculate"))
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
    because = _of_drug(treatment_plan, regimen, because)
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
            through_on = _earliest(regimen.ends_on, other.ends_on, _before(off_on))
            because = Reason("regimens_overlap", text=regimen.name, other=other.name, day=since)
            end = ResolvingCall({"kind": "regimen_ended", "regimen": regimen.name}, ("last_dose_on",))
            about = f"{regimen.name}.{other.name}"
            yield WorklistEntry("regimens_overlap", about, None, since, through_on, since, because, (end,))


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
    through_on = _earliest(history.last_dose_day, _before(assigned_on), _before(to_on))
    call = ResolvingCall({"kind": "arm_assigned"}, ("arm", "on"))
    yield _plain("arm_missing", from_on, through_on, needed_on, Reason("no_arm_assigned", base=base), call)


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
            fact = {"kind": "dose_recorded", "dose_on": day.isoformat(), "status": "missed", **_named(plan)}
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
    through_on = _before(off_on)
    if history.treatment_ended is None:
        if off_on is not None:
            because = Reason("contraception_rests_on_last_dose", base=history.off_study_because)
            yield _plain("treatment_end_missing", off_on, None, off_on + _PAPER, because, _END_TREATMENT)
        if progressed is not None and not version_on(plan, progressed.on).beyond_progression:
            because = Reason("end_not_recorded", base=progressed.because)
            yield _plain("treatment_still_open", progressed.on, through_on, progressed.on, because, _END_TREATMENT)
        if (over_on := _all_over_on(treatment_plan)) is not None and history.begun:
            because = Reason("end_not_recorded", base=Reason("regimens_over", day=over_on))
            day = over_on + ONE_DAY
            yield _plain("treatment_to_end", day, through_on, day + _PAPER, because, _END_TREATMENT)
        if not history.begun and reopened is None:
            planned_on = history.enrolled.planned_first_dose_on
            because = Reason("no_start_recorded", day=planned_on)
            start = ResolvingCall({"kind": "treatment_started"}, ("first_dose_on",))
            day = planned_on + _FIRST_DOSE
            yield _plain("first_dose_missing", day, through_on, day, because, start, _END_TREATMENT)
    ends = [end.decided_on for end in history.treatment_ends if end.reason == "progression"]
    if ends and history.progressed_on is None:
        because = Reason("no_progression_recorded", day=ends[0])
        call = ResolvingCall({"kind": "progressed"}, ("progressed_on", "basis"))
        yield _plain("progression_date_missing", ends[0], None, ends[0] + _PAPER, because, call)


def _all_over_on(treatment_plan: TreatmentPlan) -> date | None:
    """Return the last day of the last regimen, if each has an end of its own; None while one goes on."""
    ends = [
        one.over_on
        for one in treatment_plan.regimens
        if one.started is not None and treatment_plan.history.may_fit(one.first.who)
    ]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _of_pregnancies(treatment_plan: TreatmentPlan) -> Iterator[WorklistEntry]:
    """Yield an entry for each stretch of a pregnancy: due at once until all that the patient takes is held or ended.

    Each is about its first day, so that what was acknowledged of one says nothing of the next.
    """
    history = treatment_plan.history
    close = ResolvingCall({"kind": "pregnancy_closed"}, ("closed_on", "outcome"))
    hold = ResolvingCall({"kind": "hold_started"}, ("from_on",))
    for from_on, closed_on, because in history.pregnancies:
        changes = sorted(changes_of_stopping(treatment_plan))
        cuts = [day for day in changes if from_on < day and (closed_on is None or day < closed_on)]
        stretches: list[tuple[date, bool]] = []
        for day in [from_on, *cuts]:
            stopped = is_stopped(treatment_plan, day)
            if not stretches or stretches[-1][1] != stopped:
                stretches.append((day, stopped))
        for (first, stopped), following in zip(stretches, [*(day for day, _ in stretches[1:]), closed_on], strict=True):
            through_on = _before(following)
            due_on = max(first, from_on + _TERM) if stopped else first
            why = because if stopped else Reason("pregnant_on_treatment", base=_reopened(history, because))
            calls = (close,) if stopped else (hold, _END_TREATMENT, close)
            yield WorklistEntry("pregnancy", first.isoformat(), None, first, through_on, due_on, why, calls)


def _reopened(history: History, because: Reason) -> Reason:
    """Return a reason with the other one why treatment goes on after an end, if it was reopened."""
    return because if history.reopened is None else both(because, history.reopened.because)


def _with_pregnancy(history: History, entry: WorklistEntry) -> WorklistEntry:
    """Return an entry with the pregnancy that is open while it is listed: whoever has the patient should know."""
    for pregnancy in history.pregnancies:
        if (
            entry.site is None
            and pregnancy.closed_on is None
            and (entry.through_on is None or pregnancy.from_on <= entry.through_on)
        ):
            return entry._replace(because=both(entry.because, pregnancy.because))
    return entry


def _plain(
    kind: str, from_on: date, through_on: date | None, due_on: date, because: Reason, *calls: ResolvingCall
) -> WorklistEntry:
    return WorklistEntry(kind, "", None, from_on, through_on, due_on, because, calls)
