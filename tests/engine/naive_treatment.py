"""Regimens, cycles and doses, walked day by day (rules, sections 2, 4, 5 and 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from scheduler_api.engine.model.protocol import Protocol

from . import naive_protocol as said_by
from .naive_facts import Dose, Facts, Record, latest_from, once
from .naive_protocol import DAY, HORIZON, Regimen, later
from .patients import Patient

#: A day after all that happens.
FAR = date(2300, 1, 1)
MONDAY = date(2024, 1, 1)


class MilestoneDay(NamedTuple):
    """When a milestone is; `first` is the first day that it may be, `planned` that it is not on record yet."""

    on: date
    first: date
    planned: bool = False
    own: bool = False


@dataclass
class Calendar:
    """The cycles of one regimen.

    `days` has the cycle of each day, and its day of the cycle; `targets` the day on which day 1 of each cycle is due;
    `over` is the day after the last cycle, if there is a last one.
    """

    days: dict[date, tuple[int, int | None]] = field(default_factory=dict)
    targets: dict[int, date] = field(default_factory=dict)
    over: date | None = None

    @property
    def begins(self) -> date | None:
        return min(self.days, default=None)

    def after_cycle_of(self, on: date) -> date | None:
        """The day after the cycle that a day belongs to; None if that has no end, or there is no such cycle."""
        number, _ = self.days.get(on, (None, None))
        return None if number is None else self.targets.get(number + 1, self.over)


class Treatment(Facts):
    """What a patient takes and is given."""

    def __init__(
        self,
        patient: Patient,
        number: int | None = None,
        today: date = date.max,
        crossings: Sequence[date] | None = None,
    ) -> None:
        """Read as `Facts`; the days on which regimens start at milestones are those read before, or none were read."""
        super().__init__(patient, number, today)
        if crossings is None:
            # They only say of a vague decision whether it came before, and what the second of two ended.
            is_needed = len(self.ends) > 1 or any(not isinstance(end.decided_on, date) for end in self.ends)
            crossings = type(self)(patient, number, today, ())._days_anew() if is_needed else ()
        self.crossings = crossings
        self.ends.sort(key=self.decided_by)
        self.answers.clear()
        self._calendars: dict[tuple[str, bool], Calendar] = {}
        self._starts: dict[str, date | None] = {}
        #: Of regimens whose cycles count from the actual day: on which day the day-1 dose of a cycle was given.
        self._given: dict[str, dict[int, date]] = {}

    # Which regimens there are.

    @cached_property
    def periods(self) -> list[tuple[date, date, Protocol]]:
        """The versions in force, each with its first day and the day after its last."""
        starts = sorted({amendment.from_on for amendment in self.all("protocol_amended")})
        return [(start, end, self.version(start)) for start, end in pairwise([date.min, *starts, date.max])]

    @cached_property
    def names(self) -> list[str]:
        """Every regimen that a version in force has, in the order of the protocol."""
        return list(dict.fromkeys(one["id"] for _, _, version in self.periods for one in said_by.regimens(version)))

    @once
    def reading(self, name: str, on: date) -> Regimen:
        """A regimen by the version of a day; where that has it no longer or not yet, by the next that has, or the last.

        A calendar goes on while a version lacks its regimen; doses do not.
        """
        versions = [version for _, end, version in self.periods if end > on]
        versions += [version for _, _, version in reversed(self.periods)]
        return next(one for one in (said_by.regimen_called(v, name) for v in versions) if one is not None)

    @once
    def root(self, name: str) -> str:
        """The regimen whose cycles a regimen counts by: its own, unless it shares another's."""
        shares = self.reading(name, date.min).get("cycles_of")
        return name if shares is None else self.root(shares)

    @once
    def of_drug(self, name: str) -> list[str]:
        """All regimens of the drug of a regimen."""
        drug = said_by.drug_name(self.reading(name, date.min))
        return [other for other in self.names if said_by.drug_name(self.reading(other, date.min)) == drug]

    @once
    def is_given_by_site(self, name: str) -> bool:
        return said_by.is_given_by_site(self.reading(name, date.min))

    @once
    def given(self, name: str) -> list[Record]:
        """What was given of a regimen at the site, in order of days."""
        found = [record for record in self.records if record.series == name and self.is_given_by_site(name)]
        return sorted(found, key=lambda record: (record.done_on, record.number))

    @once
    def held(self, name: str, on: date, at: datetime | None = None) -> bool:
        """Return whether a regimen is held on a day, as then known: a hold names it, or whose cycles it shares."""
        return any(
            hold.covers(on)
            and self.was_known(hold.from_on, hold.known_since, on, at)
            and (hold.regimens is None or name in hold.regimens or self.root(name) in hold.regimens)
            for hold in self.holds
        )

    # Starts (section 4).

    @property
    def begun(self) -> bool:
        return self.start is not None or bool(self._days_dosed)

    @cached_property
    def _days_dosed(self) -> list[date]:
        """The days on which a dose that starts treatment was taken or given, but for doses of days before day 1."""
        days = [dose.on for dose in self.taken if dose.regimen not in self.beside_start]
        for name in (name for name in self.names if name not in self.beside_start):
            days += [record.done_on for record in self.given(name) if not record.before_start]
        return days

    @cached_property
    def beside_start(self) -> set[str]:
        """The regimens whose doses do not start treatment: by no version does their start follow from the first dose.

        If that is so of all that are for the patient on any day, each dose starts treatment.
        """
        starting = set()
        for version in (version for _, _, version in self.periods):
            for one in said_by.regimens(version):
                fits = any(self.fits(one.get("who", {}), on) for on in self.days_of_change(date.min, FAR))
                if said_by.rests_on_first_dose(version, one["id"]) and fits:
                    starting.add(one["id"])
        resting = {n for n in self.names if any(said_by.rests_on_first_dose(v, n) for _, _, v in self.periods)}
        return {*self.names} - resting if starting else set()

    def is_before_day_1(self, name: str, body: Any) -> bool:
        """Return whether what is given belongs to a day before day 1: by its name, or because it lies in its window."""
        if body.visit is not None and body.visit.startswith(f"{name}-c"):
            return "d-" in body.visit
        days = self.days_before_1(name)
        one = self.reading(name, body.done_on)
        has_others = any(
            day > 0 for when in one.get("when", [{}]) for day in said_by.listed(when.get("days", "all"), 1)
        )
        if not has_others:
            return True
        return body.visit is None and any(opens <= body.done_on <= closes for _, _, opens, closes in days)

    @once
    def days_before_1(self, name: str) -> list[tuple[int, date, date, date]]:
        """The days before day 1 of a regimen: the number of each, its target, and when its window opens and closes."""
        start = self.day_after_minus_1(name)
        if start is None:
            return []
        found = {}
        for since, end, version in self.periods:
            for day, window in said_by.days_before_1(version, name):
                target = start + day * DAY
                if since <= target < end and day not in found:
                    opens, closes = target - window["before_days"] * DAY, target + window["after_days"] * DAY
                    found[day] = day, target, opens, closes
        return list(found.values())

    def day_after_minus_1(self, name: str) -> date | None:
        """From when days before day 1 are counted back: the recorded first dose, else the planned day.

        Of a regimen that begins later, from its own beginning.
        """
        starts, _ = self.starts_by(self.root(name))
        if starts != "first_dose" or self.start_of(name) not in (None, self.c1d1):
            return self.start_of(name)
        if self.start:
            return self.start.first_dose_on
        return self.enrolled.planned_first_dose_on if self.enrolled else self.enrolment

    @property
    def c1d1(self) -> date | None:
        """Cycle 1 day 1; before enrolment it is planned for the day of enrolment."""
        if self.start:
            return self.start.first_dose_on
        planned = self.enrolled.planned_first_dose_on if self.enrolled else self.enrolment
        return min(self._days_dosed, default=planned)

    @property
    def first_day(self) -> date:
        """Cycle 1 day 1 of a patient who is enrolled."""
        assert self.c1d1 is not None
        return self.c1d1

    def start_of(self, name: str) -> date | None:
        """The day on which a regimen starts, by the version that is in force then; None if nobody can say yet."""
        if name not in self._starts:
            self._starts[name] = None
            day, _ = self._start(self.root(name))
            self._starts[name] = day
        return self._starts[name]

    def _start(self, name: str) -> tuple[date | None, Protocol]:
        """The day on which a regimen starts, and the version that says so: the first by which it starts in its time.

        By none, it is the last that has the regimen. What was to start later, or nobody could say when, and by an
        amendment is to have started before it, starts with the amendment.
        """
        by = None
        for from_on, to_on, version in self.periods:
            one = said_by.regimen_called(version, name)
            if one is not None:
                day = self._start_by(one, version)
                if day is not None and by is not None:
                    day = max(day, from_on)
                by = version
                if day is not None and day < to_on:
                    return day, version
        assert by is not None, "a version in force has it"
        return None, by

    def starts_by(self, name: str) -> tuple[Any, Protocol]:
        """Return what is said of the start of a regimen by the version by which it starts, and that version."""
        found = [(one.get("starts", "first_dose"), version) for version, one in self._versions_with(name)]
        if all(starts == found[0][0] for starts, _ in found):
            # They agree, and nobody has to know the day.
            return found[0]
        _, by = self._start(name)
        return next((starts, version) for starts, version in found if version is by)

    def _versions_with(self, name: str) -> list[tuple[Protocol, Regimen]]:
        """The versions in force that have a regimen, each with what it says of it."""
        every = [(version, said_by.regimen_called(version, name)) for _, _, version in self.periods]
        return [(version, one) for version, one in every if one is not None]

    def _start_by(self, one: Regimen, version: Protocol) -> date | None:
        starts = one.get("starts", "first_dose")
        if starts == "first_dose":
            return self.c1d1
        if "milestone" in starts:
            day = self.milestone(starts["milestone"], version)
            return day and day.on
        follows = self.day_after(starts["after"])
        if follows is None or "gap" not in one:
            return follows
        return later(follows, *next(iter(one["gap"].items())))

    @once
    def starts_at(self, name: str) -> MilestoneDay | None:
        """The milestone at which a regimen starts, or the one that it follows; but for those of the end itself."""
        starts, version = self.starts_by(self.root(name))
        if "after" in starts:
            return self.starts_at(starts["after"])
        if "milestone" in starts and starts["milestone"] not in OF_THE_END:
            return self.milestone(starts["milestone"], version)
        return None

    @once
    def rests_on_c1d1(self, name: str) -> bool:
        """Return whether the start of a regimen follows from C1D1."""
        starts, _ = self.starts_by(self.root(name))
        return starts == "first_dose" or ("after" in starts and self.rests_on_c1d1(starts["after"]))

    # Ends (sections 3 and 4).

    @once
    def is_ended_by(self, name: str, end: Any) -> bool:
        """Return whether an end of treatment ends a regimen: none that starts at a milestone after the decision.

        Nor one that starts on that very day, unless that is all which there was to end.
        """
        day, decided = self.starts_at(name), self.decided_by(end)
        if day is None or day.on < decided:
            return True
        before = [self.decided_by(other) for other in self.ends[: self.ends.index(end)]]
        began = [on for on in self.crossings if before and before[-1] <= on < decided]
        is_of_that_day = day.on == end.decided_on and (
            end.reason == "death" or (self.last_dose_by(end) or date.min) >= day.on
        )
        return is_of_that_day and bool(before) and before[-1] < decided and not began

    @once
    def ended_with(self, name: str) -> Any:
        """The end of treatment that ended a regimen: the first that was decided after its start (section 4)."""
        return next((end for end in self.ends if self.is_ended_by(name, end)), None)

    @cached_property
    def ended(self) -> Any:
        """The end of treatment that counts: the latest, unless a regimen has started again since (section 4)."""
        if not self.ends:
            return None
        end = self.ends[-1]
        return end if self.reopened_on is None else None

    @cached_property
    def reopened_on(self) -> date | None:
        """When a regimen started after the latest end of treatment, so that treatment goes on."""
        days = [self.starts_at(name).on for name in self.names if self.ends and self._reopens(name, self.ends[-1])]
        return min(days, default=None)

    def _reopens(self, name: str, end: Any) -> bool:
        return self._starts_anew(name) and not self.is_ended_by(name, end)

    def _starts_anew(self, name: str) -> bool:
        """Return whether a regimen starts at a milestone, for a patient who is still in the study."""
        day = self.starts_at(name)
        if day is None or (self.off is not None and day.on > self.off):
            return False
        return any(self.takes(name, on) for on in self.days_of_change(day.on, FAR))

    def _days_anew(self) -> list[date]:
        return [self.starts_at(name).on for name in self.names if self._starts_anew(name)] if self.ends else []

    @property
    def decided(self) -> date:
        return self.decided_by(self.ended)

    @property
    def stated_last(self) -> date | None:
        return self.last_dose_by(self.ended) if self.ended else None

    @property
    def end_day(self) -> date | None:
        """The day on which treatment or the study ended: a dose taken on it is inside (section 4)."""
        days = [self.off] if self.off else []
        if self.ended:
            days.append(self.stated_last or self.decided)
        return min(days, default=None)

    @property
    def last_day(self) -> date | None:
        """The last day on which a dose is listed: of the day of the end perhaps only what somebody said of it."""
        end = self.end_day
        return end if end is None or any(self.slots(name, end) for name in self.names) else end - DAY

    @once
    def end_of_regimen(self, name: str) -> date | None:
        """The last day on which a regimen can have doses: until it, treatment or the study ended."""
        of_treatment = self.end_of_treatment_of(name)
        return min([*self.said_to_end(name), *([of_treatment] if of_treatment else [])], default=None)

    @once
    def end_of_treatment_of(self, name: str) -> date | None:
        """The last day on which a regimen can have doses, if treatment or the study ended."""
        days = [self.off] if self.off else []
        if end := self.ended_with(name):
            days.append(self.last_dose_by(end) or self.decided_by(end))
        return min(days, default=None)

    @once
    def said_to_end(self, name: str) -> list[date]:
        """The last dose by each `regimen_ended` of a regimen, or of the one whose cycles it shares."""
        bodies = [body for body in self.all("regimen_ended") if body.regimen in (name, self.root(name))]
        return [self.stands_for(body.last_dose_on, self.died) for body in bodies]

    @once
    def early_ends(self, name: str) -> list[date]:
        """The last days of a regimen by what ends it before its last cycle is over, treatment apart.

        It was said to have ended, has had its doses, or is no longer for the patient.
        """
        days = self.said_to_end(name) + self.days_all_had(name)
        last = self.last_for_patient(name)
        return days + ([last] if last is not None else [])

    @once
    def last_for_patient(self, name: str) -> date | None:
        """The last day on which a regimen is for the patient; None if that goes on. Before all days if it never is."""
        changes = self.days_of_change(date.min, FAR)
        if self.takes(name, FAR):
            return None
        return max((day - DAY for day in changes if day > date.min and self.takes(name, day - DAY)), default=date.min)

    @once
    def ends_by_itself(self, name: str) -> date | None:
        """The last day of a regimen, treatment apart: its cycles are over too."""
        over = self.calendar(name).over
        return min([*self.early_ends(name), *([over - DAY] if over else [])], default=None)

    @once
    def over_on(self, name: str) -> date | None:
        """The last day of a regimen by itself, or because treatment ended and was perhaps reopened since."""
        end = self.ended_with(name)
        ends = [self.ends_by_itself(name), (self.last_dose_by(end) or self.decided_by(end)) if end else None]
        return min((day for day in ends if day is not None), default=None)

    def day_after(self, name: str) -> date | None:
        """The day after the last cycle of a regimen, which keeps its full length; None if no end is known.

        It is held no longer once it was said to have ended, so that what follows has a day to begin on.
        """
        calendar, root = self.calendar(name), self.root(name)
        if said := self.said_to_end(root):
            calendar = self._walk_held_through(min(said), root, tuple(self._given[root].items()))
        if calendar.begins is None:
            return None
        days = [calendar.over] if calendar.over is not None else []
        for last in self.early_ends(name):
            if last < calendar.begins:
                # It never had a cycle.
                return None
            days += [follows] if (follows := calendar.after_cycle_of(last)) is not None else []
        return min(days, default=None)

    @once
    def had_all(self, name: str) -> Dose | None:
        """The dose with which a regimen has had its `max_doses`, as far as is known.

        At the site what was given counts. Of what a patient takes everything planned counts that is not known to have
        been missed or held: it may have been taken, and a dose too many is worse than one too few.
        """
        begins = self.start_of(name)
        if begins is None or all("max_doses" not in one for _, one in self._versions_with(name)):
            return None
        if self.is_given_by_site(name):
            given = [record.done_on for record in self.given(name)]
            for on in sorted({*given, *(start for start, _, _ in self.periods if start > date.min)}):
                if sum(day < on for day in given) >= self.most_doses(name, on):
                    return Dose(on - DAY, name, 1)
                if sum(day <= on for day in given) >= self.most_doses(name, on):
                    return Dose(on, name, 1)
            return None
        early = [dose for dose in self.taken if dose.regimen == name and dose.on < begins]
        if len(early) >= self.most_doses(name, begins):
            return early[int(self.most_doses(name, begins)) - 1]
        number = len(early)
        for on in self.calendar(name).days:
            most = self.most_doses(name, on)
            if self.takes(name, on) and number >= most:
                # By the version of this day it has had them before.
                return Dose(on - DAY, name, 99)
            slots = self._slots(name, on) if self.takes(name, on) and not self.held(name, on) else []
            slots = slots if self.is_occasion(name, on) else []
            taken = [dose.slot for dose in self.taken if (dose.on, dose.regimen) == (on, name)]
            for slot in sorted({*slots, *taken}):
                number += Dose(on, name, slot) not in self.missed
                if number == most:
                    return Dose(on, name, slot)
        return None

    def most_doses(self, name: str, on: date) -> float:
        """The number of doses after which a regimen ends by the version of a day."""
        return self.reading(name, on).get("max_doses", inf)

    def days_all_had(self, name: str) -> list[date]:
        """The days on which a regimen, and the one whose cycles it shares, have had their `max_doses`."""
        doses = [self.had_all(one) for one in {name, self.root(name)}]
        return [dose.on for dose in doses if dose is not None]

    # Cycles (section 4).

    def calendar(self, name: str, with_holds: bool = True) -> Calendar:
        """The cycles of a regimen, or those of the one whose cycles it shares; perhaps as if there were no hold."""
        root = self.root(name)
        if root not in self._given:
            self._given[root] = {}
            self._settle(root)
        if (root, with_holds) not in self._calendars:
            self._calendars[root, with_holds] = self.walk(root, self._given[root], with_holds)
        return self._calendars[root, with_holds]

    def _settle(self, name: str) -> None:
        """Find on which days the day-1 doses of a regimen were given, if its cycles are counted from them."""

    def walk(
        self, name: str, given: dict[int, date], with_holds: bool = True, held_through: date = date.max
    ) -> Calendar:
        """Walk the cycles of a regimen day by day; a day on which the count waits has no day of the cycle (section 4).

        `given` are the days on which the day-1 doses were given from which cycles count. After `held_through` nothing
        is held.
        """
        calendar, start = Calendar(), self.start_of(name)
        if start is None:
            return calendar
        first = self.reading(name, start).get("first_cycle", 1)
        if with_holds and self._gives_day_1_in_hold(name, first, start):
            given, calendar.targets[first] = {**given, first: start}, start
        begins = given.get(first, start)

        def waits_on(on: date, by: Regimen) -> bool:
            """Return whether a day does not count, because the regimen is held."""
            return with_holds and said_by.extends_on_hold(by) and on <= held_through and self.held(name, on)

        on, cycle, gone = min(start, begins), first, 0
        began = on
        running = self.reading(name, on)
        while on <= HORIZON:
            now = self.reading(name, on)
            if first not in calendar.targets and on >= start and not waits_on(on, now):
                calendar.targets[first] = on
            # A cycle that is through waits for the next, whose first day is one that the version in force counts.
            is_through = gone == running["cycle_days"]
            if is_through and cycle + 1 not in calendar.targets and not waits_on(on, now):
                if "cycles" in now and cycle + 1 - first >= now["cycles"]:
                    calendar.over = on
                    break
                calendar.targets[cycle + 1] = on
            may_begin = cycle + 1 - first < now.get("cycles", cycle + 1) and waits_on(on, now)
            if may_begin and self._is_fixed(name, cycle + 1, on, began, running["cycle_days"]):
                # A day-1 dose at the site on the day that would be day 1, were it not for the hold.
                calendar.targets[cycle + 1], is_through = on, True
                given = {**given, cycle + 1: on}
            day_1 = given.get(cycle + 1)
            is_due = is_through and cycle + 1 in calendar.targets and (day_1 is None or day_1 < on)
            if is_due or (day_1 == on and on > begins):
                if cycle + 1 not in calendar.targets:
                    # Given before its target, which stays where it would have been.
                    target, left = on, running["cycle_days"] - gone
                    while target < FAR and (left or waits_on(target, self.reading(name, target))):
                        left -= not waits_on(target, running)
                        target += DAY
                    # Under an open hold there is no such day.
                    calendar.targets[cycle + 1] = target if target < FAR else on
                cycle, gone, running, is_through, began = cycle + 1, 0, now, False, on
            counts = not is_through and on >= begins and (on in (begins, day_1) or not waits_on(on, running))
            if on == begins:
                running = now
                counts = first in given or not waits_on(on, running)
            calendar.days[on] = cycle, gone + 1 if counts else None
            gone += counts
            on += DAY
        return calendar

    @once
    def _walk_held_through(self, last: date, name: str, given: tuple[tuple[int, date], ...]) -> Calendar:
        return self.walk(name, dict(given), held_through=last)

    def _is_fixed(self, name: str, cycle: int, on: date, began: date, cycle_days: int) -> bool:
        """Return whether the day-1 dose of a cycle was given at the site on a held day that else would be its day 1.

        The cycle before began on a day and is so many days long, without the days of holds that do not cover this one.
        """
        if not self._gives_day_1_in_hold(name, cycle, on):
            return False
        others = [hold for hold in self.holds if not hold.covers(on)]
        others = [hold for hold in others if hold.regimens is None or name in hold.regimens]
        days = [began + number * DAY for number in range((on - began).days)]
        return sum(not any(hold.covers(day) for hold in others) for day in days) == cycle_days

    def _gives_day_1_in_hold(self, name: str, cycle: int, on: date) -> bool:
        """Return whether a dose that may be day 1 of a cycle was given on a held day that the count waits on."""
        named = (None, f"{name}-c{cycle}d1")
        is_given = any(record.done_on == on and record.visit in named for record in self.given(name))
        return is_given and said_by.extends_on_hold(self.reading(name, on)) and self.held(name, on)

    def shown(self, on: date) -> str | None:
        """The regimen that a day shows: the first that fits the patient and runs."""
        return next((one["id"] for one in said_by.regimens(self.version(on)) if self.runs(one["id"], on)), None)

    def place(self, on: date) -> tuple[int | None, int | None]:
        """The cycle and the cycle day that a day shows."""
        name = self.shown(on)
        return (None, None) if name is None else self.calendar(name).days[on]

    def lead(self, on: date) -> str | None:
        """The lead of a day by `who` alone: the first regimen of the list that is for the patient."""
        return next((one["id"] for one in said_by.regimens(self.version(on)) if self.takes(one["id"], on)), None)

    def lead_days(self) -> Iterator[tuple[date, int, int, str]]:
        """The days that have a cycle of the lead, or of a regimen that carries its cycles on, with that regimen."""
        on = min((day for name in self.names for day in [self.calendar(name).begins] if day), default=HORIZON)
        while on < HORIZON:
            lead = self.lead(on)
            for name in self._carrying_on(lead, on) if lead else []:
                number, day = self.calendar(name).days.get(on, (None, None))
                if number is None or self.has_no_more_cycles(name, on):
                    continue
                if day is not None:
                    yield on, number, day, name
                break
            on += DAY

    def _carrying_on(self, name: str, on: date) -> list[str]:
        """A regimen and those that start after it and are for the patient on a day, the last of them first."""
        found = [name]
        for one in said_by.regimens(self.version(on)):
            starts, _ = self.starts_by(one["id"])
            if "after" in starts and starts["after"] in found and self.takes(one["id"], on):
                found.append(one["id"])
        followed = {self.starts_by(one)[0]["after"] for one in found[1:]}
        over = [one for one in followed if (follows := self.day_after(one)) is not None and on >= follows]
        return [one for one in reversed(found) if one not in over]

    def days_of(self, name: str) -> list[tuple[date, int, int, str]]:
        """The days that have a cycle and a cycle day of a regimen that is for the patient on that day."""
        days = [(on, number, day) for on, (number, day) in self.calendar(name).days.items() if day is not None]
        return [(*one, name) for one in days if self.takes(name, one[0]) and not self.has_no_more_cycles(name, one[0])]

    def has_no_more_cycles(self, name: str, on: date) -> bool:
        """Return whether a regimen has had all its doses, and the cycle of the last of them is over by a day.

        One that was said to have ended has days of cycles all the same: what ends the visits on them is E (section 5).
        """
        calendar = self.calendar(name)
        for last in self.days_all_had(name):
            if calendar.begins is None or last < calendar.begins:
                return True
            follows = calendar.after_cycle_of(last)
            if follows is not None and on >= follows:
                return True
        return False

    def cycles(self, name: str, through: date) -> dict[int, list[date]]:
        """The days of each cycle of a regimen, as far as it runs."""
        found: dict[int, list[date]] = {}
        for on, (number, _) in self.calendar(name).days.items():
            if on <= through and self.runs(name, on):
                found.setdefault(number, []).append(on)
        return found

    # Doses (section 4).

    @once
    def runs(self, name: str, on: date, by_protocol: bool = False) -> bool:
        """Return whether a regimen runs on a day: it is for the patient, has begun, and is not over."""
        end = self.end_of_regimen(name)
        if not self.enrolled or not self.takes(name, on) or on not in self.calendar(name, not by_protocol).days:
            return False
        return (end is None or on <= end) and all(on <= last for last in self.days_all_had(name))

    @once
    def change(self, name: str, on: date, at: datetime | None = None) -> Any:
        """The `dose_changed` of a regimen that holds on a day, as known at an instant."""
        facts = self._changes_of(name)
        known = [one.body for one in facts if self.was_known(one.body.from_on, self._known_since(one), on, at)]
        return latest_from(known, on)

    @once
    def _changes_of(self, name: str) -> list[Any]:
        """The changes of a regimen; what names none is of the only one that the patient was registered with."""
        facts = [fact for fact in self.standing if fact.kind == "dose_changed"]
        first = said_by.regimens(self.version(date.min))[0]["id"]
        return [fact for fact in facts if (fact.body.regimen or first) == name]

    @once
    def _selector(self, name: str, on: date, by_protocol: bool = False) -> dict[str, Any] | None:
        """The entry of `when` that holds on a day by the protocol alone; None on a day without a dose."""
        number, day = self.calendar(name, not by_protocol).days.get(on, (0, None))
        return None if day is None else said_by.selector(self.reading(name, on), number, day, on)

    @once
    def is_occasion(self, name: str, on: date, at: datetime | None = None, by_protocol: bool = False) -> bool:
        """Return whether a day has a dose, held or not: by the protocol, and by the days that the latest change names.

        Here and below, `by_protocol` asks what would be so, had there been neither a hold nor a change.
        """
        if self._selector(name, on, by_protocol) is None:
            return False
        change = None if by_protocol else self.change(name, on, at)
        _, day = self.calendar(name, not by_protocol).days[on]
        return change is None or change.days is None or day in change.days

    def _slots(self, name: str, on: date, at: datetime | None = None) -> list[int]:
        """The numbers of the doses of a day, be it one of doses, of rest or held.

        There are no more than the protocol has; nor more than a change of the dose says, or was made for.
        """
        change, times = self.change(name, on, at), self.reading(name, on).get("times_a_day", 1)
        if change is not None:
            made_for = self.reading(name, change.from_on).get("times_a_day", 1)
            times = min(times, change.times_a_day or made_for)
        return [*range(1, times + 1)]

    @once
    def is_superseded(self, name: str, on: date, by_protocol: bool = False) -> bool:
        """Return whether a regimen of the same drug that started later plans the day, of two the first one."""
        if (not by_protocol and self.held(name, on)) or not self.is_occasion(name, on, by_protocol=by_protocol):
            # It plans nothing itself.
            return False
        return self.is_planned_later(name, on, by_protocol)

    def is_planned_later(self, name: str, on: date, by_protocol: bool = False) -> bool:
        """Return whether a regimen of its drug that started later, or on the same day and is listed first, plans a day.

        One that follows it has no day in common with it.
        """
        begins = self.start_of(name)
        for other in self.of_drug(name):
            since = None if other == name or self._follows(other, name) else self.start_of(other)
            if since is None or begins is None or since > on:
                continue
            first = since == begins and self.names.index(other) < self.names.index(name)
            if (since > begins or first) and self._plans(other, on, by_protocol):
                return True
        return False

    def _follows(self, name: str, other: str) -> bool:
        """Return whether a regimen starts after another, or after one that does."""
        starts, _ = self.starts_by(self.root(name))
        return "after" in starts and (starts["after"] == other or self._follows(starts["after"], other))

    def _plans(self, name: str, on: date, by_protocol: bool = False) -> bool:
        """Return whether a regimen has a dose on a day, or would have, were it not held."""
        if not self.runs(name, on, by_protocol):
            return False
        waits = self.calendar(name, not by_protocol).days[on][1] is None and not by_protocol and self.held(name, on)
        return self.is_occasion(name, on, by_protocol=by_protocol) or waits

    @once
    def slots(self, name: str, on: date, at: datetime | None = None, to_the_end: bool = False) -> list[int]:
        """The doses of a regimen that are listed on a day, as known at an instant (section 4).

        On the last day only those that somebody recorded, unless it is stated as that of the last dose, or all are
        wanted.
        """
        if self.is_given_by_site(name) or not self.runs(name, on) or self.is_superseded(name, on):
            return []
        had = self.had_all(name)
        found = [slot for slot in self._slots(name, on, at) if had is None or Dose(on, name, slot) <= had]
        recorded = [slot for slot in found if self.is_recorded(Dose(on, name, slot))]
        found = [slot for slot in found if not self._is_before_first_recorded(name, on, slot)]
        if on == self.end_of_regimen(name) and on not in self.stated_last_days(name) and not to_the_end:
            return recorded
        return found

    @once
    def stated_last_days(self, name: str) -> list[date]:
        """The days that somebody recorded as that of the last dose of a regimen: a month or a year is none."""
        end = self.ended_with(name)
        bodies = [body for body in self.all("regimen_ended") if body.regimen in (name, self.root(name))]
        said = [body.last_dose_on for body in bodies] + ([end.last_dose_on] if end else [])
        return [day for day in said if isinstance(day, date)]

    @once
    def asks_for(self, name: str, on: date) -> bool:
        """Return whether the patient is asked to take the planned doses of a regimen: it has begun, and not ended.

        On the day of the end nobody asks any more, nor on one that it may have been.
        """
        end, bodies = self.ended_with(name), self.all("regimen_ended")
        said = [body.last_dose_on for body in bodies if body.regimen in (name, self.root(name))]
        said += [end.decided_on if end.last_dose_on in (None, "unknown") else end.last_dose_on] if end else []
        ends = [*map(self._day, said), self.milestone("end_of_study", self.version(on))]
        has_begun = self.begun or not self.rests_on_c1d1(name)
        return has_begun and all(day is None or on < day.first for day in ends)

    def may_end_before(self, name: str, on: date) -> bool:
        """Return whether a regimen may have ended before a day, because that of an end is not exactly known."""
        end, bodies = self.ended_with(name), self.all("regimen_ended")
        said = [body.last_dose_on for body in bodies if body.regimen in (name, self.root(name))]
        said += [end.decided_on if end.last_dose_on in (None, "unknown") else end.last_dose_on] if end else []
        ends = [*map(self._day, said), self.milestone("end_of_study", self.version(on))]
        return any(day is not None and day.first < on for day in ends)

    def planned_amount(
        self, name: str, on: date, at: datetime | None = None, own: float | str | None = "of the day"
    ) -> float | None:
        """The amount of one intake planned for a day, as known at an instant; None if it is still to be calculated.

        `own` is the protocol's amount, unless it is that of the day.
        """
        change, now = self.change(name, on, at), self.reading(name, on)
        if isinstance(own, str):
            own = None if said_by.is_by_patient(now) else said_by.own_amount(now, self._selector(name, on))
        reached_on = self._reached_later_on(name)
        if own is not None and reached_on is not None and (change is None or change.from_on < reached_on):
            own = min(own, self._most_at_first(name, reached_on, on))
        if change is None:
            return own
        if self._unit(name, on) != self._unit(name, change.from_on):
            return own
        # An amount above the highest was set while another version was to be in force.
        is_above = not said_by.is_by_patient(now) and change.amount > said_by.highest_of(now)
        if is_above or not self._stays(name, change.from_on, on):
            return None if own is None else min(change.amount, own)
        if own is None or change.amount > self._most_planned_since(name, change.from_on):
            return change.amount
        # No reduction makes more of what the protocol plans on a day.
        return min(change.amount, own)

    @once
    def _reached_later_on(self, name: str) -> date | None:
        """Return the first day on which a regimen is for the patient, if that is after its start."""
        begins = self.start_of(name)
        if begins is None:
            return None
        first = min((on for on in self.days_of_change(begins, FAR) if self.takes(name, on)), default=None)
        return None if first == begins else first

    @once
    def _most_at_first(self, name: str, reached_on: date, on: date) -> float:
        """Return the most that the protocol plans on its own first days, as many as count since `reached_on`.

        If none of these has a dose, it is the amount of the first that has; once it is the most of all, no limit.
        """
        days, since = self.calendar(name).days, next(start for start, end, _ in self.periods if start <= on < end)
        own = self._most_of_first_days(name, since)
        counted = sum(1 for day, (_, number) in days.items() if reached_on <= day <= on and number is not None)
        first = next(number for number, most in enumerate(own, 1) if most)
        limit = max(own[: max(counted, first)])
        return limit if limit < max(own) else FAR.toordinal()

    @once
    def _most_of_first_days(self, name: str, on: date) -> list[float]:
        """Return the most that the version of a day plans on each of its first days, whichever weekdays they are."""
        one, length = self.reading(name, on), self.reading(self.root(name), on)["cycle_days"]
        first_cycle = next(iter(self.calendar(name).days.values()), (1, None))[0]
        most = []
        for before in range(1000):
            cycle, cycle_day = first_cycle + before // length, before % length + 1
            found = [said_by.selector(one, cycle, cycle_day, MONDAY + day * DAY) for day in range(7)]
            most.append(max((said_by.own_amount(one, when) for when in found if when is not None), default=0))
        return most

    @once
    def _most_planned_since(self, name: str, from_on: date) -> float:
        """Return the most that the protocol of a day plans of a regimen, in the cycle of that day or a later one."""
        one = self.reading(name, from_on)
        days = self.calendar(name).days
        cycle = next((number for on, (number, _) in days.items() if on >= from_on), 1)
        return max(
            (
                said_by.own_amount(one, when)
                for when in one.get("when", [{}])
                if any(said_by.in_cycles(when.get("cycles", {}), number) for number in range(cycle, cycle + 1000))
            ),
            default=one["dose"]["amount"],
        )

    def _unit(self, name: str, on: date) -> tuple[str, str | None]:
        dose = self.reading(name, on)["dose"]
        return dose["unit"], dose.get("per")

    @once
    def _stays(self, name: str, from_on: date, through: date) -> bool:
        """Return whether the protocol's own amount stays through a day what it was, and its highest at least that.

        Another amount that the cycle before had already is none.
        """
        days = [body.from_on for body in self.all("protocol_amended") if from_on < body.from_on <= through]
        then = self.reading(name, from_on)
        for now in (self.reading(name, day) for day in days):
            if now["dose"]["amount"] != then["dose"]["amount"]:
                return False
            if said_by.highest_of(now) < said_by.highest_of(then) and not said_by.is_by_patient(now):
                return False
        length = self.reading(self.root(name), from_on)["cycle_days"] * DAY
        occasions = self._occasions_of(name)
        since = [(on, own) for on, own in occasions if on >= from_on]
        before = {own for on, own in occasions if from_on - length <= on <= from_on}
        # Where there was none, the first since then.
        known = before or {own for _, own in since[:1]}
        return all(own in known for on, own in since if on <= through)

    @once
    def _occasions_of(self, name: str) -> list[tuple[date, float]]:
        """The days on which the protocol itself has a dose of a regimen, each with its amount."""
        return [(on, self._own(name, on)) for on in self.calendar(name).days if self._selector(name, on) is not None]

    @once
    def _own(self, name: str, on: date) -> float:
        return said_by.own_amount(self.reading(name, on), self._selector(name, on))

    def fixed(self, dose: Dose) -> float | None:
        """How much staff who do not say so are taken to mean, by what is known now; None: they have to say it."""
        name, on = dose.regimen, dose.on
        if not self.enrolled or dose.slot not in self.slots(name, on, to_the_end=True):
            return None
        return None if self.held(name, on) or not self.is_occasion(name, on) else self.planned_amount(name, on)

    def study_day(self, on: date) -> int | None:
        """The study day, counted one day after the other from C1D1, on which it is 1; there is no day 0 (section 1)."""
        if not self.begun:
            return None
        number, day = 1, self.first_day
        while day < on:
            number, day = number + 1, day + DAY
        while day > on:
            number, day = number - 1 if number > 1 or number < 0 else -1, day - DAY
        return number

    def dose_days(self, today: date, through: date) -> Iterator[dict[str, Any]]:
        """The doses that are listed through a day: of each day, in the order of the protocol (section 4)."""
        begins = [day for name in self.names for day in [self.calendar(name).begins] if day is not None]
        on = min(begins, default=through)
        while on <= through:
            for one in said_by.regimens(self.version(on)):
                for slot in self.slots(one["id"], on):
                    yield self._row(Dose(on, one["id"], slot), today)
            on += DAY

    def _row(self, dose: Dose, today: date) -> dict[str, Any]:
        name, on = dose.regimen, dose.on
        cycle, cycle_day = self.calendar(name).days[on]
        # A day that is not held and has no cycle day waits for a dose at the site.
        is_held, rests = self.held(name, on), not self.is_occasion(name, on)
        if dose in self.taken:
            status = "taken"
        elif is_held:
            status = "held"
        elif rests:
            status = "rest"
        elif not self.begun and self.rests_on_c1d1(name):
            status = "planned"
        elif dose in self.missed:
            status = "missed"
        else:
            status = "planned" if on > today else "due" if on == today else "unrecorded"
        return {
            "dose_id": dose.dose_id,
            "drug": said_by.drug_name(self.reading(name, on)),
            "dose_on": on,
            "study_day": self.study_day(on),
            "cycle": cycle,
            "cycle_day": cycle_day,
            "amount": None if is_held or rests else self.planned_amount(name, on),
            "taken_amount": self.taken.get(dose),
            "unit": self.reading(name, on)["dose"]["unit"],
            "status": status,
        }

    def outside(self) -> list[Dose]:
        """The doses taken that the plan does not have: each is listed on its own, outside adherence (section 4)."""
        return [dose for dose in self.taken if dose.slot not in self.slots(dose.regimen, dose.on)]

    def full_amount(self, name: str, today: date) -> float:
        """The protocol's amount on all its days before a day, and what is recorded on it, had there been no hold."""
        calendar, total, number = self.calendar(name, with_holds=False), 0.0, 0
        changes = [fact.body for fact in self._changes_of(name)]
        first = latest_from(changes, min((body.from_on for body in changes), default=date.min))
        for on, (cycle, day) in calendar.days.items():
            if on > today:
                break
            one = self.reading(name, on)
            when = None if day is None else said_by.selector(one, cycle, day, on)
            if when is None or not self.takes(name, on):
                continue
            amount = said_by.own_amount(one, when)
            if said_by.is_by_patient(one):
                amount = first.amount if first else 0
            for slot in range(1, one.get("times_a_day", 1) + 1):
                if number >= self.most_doses(name, on):
                    return total
                # What was missed is made up for at the end.
                number += Dose(on, name, slot) not in self.missed
                if on == today and not self.is_recorded(Dose(on, name, slot)):
                    continue
                if self._would_be_listed(name, on, slot):
                    total += amount
        return total

    def _would_be_listed(self, name: str, on: date, slot: int) -> bool:
        """Return whether a dose by the protocol would be listed, had there been no hold and no change."""
        end, dose = self.end_of_regimen(name), Dose(on, name, slot)
        if not self.takes(name, on) or (end is not None and on > end):
            return False
        if self.is_superseded(name, on, by_protocol=True):
            return False
        if on == end and on not in self.stated_last_days(name):
            return self.is_recorded(dose)
        return not self._is_before_first_recorded(name, on, slot)

    def _is_before_first_recorded(self, name: str, on: date, slot: int) -> bool:
        """Return whether a dose of C1D1 comes before the first of that day on record, be that one planned or not."""
        recorded = [one.slot for one in [*self.taken, *self.missed] if (one.on, one.regimen) == (on, name)]
        return on == self.c1d1 and slot < min(recorded, default=slot)

    def adherence(self, today: date, name: str | None = None) -> dict[str, Any]:
        """Adherence to one regimen, the only one unless it is named, counted dose by dose (section 4)."""
        (name,) = [name] if name else self.names
        is_begun = self.begun or not self.rests_on_c1d1(name)
        rows = list(self.dose_days(today, today)) if is_begun else []
        doses = [(Dose(row["dose_on"], name, int(row["dose_id"].rsplit(".", 1)[1])), row) for row in rows]
        own = [(dose, row) for dose, row in doses if row["dose_id"] == dose.dose_id]
        rows = [row for dose, row in own if dose.on < today or self.is_recorded(dose)]
        count = {
            status: sum(row["status"] == status for row in rows) for status in ("taken", "missed", "unrecorded", "held")
        }
        planned = count["taken"] + count["missed"] + count["unrecorded"]
        full = self.full_amount(name, today) if is_begun else 0
        taken = sum(row["taken_amount"] or 0 for row in rows)
        return {
            "planned": planned,
            **count,
            "adherence": round(count["taken"] / planned, 4) if planned else None,
            "relative_dose_intensity": round(taken / full, 4) if planned and full else None,
        }

    # Deviations of doses (sections 5 and 9).

    def dose_deviations(self, today: date) -> set[tuple[str, Dose]]:
        """What deviates in each dose that counts."""
        found = set()
        for dose in self.taken:
            body = self.word(dose)
            at = body.taken_at or self.word_that_stands(dose).said_at
            found |= {(kind, dose) for kind in self.deviates(dose, body.amount, at)}
        rows = {row["dose_id"]: row["status"] for row in self.dose_days(today, max([today, *self._last_said]))}
        for dose in self.missed:
            if rows.get(dose.dose_id) == "missed":
                found.add(("dose_missed", dose))
        return found

    def deviations_beside(self) -> set[tuple[str, Dose]]:
        """What could hurt in what the patient said and does not count: staff said otherwise, or have to confirm it."""
        found = set()
        for dose in self.words:
            own, late = self.said(dose, False), self.to_confirm().get(dose)
            beside = [own] if self.said(dose, True) else []
            for fact in [*beside, late]:
                if fact is not None and fact.kind == "dose_recorded" and fact.body.status == "taken":
                    at = fact.body.taken_at or fact.said_at
                    kinds = self.deviates(dose, fact.body.amount, at) & HARMFUL
                    found |= {(kind, dose) for kind in kinds}
        return found

    @property
    def _last_said(self) -> list[date]:
        return [dose.on for dose in self.words]

    def deviates(self, dose: Dose, amount: float, at: datetime) -> set[str]:
        """How taking so much differs from the plan, as it was known at an instant."""
        name, on = dose.regimen, dose.on
        if (self.c1d1 is None or on < self.c1d1) and not self.runs(name, on):
            return {"dose_before_start"}
        end = self.end_of_treatment_of(name)
        if end is not None and on > end:
            return {"dose_after_end"}
        if not self.runs(name, on) or self.is_superseded(name, on):
            # Nothing is planned before it starts, between regimens, and after the last has run out.
            return {"dose_not_planned"}
        if self.held(name, on, at):
            return {"dose_while_held"}
        if not self.is_occasion(name, on, at):
            return {"dose_on_rest_day"}
        had = self.had_all(name)
        if dose.slot not in self._slots(name, on, at) or (had is not None and dose > had):
            return {"dose_not_planned"}
        planned = self.planned_amount(name, on, at)
        if planned is None or amount == planned:
            return set()
        return {"dose_amount", "dose_above_plan"} if amount > planned else {"dose_amount"}

    @once
    def _last_day_by_plan(self, name: str) -> date | None:
        """The last day of a regimen that has ended by itself; None if it never began."""
        begins, last = self.calendar(name).begins, self.ends_by_itself(name)
        return None if begins is None or last is None or last < begins else last

    # The last dose (section 3).

    @property
    def last_dose(self) -> date | None:
        return max((day for day, _ in self._days_of_last_dose), default=None)

    @cached_property
    def _days_of_last_dose(self) -> list[tuple[date, date]]:
        """The days of which the last dose is the latest, each with the first day that it may be."""
        days = [*(dose.on for dose in self.taken), *([self.start.first_dose_on] if self.start else [])]
        days += [record.done_on for name in self.names for record in self.given(name)]
        days += [on for on, _ in self._late_days()]
        said = [end.decided_on if end.last_dose_on == "unknown" else end.last_dose_on for end in self.ends]
        said += [body.last_dose_on for body in self.all("regimen_ended")]
        known = [(day.on, day.first) for day in map(self._day, said) if day is not None]
        return known + [(day, day) for day in days]

    def _late_days(self) -> Iterator[tuple[date, str]]:
        """The days that the patient said too late to have taken something, each with the regimen."""
        for dose, late in self.to_confirm().items():
            if late.kind == "dose_recorded" and late.body.status == "taken":
                # A day after it was received cannot be: then it was that day, anywhere on Earth.
                yield min(dose.on, late.recorded_at.date() + DAY), dose.regimen

    @once
    def own_days(self, name: str) -> list[date]:
        """The days on which a dose of a regimen was taken or given, or may have been."""
        days = [dose.on for dose in self.taken if dose.regimen == name]
        days += [record.done_on for record in self.given(name)]
        return days + [on for on, regimen in self._late_days() if regimen == name]

    @once
    def last_dose_of(self, name: str) -> date | None:
        """The last dose of the drug of a regimen: the latest of all regimens of that drug."""
        days = [day for one in self.of_drug(name) for day in [self._last_dose_of_one(one)] if day is not None]
        return max(days, default=None)

    def _last_dose_of_one(self, name: str) -> date | None:
        own = self.own_days(name)
        days = own + [
            self.stands_for(body.last_dose_on, self.died) for body in self.all("regimen_ended") if body.regimen == name
        ]
        begins, last = self.calendar(name).begins, self._last_day_by_plan(name)
        end = self.ended_with(name)
        on = self.last_dose_by(end) if end else None
        counts = not self.is_given_by_site(name) or not own
        if on is not None and begins is not None and begins <= on and counts and (last is None or on <= last):
            days += [on] if any(self.takes(name, day) for day in self.days_of_change(begins, on)) else []
        if not days and last is not None:
            # It had ended, and nobody recorded a dose of it: the last may have been the last that was planned.
            days += [on for on in self._planned_days(name) if on <= min(last, self.off or last)]
        if self.start and counts and self.fitted(name, self.start.first_dose_on):
            # Treatment is on record to have started, whenever it was said to end.
            days.append(self.start.first_dose_on)
        return max(days, default=None)

    @once
    def _planned_days(self, name: str) -> list[date]:
        """The days on which the plan has a dose of a regimen for the patient."""
        days = [on for on in self.calendar(name).days if self.is_occasion(name, on)]
        days += [target for _, target, _, _ in self.days_before_1(name)]
        return [on for on in days if self.takes(name, on) and not self.held(name, on)]

    @once
    def fitted(self, name: str, through: date) -> bool:
        """Return whether a regimen was for the patient on a day since its start, through a day."""
        begins = self.start_of(name)
        return begins is not None and any(self.takes(name, on) for on in self.days_of_change(begins, through))

    @once
    def may_start(self, name: str) -> bool:
        """Return whether a regimen is still to start by the plan, though nobody can say when."""
        is_over = self.ended is not None or self.off is not None
        return self.start_of(name) is None and not is_over and self.takes(name, FAR)

    @once
    def drug_has_ended(self, name: str, today: date) -> bool:
        """Return whether all regimens of a drug that fit or fitted the patient have ended by a day."""
        if any(self.may_start(one) for one in self.of_drug(name)):
            return False
        fitting = [one for one in self.of_drug(name) if self.fitted(one, FAR)]
        ends = [self.over_on(one) for one in fitting]
        return all(end is not None and end < today for end in ends)

    # Milestones (section 2).

    def milestone(self, name: str, version: Protocol, after: date = date.min) -> MilestoneDay | None:
        """When a milestone is, under a version; of progressions and new therapies the earliest after a day."""
        said = next((body.on for body in self.all("milestone_reached") if body.milestone == name), None)
        match name:
            case "consent":
                return self._day(self.registered.consented_on)
            case "randomisation" if said is not None:
                return self._day(said)
            case "randomisation" if version.definition.get("arms"):
                days = [body.on for body in self.all("arm_assigned")]
                days += [self.enrolled.enrolled_on] if self.enrolled and self.enrolled.arm is not None else []
                return self._day(min(days, default=None))
            case "enrolment" | "randomisation":
                return self._day(self.enrolment, planned=not self.enrolled)
            case "first_dose":
                return self._day(self.c1d1, planned=not self.begun)
            case "last_dose":
                return self._last_dose_known() if self.enrolled and (self.ended or self.off) else None
            case "end_of_treatment":
                return self._decided_day(self.ended) if self.ended else None
            case "progression":
                found = [body.progressed_on for body in self.all("progressed")]
                found += [record.done_on for record in self.records if record.progression]
                # What was seen before enrolment is no progression under this treatment.
                since = self.enrolled.enrolled_on if self.enrolled else FAR
                return self._earliest([day for day in found if getattr(day, "last", day) >= since], after)
            case "new_therapy":
                return self._earliest([body.started_on for body in self.all("new_therapy_started")], after)
            case "death":
                return self._day_of_death()
            case "end_of_study":
                left = self._day(self.study.ended_on) if self.study and self.study.reason != "death" else None
                return _earliest([day for day in (left, self._day_of_death()) if day is not None])
            case _:
                found = self._day(said)
                return found and found._replace(own=True)

    def last_dose_of_day(self, name: str) -> MilestoneDay | None:
        """The last dose of a drug as a milestone: once its regimens, treatment or the study have ended (section 2)."""
        if not self.enrolled or not (self.ended or self.off or self.drug_has_ended(name, self.today)):
            return None
        return self._day(self.last_dose_of(name))

    def _day(self, when: Any, planned: bool = False) -> MilestoneDay | None:
        if when is None:
            return None
        return MilestoneDay(self.stands_for(when, self.died), getattr(when, "first", when), planned)

    def _decided_day(self, end: Any) -> MilestoneDay:
        return MilestoneDay(self.decided_by(end), getattr(end.decided_on, "first", end.decided_on))

    def _day_of_death(self) -> MilestoneDay | None:
        """Death, which is one: of two dates the earlier, of two that stand for one day the better known."""
        said = [end.decided_on for end in self.ends if end.reason == "death"]
        said += [self.study.ended_on] if self.study and self.study.reason == "death" else []
        known = [MilestoneDay(self.stands_for(day), getattr(day, "first", day)) for day in said]
        return min(known, key=lambda day: (day.on, -day.first.toordinal()), default=None)

    def _earliest(self, days: list[Any], after: date) -> MilestoneDay | None:
        return _earliest([day for day in map(self._day, days) if day is not None and day.on > after])

    def _last_dose_known(self) -> MilestoneDay | None:
        if self.last_dose is None:
            return None
        # If two days are not exactly known, it is at least the later of their first days.
        return MilestoneDay(self.last_dose, max(first for _, first in self._days_of_last_dose))

    def reached(self, name: str, version: Protocol, after: date = date.min) -> tuple[date, date] | None:
        """When a milestone was reached, and the first day that it may be: what is planned or lies ahead ends nothing.

        What `milestone_reached` says may lie ahead of the day on which it is received (principle 1). It was not reached
        before somebody says so on its day or later.
        """
        day = self.milestone(name, version, after)
        if day is None or day.planned or any(body.milestone == name for body in self.announced):
            return None
        return day.on, day.first


def _earliest(days: list[MilestoneDay]) -> MilestoneDay | None:
    """The earliest of some days: it may be any day that one of them may be."""
    return MilestoneDay(min(day.on for day in days), min(day.first for day in days)) if days else None


#: The milestones that there are only because treatment, or the study, has ended: they begin nothing anew.
OF_THE_END = {"last_dose", "end_of_treatment", "death", "end_of_study"}
#: The deviations of a dose that could hurt (section 5).
HARMFUL = {"dose_above_plan", "dose_while_held", "dose_on_rest_day", "dose_after_end", "dose_not_planned"}
