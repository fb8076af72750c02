"""The rules once more, written the slow and literal way, day by day, to compare the engine with.

Nothing here shares code with the engine; the facts that stand are all it takes from there. `naive_facts` says what
stands, `naive_treatment` what the patient takes and is given; here is what follows: contraception and visits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from scheduler_api.engine.model.protocol import Protocol

from . import naive_protocol as said_by
from .naive_facts import Record, once, one_or_more
from .naive_protocol import DAY, PlannedVisit, later
from .naive_treatment import FAR, MilestoneDay, Treatment

__all__ = ["Known", "Record"]


@dataclass
class Unscheduled:
    """Something done that belongs to no visit, and the visit that it may have been."""

    record: Any
    suggested: str | None


@dataclass
class SeriesKnown:
    """A series under all versions: its visits with what was done, what was done otherwise, and what was dropped."""

    visits: list[PlannedVisit]
    unscheduled: list[Unscheduled]
    dropped: list[str]


class Known(Treatment):
    """All that follows from a patient's facts."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._series_known: dict[str, SeriesKnown] = {}

    def on(self, today: date) -> Known:
        """The same as seen on a day: the same object unless something is reached by one of the days and not by both."""
        changes = [last for name in self.names if (last := self.over_on(name)) is not None]
        alike = all((day >= today) == (day >= self.today) and (day > today) == (day > self.today) for day in changes)
        return self if alike else Known(self.patient, today=today)

    def booked_at(self) -> dict[str, str]:
        """The site that each booking was made for: whichever was to have the patient on that day, as then known."""
        sites = {}
        for visit, booked_on in self.booked().items():
            booked = [f for f in self.standing if f.kind == "visit_booked" and self.name_booked(f) == visit]
            sites[visit] = Known(self.patient, self.facts.index(booked[-1])).site(booked_on)
        return sites

    # Contraception (section 7).

    def contraception(self, on: date) -> str:
        """Return whether contraception is required on a day, as seen on that day."""
        if not self.enrolled and self.off and self.off <= on:
            # Nobody who was never enrolled was dosed.
            return "released"
        since = min((first for _, first in self._rules[0]), default=None)
        if since is None or on < since or not self.ever_fertile(since):
            return "not_required"
        return "required" if self.fertile(on) and on <= self._rules[1] else "released"

    @property
    def through(self) -> date | None:
        """The last day on which contraception can be required, fertility apart; None while treatment goes on."""
        return None if self._rules[1] == FAR else self._rules[1]

    def released_by(self, on: date) -> list[MilestoneDay]:
        """Return what releases from contraception on a day exactly known: death, or that nobody was dosed."""
        died = self._day_of_death()
        if died is not None and died.on == on:
            return [died]
        off = self.milestone("end_of_study", self.version(on))
        days = [off] if off is not None else []
        if self.enrolled and not (self.ended and self.last_dose is None):
            return []
        days += [self._decided_day(self.ended)] if self.enrolled and self.ended else []
        return days if min(day.on for day in days) == on else []

    @cached_property
    def _rules(self) -> tuple[list[tuple[dict[str, Any], date]], date]:
        """The rules that count, each with the day from which it does, and the latest end."""
        if self.ended and self.last_dose is None:
            # The end says that nobody was dosed.
            through = min([self.decided, *([self.off] if self.off else [])]) - DAY
            counting = self._counting(through)
        elif not self.enrolled and self.off:
            through = self.off - DAY
            counting = self._counting(through)
        elif self.ended or self.off:
            base = self.last_dose if self.ended else max(self.off, self.last_dose or self.off)
            counting, through = self._longest(base, lambda rules: self._ends_of_rules(rules, base))
        else:
            through, counting = FAR, self._counting(FAR)
        return counting, min(through, self.died - DAY) if self.died else through

    def _longest(
        self, base: date, ends_of: Callable[[list[tuple[dict[str, Any], date]]], list[date]], **more: date
    ) -> tuple[list[tuple[dict[str, Any], date]], date]:
        """Return the rules that count after a last dose, and the latest of their ends, before it if all ended before.

        Who is fertile again after the end, and was not on the next day, was not released by it: the version of that
        day counts too, if by its rules contraception is not over.
        """
        through = base
        while True:
            counting = self._counting(through, at_least=base, **more)
            end = max(ends_of(counting), default=base)
            if end > through:
                through = end
                continue
            fertile = [day for day in self.days_of_change(end + DAY, FAR) if self.fertile(day)]
            again = min(fertile, default=end)
            if again <= max(end + DAY, through):
                return counting, end
            if max(ends_of(self._counting(again, at_least=base, **more)), default=base) < again:
                return counting, end
            through = again

    def _ends_of_rules(self, counting: list[tuple[dict[str, Any], date]], base: date) -> list[date]:
        """When each rule ends, once treatment or the study has ended; `base` is the day that all drugs reckon from."""
        days = []
        for rule, _ in counting:
            for name in _drugs_of(rule):
                last = base if name is None else self.last_dose_of(name)
                if name is not None and not self.ended and not self.drug_has_ended(name, base):
                    # The study ended, and nobody said when this drug did.
                    last = base
                if last is not None:
                    days.append(later(last, *next(iter(rule["after_last_dose"].items()))))
        return days

    def earliest_through(self, today: date) -> date | None:
        """The earliest last day of contraception, while treatment goes on: as if it ended today (section 7)."""
        if self.ended or self.off or not self.enrolled:
            return None

        def ends(rules: list[tuple[dict[str, Any], date]]) -> list[date]:
            return [self._end_if_it_ended(rule, today) for rule, _ in rules]

        return self._longest(max(self.last_dose or today, today), ends, drugs_through=FAR)[1]

    def _end_if_it_ended(self, rule: dict[str, Any], today: date) -> date:
        """When a rule would end if treatment ended today; a drug whose regimens have ended goes by its last dose."""
        ends = []
        for name in _drugs_of(rule):
            last = self.last_dose if name is None else self.last_dose_of(name)
            if name is not None and (last is None or not self.drug_has_ended(name, today)):
                # What is only planned of it is no dose yet.
                last = max((on for one in self.of_drug(name) for on in self.own_days(one)), default=today)
                last = max(last, today)
            elif name is None:
                last = max(last or today, today)
            ends.append(later(last, *next(iter(rule["after_last_dose"].items()))))
        return max(ends)

    @once
    def _counting(
        self, through: date, at_least: date | None = None, drugs_through: date | None = None
    ) -> list[tuple[dict[str, Any], date]]:
        """The rules that count through a day, each with its `from`.

        Those of a version in force on a day since `from` on which contraception was required, whose `who` fitted on
        any day since. If by `at_least` it was required on none, the version of that day says how long it will be.
        """
        found = []
        for version in self.versions.values():
            for rule in version.definition["contraception"]:
                since = self._since(rule.get("from", "enrolment"))
                if since is None:
                    continue
                days = self.days_of_change(since, max(since, through))
                alive = [day for day in days if self.died is None or day < self.died]
                counts = any(self.version(day) is version and self.fertile(day) for day in alive)
                if at_least is not None and self.version(at_least) is version:
                    until_then = self.days_of_change(since, at_least)
                    counts = counts or not any(map(self.fertile, until_then))
                counts = counts and any(
                    self._concerns(name, max(since, drugs_through or through)) for name in _drugs_of(rule)
                )
                if counts and any(self.fits(rule.get("who", {}), day) for day in days):
                    found.append((rule, since))
        return found

    def _concerns(self, name: str | None, through: date) -> bool:
        """Return whether a rule of a drug counts: a regimen of it was for the patient since its start, or may start."""
        if name is None:
            return True
        # Also one that was taken though the plan never had it.
        return any(self.fitted(one, through) or self.may_start(one) or self.own_days(one) for one in self.of_drug(name))

    def _since(self, name: str) -> date | None:
        """From when on a rule counts that counts from consent, enrolment or the first dose."""
        if name == "consent" and self.registered.consented_on is not None:
            return self.registered.consented_on
        if not self.enrolled:
            return None
        return self.c1d1 if name == "first_dose" else self.enrolled.enrolled_on

    # Visits (sections 6 and 10).

    def series(self, name: str) -> SeriesKnown:
        """A series through 2029 under all versions: visits with what was done, and the rest."""
        if name not in self._series_known:
            self._series_known[name] = self._series(name)
        return self._series_known[name]

    def _series(self, name: str) -> SeriesKnown:
        visits, dropped = self._planned(name)
        before = self._without_holds._planned(name)[0] if self.holds else []
        unscheduled = self._assign(visits, [record for record in self.records if record.series == name], before)
        for visit, following in self._with_next(visits):
            visit.next_opens = following.opens if following else None
        return SeriesKnown(visits, unscheduled, dropped)

    @cached_property
    def _without_holds(self) -> Known:
        """All that would follow if there had been no hold."""
        known = Known(self.patient, len(self.facts), self.today)
        known.holds = []
        return known

    def _planned(self, series: str) -> tuple[list[PlannedVisit], list[str]]:
        starts = sorted({amendment.from_on for amendment in self.all("protocol_amended")})
        kept: list[PlannedVisit] = []
        dropped: list[str] = []
        for from_on, to_on in pairwise([date.min, *starts, date.max]):
            visits = self._visits_of(self.version(from_on), series)
            seen = [v for v in visits if v.target >= from_on]
            seen.sort(key=lambda v: (v.target, v.opens, v.closes, v.from_response))
            new = [v for v in seen if v.target < to_on]
            old = self._done_before(kept, from_on, series)
            coming = []
            for visit in new:
                if any(self._drops(other, visit, from_on, was_done) for other, was_done in old):
                    # A visit that is not for the patient is not missed.
                    dropped += [visit.name] if visit.fits else []
                else:
                    coming.append(visit)
            # An old one that keeps none away gives its name to the new one.
            names = [visit.name for visit in coming]
            kept = [visit for visit in kept if visit.name not in names] + coming
        return kept, dropped

    def _done_before(self, plan: list[PlannedVisit], on: date, series: str) -> list[tuple[PlannedVisit, bool]]:
        """Each visit of a plan, and whether it was done by what was done before a day."""
        copies = [replace(visit, done=[], how=None) for visit in plan]
        self._assign(copies, [r for r in self.records if r.series == series and r.done_on < on])
        return [(visit, bool(copy.done)) for visit, copy in zip(plan, copies, strict=True)]

    def _drops(self, old: PlannedVisit, new: PlannedVisit, from_on: date, was_done: bool) -> bool:
        """Return whether an old visit keeps a new one away: done or required, it has its name or its days."""
        is_required = self._required_through(old) and not old.is_held
        if old.name == new.name:
            # There is one of each name; if neither is in the plan, it is the old one. What is for others is no visit of
            # the patient, unless something on record names it.
            return was_done or is_required or ((old.fits or old.name in self._names_on_record) and self._is_cut(new))
        if old.closes < new.opens or new.closes < old.opens:
            return False
        return was_done or (is_required and old.closes >= from_on)

    @cached_property
    def _names_on_record(self) -> set[str | None]:
        """Return the names of the visits that are booked, or that something done names."""
        return {*self.booked(), *(record.visit for record in self.records)}

    def _visits_of(self, version: Protocol, series: str) -> list[PlannedVisit]:
        """The visits of a series under one version, those for whom they are and those for whom they are not."""
        given = said_by.regimen_called(version, series)
        if given is not None and said_by.is_given_by_site(given):
            return self._occasions(version, given)
        entries, visits = said_by.entries_of(version, series), []
        for entry in entries:
            if said_by.is_on_cycle_days(entry):
                found = self._on_cycle_days(version, entry, alone=len(entries) == 1)
            else:
                found = self._from_anchor(version, entry, alone=len(entries) == 1)
            for visit in found:
                fits = self.fits(entry.get("who", {}), visit.target)
                visits.append(replace(visit, fits=fits, until=entry.get("until", []), version=version))
        return visits

    def _on_cycle_days(self, version: Protocol, entry: dict[str, Any], alone: bool) -> list[PlannedVisit]:
        """The visits of an entry on days of the cycles of the lead, or of the regimen that it names."""
        named = entry["anchor"].get("regimen")
        first = named or said_by.regimens(version)[0]["id"]
        if self.c1d1 is None or first not in self.names:
            return []
        days = self._lead_days if named is None else self.days_of(named)
        one = self.reading(self.root(first), self.c1d1)
        alone = alone and said_by.has_one_target(entry, one["cycle_days"])
        start, found = self.day_after_minus_1(first), []
        if start is not None:
            listed = said_by.listed(entry["anchor"]["days"], 1)
            days = [*((start + day * DAY, 1, day, first) for day in listed if day < 0), *days]
        for target, number, day, name in days:
            if not said_by.is_chosen(entry["anchor"], number, day, one["cycle_days"]):
                continue
            # A name says the same of every patient: the first of the list is always called the lead.
            of = "" if named in (None, said_by.regimens(version)[0]["id"]) else f"{named}-"
            visit = said_by.visit(
                entry["window"], entry["series"] if alone else f"{entry['series']}-{of}c{number}d{day}", target
            )
            starts_at = self.starts_at(name)
            visit.regimen, visit.ends_after = name, starts_at.on if starts_at and starts_at.own else None
            visit.planned_start = self._planned_start(name)
            found.append(visit)
        return sorted(found, key=lambda visit: visit.target)

    def _planned_start(self, name: str) -> date | None:
        """C1D1 while nobody has recorded that treatment started, for what rests on it."""
        is_planned = not self.begun and not self.ends and self.rests_on_c1d1(name)
        return self.c1d1 if is_planned else None

    def _from_anchor(self, version: Protocol, entry: dict[str, Any], alone: bool) -> list[PlannedVisit]:
        """The visits of an entry that are counted from a day."""
        alone = alone and said_by.has_one_target(entry, 1)
        anchor, ends_after, rests_on = entry["anchor"], None, None
        if isinstance(anchor, dict) and "response" in anchor:
            days = [record.done_on for record in self.records if self._gives(anchor, record)]
            if not days:
                return []
            if anchor.get("each"):
                numbered = enumerate(sorted(set(days)), 1)
                found = [(day, visit) for n, day in numbered for visit in said_by.from_anchor(entry, day, alone, n)]
                follows = {day: self._own_milestone_of(version, anchor, day) for day in days}
                return [replace(visit, response_on=day, ends_after=follows[day]) for day, visit in found]
            on = min(days)
            ends_after = self._own_milestone_of(version, anchor, on)
        elif isinstance(anchor, dict) and "last_dose_of" in anchor:
            last = self.last_dose_of_day(anchor["last_dose_of"])
            if last is None:
                return []
            on = last.on
        elif isinstance(anchor, dict):
            counted = self._visit_that_counts(anchor["visit"])
            if counted is None:
                return []
            rests_on = None if counted.done else counted.planned_start
            on = counted.done_on if counted.done else counted.target
            ends_after = self._own_milestone_of(version, anchor, on)
        else:
            known = [(name, day) for name in one_or_more(anchor) if (day := self.milestone(name, version)) is not None]
            if not known:
                return []
            on = min(day.on for _, day in known)
            giving = [(name, day) for name, day in known if day.on == on]
            ends_after = self._own_milestone_of(version, anchor, on)
            if all(name == "first_dose" for name, _ in giving) and not self.begun and not self.ends:
                rests_on = self.c1d1
        found = said_by.from_anchor(entry, on, alone)
        return [replace(visit, ends_after=ends_after, planned_start=rests_on) for visit in found]

    def _own_milestone_of(self, version: Protocol, anchor: Any, on: date) -> date | None:
        """The day of the trial's own milestone that visits counted from `on` follow, perhaps through other visits."""
        if isinstance(anchor, dict) and ("visit" in anchor or "response" in anchor):
            named = anchor.get("visit")
            for entry in version.definition["visits"]:
                if _is_of(named, entry["series"]) if named else entry["series"] == anchor["of"]:
                    return self._own_milestone_of(version, entry["anchor"], on)
            # What is left are doses at the site.
            names = [name for name in self.names if named and _is_of(named, name)]
        elif isinstance(anchor, dict) and "days" in anchor:
            names = [anchor["regimen"]] if "regimen" in anchor else list({name for *_, name in self._lead_days})
        elif isinstance(anchor, dict):
            return None
        else:
            days = [day for name in one_or_more(anchor) if (day := self.milestone(name, version)) is not None]
            first = min((day.on for day in days), default=None)
            return first if any(day.own and day.on == first for day in days) else None
        starts = [self.starts_at(name) for name in names]
        return max((day.on for day in starts if day is not None and day.own and day.on <= on), default=None)

    def _gives(self, anchor: dict[str, Any], record: Record) -> bool:
        return record.series == anchor["of"] and record.response in one_or_more(anchor["response"])

    # Doses at the site (protocol.md, `given_by`).

    def _occasions(self, version: Protocol, one: dict[str, Any]) -> list[PlannedVisit]:
        """The doses of a regimen that is given at the site, as visits, by one version."""
        name, found = one["id"], []
        if self.c1d1 is None or name not in self.names:
            return []
        calendar = self._calendars.get((self.root(name), True)) or self.calendar(name)
        days = [(target, 1, day) for day, target, _, _ in self.days_before_1(name)]
        days += [(on, number, day) for on, (number, day) in calendar.days.items() if day is not None and day != 1]
        days += [(target, number, 1) for number, target in calendar.targets.items()]
        had = self.had_all(name)
        last = max((record.done_on for record in self.given(name) if had and record.done_on <= had.on), default=None)
        for target, number, day in sorted(days):
            when = said_by.selector(one, number, day, target)
            if when is None or self.is_planned_later(name, target):
                continue
            window = when.get("window") or one["window"]
            visit = said_by.visit(window, f"{name}-c{number}d{day}", target)
            if last is not None and visit.opens > last:
                continue
            visit.regimen, visit.version, visit.is_dose = name, version, True
            visit.fits, visit.planned_start = self.takes(name, target), self._planned_start(name)
            starts_at = self.starts_at(name)
            visit.ends_after = starts_at.on if starts_at and starts_at.own else None
            visit.is_held = all(self.held(name, on) for on in _days(visit.opens, visit.closes))
            found.append(visit)
        return found

    def _settle(self, name: str) -> None:
        """Find on which days the day-1 doses of a regimen were given, cycle by cycle, if its cycles count from them.

        What was given is laid on the visits that there are if no later day-1 dose was given; the first cycle whose
        dose was given is then fixed, and everything after it is counted anew.
        """
        is_actual = self.reading(name, date.min).get("cycles_count_from", "planned") == "actual"
        records = self.given(name)
        if not is_actual or not records:
            return
        while True:
            given = self._given[name]
            self._calendars[name, True] = self.walk(name, given)
            visits, _ = self._planned(name)
            self._assign(visits, records)
            done = {visit.cycle: visit.done_on for visit in visits if visit.done and visit.day == 1}
            following = min((number for number in done if number > max(given, default=-1)), default=None)
            if following is None:
                break
            self._given[name] = {**given, following: done[following]}
        del self._calendars[name, True]

    def dose_at_site(self, visit: PlannedVisit, at: datetime | None = None) -> float | None:
        """The amount planned for a dose at the site: the protocol's, unless it was changed by the day it is given.

        What was changed on that day counts if it was known at an instant.
        """
        assert visit.regimen is not None
        assert visit.version is not None
        one = said_by.regimen_called(visit.version, visit.regimen)
        assert one is not None
        when = said_by.selector(one, visit.cycle, visit.day, visit.target)
        own = None if said_by.is_by_patient(one) else said_by.own_amount(one, when)
        return self.planned_amount(visit.regimen, visit.done_on if visit.done else visit.target, at, own=own)

    def deviations_of_doses_at_site(self, today: date) -> set[tuple[str, str]]:
        """What deviates in doses that are given at the site, by visit or, of those that belong to none, by fact."""
        found = set()
        for name in (name for name in self.names if self.is_given_by_site(name)):
            series = self.series(name)
            for visit in series.visits:
                if self.status(visit, today) in ("overdue", "missed"):
                    found.add(("dose_missed", visit.name))
                for record in visit.done:
                    if not visit.opens <= record.done_on <= visit.closes:
                        found.add(("dose_out_of_window", visit.name))
                    found |= {(kind, visit.name) for kind in self._deviates_at_site(name, record, visit)}
            for one in series.unscheduled:
                found |= {(kind, one.record.fact_id) for kind in self._deviates_at_site(name, one.record, None)}
        return found

    def adherence_at_site(self, today: date, name: str) -> dict[str, Any]:
        """Adherence to a regimen that is given at the site: a dose counts once it was given, or its window is over."""
        statuses = []
        is_begun = self.begun or not self.rests_on_c1d1(name)
        for visit in self.series(name).visits if is_begun else []:
            if visit.done or (visit.closes < today and not self._is_cut(visit) and self._required_through(visit)):
                statuses.append("taken" if visit.done else "held" if visit.is_held else "missed")
        count = {status: statuses.count(status) for status in ("taken", "missed", "held")}
        planned = count["taken"] + count["missed"]
        return {
            "planned": planned,
            **count,
            "unrecorded": 0,
            "adherence": round(count["taken"] / planned, 4) if planned else None,
        }

    def _deviates_at_site(self, name: str, record: Record, visit: PlannedVisit | None) -> set[str]:
        end = self.end_of_regimen(name)
        if end is not None and record.done_on > end:
            return {"dose_after_end"}
        if self.held(name, record.done_on, record.said_at):
            return {"dose_while_held"}
        if visit is None:
            return {"dose_not_planned"}
        planned = self.dose_at_site(visit, record.said_at)
        if planned is None or record.amount is None or record.amount == planned:
            return set()
        return {"dose_amount", "dose_above_plan"} if record.amount > planned else {"dose_amount"}

    def _visit_that_counts(self, name: str) -> PlannedVisit | None:
        """The visit of a name, if it exists."""
        entries = [entry["series"] for version in self.versions.values() for entry in version.definition["visits"]]
        entries += [one for one in self.names if self.is_given_by_site(one)]
        for series in {entry for entry in entries if _is_of(name, entry)}:
            visit = _named(name, self.series(series).visits)
            exists = visit is not None and (visit.fits or visit.done)
            # A dose at the site that is held all the time is not in the plan.
            exists = exists and not (visit.is_held and not visit.done)
            if visit is not None and exists and (visit.done or name in self.booked() or not self._is_cut(visit)):
                return visit
        return None

    @cached_property
    def _lead_days(self) -> list[tuple[date, int, int, str]]:
        return list(self.lead_days())

    def end_of(self, visit: PlannedVisit, was_said: bool = True) -> tuple[date, date] | None:
        """E of section 6 and the first day that it may be, of a visit by its own version.

        Here and below, not `was_said` asks what would be so, had nobody said that the regimen ended on whose days the
        visit is. Its own doses at the site end then all the same.
        """
        assert visit.version is not None
        ends = [self.reached("end_of_study", visit.version), self.reached("death", visit.version)]
        for one in visit.until:
            names = one["latest"] if isinstance(one, dict) else [one]
            days = [self.reached(name, visit.version, visit.ends_after or date.min) for name in names]
            # The latest is not before the first day that any of them may be, and the earliest may be that.
            known = [day for day in days if day is not None]
            ends.append((max(on for on, _ in known), max(first for _, first in known)) if None not in days else None)
        if visit.regimen is not None:
            ends += self._ends_of_regimen(visit.regimen, was_said or visit.is_dose)
        found = [end for end in ends if end is not None]
        return (min(on for on, _ in found), min(first for _, first in found)) if found else None

    def _ends_of_regimen(self, name: str, was_said: bool) -> list[tuple[date, date]]:
        """Return what ends the visits on the days of a regimen, its own doses at the site among them.

        Treatment ended, it was said to have ended itself, or is no longer for the patient. One that has run out ends
        nothing.
        """
        end = self.ended_with(name)
        bodies = [body for body in self.all("regimen_ended") if body.regimen in (name, self.root(name))]
        ends = [self._decided_day(end)] if end else []
        ends += [day for body in bodies if was_said and (day := self._day(body.last_dose_on)) is not None]
        found = [(day.on, day.first) for day in ends]
        last = self.last_for_patient(name)
        return found + ([(last + DAY, last + DAY)] if last is not None and last > date.min else [])

    def _assign(
        self, visits: list[PlannedVisit], records: list[Any], before: Sequence[PlannedVisit] = ()
    ) -> list[Unscheduled]:
        """Which visit each record belongs to; what finds none. `before` are the visits as if there had been no hold."""
        records = sorted(records, key=lambda record: (record.done_on, record.number))
        whole = [record for record in records if not record.part]
        rest, unscheduled = [], []
        for record in whole:
            if record.visit is None:
                rest.append(record)
                continue
            # There is one visit of each name, though others of that name may be for others.
            visit = _named(record.visit, visits)
            if visit and (visit.done or _is_before_response(visit, record.done_on)):
                unscheduled.append(Unscheduled(record, None))
            elif visit and _is_moved_away(visit, record.done_on, before):
                unscheduled.append(Unscheduled(record, None if self._is_cut(visit) else visit.name))
            elif visit:
                visit.done, visit.how = [record], "named"
            else:
                unscheduled.append(Unscheduled(record, None))
        # What is not for the patient does not exist, unless it was done.
        visits, everything = [visit for visit in visits if visit.fits or visit.done], visits
        still = []
        for record in rest:
            visit = self._by_window(visits, record.done_on, free=True)
            if visit:
                visit.done, visit.how = [record], "window"
            else:
                still.append(record)
        lost = []
        for record in still:
            # Of doses at the site rather one that was not held all the time.
            late = self._late(visits, record.done_on) or self._late(visits, record.done_on, held=True)
            if late:
                late.done, late.how = [record], "late"
            else:
                lost.append(record)
        for record in lost:
            suggested = self._suggested(visits, record.done_on) or self._moved_from(visits, record.done_on, before)
            unscheduled.append(Unscheduled(record, suggested))
        for record in (record for record in records if record.part):
            if record.visit is None:
                visit = self._by_window(visits, record.done_on, free=False)
            else:
                visit = _named(record.visit, everything)
            is_lost = visit is None or _is_before_response(visit, record.done_on)
            if is_lost or _is_part_of_moved(visit, record, [one.record for one in unscheduled], before):
                unscheduled.append(Unscheduled(record, None))
                continue
            visit.how = visit.how or ("named" if record.visit else "window")
            visit.done = [*visit.done, record]
        done = [visit.name for visit in everything if visit.done]
        return [replace(one, suggested=None) if one.suggested in done else one for one in unscheduled]

    def _exists(self, visit: PlannedVisit, held: bool = False, was_said: bool = True) -> bool:
        """Return whether a visit was done or is in the plan; a dose held all the time only if `held` says so."""
        return bool(visit.done) or not (self._is_cut(visit, was_said) or (visit.is_held and not held))

    def _with_next(
        self, visits: list[PlannedVisit], held: bool = False, was_said: bool = True
    ) -> list[tuple[PlannedVisit, PlannedVisit | None]]:
        """Each visit, and the next of the series that exists."""
        pairs, following = [], None
        for visit in reversed(visits):
            pairs.append((visit, following))
            following = visit if self._exists(visit, held, was_said) else following
        return pairs[::-1]

    def _late(self, visits: list[PlannedVisit], day: date, held: bool = False) -> PlannedVisit | None:
        """The visit, not done, that closed before a day and was required, if the next had not opened."""
        found = None
        for visit, following in self._with_next(visits, held, was_said=False):
            is_required = self._required_through(visit, was_said=False) and self._exists(visit, held, was_said=False)
            if is_required and not visit.done and visit.closes < day and (not following or following.opens > day):
                found = visit
        return found

    def _moved_from(self, visits: list[PlannedVisit], day: date, before: Sequence[PlannedVisit]) -> str | None:
        """The visit that a hold moved on from a day on which it could be done."""
        here = [visit for visit in before if visit.opens <= day <= visit.closes]
        for earlier in sorted(here, key=lambda visit: (abs(visit.target - day), visit.target)):
            visit = _named(earlier.name, visits)
            if visit and visit.opens > day and not self._is_cut(visit):
                return visit.name
        return None

    def _by_window(self, visits: list[PlannedVisit], day: date, free: bool) -> PlannedVisit | None:
        here = [v for v in visits if v.opens <= day <= v.closes and not self._is_cut(v, was_said=False)]
        here = [v for v in here if not (free and v.done)]
        if any(v.is_dose for v in here):
            # Of doses at the site the earliest.
            return min(here, key=lambda v: v.target)
        return min(here, key=lambda v: (abs(v.target - day), v.target), default=None)

    def _suggested(self, visits: list[PlannedVisit], day: date) -> str | None:
        before = None
        for visit in visits:
            interval = visit.interval
            if interval is None and before is not None:
                interval = (visit.target - before.target).days
            is_to_come = not visit.done and visit.opens > day and not self._is_cut(visit)
            if is_to_come and interval is not None and 2 * (visit.target - day).days <= interval:
                return visit.name
            before = visit if self._exists(visit, held=True) else before
        return None

    def _awaits_enrolment(self, visit: PlannedVisit) -> bool:
        """Return whether it is planned only once the patient is enrolled: before, only screening is."""
        return not self.enrolled and self.enrolment is not None and visit.target >= self.enrolment

    def _is_cut(self, visit: PlannedVisit, was_said: bool = True) -> bool:
        """Return whether the visit is not in the plan, unless it is done or booked."""
        end = self.end_of(visit, was_said)
        is_after_end = end is not None and visit.opens > end[0]
        return self._awaits_enrolment(visit) or not visit.fits or is_after_end

    def _required_through(self, visit: PlannedVisit, was_said: bool = True) -> bool:
        end = self.end_of(visit, was_said)
        return not self._is_cut(visit, was_said) and (end is None or end[1] > visit.closes)

    def status(self, visit: PlannedVisit, today: date) -> str | None:
        """The status of a visit; None if it does not exist."""
        end = self.end_of(visit)
        if visit.done:
            return "done"
        if not visit.fits:
            return None
        if self._is_cut(visit) and visit.name not in self.booked():
            return None
        if visit.is_held:
            return None
        if end and visit.opens > end[0]:
            return "not_required"
        if end and end[1] <= visit.closes:
            return "not_required"
        if end is None and visit.planned_start is not None and visit.target >= visit.planned_start:
            return "upcoming"
        if today < visit.opens:
            return "upcoming"
        if today <= visit.closes:
            return "open"
        if visit.next_opens is not None and today >= visit.next_opens:
            return "missed"
        if end is not None and today >= end[0]:
            return "missed"
        if visit.anchor_day is not None and today > visit.anchor_day:
            return "missed"
        return "overdue"

    def stranded(self, series: str, visits: list[PlannedVisit]) -> dict[str, date]:
        """The bookings of a series that stand though the plan has no such visit, by name: to cancel (section 6)."""
        found = {}
        for name, booked_on in self.booked().items():
            if "." in name or not _is_of(name, series):
                continue
            if any(visit.name == name and (visit.done or (visit.fits and not visit.is_held)) for visit in visits):
                continue
            records = [record for record in self.records if record.series == series]
            came = any(record.done_on == booked_on for record in records)
            came = came or any(record.visit == name and record.done_on > booked_on for record in records)
            if not came:
                found[name] = booked_on
        return found

    def appointments(self, series: str, known: SeriesKnown, today: date) -> dict[str, tuple[date, str]]:
        """The further and the unscheduled appointments of a series that nothing done has ended: day and status."""
        visits = known.visits
        days = {name: booked_on for name, booked_on in self.booked().items() if "." in name}
        extra = [one.record for one in known.unscheduled]
        for record in sorted(self.records, key=lambda record: (record.done_on, record.number)):
            ended = []
            for name, booked_on in days.items():
                of = name.split(".")[0]
                if record.series != series or booked_on > record.done_on:
                    continue
                if of == "unscheduled":
                    is_extra = record in extra and record.visit in (None, "unscheduled")
                    near = (record.done_on - booked_on).days <= 7
                    if self.series_booked(name) == series and is_extra and near:
                        ended.append(name)
                elif record.part:
                    named = record in extra and record.visit == of
                    if named or any(visit.name == of and record in visit.done for visit in visits):
                        ended.append(name)
            if ended:
                # The latest; of those of one day the first that was booked.
                del days[max(sorted(ended), key=lambda name: days[name])]
        found = {}
        for name, booked_on in days.items():
            of = name.split(".")[0]
            if of == "unscheduled" and self.series_booked(name) == series:
                found[name] = booked_on, self._status_of_appointment(None, booked_on, today)
            elif _is_of(of, series):
                visit = _named(of, visits)
                status = self.status(visit, today) if visit else None
                gone = visit is None or status is None
                found[name] = (
                    booked_on,
                    ("not_required" if gone else self._status_of_appointment(visit, booked_on, today)),
                )
        return found

    def _status_of_appointment(self, visit: PlannedVisit | None, booked_on: date, today: date) -> str:
        """The status of an appointment, of a visit that the plan has or of none (section 5)."""
        ends = [self.reached("end_of_study", self.version(booked_on))]
        if visit is not None and not visit.done:
            end = self.end_of(visit)
            ends += [end] if end and end[1] <= visit.closes else []
        if any(end is not None and end[1] <= booked_on for end in ends):
            return "not_required"
        if today <= booked_on:
            return "upcoming" if today < booked_on else "open"
        return "missed" if any(end is not None and end[1] <= today for end in ends) else "overdue"

    def series_booked(self, name: str) -> str:
        """The series of an unscheduled appointment, as it was said last."""
        said = [fact for fact in self.facts if fact.kind == "visit_booked" and self.name_booked(fact) == name]
        return [fact.body.series for fact in said if fact.body.series][-1]

    def name_booked(self, fact: Any) -> str:
        """Return the name of a booking: its visit; if further or unscheduled, with the fact that made it."""
        body = fact.body
        if not body.part and body.visit != "unscheduled":
            return body.visit
        if fact.replaces is not None:
            corrected = self.name_booked(next(other for other in self.facts if other.fact_id == fact.replaces))
            if "." in corrected:
                return body.visit + "." + corrected.split(".")[1]
        return body.visit + "." + fact.fact_id

    def booked(self) -> dict[str, date]:
        """The bookings that stand; one that is voided leaves none, also if it took the place of another (section 3)."""
        standing = {fact.fact_id for fact in self.standing}
        voided = {fact.supersedes for fact in self.facts if fact.kind == "voided"}
        days: dict[str, date] = {}
        for fact in self.facts:
            if fact.kind != "visit_booked":
                continue
            if fact.fact_id in standing or (fact.fact_id in voided and fact.body.booked_on):
                days.pop(self.name_booked(fact), None)
            if fact.fact_id in standing and fact.body.booked_on:
                days[self.name_booked(fact)] = fact.body.booked_on
        return days


def _is_of(name: str, series: str) -> bool:
    """Return whether a name is one that a visit of a series may have."""
    return name == series or name.startswith(f"{series}-")


def _named(name: str, visits: list[PlannedVisit]) -> PlannedVisit | None:
    """The visit of a name: of several, one that is done or that is for the patient."""
    of_name = [visit for visit in visits if visit.name == name]
    return next((visit for visit in of_name if visit.done or visit.fits), next(iter(of_name), None))


def _is_moved_away(visit: PlannedVisit, day: date, before: Sequence[PlannedVisit]) -> bool:
    """Return whether a hold moved a visit from a day: it is outside the window, and inside without any hold."""
    earlier = _named(visit.name, [*before])
    is_outside = not visit.opens <= day <= visit.closes
    return is_outside and earlier is not None and earlier.opens <= day <= earlier.closes


def _is_part_of_moved(visit: PlannedVisit, part: Any, unscheduled: list[Any], before: Sequence[PlannedVisit]) -> bool:
    """Return whether a part lies before a visit that is to do again: a hold moved it from that, or what was done.

    If what was done that day stands, so does the part.
    """
    done = [part, *(record for record in unscheduled if record.visit in (None, visit.name))]
    is_moved = any(_is_moved_away(visit, record.done_on, before) for record in done)
    earlier = _named(visit.name, [*before])
    stands = any(earlier and not one.part and earlier.opens <= one.done_on <= earlier.closes for one in visit.done)
    return part.done_on < visit.opens and is_moved and not stands


def _is_before_response(visit: PlannedVisit, day: date) -> bool:
    """Return whether a day is before the response that a visit is counted from, and before its window."""
    return visit.response_on is not None and day < visit.response_on and day < visit.opens


def _drugs_of(rule: dict[str, Any]) -> list[str | None]:
    """The regimens of whose drugs a rule about contraception is; None is all of them."""
    of = rule.get("of", "all")
    return [None] if of == "all" else one_or_more(of)


def _days(first: date, last: date) -> list[date]:
    return [first + number * DAY for number in range((last - first).days + 1)]
