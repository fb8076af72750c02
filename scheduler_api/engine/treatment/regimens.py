"""Tell when one regimen of a patient runs, how its cycles are counted, and what it plans on a day.

Rules, section 4.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY, between_changes, civil_date, days, earliest_of
from scheduler_api.engine.model.dose_log import DoseLog, log_name
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import (
    EVERYBODY,
    MILESTONES,
    Protocol,
    Regimen,
    Start,
    most_by_day,
    place_in_cycles,
)
from scheduler_api.engine.model.records import DoseChange, Hold, ReportedDay
from scheduler_api.engine.model.versions import Period, changes_of_dose
from scheduler_api.engine.reason import Reason, count

from .cycles import CycleRun, GivenDays, Stage, cycle_runs, cycles_from, protocol_amount, run_of
from .milestones import anchor_day, start_of_treatment

#: The milestones that have a date only because treatment, or the study, has ended.
OF_THE_END = ("last_dose", "end_of_treatment", "death", "end_of_study")


class Started(NamedTuple):
    """The day on which a regimen starts, why it is that day, and whether a later record may move it.

    `milestone_on` is the day of the milestone at which it starts, if that may begin something anew.
    """

    on: date
    because: Reason
    provisional: bool
    milestone_on: date | None = None

    def not_before(self, day: date) -> Started:
        """Return the start by an amendment of that day."""
        if day <= self.on:
            return self
        return self._replace(on=day, because=Reason("starts_by_amendment", base=self.because, day=day))


class RegimenPlan:
    """The plan of one regimen of a patient: its start, cycles, holds, amounts and end.

    `stages` are what the versions of the protocol in force say of it, one after the other. Of a regimen that never
    starts for this patient, or that has not yet, `started` is None and no day belongs to it. `given_on` are the days
    from which cycles are counted, by their number: those of their day-1 doses at the site. `others` finds the plan of
    another regimen by its name.
    """

    def __init__(
        self,
        name: str,
        plan: tuple[Period, ...],
        history: History,
        others: Callable[[str], RegimenPlan | None],
        given_on: Mapping[int, date],
    ) -> None:
        self.name = name
        self.history = history
        self._plan = plan
        self.stages = _stages(name, plan)
        self.first = self.stages[0].regimen
        shared = None if self.first.cycles_of is None else others(self.first.cycles_of)
        #: What the version by which it starts says of its start.
        self.starts: Start
        self.started: Started | None
        self.starts, self.started = self._start(others) if shared is None else (shared.starts, shared.started)
        #: The regimen that it follows; None of one that shares the cycles of another.
        self.after: str | None = self.starts.after if shared is None else None
        follows = shared if self.after is None else others(self.after)
        #: Whether its start follows from that of treatment, and from no milestone.
        self.rests_on_first_dose: bool = self.starts.is_first_dose if follows is None else follows.rests_on_first_dose
        #: It, and the regimen whose cycles it shares: what holds or ends that one does the same to it.
        self._names: tuple[str, ...] = (name,) if shared is None else (name, *shared._names)
        self.holds = history.holds_of(*self._names)
        self.changes = changes_of_dose(plan, history, name)
        self._shared = shared
        #: The day of the milestone at which it starts, or the one that it follows; None if it starts otherwise.
        self.milestone_on: date | None = (
            follows.milestone_on if follows is not None else self.started and self.started.milestone_on
        )
        #: Whether that is a milestone of the protocol's own.
        self.follows_own_milestone: bool = (
            self.starts.milestone not in (None, *MILESTONES) if follows is None else follows.follows_own_milestone
        )
        #: The end of treatment that ended it, and the last day on which treatment or the study lets it have doses.
        self.treatment_end = history.end_after(self.milestone_on)
        self.last_treatment_day = history.last_day_by(self.treatment_end)
        self._given_on = given_on
        self._other_amounts: dict[DoseChange, tuple[date, date | None]] = {}
        self._count_cycles(shared)

    @property
    def begun(self) -> bool:
        """Return whether doses of it can be due: of what follows from C1D1 none are before a start is on record."""
        return self.history.begun or not self.rests_on_first_dose

    def regimen_on(self, day: date) -> Regimen:
        """Return what the protocol says of the regimen on a day; before it has it, what it says first."""
        if len(self.stages) == 1:
            return self.first
        return self.stages[max(bisect_right(self.stages, day, key=_from_on) - 1, 0)].regimen

    def exists_on(self, day: date) -> bool:
        """Return whether the version in force on a day has the regimen, and it is for this patient on that day."""
        return self._is_in_force(day) and self.history.fits(self.regimen_on(day).who, day)

    def holds_day(self, day: date) -> bool:
        """Return whether the regimen runs on a day, the day of its end included."""
        runs = self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)
        return runs and self.history.is_enrolled and self.exists_on(day)

    def first_day_run(self, first: date, last: date) -> date | None:
        """Return the first day of `first`…`last` on which the regimen runs; None if there is none."""
        first = max(first, self.starts_on)
        last = last if self.ends_on is None else min(last, self.ends_on)
        if first > last or not self.history.is_enrolled:
            return None
        return next((begin for begin, _ in self.stretches(first, last)), None)

    def is_held(self, day: date) -> bool:
        """Return whether the regimen is held on a day."""
        return bool(self.holds) and any(hold.covers(day) for hold in self.holds)

    def waits(self, day: date) -> bool:
        """Return whether a day waits for a day-1 dose at the site: it is not held, and is no day of a cycle."""
        return self._may_wait and run_of(self.runs, day).place(day)[1] is None and not self.is_held(day)

    def place(self, day: date) -> tuple[int, int | None] | None:
        """Return cycle and cycle day of a day, the latter None on one that does not count; None where it does not run.

        A day before the first cycle has none either.
        """
        return run_of(self.runs, day).place(day) if self.holds_day(day) else None

    @cached_property
    def last_cycle_ends_on(self) -> date | None:
        """Return the last day of its last cycle, at its full length; None while it has no end of its own."""
        if self.own_end is None or not self.runs or self.own_end < self.starts_on:
            return None
        return _cycle_ends_on(self._runs_once_ended, self.own_end)

    @property
    def cycles_through(self) -> date | None:
        """Return the last day of its cycles; None while they have no end.

        They end with the number that the protocol has of them, or with the one in which it has had its `max_doses`.
        """
        ends = (_cycle_ends_on(self.runs, day) if day >= self.starts_on else day for day in self._days_of_last_doses)
        return earliest_of(self.ran_out_on, *ends)

    @property
    def slots(self) -> int:
        """Return the most intakes that any day has or had, by the protocol, by changes of the dose, or on record."""
        most = max(stage.regimen.times_a_day for stage in self.stages)
        most = max([most, *(change.times_a_day or 1 for change in self.changes)])
        while f"{self.name}.{most + 1}" in self.history.doses:
            most += 1
        return most

    def named(self, slot: int) -> tuple[str | None, int | None]:
        """Return how facts name one of its intakes.

        They name none that is the only one of the version with which the patient was registered.
        """
        only = self._plan[0].protocol.only_dose
        return (None, None) if slot == 1 and only is not None and self.name == only.id else (self.name, slot)

    def log(self, slot: int) -> DoseLog:
        """Return what was said of one of its intakes."""
        return self.history.log(log_name(*self.named(slot)))

    # What is planned on a day.

    def change_on(self, day: date) -> DoseChange | None:
        """Return the latest change of the dose from a day or before."""
        return next((change for change in reversed(self.changes) if change.from_on <= day), None)

    def times_on(self, day: date) -> int:
        """Return how many intakes a day has, if it has any.

        There are no more than the protocol has; nor more than a change of the dose says, or was made for.
        """
        change, times = self.change_on(day), self.regimen_on(day).times_a_day
        return times if change is None else min(times, self.times_by(change))

    def times_by(self, change: DoseChange) -> int:
        """Return for how many intakes a day a change of the dose is: those of the protocol then, unless it says so."""
        return change.times_a_day or self.regimen_on(change.from_on).times_a_day

    def own_amount(self, day: date) -> float | None:
        """Return the protocol's amount of one intake on a day that runs; None on a day without a dose."""
        if self.waits(day):
            return None
        change = self.change_on(day)
        own_days = None if change is None else change.days
        return protocol_amount(self.regimen_on(day), own_days, run_of(self.runs, day).place(day), day)

    def plans(self, day: date) -> bool:
        """Return whether the regimen has a dose on a day, or would have, were it not held."""
        if not self.holds_day(day):
            return False
        is_off_cycle = self.is_held(day) and run_of(self.runs, day).place(day)[1] is None
        return is_off_cycle or self.own_amount(day) is not None

    @property
    def inputs(self) -> tuple[object, ...]:
        """Return everything that decides on which days it has a dose: equal inputs give equal days."""
        span = self.starts_on, self.ends_on
        return self.stages, self.runs, self.holds, self.changes, span, tuple(self.stretches())

    def last_planned(self, last: date) -> date | None:
        """Return the last day through `last` on which a dose is due by the cycles; None if there is none."""
        day = last
        while day >= self.starts_on:
            if self.exists_on(day) and not self.is_held(day) and self.own_amount(day) is not None:
                return day
            day -= ONE_DAY
        before = (self.stated_start + timedelta(one) for one in self.first.days_listed(1) if one < 1)
        due = (day for day in before if day <= last and self.exists_on(day) and not self.is_held(day))
        return max(due, default=None)

    @property
    def stated_start(self) -> date:
        """Return the day before which day -1 is: the start as recorded or planned, whatever was taken before it."""
        treatment = start_of_treatment(self.history) if self.starts_with_treatment else None
        return self.starts_on if treatment is None or treatment.stated_start is None else treatment.stated_start

    @property
    def starts_with_treatment(self) -> bool:
        """Return whether it starts on C1D1."""
        return self.starts.is_first_dose and (self.started is None or self.started.on == self.history.c1d1)

    def usual_amount(self, day: date) -> float:
        """Return the protocol's amount of one intake on a day, or where that day has none, the regimen's."""
        regimen = self.regimen_on(day)
        return regimen.amount if regimen.is_even else self.own_amount(day) or regimen.amount

    def planned_amount(self, day: date) -> float | None:
        """Return the planned amount of one intake on a day, if it has a dose; None while it is to be calculated.

        It is that of the latest change from that day or before; never above the protocol's own, unless the change
        raises the amount and the protocol does not ask for it again.
        """
        return self.amount_instead(self.usual_amount(day), day)

    def amount_instead(self, own: float, day: date) -> float | None:
        """Return the amount planned on a day instead of the protocol's; None while it is to be calculated."""
        regimen, change = self.regimen_on(day), self.change_on(day)
        reached_on = self._reached_later_on
        if reached_on is not None and reached_on <= day and (change is None or change.from_on < reached_on):
            most = self._most_at_first(reached_on, day)
            own = own if most is None else min(own, most)
        if change is None:
            return own if regimen.per is None else None
        is_asked = self._amount_asked_since(change, day) is not None
        if regimen.per is not None:
            return None if is_asked else change.amount
        if is_asked and regimen.measure != self.regimen_on(change.from_on).measure:
            return own
        return change.amount if self._raises(change) and not is_asked else min(change.amount, own)

    @cached_property
    def _reached_later_on(self) -> date | None:
        """Return the first day on which it is for the patient, if that is after its start; None if amounts never vary.

        Amounts that differ only between versions do not matter here: amendments have a rule of their own (section 4).
        """
        if self.started is None or all(stage.regimen.is_even for stage in self.stages):
            return None
        first = next((begin for begin, _ in self.stretches(self.starts_on)), None)
        return None if first == self.starts_on else first

    def _most_at_first(self, reached_on: date, day: date) -> float | None:
        """Return the most that the protocol plans on its own first days, as many as count since a day (section 4).

        None once it is the most of all: then nothing is limited any more.
        """
        most = most_by_day(self.regimen_on(day), self.runs[0].first_number)
        counted = 0
        for one in days(reached_on, day):
            counted += run_of(self.runs, one).place(one)[1] is not None
            if max(counted, 1) >= len(most):
                return None
        return most[max(counted - 1, 0)]

    def _raises(self, change: DoseChange) -> bool:
        """Return whether a change sets more than the protocol plans in its cycle or a later one (section 4)."""
        cycle, _ = run_of(self.runs, change.from_on).place(change.from_on)
        return change.amount > self.regimen_on(change.from_on).most_planned_from(cycle)

    def asks_again(self, change: DoseChange, day: date) -> date | None:
        """Return since when a change that was set before has to be set again on a day; None if it stands.

        Since then the protocol has another amount of its own, a lower highest one, another unit, or other intakes or
        days than those that the change was made for (section 4).
        """
        before, now = self.regimen_on(change.from_on), self.regimen_on(day)
        others = now.times_a_day != before.times_a_day or (change.days is not None and now.days != before.days)
        return earliest_of(self._amount_asked_since(change, day), self._latest_version(day) if others else None)

    def _amount_asked_since(self, change: DoseChange, day: date) -> date | None:
        """Return since when the amount of a change has to be set again on a day; None if it stands."""
        before, now = self.regimen_on(change.from_on), self.regimen_on(day)
        are_even = before.is_even and now.is_even
        # An amount per kg or m² has no highest. One above it was set while another version was to be in force.
        is_lower = now.per is None and (now.highest < before.highest or now.highest < change.amount)
        if now.measure != before.measure or is_lower or (are_even and now.amount != before.amount):
            return max(self._latest_version(day) or change.from_on, change.from_on)
        return None if are_even else self._first_other_amount(change, day)

    def amount_stretches(self) -> Iterator[tuple[date, date | None, bool]]:
        """Yield the stretches of days with one version and one change of the dose, or none.

        Each has its first day, its last (None: no end), and whether the change has to be set again: a stretch ends
        before the day since which it has. At the beginning of a stretch, days on which the regimen is not for the
        patient are left out.
        """
        cuts = [*(stage.from_on for stage in self.stages if stage.from_on), *(one.from_on for one in self.changes)]
        for first, last in between_changes(cuts, self.starts_on):
            change = self.change_on(first)
            since = None if change is None else self.asks_again(change, last or first + _AHEAD)
            for start, end in between_changes([] if since is None else [since], first, last):
                own = next((max(one, start) for one, _ in self.stretches(start, end)), None)
                if own is not None:
                    yield own, end, since is not None and since <= start

    def _latest_version(self, day: date) -> date | None:
        """Return since when the version of a day applies; None for the first."""
        return max((s.from_on for s in self.stages if s.from_on and s.from_on <= day), default=None)

    def _first_other_amount(self, change: DoseChange, day: date) -> date | None:
        """Return the first day since a change on which the protocol's amount is one that it did not have before.

        Before is: on the day of the change, or in the length of a cycle before it.
        """
        searched, found = self._other_amounts.get(change, (change.from_on - ONE_DAY, None))
        if found is None and searched < day:
            cycle_days = timedelta(self.regimen_on(change.from_on).cycle_days)
            first = max(change.from_on - cycle_days, self.starts_on)
            before = {own for one in days(first, change.from_on) if (own := self._amount_in_cycle(one)) is not None}
            for one in days(max(searched + ONE_DAY, self.starts_on), day):
                own = self._amount_in_cycle(one)
                if not before and own is not None:
                    before = {own}
                if own is not None and own not in before:
                    found = one
                    break
            self._other_amounts[change] = day, found
        return found if found is not None and found <= day else None

    def _amount_in_cycle(self, day: date) -> float | None:
        """Return the protocol's amount of a day that counts in a cycle; None on a day without a dose, or held."""
        return None if run_of(self.runs, day).place(day)[1] is None else self.own_amount(day)

    def is_known_later(self, day: date) -> bool:
        """Return whether a hold or change from a day on was recorded on that very day."""
        recorded = [hold.recorded_at for hold in self._own_holds if hold.from_on == day]
        recorded += [change.recorded_at for change in self.changes if change.from_on == day]
        return any(civil_date(instant, self.history.time_zone) == day for instant in recorded)

    def as_known(self, day: date, at: datetime) -> RegimenPlan:
        """Return the plan without the holds and changes from a day on that were recorded after an instant."""
        known = copy(self)
        holds = tuple(hold for hold in self.history.holds if hold.from_on != day or hold.recorded_at <= at)
        known.holds = replace(self.history, holds=holds).holds_of(*self._names)
        known.changes = tuple(one for one in self.changes if one.from_on != day or one.recorded_at <= at)
        known._other_amounts = {}
        return known

    @property
    def _own_holds(self) -> tuple[Hold, ...]:
        holds = self.history.holds
        return tuple(hold for hold in holds if hold.regimens is None or not set(self._names).isdisjoint(hold.regimens))

    def changes_of_plan(self) -> set[date]:
        """Return the days on which what is planned may change, but for the days of cycles themselves."""
        cuts = {run.starts_on for run in self.runs}
        if self._may_wait:
            cuts |= {hold.from_on for run in self.runs for hold in run.holds}
            cuts |= {day + ONE_DAY for run in self.runs if (day := _last_counted(run)) is not None}
        cuts |= {change.from_on for change in self.changes}
        # On the day of the last of its doses there are perhaps fewer.
        cuts |= set() if self.last_of_doses is None else {self.last_of_doses[0]}
        # Where it shares the cycles of another, those are perhaps held by themselves.
        for hold in (*self.holds, *(hold for run in self.runs for hold in run.holds)):
            cuts.add(hold.from_on)
            if hold.resumes_on is not None:
                cuts.add(hold.resumes_on)
        return cuts | self.changes_of_existence

    @cached_property
    def changes_of_existence(self) -> frozenset[date]:
        """Return the days on which it may be another regimen, or none for this patient."""
        cuts = {period.from_on for period in self._plan[1:] if period.from_on is not None}
        for who in {stage.regimen.who for stage in self.stages}:
            if who is not EVERYBODY:
                cuts.update(self.history.changes_of(who))
        return frozenset(cuts)

    def stretches(self, first: date = date.min, last: date | None = None) -> Iterator[tuple[date, date | None]]:
        """Yield the stretches of `first`…`last` on which `exists_on` is so: the first day, and the last (None: no end).

        Stretches may be adjacent: a change need not end one.
        """
        return (one for one in between_changes(self.changes_of_existence, first, last) if self.exists_on(one[0]))

    @cached_property
    def by_protocol(self) -> RegimenPlan:
        """Return the plan as it would be from its start on, without any hold and with the protocol's own days."""
        full = copy(self)
        full.holds = ()
        # For as many intakes as there ever are, so that those of the protocol count.
        full.changes = tuple(change._replace(times_a_day=self.slots, days=None) for change in self.changes)
        full._count_cycles(None if self._shared is None else self._shared.by_protocol)
        return full

    # Start and end.

    def _count_cycles(self, shared: RegimenPlan | None) -> None:
        """Count its cycles, or take those of the regimen that it shares them with, and see where it ends."""
        start = None if self.started is None else self.started.on
        self.runs: tuple[CycleRun, ...] = self._runs(start, self.holds) if shared is None else shared.runs
        self._may_wait = any(run.target_on is not None for run in self.runs)
        self.starts_on = date.max if start is None else min(start, self.runs[0].starts_on)
        self.ran_out_on: date | None = self._day_run_out() if shared is None else shared.ran_out_on
        #: The last of its `max_doses`: the day, and the number of the intake.
        self.last_of_doses: tuple[date, int] | None = self._last_of_doses()
        self.own_end = self._own_end()
        self.ends_on = earliest_of(self.last_treatment_day, self.own_end)

    @property
    def _runs_once_ended(self) -> tuple[CycleRun, ...]:
        """Return its cycles as they are for what starts after it: held no longer once it was said to have ended."""
        if self._shared is not None:
            return self._shared._runs_once_ended
        ended = min(self.days_said_to_end, default=date.max)
        holds = tuple(hold.through(ended) for hold in self.holds if hold.from_on <= ended)
        return self.runs if holds == self.holds else self._runs(self.started and self.started.on, holds)

    def _runs(self, start: date | None, holds: tuple[Hold, ...]) -> tuple[CycleRun, ...]:
        if not self.first.given_by_site:
            return cycle_runs(self.stages, start, holds)
        # Of what names a visit only day 1 of a cycle can count.
        doses = ((dose, place_in_cycles(self.name, dose.visit or "")) for dose in self.history.given_of(self.name))
        in_hold = tuple(
            (dose.done_on, None if place is None else place[0])
            for dose, place in doses
            if dose.visit is None or (place is not None and place[1] == 1)
            if any(hold.covers(dose.done_on) for hold in holds)
        )
        return cycle_runs(self.stages, start, holds, GivenDays(self._given_on, in_hold, self._own_holds))

    def _start(self, others: Callable[[str], RegimenPlan | None]) -> tuple[Start, Started | None]:
        """Return when it starts, and what says so: the first version by which it starts while that is in force.

        By none, it is the last that has the regimen. One that was to start later, or nobody could say when, and that by
        an amendment is to have started before it, starts with the amendment.
        """
        starts: Start | None = None
        for period in self._plan:
            if (regimen := period.protocol.find_regimen(self.name)) is None:
                continue
            started = self._started(regimen.starts, period.protocol, others)
            if started is not None and starts is not None and period.from_on is not None:
                started = started.not_before(period.from_on)
            starts = regimen.starts
            if started is not None and (period.to_on is None or started.on < period.to_on):
                return starts, started
        assert starts is not None, "a version in force has it"
        return starts, None

    def _started(
        self, starts: Start, protocol: Protocol, others: Callable[[str], RegimenPlan | None]
    ) -> Started | None:
        """Return when it starts by a version of the protocol."""
        history = self.history
        if starts.is_first_dose:
            start = history.c1d1
            return None if start is None else Started(start, history.c1d1_because, history.first_dose_on is None)
        if starts.milestone is not None:
            day = anchor_day(history, protocol, (starts.milestone,))
            if day is None:
                return None
            # The end of treatment itself begins nothing anew.
            is_of_the_end = starts.milestone in OF_THE_END
            return Started(day.day, day.because, day.provisional, None if is_of_the_end else day.day)
        other = others(starts.after or "")
        ends_on = other.last_cycle_ends_on if other is not None else None
        if other is None or other.started is None or ends_on is None:
            return None
        start = ends_on + timedelta(1 + starts.gap_days)
        because = Reason("after_regimen", text=other.name, day=ends_on, count=count(starts.gap_days, "day"))
        return Started(start, because, other.started.provisional)

    def reopens_on(self, decided_on: date) -> date | None:
        """Return the day of its milestone if treatment, which was said to end, goes on with it; else None (section 4).

        It has to be for the patient then, or later, who is still in the study.
        """
        day, off_on = self.milestone_on, self.history.off_study_on
        if day is None or day < decided_on or (off_on is not None and day > off_on):
            return None
        return day if any(self.stretches(day)) else None

    @property
    def over_on(self) -> date | None:
        """Return its last day by what ends it, alone or with treatment; None while neither does."""
        return earliest_of(self.own_end, None if self.treatment_end is None else self.treatment_end.last_day)

    def _own_end(self) -> date | None:
        """Return the last day of the regimen by what ends it alone: its cycles, `who`, or a record that it ended.

        None while treatment alone ends it.
        """
        if self.started is None:
            return None
        last_doses = self._days_of_last_doses
        return earliest_of(self.ran_out_on, self.last_day_for_patient, *last_doses, *self.days_said_to_end)

    @property
    def _days_of_last_doses(self) -> list[date]:
        """Return the days of the last of its `max_doses`, and of those of the regimen whose cycles it shares."""
        doses = (self.last_of_doses, None if self._shared is None else self._shared.last_of_doses)
        return [day for day, _ in filter(None, doses)]

    @cached_property
    def last_day_for_patient(self) -> date | None:
        """Return the last day on which it is for this patient: before all days if it never is, None if that goes on."""
        if self.exists_on(date.max):
            return None
        return max((end for _, end in self.stretches() if end is not None), default=date.min)

    @property
    def said_to_end(self) -> list[ReportedDay]:
        """Return the last doses by the records that it ended, or the one whose cycles it shares."""
        return [end.last_dose for end in self.history.regimen_ends if end.regimen in self._names]

    @property
    def days_said_to_end(self) -> list[date]:
        """Return the days that these last doses stand for."""
        return [self.history.stands_for(end).on for end in self.said_to_end]

    def states_last_dose(self, day: date) -> bool:
        """Return whether a record says that its last dose was taken on that very day."""
        ended = self.treatment_end
        is_of_treatment = ended is not None and ended.states_last_dose(day)
        return is_of_treatment or any(end.is_exact and end.last_on == day for end in self.said_to_end)

    def asks_for(self, day: date) -> bool:
        """Return whether the patient is asked to take its planned dose of a day: it has begun, and has not ended.

        On the day of an end nobody asks any more, nor on one that it may have been.
        """
        return self.begun and (self._may_have_ended_on is None or day < self._may_have_ended_on)

    @cached_property
    def _may_have_ended_on(self) -> date | None:
        """Return the first day that an end on record may be; None without any."""
        ends = [self.history.off_study, *map(self.history.stands_for, self.said_to_end)]
        ends += [self.treatment_end.end] if self.treatment_end is not None else []
        return min((end.first_on for end in ends if end is not None), default=None)

    def may_end_before(self, day: date | None) -> bool:
        """Return whether it may have ended before a day, because that of an end is not exactly known."""
        return day is not None and self._may_have_ended_on is not None and self._may_have_ended_on < day

    @property
    def treatment_ended_on(self) -> date | None:
        """Return the last day on which doses are possible by a record that treatment, study or regimen ended."""
        return earliest_of(self.last_treatment_day, *self.days_said_to_end)

    def _last_of_doses(self) -> tuple[date, int] | None:
        """Return the dose with which it has had its `max_doses`; None while it has not, or may have any number.

        At the site those count that were given. Of what the patient takes every planned dose counts that is not known
        to have been missed: it may have been taken, and one dose too many is worse than one too few. Of a number that
        an amendment sets and that was reached before, it ends the day before the amendment.
        """
        if self.started is None or all(stage.regimen.max_doses is None for stage in self.stages):
            return None
        if self.first.given_by_site:
            return self._last_given()
        logs = [self.log(slot) for slot in range(1, self.slots + 1)]
        early = [day for log in logs for day, _ in log.taken(date.min + ONE_DAY, self.starts_on - ONE_DAY)]
        most = self.regimen_on(self.starts_on).max_doses
        if most is not None and len(early) >= most:
            return sorted(early)[most - 1], 1
        number, through_on = len(early), self.starts_on + _LONGEST_OF_DOSES
        stretches = [(first, last or through_on) for first, last in self.stretches(self.starts_on, through_on)]
        begun = self.starts_on
        for first, last in [*stretches, (through_on + ONE_DAY, through_on)]:
            # What was taken while it was not for the patient was taken all the same.
            beside = ((day, slot) for slot, log in enumerate(logs, 1) for day, _ in log.taken(begun, first - ONE_DAY))
            for day, slot in sorted(beside):
                number += 1
                if number == self.regimen_on(day).max_doses:
                    return day, slot
            for day in days(first, last):
                most = self.regimen_on(day).max_doses
                if most is not None and number >= most:
                    return day - ONE_DAY, self.slots
                is_planned = not self.is_held(day) and self.own_amount(day) is not None
                planned = range(1, self.times_on(day) + 1) if is_planned else ()
                for slot, log in enumerate(logs, 1):
                    status = log.status(day)
                    number += status == "taken" or (status is None and slot in planned)
                    if number == most:
                        return day, slot
            begun = last + ONE_DAY
        return None

    def _last_given(self) -> tuple[date, int] | None:
        given = [dose.done_on for dose in self.history.given_of(self.name)]
        for day in sorted({*given, *(stage.from_on for stage in self.stages if stage.from_on is not None)}):
            most = self.regimen_on(day).max_doses
            if most is not None and bisect_left(given, day) >= most:
                return day - ONE_DAY, 1
            if most is not None and bisect_right(given, day) >= most:
                return day, 1
        return None

    @property
    def last_given_on(self) -> date | None:
        """Return the day on which the last of its `max_doses` was given at the site; None while it was not."""
        if self.last_of_doses is None:
            return None
        return max(dose.done_on for dose in self.history.given_of(self.name) if dose.done_on <= self.last_of_doses[0])

    def _day_run_out(self) -> date | None:
        """Return the day before the cycle that the version in force then no longer has; None if there is none."""
        if self.started is None or all(stage.regimen.cycles is None for stage in self.stages):
            return None
        for cycle in islice(cycles_from(self.runs, self.starts_on), _MOST_CYCLES):
            cycles = self.regimen_on(cycle.starts_on).cycles
            if cycles is not None and cycle.number - self.runs[0].first_number >= cycles:
                return cycle.starts_on - ONE_DAY
        return None

    def _is_in_force(self, day: date) -> bool:
        if len(self._plan) == 1:
            return True
        period = self._plan[bisect_right(self._plan, day, key=_from_on) - 1]
        return period.protocol.find_regimen(self.name) is not None


#: No regimen with an end has more cycles.
_MOST_CYCLES = 2000
#: So far ahead a planned amount is looked for that the protocol replaces.
_AHEAD = timedelta(800)
#: No number of doses takes longer.
_LONGEST_OF_DOSES = timedelta(3660)


def _cycle_ends_on(runs: tuple[CycleRun, ...], day: date) -> date | None:
    """Return the last day of the cycle of a day, at its full length; None if an open hold keeps it from ending."""
    run = run_of(runs, day)
    return run.day_of(run.place(day)[0], run.cycle_days)


def _last_counted(run: CycleRun) -> date | None:
    """Return the last day that counts of a run that ends; None if it does not end, or an open hold comes first."""
    return None if run.last_number is None else run.day_of(run.last_number, run.cycle_days)


def _from_on(one: Stage | Period) -> date:
    """Return the first day of a stage or a period."""
    return one.from_on or date.min


def _stages(name: str, plan: tuple[Period, ...]) -> tuple[Stage, ...]:
    found = [(period.from_on, period.protocol.find_regimen(name)) for period in plan]
    return tuple(Stage(from_on, regimen) for from_on, regimen in found if regimen is not None)
