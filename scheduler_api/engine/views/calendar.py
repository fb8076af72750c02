"""The calendar document and its cheap view for one day: pure functions of protocol, history and day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from functools import reduce
from operator import attrgetter
from typing import Any

from scheduler_api.engine.dates import ONE_DAY, study_day
from scheduler_api.engine.doses.adherence import DoseSums, cycle_sums, dose_sums
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.dose_log import SILENT
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Versions
from scheduler_api.engine.model.records import DoneVisit
from scheduler_api.engine.model.versions import periods, version_on
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.contraception import contraception
from scheduler_api.engine.treatment.cycle_rows import cycle_rows
from scheduler_api.engine.treatment.cycles import run_of
from scheduler_api.engine.treatment.regimens import RegimenPlan
from scheduler_api.engine.treatment.status import patient_status
from scheduler_api.engine.visits.assignment import UnscheduledVisit
from scheduler_api.engine.visits.dose_rows import dose_rows
from scheduler_api.engine.visits.given import settled_plan
from scheduler_api.engine.visits.given_sums import given_sums
from scheduler_api.engine.visits.off_plan_given import OffPlanGiven, off_plan_given
from scheduler_api.engine.visits.schedule import VisitSchedule
from scheduler_api.engine.visits.series import Visit

from .deviations import deviations

#: The longest range a calendar may cover, in days.
LONGEST_RANGE = 800


def default_range(today: date) -> tuple[date, date]:
    """Return the range of a calendar when none is given: from a week back to six weeks ahead."""
    return today - timedelta(7), today + timedelta(42)


def check_range(first: date, last: date) -> None:
    """Raise ValidationFailed for a reversed range or one longer than `LONGEST_RANGE` days."""
    if last < first:
        raise ValidationFailed([FieldError("/to", "The range is reversed: `to` is before `from`.", "range_reversed")])
    if (last - first).days >= LONGEST_RANGE:
        raise ValidationFailed([FieldError("/to", f"The range is longer than {LONGEST_RANGE} days.", "range_too_long")])


_by_target = attrgetter("target_on", "visit")


class PatientSchedule:
    """Everything that follows from a protocol and a history, computed only as far as it is read.

    `treatment_plan` holds doses and cycles, `visit_schedule` the visits of every series.
    """

    def __init__(self, versions: Versions, history: History) -> None:
        self.treatment_plan = settled_plan(periods(versions, history), history)
        self.history = self.treatment_plan.history
        self.visit_schedule = VisitSchedule(self.treatment_plan)

    def plans_like(self, other: PatientSchedule) -> bool:
        """Return whether cycles, planned doses and visits are those of another schedule of the patient."""
        return self.history.plans_like(other.history)

    def protocol_on(self, day: date) -> Protocol:
        """Return the version of the protocol that applies on a day."""
        return version_on(self.treatment_plan.plan, day)

    def visits(self, first: date, last: date, of: Collection[str] | None = None) -> list[Visit]:
        """Return the visits that meet `first`…`last`, soonest target first; of some series only, if named."""
        names = [name for name in self.visit_schedule.names if of is None or name in of]
        visits = [visit for name in names for visit in self.visit_schedule.series(name).visits(first, last)]
        return sorted(visits, key=_by_target)

    def changed_series(self, other: PatientSchedule) -> list[str]:
        """Return the names of the series whose visits may differ from another schedule's.

        Theirs are those of which something that they are computed from differs.
        """
        if self.plans_like(other):
            return []
        names = dict.fromkeys([*self.visit_schedule.names, *other.visit_schedule.names])
        return [name for name in names if self.visit_schedule.inputs(name) != other.visit_schedule.inputs(name)]

    def visits_until_missed(self, first: date, last: date) -> list[Visit]:
        """Return the visits that meet `first`…`last`, and those that closed the day before: missed from `first` on."""
        return self.visits(first - ONE_DAY, last)

    def doses(self, today: date, first: date, last: date) -> list[dict[str, Any]]:
        """Return the doses in `first`…`last`, in order of days: those taken by the patient and given at the site."""
        return dose_rows(self.treatment_plan, self.visit_schedule, today, first, last)

    def unscheduled(self, first: date, last: date) -> list[dict[str, Any]]:
        """Return what was done in `first`…`last` and belongs to no planned visit, by day."""
        planned = set(self.visit_schedule.names)
        found = self.unscheduled_visits()
        found += [UnscheduledVisit(done, None) for done in self.history.visits_done if done.series not in planned]
        rows = [
            {
                "fact_id": done.fact_id,
                "series": done.series,
                "done_on": done.done_on,
                "study_day": study_day(self.history.known_c1d1, done.done_on),
                "visit": done.visit,
                "response": done.response,
                "part": done.part,
                "suggested_visit": suggested and suggested.name,
                **self._given(done),
            }
            for done, suggested in found
            if first <= done.done_on <= last
        ]
        return sorted(rows, key=lambda row: (row["done_on"], row["series"]))

    def _given(self, done: DoneVisit) -> dict[str, Any]:
        """Return what was given, if something done is a dose at the site; nothing of what is none."""
        regimen = self.treatment_plan.regimen(done.series)
        if done.amount is None or regimen is None:
            return {}
        return {"given_amount": done.amount, "unit": regimen.regimen_on(done.done_on).unit}

    def unscheduled_visits(self) -> list[UnscheduledVisit]:
        """Return what was done for a series of the plan and belongs to none of its visits, by series."""
        return [visit for name in self.visit_schedule.names for visit in self.visit_schedule.series(name).unscheduled]

    def deviations(self, today: date, first: date, last: date) -> list[dict[str, Any]]:
        """Return the deviations that happened in `first`…`last` (section 8)."""
        visits, unscheduled = self.visits_until_missed(first, last), self.unscheduled(first, last)
        return deviations(self.treatment_plan, self.off_plan_given(), visits, unscheduled, today, first, last)

    def off_plan_given(self) -> list[OffPlanGiven]:
        """Return the doses that were not given at the site as planned."""
        return [*off_plan_given(self.visit_schedule)]

    def all_deviations(self, today: date) -> list[dict[str, Any]]:
        """Return the deviations of all time as seen on `today`: through the last thing on record."""
        history = self.history
        last = [today, *(done.done_on for done in history.visits_done)]
        last += [booking.booked_on for booking in history.bookings.values()]
        for log in history.doses.values():
            last += [log.last_recorded_on or today, *(day for day, _ in log.taken_by_patient())]
        return self.deviations(today, date.min + ONE_DAY, max(last))

    def adherence(self, today: date) -> dict[str, Any]:
        """Return adherence and relative dose intensity through `today` (section 4): of all doses, and by regimen.

        Amounts of different drugs do not add up, so that with several regimens the intensity of all is None.
        """
        document = self.dose_sums(today).document()
        if len(self.treatment_plan.regimens) == 1:
            return document
        regimens = []
        for regimen in self.treatment_plan.regimens:
            if regimen.starts_on <= today and self.history.may_fit(regimen.first.who):
                row = {"regimen": regimen.name, "drug": regimen.first.drug_name}
                regimens.append({**row, **self._dose_sums_of(regimen, today).document()})
        return {**document, "regimens": regimens}

    def dose_sums(self, today: date) -> DoseSums:
        """Return what was planned, taken and given through `today`, without amounts where they are of several drugs."""
        regimens = self.treatment_plan.regimens
        sums = reduce(DoseSums.plus, (self._dose_sums_of(regimen, today) for regimen in regimens))
        return sums if len(regimens) == 1 else sums._replace(taken_amount=0.0, full_amount=0.0)

    def cycle_sums(self, today: date) -> dict[int, DoseSums]:
        """Return what was planned and taken through `today` of the doses that the patient takes, by cycle."""
        return cycle_sums(self.treatment_plan.doses, today)

    def _dose_sums_of(self, regimen: RegimenPlan, today: date) -> DoseSums:
        if regimen.first.given_by_site:
            return given_sums(self.treatment_plan, self.visit_schedule, regimen.name, today)
        return dose_sums((plan for plan in self.treatment_plan.doses if plan.regimen is regimen), today)

    def contraception(self, today: date) -> dict[str, Any]:
        """Return contraception as seen on `today` (section 6)."""
        return contraception(self.treatment_plan, today)

    def awaits_site(self, day: date) -> bool:
        """Return whether the patient is to call the site before taking a dose on a day of treatment (section 6)."""
        ends_on = self.treatment_plan.ends_on
        return self.history.awaits_site(day) and (ends_on is None or day <= ends_on)

    def treatment(self, today: date) -> dict[str, Any]:
        """Return treatment as seen on `today`: its first and last dose, and the patient's position in it."""
        history, treatment_plan = self.history, self.treatment_plan
        regimen = treatment_plan.running_on(today)
        place = regimen.place(today) if regimen is not None else None
        ended = history.treatment_ended
        return {
            "first_dose_on": history.c1d1 if history.is_enrolled else None,
            "last_dose_on": history.last_dose_on,
            "ended": ended
            and {
                "last_dose_on": ended.last_dose_on,
                "decided_on": ended.decided_on,
                "reason": ended.reason,
                "provisional": ended.is_provisional,
            },
            "cycle": place[0] if place else None,
            "cycle_day": place[1] if place else None,
            "amount": regimen.planned_amount(today) if regimen is not None else None,
            "on_hold": regimen is not None and regimen.is_held(today),
            "because": history.c1d1_because if history.is_enrolled else Reason("not_enrolled"),
        }


def calendar(versions: Versions, history: History, today: date, first: date, last: date) -> dict[str, Any]:
    """Return the calendar of one patient.

    Doses, cycles, visits and deviations are those that meet `first`…`last`; the rest does not depend on the range.

    `versions` are the protocol's versions by number. Dates are `date` objects. Raises ValidationFailed for a reversed
    range or one of more than 800 days, KeyError when the history names a version that `versions` does not hold.
    """
    return calendar_of(PatientSchedule(versions, history), today, first, last)


def calendar_of(schedule: PatientSchedule, today: date, first: date, last: date) -> dict[str, Any]:
    """Return the calendar of the patient with a schedule, as `calendar` does. Raises ValidationFailed for the range."""
    check_range(first, last)
    history = schedule.history
    treatment_plan, protocol = schedule.treatment_plan, schedule.protocol_on(today)
    visits, unscheduled = schedule.visits_until_missed(first, last), schedule.unscheduled(first, last)
    return {
        "protocol": {"id": protocol.id, "version": protocol.version},
        "time_zone": history.time_zone,
        "today": today,
        "from": first,
        "to": last,
        "status": patient_status(history, today),
        "provisional": history.first_dose_on is None,
        "treatment": schedule.treatment(today),
        "cycles": cycle_rows(treatment_plan, today, first, last),
        "doses": treatment_plan.rows(today, first, last),
        "visits": [_visit_row(history, visit, today) for visit in visits if visit.meets(first, last)],
        "unscheduled": unscheduled,
        "contraception": schedule.contraception(today),
        "adherence": schedule.adherence(today),
        "deviations": deviations(treatment_plan, schedule.off_plan_given(), visits, unscheduled, today, first, last),
    }


def _visit_row(history: History, visit: Visit, today: date) -> dict[str, Any]:
    """Return a visit's row with its site, and the study day on which it was done, else of its target or booking."""
    return {
        **visit.row(today),
        "study_day": study_day(history.known_c1d1, visit.done_on or visit.target_on),
        "site": visit.site(history, today),
    }


def today_view(schedule: PatientSchedule, today: date) -> dict[str, Any]:
    """Return only what a patient needs on one day: doses, those to catch up on, visits, contraception.

    `visits` holds for each series the visit that is overdue, open or next, and all that is booked. It equals what
    `calendar` says of that day. While a pregnancy is open only what is booked is there, and `contraception` is None
    (section 6). The dose of today that a record says was the last is none to take, but one to catch up on, until
    somebody says what became of it.
    """
    history, treatment_plan = schedule.history, schedule.treatment_plan
    # Only days without a record can be unrecorded, and nearly always there are none.
    weeks = (plan.log.between(today - timedelta(7), today - ONE_DAY) for plan in treatment_plan.doses)
    left_alone = history.is_left_alone(today)
    asks = not left_alone and any(SILENT in week for week in weeks)
    rows = treatment_plan.rows(today, today - timedelta(7), today - ONE_DAY) if asks else []
    unrecorded = [row["dose_id"] for row in rows if row["status"] == "unrecorded"]
    doses = treatment_plan.rows(today, today, today)
    last = [row["dose_id"] for row in doses if row["status"] == "due" and not treatment_plan.is_to_take(row)]
    if left_alone:
        doses, last = [row for row in doses if row["status"] not in ("due", "planned")], []
    regimen = treatment_plan.running_on(today)
    run = run_of(regimen.runs, today) if regimen is not None else None
    number, day = run.place(today) if run else (None, None)
    is_pregnant = history.pregnancy_on(today) is not None
    visits = [] if is_pregnant or left_alone else _current_visits(schedule, today)
    shown = {visit.visit for visit in visits}
    visits += [] if left_alone else [visit for visit in _booked_visits(schedule, today) if visit.visit not in shown]
    return {
        "today": today,
        "time_zone": history.time_zone,
        "status": patient_status(history, today),
        "cycle": run and {"number": number, "day": day, "of_days": run.cycle_days},
        "doses": [
            {
                "dose_id": row["dose_id"],
                "drug": row["drug"],
                "amount": row["amount"],
                "unit": row["unit"],
                "pieces": row["pieces"],
                "status": row["status"],
            }
            for row in doses
            if row["dose_id"] not in last
        ],
        "unrecorded": [*unrecorded, *last],
        "visits": [visit.row(today) for visit in visits],
        "contraception": None if is_pregnant else schedule.contraception(today),
    }


def _current_visits(schedule: PatientSchedule, today: date) -> list[Visit]:
    """Return for each series the visit that is overdue, open or next."""
    series = map(schedule.visit_schedule.series, schedule.visit_schedule.names)
    return [visit for one in series if (visit := one.current(today)) is not None]


def _booked_visits(schedule: PatientSchedule, today: date) -> list[Visit]:
    """Return what is booked for a day or a later one, soonest first, whether it stands or the patient should ask.

    What the plan does not have stays until it is cancelled.
    """
    booked = [visit for visit in schedule.visit_schedule.booked() if visit.booking is not None]
    ahead = [visit for visit in booked if (visit.booked_on or today) >= today or _is_stranded(visit)]
    return sorted(ahead, key=attrgetter("booked_on", "visit"))


def _is_stranded(visit: Visit) -> bool:
    """Return whether the plan does not have a visit that is booked."""
    return not visit.in_plan and visit.appointment is None
