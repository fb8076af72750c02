"""Plan the doses of a patient, and list dose days with their status (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import groupby, pairwise, repeat
from operator import itemgetter
from typing import Any, NamedTuple

from scheduler_api.engine.dates import ONE_DAY, between_changes, days, study_day
from scheduler_api.engine.model.dose_log import MISSED, NOT_TAKEN, DoseLog
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Regimen
from scheduler_api.engine.model.versions import Period

from .capsules import pieces
from .cycles import CycleCourse, CycleRun, protocol_amount, run_of
from .dose_ids import DoseId, dose_id, parse_dose_id
from .regimens import RegimenPlan
from .reopening import NO_DOSE_GIVEN, as_it_counts, regimen_plans


class Span(NamedTuple):
    """Days, both ends included, on which the plan is the same: one version, one planned amount, held or not.

    `planned_amount` is that of one intake, None where it is to be calculated first. `days` are the only ones of the
    cycle on which a change of the dose leaves one. `waits`: the cycle waits for a dose at the site.
    """

    starts_on: date
    ends_on: date
    regimen: Regimen
    planned_amount: float | None
    held: bool
    run: CycleRun
    days: frozenset[int] | None = None
    waits: bool = False

    @property
    def is_daily(self) -> bool:
        """Return whether every day has a dose."""
        return not self.regimen.when and self.days is None and not self.waits

    def rests(self, day: date) -> bool:
        """Return whether there is no dose on this day of the cycle; False on a day that does not count."""
        if self.is_daily:
            return False
        return self.own_amount(day) is None

    def own_amount(self, day: date) -> float | None:
        """Return the protocol's amount on a day of the span; None on one without a dose."""
        if self.waits:
            return None
        if self.is_daily:
            return self.regimen.amount
        return protocol_amount(self.regimen, self.days, self.run.place(day), day)

    def own_amounts(self) -> Iterable[float | None]:
        """Return the protocol's amount on each day of the span, in order; None on one without a dose."""
        if self.waits or self.is_daily:
            return repeat(None if self.waits else self.regimen.amount, (self.ends_on - self.starts_on).days + 1)
        places = self.run.places(self.starts_on, self.ends_on)
        return (
            protocol_amount(self.regimen, self.days, place, day)
            for day, place in zip(days(self.starts_on, self.ends_on), places, strict=True)
        )

    def with_dose(self) -> Iterator[date]:
        """Yield the days of the span that have a dose by the protocol, in order."""
        return (
            day
            for day, own in zip(days(self.starts_on, self.ends_on), self.own_amounts(), strict=True)
            if own is not None
        )


class DosePlan:
    """The planned doses of one intake (`slot`) of a regimen, as spans in which the same is planned, and their record.

    They exist from the regimen's start through its end, with two exceptions (section 4). On C1D1 there are none before
    the first intake on record; on the day of a recorded end only one that is on record, or stated as the last dose.
    """

    def __init__(self, regimen: RegimenPlan, slot: int) -> None:
        self.regimen = regimen
        self.slot = slot
        self.history: History = regimen.history
        self.log: DoseLog = regimen.log(slot)
        self.runs = regimen.runs
        self.starts_on = regimen.starts_on if self.history.is_enrolled else date.max
        self.ends_on = regimen.ends_on
        self.last_dose_day = self._last_dose_day()
        if slot < regimen.slots and self._begins_later():
            self.starts_on += ONE_DAY
        self._cuts = sorted(regimen.changes_of_plan())
        #: Regimens of the same drug that started later: where one of them has a dose, held or not, this plan has none.
        self.overlapped_by: tuple[RegimenPlan, ...] = ()

    @property
    def name(self) -> str:
        """Return what tells it apart from other intakes of the patient's."""
        return f"{self.regimen.name}.{self.slot}"

    def dose_id(self, day: date) -> str:
        """Return the name of its dose of a day."""
        return dose_id(day, self.regimen.name, self.slot)

    def holds_day(self, day: date) -> bool:
        """Return whether a day lies in treatment, the day of its end included."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def spans(self, first: date, last: date) -> Iterator[Span]:
        """Yield the spans of the plan that meet `first`…`last`, cut to that range, in order of days."""
        first = max(first, self.starts_on)
        last = last if self.last_dose_day is None else min(last, self.last_dose_day)
        if last < first or self.starts_on == date.max:
            return
        cuts = [day for day in self._cuts if first < day <= last]
        for start, following in pairwise([first, *cuts, last + ONE_DAY]):
            if self._exists_on(start):
                yield from self._spans(start, following - ONE_DAY)

    def parts(self, first: date, last: date) -> Iterator[tuple[date, date, Span | None]]:
        """Yield the parts of `first`…`last` in order: first day, last day, and the span (None: outside the plan)."""
        begin = first
        for span in self.spans(first, last):
            if begin < span.starts_on:
                yield begin, span.starts_on - ONE_DAY, None
            yield span.starts_on, span.ends_on, span
            begin = span.ends_on + ONE_DAY
        if begin <= last:
            yield begin, last, None

    def span_on(self, day: date) -> Span | None:
        """Return what is planned for a day of treatment, the day of its end included; None on any other."""
        exists = self.holds_day(day) and self._exists_on(day) and not (self.overlapped_by and self._is_overlapped(day))
        return self._span(day, day) if exists else None

    def missed(self, span: Span) -> list[date]:
        """Return the days of a span recorded missed on which a dose was planned, in order."""
        if span.held:
            return []
        missed = self.log.missed(span.starts_on, span.ends_on)
        return [*missed] if span.is_daily else [day for day in missed if not span.rests(day)]

    def planned_on(self, day: date) -> float | None:
        """Return the amount planned on a day; None where nothing is: held, at rest, or outside treatment."""
        span = self._span_with_dose(day)
        return None if span is None else span.planned_amount

    def by_protocol(self) -> DosePlan:
        """Return the plan as it would be from the regimen's start on, without any hold and with the protocol's days."""
        plan = DosePlan(self.regimen.by_protocol, self.slot)
        plan.overlapped_by = tuple(other.by_protocol for other in self.overlapped_by)
        return plan

    def has_dose_on(self, day: date) -> bool:
        """Return whether a dose is planned on a day."""
        return self._span_with_dose(day) is not None

    def last_planned(self, last: date) -> date | None:
        """Return the last day through `last` that has a dose; None if there is none."""
        day, first = last, self.starts_on
        while day >= first:
            if self.has_dose_on(day):
                return day
            day -= ONE_DAY
        return None

    def rows(self, today: date, first: date, last: date) -> list[dict[str, Any]]:
        """Return the dose days in `first`…`last` as the calendar shows them, in order of days.

        Each has its name, its drug and its pieces. A day recorded taken outside the plan is listed too; before day 1
        it has no cycle.
        """
        rows: list[dict[str, Any]] = []
        for begin, end, span in self.parts(first, last):
            if span is None:
                rows += self._outside(begin, end)
            else:
                self._add_rows(rows, span, today)
        return rows

    def _last_dose_day(self) -> date | None:
        """Return the last day that has a dose: that of the end has one only if it is recorded, or said to have one."""
        end, regimen = self.ends_on, self.regimen
        if end is None or self.log.status(end) is not None or regimen.states_last_dose(end):
            return end
        is_said = end in (regimen.last_treatment_day, *regimen.days_said_to_end)
        return end - ONE_DAY if is_said else end

    def _begins_later(self) -> bool:
        """Return whether on C1D1 only a later intake of the day is on record."""
        start, regimen = self.starts_on, self.regimen
        if start != self.history.c1d1 or self.log.status(start) is not None:
            return False
        return any(regimen.log(slot).status(start) is not None for slot in range(self.slot + 1, regimen.slots + 1))

    def absences(self) -> Iterator[tuple[date, date | None]]:
        """Yield the days, the first and the one after the last (None: for good), on which there is no such dose.

        Then the regimen is not for the patient, or has fewer doses a day.
        """
        cuts = [self.starts_on, *(day for day in self._cuts if day > self.starts_on)]
        for start, following in zip(cuts, [*cuts[1:], None], strict=True):
            if not self._exists_on(start):
                yield start, following

    def _span_with_dose(self, day: date) -> Span | None:
        """Return what is planned for a day on which a dose is; None on any other."""
        span = self.span_on(day)
        return None if span is None or span.held or span.rests(day) else span

    def _exists_on(self, day: date) -> bool:
        regimen, last = self.regimen, self.regimen.last_of_doses
        if last is not None and last < (day, self.slot):
            return False
        return (self.slot == 1 or self.slot <= regimen.times_on(day)) and regimen.exists_on(day)

    def _spans(self, starts_on: date, ends_on: date) -> Iterator[Span]:
        """Yield the spans of days between two cuts: one, unless amounts differ from day to day or drugs overlap."""
        regimen = self.regimen.regimen_on(starts_on)
        if regimen.is_even and not self.overlapped_by:
            yield self._span(starts_on, ends_on)
            return
        kinds = groupby(days(starts_on, ends_on), lambda day: (self._is_overlapped(day), self._amount(day)))
        for (is_overlapped, _), of_kind in kinds:
            if not is_overlapped:
                same = [*of_kind]
                yield self._span(same[0], same[-1])

    def _amount(self, day: date) -> float | None:
        return self.regimen.planned_amount(day) if self.regimen.own_amount(day) is not None else None

    def _is_overlapped(self, day: date) -> bool:
        if self.regimen.is_held(day) or self.regimen.own_amount(day) is None:
            return False
        return any(other.plans(day) for other in self.overlapped_by)

    def _span(self, starts_on: date, ends_on: date) -> Span:
        regimen = self.regimen
        change = regimen.change_on(starts_on) if regimen.changes else None
        return Span(
            starts_on,
            ends_on,
            regimen.regimen_on(starts_on),
            regimen.planned_amount(starts_on),
            regimen.is_held(starts_on),
            run_of(self.runs, starts_on),
            None if change is None or change.days is None else frozenset(change.days),
            self.regimen.waits(starts_on),
        )

    def _add_rows(self, rows: list[dict[str, Any]], span: Span, today: date) -> None:
        log, begun, started_on = self.log, self.regimen.begun, self.history.known_c1d1
        held, regimen = span.held, span.regimen
        drug, unit, of_plan = regimen.drug_name, regimen.unit, pieces(span.planned_amount, regimen.strengths)
        of_none = pieces(None, regimen.strengths)
        letters = log.between(span.starts_on, span.ends_on)
        amounts = {letter: log.amount_of(letter) for letter in set(letters).difference(NOT_TAKEN)}
        places = span.run.places(span.starts_on, span.ends_on)
        each = zip(days(span.starts_on, span.ends_on), letters, places, span.own_amounts(), strict=True)
        for day, letter, (number, cycle_day), own in each:
            rests = own is None
            if letter in amounts:
                status = "taken"
            elif held:
                status = "held"
            elif rests:
                status = "rest"
            elif not begun:
                status = "planned"
            elif letter == MISSED:
                status = "missed"
            elif day > today:
                status = "planned"
            else:
                status = "due" if day == today else "unrecorded"
            is_planned = not (held or rests)
            rows.append(
                {
                    "dose_id": self.dose_id(day),
                    "dose_on": day,
                    "study_day": study_day(started_on, day),
                    "cycle": number,
                    "cycle_day": cycle_day,
                    "amount": span.planned_amount if is_planned else None,
                    "taken_amount": amounts.get(letter),
                    "unit": unit,
                    "status": status,
                    "drug": drug,
                    "pieces": of_plan if is_planned else of_none,
                }
            )

    def _outside(self, first: date, last: date) -> Iterator[dict[str, Any]]:
        """Yield days taken outside the plan; before the regimen's day 1 they have no cycle."""
        for day, amount in self.log.taken(first, last):
            number, cycle_day = (None, None) if day < self.regimen.starts_on else run_of(self.runs, day).place(day)
            regimen = self.regimen.regimen_on(day)
            yield {
                "dose_id": self.dose_id(day),
                "dose_on": day,
                "study_day": study_day(self.history.known_c1d1, day),
                "cycle": number,
                "cycle_day": cycle_day,
                "amount": None,
                "taken_amount": amount,
                "unit": regimen.unit,
                "status": "taken",
                "drug": regimen.drug_name,
                "pieces": pieces(None, regimen.strengths),
            }


class TreatmentPlan:
    """The treatment plan of a patient: the regimens of the protocol, and the doses that the patient takes, by intake.

    For a patient who is not enrolled it holds no day. `given_on` are the days from which cycles of regimens are counted
    that are given at the site, by regimen and number of the cycle. Its history is the one in which an end of treatment
    does not count once treatment was reopened.
    """

    def __init__(
        self, plan: tuple[Period, ...], history: History, given_on: Mapping[str, Mapping[int, date]] = NO_DOSE_GIVEN
    ) -> None:
        self.plan = plan
        self.history = history = as_it_counts(plan, history)
        self.given_on = given_on
        self.starts_on = date.max if not history.is_enrolled or history.c1d1 is None else history.c1d1
        self.ends_on = history.last_treatment_day

    @cached_property
    def regimens(self) -> tuple[RegimenPlan, ...]:
        """Return the plans of all regimens, in the order in which the versions list them."""
        return regimen_plans(self.plan, self.history, self.given_on)

    @cached_property
    def doses(self) -> tuple[DosePlan, ...]:
        """Return the plans of all intakes that the patient takes, in the order of their regimens."""
        taken = [one for one in self.regimens if not one.first.given_by_site]
        doses = tuple(DosePlan(one, slot) for one in taken for slot in range(1, one.slots + 1))
        for one in doses:
            one.overlapped_by = self.overlapping(one.regimen)
        return doses

    def overlapping(self, regimen: RegimenPlan) -> tuple[RegimenPlan, ...]:
        """Return the regimens of its drug that started later, or on the same day and are listed before it (section 4).

        On a day on which one of them has a dose, a regimen has none. One that follows it has no day in common with it.
        """
        order = {one.name: (one.starts_on, -place) for place, one in enumerate(self.regimens)}
        later = (one for one in self.regimens if order[one.name] > order[regimen.name])
        return tuple(one for one in later if one.first.drug == regimen.first.drug and not self._follows(one, regimen))

    @property
    def slots(self) -> int:
        """Return how many times a day doses are taken at most; at least 1."""
        return max((one.slot for one in self.doses), default=1)

    def regimen(self, name: str | None) -> RegimenPlan | None:
        """Return the plan of the regimen with an id, None of the only one; None for an unknown one."""
        if name is None:
            return self.regimens[0]
        return next((one for one in self.regimens if one.name == name), None)

    def of_drug(self, name: str) -> list[RegimenPlan]:
        """Return all regimens of the drug of a regimen."""
        named = self.regimen(name)
        return [] if named is None else [one for one in self.regimens if one.first.drug == named.first.drug]

    def dose_plan(self, regimen: str | None, slot: int | None) -> DosePlan | None:
        """Return the plan of an intake of a regimen (None: the only one); None for one that nothing names."""
        for one in self.doses:
            if (regimen is None or one.regimen.name == regimen) and one.slot == (slot or 1):
                return one
        return None

    def doses_of(self, day: date) -> Sequence[DosePlan]:
        """Return the intakes planned on a day; if there are none, those of the regimens that run, or else of all."""
        planned = [one for one in self.doses if one.has_dose_on(day)]
        return planned or [one for one in self.doses if one.regimen.holds_day(day)] or self.doses

    def first_of(self, day: date) -> DosePlan | None:
        """Return the first of the intakes of a day; None if the patient takes nothing."""
        return next(iter(self.doses_of(day)), None)

    def named(self, dose: DoseId) -> DosePlan | None:
        """Return the plan of the dose with a name; a date alone is the first of that day. None for an unknown one."""
        if dose.regimen is None and dose.slot in (None, 1):
            return self.first_of(dose.day)
        return self.dose_plan(dose.regimen, dose.slot)

    def regimen_of_day(self, day: date) -> RegimenPlan | None:
        """Return the first regimen that fits the patient and runs on a day: its cycle is that of the day."""
        return next((one for one in self.regimens if one.holds_day(day)), None)

    def running_on(self, day: date) -> RegimenPlan | None:
        """Return the first regimen that has begun, fits the patient and runs on a day."""
        return next((one for one in self.regimens if one.begun and one.holds_day(day)), None)

    def is_to_take(self, row: Mapping[str, Any]) -> bool:
        """Return whether the patient is asked to take the dose of a row, today or later."""
        if row["status"] not in ("due", "planned"):
            return False
        dose = parse_dose_id(row["dose_id"])
        regimen = self.regimen(dose.regimen)
        return regimen is not None and regimen.asks_for(dose.day)

    def is_reminded(self, row: Mapping[str, Any]) -> bool:
        """Return whether the patient is reminded of the dose of a row: it is to be taken, and known how much of it."""
        return row["amount"] is not None and self.is_to_take(row)

    def cycle_courses(self, regimen: str | None) -> tuple[CycleCourse, ...]:
        """Return the cycles of a regimen on the days on which it is for the patient, or of the lead one (None).

        That is the first that is for the patient on a day; a regimen that starts after it carries its cycles on. They
        go on when treatment, or the regimen, was said to have ended: what ends the visits on their days is E.
        """
        is_lead = regimen is None
        courses = (
            CycleCourse(
                one.name,
                one.runs,
                one.cycles_through,
                self._lead_spans(one) if is_lead else tuple(one.stretches()),
            )
            for one in self.regimens
            if one.runs and (is_lead or one.name == regimen)
        )
        return tuple(course for course in courses if course.spans)

    def _lead_spans(self, regimen: RegimenPlan) -> tuple[tuple[date, date | None], ...]:
        """Return the spans of days on which a regimen is the lead one or carries on its cycles: first and last day."""
        changes = set[date]().union(*(one.changes_of_existence for one in self.regimens))
        if (last := regimen.last_cycle_ends_on) is not None:
            changes.add(last + ONE_DAY)
        return tuple(one for one in between_changes(changes) if self._is_lead(regimen, one[0]))

    def _is_lead(self, regimen: RegimenPlan, day: date) -> bool:
        """Return whether a regimen is the first that fits the patient on a day, or carries on the cycles of that.

        It is so through its last cycle if another carries its own on.
        """
        lead = next((one for one in self.regimens if one.exists_on(day)), None)
        if lead is None or not regimen.exists_on(day) or not self._follows(regimen, lead):
            return False
        last = regimen.last_cycle_ends_on
        if last is None or day <= last:
            return True
        others = (one for one in self.regimens if one is not regimen and one.exists_on(day))
        return not any(self._follows(one, regimen) for one in others)

    def _follows(self, regimen: RegimenPlan, earlier: RegimenPlan) -> bool:
        """Return whether a regimen is another one, or starts after it or after one that does."""
        following: RegimenPlan | None = regimen
        while following is not None and following is not earlier:
            following = None if following.after is None else self.regimen(following.after)
        return following is not None

    @cached_property
    def without_holds(self) -> TreatmentPlan:
        """Return the plan as it would be had there been no hold."""
        return TreatmentPlan(self.plan, replace(self.history, holds=()), self.given_on)

    def rows(self, today: date, first: date, last: date) -> list[dict[str, Any]]:
        """Return the dose days in `first`…`last` as the calendar shows them, in order of days, regimens and intakes."""
        if len(self.doses) == 1:
            return self.doses[0].rows(today, first, last)
        rows = [row for one in self.doses for row in one.rows(today, first, last)]
        return sorted(rows, key=itemgetter("dose_on"))
