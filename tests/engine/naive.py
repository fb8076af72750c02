"""The rules once more, written the slow and literal way, day by day, to compare the engine with.

Nothing here shares code with the engine; the facts that stand are all it takes from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler_api.engine.model.facts import Enrolled, Registered
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.protocol import Protocol

from . import naive_protocol as said_by
from .naive_protocol import DAY, HORIZON, PlannedVisit, later
from .patients import NOW as RECEIVED
from .patients import Patient


@dataclass(frozen=True)
class Record:
    """What was recorded of a visit, numbered in order of receipt."""

    series: str
    done_on: date
    visit: str | None
    response: str | None
    part: bool
    fact_id: str
    number: int


@dataclass
class Unscheduled:
    """Something done that belongs to no visit, and the visit that it may have been."""

    record: Any
    suggested: str | None


#: The end of contraception while treatment goes on.
FAR = date(2300, 1, 1)
#: Facts that change from a day on for whom something is, or what is planned.
CHANGING = ("protocol_amended", "fertility_changed", "cohort_changed")


class MilestoneDay(NamedTuple):
    """When a milestone is; `first` is the first day that it may be, `planned` that it is not on record yet."""

    on: date
    first: date
    planned: bool = False
    own: bool = False


@dataclass
class SeriesKnown:
    """A series under all versions: its visits with what was done, what was done otherwise, and what was dropped."""

    visits: list[PlannedVisit]
    unscheduled: list[Unscheduled]
    dropped: list[str]


@dataclass
class HoldKnown:
    """A hold of the naive model; `start` and `end` are the ids of the facts that say so now."""

    start: str
    from_on: date
    resumes_on: date | None = None
    end: str | None = None


class Known:
    """What stands of a patient's facts."""

    def __init__(self, patient: Patient, number: int | None = None, today: date = date.max) -> None:
        """Read all facts of a patient, or the first so many; what lies after `today` is not reached yet."""
        self.patient, facts, self.today = patient, patient.facts[:number], today
        superseded = superseded_by(facts)
        self.standing = [fact for fact in facts if fact.fact_id not in superseded]
        self.versions = patient.versions
        self._series_known: dict[str, SeriesKnown] = {}
        self.facts = facts
        self.holds = self._holds()
        self.registered: Registered = self.all("registered")[-1]
        self.enrolled: Enrolled | None = next(iter(self.all("enrolled")), None)
        self.start = next(iter(self.all("treatment_started")), None)
        self.ended = next(iter(self.all("treatment_ended")), None)
        self.study = next(iter(self.all("study_ended")), None)
        self.zone = patient.history.time_zone
        stands = {on: word for on in self.days_said() if (word := self.word(on)) is not None}
        self.taken = {on: word.amount for on, word in sorted(stands.items()) if word.status == "taken"}
        self.missed = {on for on, word in stands.items() if word.status == "missed"}
        self.begun = self.start is not None or bool(self.taken)
        #: What was done on visits, in order of receipt.
        self.records = [
            Record(f.body.series, f.body.done_on, f.body.visit, f.body.response, f.body.part, f.fact_id, number)
            for number, f in enumerate((f for f in self.standing if f.kind == "visit_done"), 1)
        ]

    def on(self, today: date) -> Known:
        """The same as seen on a day: the same object unless something that was said to be reached lies ahead of it."""
        alike = all((body.on > today) == (body.on > self.today) for body in self.announced)
        return self if alike else Known(self.patient, today=today)

    @property
    def announced(self) -> list[Any]:
        """The milestones whose day was still ahead when they were received."""
        said = [fact for fact in self.standing if fact.kind == "milestone_reached"]
        zone = ZoneInfo(self.zone)
        return [fact.body for fact in said if fact.body.on > fact.recorded_at.astimezone(zone).date()]

    def all(self, kind: str) -> list[Any]:
        return [fact.body for fact in self.standing if fact.kind == kind]

    def days_said(self) -> set[date]:
        """The days of which anybody said anything."""
        return {body.dose_on for kind in ("dose_recorded", "dose_taken_back") for body in self.all(kind)}

    def said(self, on: date, staff: bool, to_confirm: bool = False) -> Any:
        """What one side said last of a day, be it that it took back what it had said (section 3)."""
        facts = [fact for fact in self.standing if fact.kind in ("dose_recorded", "dose_taken_back")]
        facts = [fact for fact in facts if fact.body.dose_on == on and (fact.role != "patient") == staff]
        latest = None
        for fact in facts:
            if fact.to_confirm == to_confirm and (latest is None or fact.said_at >= latest.said_at):
                latest = fact
        return latest

    def word(self, on: date) -> Any:
        """What stands of a day: staff's word before the patient's; nothing where the patient took it back."""
        fact = self.said(on, staff=True) or self.said(on, staff=False)
        return fact.body if fact and fact.kind == "dose_recorded" else None

    def to_confirm(self) -> dict[date, Any]:
        """What the patient said too late to count, by day: staff have not said anything, nor the patient later."""
        found = {}
        for on in self.days_said():
            late, own = self.said(on, False, to_confirm=True), self.said(on, False)
            if late and not self.said(on, True) and (own is None or own.said_at <= late.said_at):
                found[on] = late
        return found

    def latest(self, kind: str, on: date) -> Any:
        """The latest fact of a kind from that day or before."""
        return max(
            (body for body in self.all(kind) if body.from_on <= on),
            key=_from_on_then_receipt(self.all(kind)),
            default=None,
        )

    def stands_for(self, when: Any, but_not_after: date | None = None) -> date:
        """The day that a date stands for: the last of its days that is neither after its receipt nor after death."""
        if isinstance(when, date):
            return when
        day = when.last
        while day > when.first and (day > RECEIVED.date() or (but_not_after and day > but_not_after)):
            day -= DAY
        return day

    def _holds(self) -> list[HoldKnown]:
        """The holds, read fact by fact: a start and its end are one thing (section 3)."""
        holds: list[HoldKnown] = []
        for fact in self.facts:
            of = next((h for h in holds if fact.supersedes is not None and fact.supersedes in (h.start, h.end)), None)
            if fact.kind == "hold_started":
                if of is None:
                    of = HoldKnown(fact.fact_id, fact.body.from_on)
                    holds.append(of)
                of.start, of.from_on = fact.fact_id, fact.body.from_on
                if fact.body.resumes_on is not None:
                    of.resumes_on, of.end = fact.body.resumes_on, None
            elif fact.kind == "hold_ended":
                of = of or next(hold for hold in holds if hold.resumes_on is None)
                of.resumes_on, of.end = fact.body.resumes_on, fact.fact_id
            elif fact.kind == "voided" and of is not None:
                if fact.supersedes == of.start:
                    holds.remove(of)
                else:
                    of.resumes_on = of.end = None
        return sorted(holds, key=lambda hold: hold.from_on)

    @property
    def died(self) -> date | None:
        days = [self.study.ended_on] if self.study and self.study.reason == "death" else []
        days += [self.ended.decided_on] if self.ended and self.ended.reason == "death" else []
        return min(map(self.stands_for, days), default=None)

    @property
    def off(self) -> date | None:
        days = [self.stands_for(self.study.ended_on, self.died)] if self.study else []
        return min([*days, *([self.died] if self.died else [])], default=None)

    @property
    def decided(self) -> date:
        return self.stands_for(self.ended.decided_on, self.died)

    @property
    def stated_last(self) -> date | None:
        """The last dose by the end of treatment; one that nobody knows is at least the decision."""
        if not self.ended or self.ended.last_dose_on is None:
            return None
        return (
            self.decided
            if self.ended.last_dose_on == "unknown"
            else self.stands_for(self.ended.last_dose_on, self.died)
        )

    @property
    def enrolment(self) -> date | None:
        """The day of enrolment, or the day for which it is planned (section 2)."""
        return self.enrolled.enrolled_on if self.enrolled else self.registered.planned_enrolment_on

    @property
    def c1d1(self) -> date | None:
        """Cycle 1 day 1; before enrolment it is planned for the day of enrolment."""
        if self.start:
            return self.start.first_dose_on
        return min(self.taken, default=self.enrolled.planned_first_dose_on if self.enrolled else self.enrolment)

    @property
    def end_day(self) -> date | None:
        """The day on which treatment or the study ended: a dose taken on it is inside (section 4)."""
        days = [self.off] if self.off else []
        if self.ended:
            days.append(self.stated_last or self.decided)
        return min(days, default=None)

    @property
    def last_day(self) -> date | None:
        """The last day on which a dose is listed: of the day of the end only what somebody said was taken or missed."""
        end = self.end_day
        if end is None or end in self.taken or end in self.missed:
            return end
        says_a_day = self.ended and self.ended.last_dose_on is not None and self.ended.last_dose_on != "unknown"
        return end if says_a_day and self.stated_last == end else end - DAY

    @property
    def last_dose(self) -> date | None:
        days = [*self.taken, *([self.start.first_dose_on] if self.start else [])]
        days += [self.stated_last] if self.stated_last else []
        for on, late in self.to_confirm().items():
            if late.kind == "dose_recorded" and late.body.status == "taken":
                # A day after it was received cannot be: then it was that day, anywhere on Earth.
                days.append(min(on, late.recorded_at.date() + DAY))
        return max(days, default=None)

    def version(self, on: date) -> Protocol:
        amendment = self.latest("protocol_amended", on)
        return self.versions[amendment.version if amendment else self.registered.version]

    def fertile(self, on: date) -> bool:
        change = self.latest("fertility_changed", on)
        return (change or self.registered).fertility == "fertile"

    def ever_fertile(self, since: date) -> bool:
        return any(map(self.fertile, [since, *(c.from_on for c in self.all("fertility_changed") if c.from_on > since)]))

    def held(self, on: date) -> bool:
        return any(hold.from_on <= on and (hold.resumes_on is None or on < hold.resumes_on) for hold in self.holds)

    def site(self, on: date) -> str:
        """The site that has the patient on a day (section 3)."""
        moves = [(move.from_on, move.site) for move in self.all("site_transferred") if move.from_on <= on]
        return max(moves)[1] if moves else self.registered.site

    def booked_at(self) -> dict[str, str]:
        """The site that each booking was made for: whichever was to have the patient on that day, as then known."""
        sites = {}
        for visit, booked_on in self.booked().items():
            booked = [f for f in self.standing if f.kind == "visit_booked" and self.name_booked(f) == visit]
            sites[visit] = Known(self.patient, self.facts.index(booked[-1])).site(booked_on)
        return sites

    def pregnancies_known_from(self) -> list[date]:
        """From which days on a pregnancy of the patient is known: reported, or treatment ended for it (section 7)."""
        days = [body.reported_on for body in self.all("pregnancy_reported") if body.of == "patient"]
        return days + ([self.decided] if self.ended and self.ended.reason == "pregnancy" else [])

    def is_open(self, known_from: date, on: date) -> bool:
        """Whether a pregnancy known from a day on is open on another: not closed since, and she is alive."""
        closed = [body.closed_on for body in self.all("pregnancy_closed")]
        if any(known_from <= day <= on for day in closed) or (self.died and self.died <= on):
            return False
        return known_from <= on

    def pregnant(self, on: date) -> bool:
        return any(self.is_open(known_from, on) for known_from in self.pregnancies_known_from())

    def calls_before_taking(self, on: date) -> bool:
        """Whether she calls the site before she takes a dose: reported, and nothing said of treatment since."""
        return any(
            fact.kind == "pregnancy_reported"
            and fact.body.of == "patient"
            and self.is_open(fact.body.reported_on, on)
            and not any(self._says_how_treatment_goes_on(other, fact) for other in self.standing)
            for fact in self.standing
        )

    def _says_how_treatment_goes_on(self, fact: Any, report: Any) -> bool:
        days = [getattr(fact.body, name, None) for name in ("first_dose_on", "from_on", "resumes_on")]
        kinds = ("treatment_started", "hold_started", "hold_ended", "dose_changed")
        if fact.kind not in kinds or fact.role == "patient" or self._received(fact) < self._received(report):
            return False
        return any(day is not None and day >= report.body.reported_on for day in days)

    def _received(self, fact: Any) -> int:
        """The place of a fact in the order of receipt; a correction has that of what it corrects."""
        while fact.replaces is not None:
            fact = next(other for other in self.facts if other.fact_id == fact.replaces)
        return self.facts.index(fact)

    def planned_amount(self, on: date) -> float:
        change = self.latest("dose_changed", on)
        if change is None:
            return said_by.amount(self.version(on))
        amended = [body.from_on for body in self.all("protocol_amended") if change.from_on < body.from_on <= on]
        since = [change.from_on, *amended]
        return said_by.planned_amount(change.amount, map(self.version, since), self.version(on))

    def fixed(self, on: date) -> float | None:
        """How much staff who do not say so are taken to mean, by what is known now; None: they have to say it."""
        if not self.enrolled or on < self.first_day or (self.end_day is not None and on > self.end_day):
            return None
        return next(row["amount"] for row in self.days(on, on) if row["dose_on"] == on)

    @property
    def first_day(self) -> date:
        """Cycle 1 day 1 of a patient who is enrolled."""
        assert self.c1d1 is not None
        return self.c1d1

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
        """The dose days from C1D1 on through the last that is listed (section 4)."""
        return self.days(today, min(through, self.last_day) if self.last_day else through)

    def days(self, today: date, through: date) -> Iterator[dict[str, Any]]:
        """The days from C1D1 on, one after the other; none before enrolment."""
        if not self.enrolled:
            return
        for day_of_study, (on, cycle, cycle_day) in enumerate(self.walk(through), 1):
            version = self.version(on)
            rests = cycle_day is not None and not said_by.has_dose(version, cycle_day)
            planned, taken_amount = self.planned_amount(on), None
            if on in self.taken:
                status, taken_amount = "taken", self.taken[on]
            elif self.held(on):
                status = "held"
            elif rests:
                status = "rest"
            elif not self.begun:
                status = "planned"
            elif on in self.missed:
                status = "missed"
            else:
                status = "planned" if on > today else "due" if on == today else "unrecorded"
            regimen = said_by.regimen(version)
            yield {
                "dose_id": f"{on}.{regimen['id']}.1",
                "drug": regimen["drug"],
                "dose_on": on,
                "study_day": day_of_study if self.begun else None,
                "cycle": cycle,
                "cycle_day": cycle_day,
                "amount": None if self.held(on) or rests else planned,
                "taken_amount": taken_amount,
                "status": status,
            }

    def walk(self, through: date) -> Iterator[tuple[date, int, int | None]]:
        """The days from C1D1 on with cycle and day; a day on which the count waits has no day (section 4)."""
        on, cycle, gone = self.first_day, 1, 0
        running = self.version(on)
        while on <= through:
            # A cycle that is through waits for the next, whose first day is one that the version in force counts.
            waits = gone == said_by.regimen(running)["cycle_days"]
            if waits and not (said_by.extends(self.version(on)) and self.held(on)):
                cycle, gone, running, waits = cycle + 1, 0, self.version(on), False
            counts = not waits and not (said_by.extends(running) and self.held(on))
            yield on, cycle, gone + 1 if counts else None
            if counts:
                gone += 1
            on += DAY

    def full_amount(self, last: date) -> float:
        """The protocol's amount on every occasion from C1D1 through a day, had there been no hold (section 4)."""
        total, on, gone = 0.0, self.first_day, 0
        running = self.version(on)
        while on <= (min(last, self.last_day) if self.last_day else last):
            if gone == said_by.regimen(running)["cycle_days"]:
                gone, running = 0, self.version(on)
            if said_by.has_dose(self.version(on), gone + 1):
                total += said_by.amount(self.version(on))
            gone += 1
            on += DAY
        return total

    def adherence(self, today: date) -> dict[str, Any]:
        """Adherence, counted day by day (section 4)."""
        last = today if today in self.taken or today in self.missed else today - DAY
        rows = list(self.dose_days(today, last)) if self.begun else []
        count = {
            status: sum(row["status"] == status for row in rows) for status in ("taken", "missed", "unrecorded", "held")
        }
        planned = count["taken"] + count["missed"] + count["unrecorded"]
        full = self.full_amount(last) if self.begun else 0
        mg = sum(row["taken_amount"] or 0 for row in rows)
        return {
            "planned": planned,
            **count,
            "adherence": round(count["taken"] / planned, 4) if planned else None,
            "relative_dose_intensity": round(mg / full, 4) if planned and full else None,
        }

    # For whom something is (protocol.md, `who`).

    def arm(self, on: date) -> str | None:
        """The arm of a day: the latest that was assigned, of those of one day the one received last."""
        assigned = []
        for number, fact in enumerate(self.standing):
            if fact.kind == "arm_assigned":
                assigned.append((fact.body.on, number, fact.body.arm))
            if fact.kind == "enrolled" and fact.body.arm is not None:
                assigned.append((fact.body.enrolled_on, number, fact.body.arm))
        return max((one for one in assigned if one[0] <= on), default=(None, None, None))[2]

    def is_in(self, cohort: str, on: date) -> bool:
        """Whether the patient is in a cohort on a day, as was said latest."""
        said = [body for body in self.all("cohort_changed") if body.cohort == cohort]
        latest = max((body for body in said if body.from_on <= on), key=_from_on_then_receipt(said), default=None)
        return latest is not None and latest.member

    def fits(self, who: dict[str, Any], on: date) -> bool:
        """Whether all that `who` names holds on a day."""
        if "sex" in who and self.registered.sex != who["sex"]:
            return False
        if "fertile" in who and self.fertile(on) != who["fertile"]:
            return False
        if "arm" in who and self.arm(on) not in _list(who["arm"]):
            return False
        return "cohort" not in who or any(self.is_in(cohort, on) for cohort in _list(who["cohort"]))

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
                return self._day(self.ended.decided_on) if self.ended else None
            case "progression":
                found = [body.progressed_on for body in self.all("progressed")]
                found += [r.done_on for r in self.records if r.series == "imaging" and r.response == "PD"]
                return self._earliest(found, after)
            case "new_therapy":
                return self._earliest([body.started_on for body in self.all("new_therapy_started")], after)
            case "death" | "end_of_study":
                ends = [self.ended.decided_on] if self.ended and self.ended.reason == "death" else []
                if self.study and (self.study.reason == "death" or name == "end_of_study"):
                    ends.append(self.study.ended_on)
                return self._earliest(ends, date.min)
            case _:
                found = self._day(said)
                return found and found._replace(own=True)

    def _day(self, when: Any, planned: bool = False) -> MilestoneDay | None:
        if when is None:
            return None
        return MilestoneDay(self.stands_for(when, self.died), getattr(when, "first", when), planned)

    def _earliest(self, days: list[Any], after: date) -> MilestoneDay | None:
        known = [day for day in map(self._day, days) if day is not None and day.on > after]
        return min(known, default=None)

    def _last_dose_known(self) -> MilestoneDay | None:
        if self.last_dose is None:
            return None
        first = self.last_dose
        if self.ended and self.stated_last == self.last_dose:
            stated = self.ended.decided_on if self.ended.last_dose_on == "unknown" else self.ended.last_dose_on
            others = [*self.taken, *([self.start.first_dose_on] if self.start else [])]
            first = max([getattr(stated, "first", self.last_dose), *others])
        return MilestoneDay(self.last_dose, first)

    def reached(self, name: str, version: Protocol, after: date = date.min) -> tuple[date, date] | None:
        """When a milestone was reached, and the first day that it may be: what is planned or lies ahead ends nothing.

        Only what `milestone_reached` says may lie ahead of the day on which it is received (principle 1).
        """
        day = self.milestone(name, version, after)
        if day is None or day.planned:
            return None
        is_announced = any(body.milestone == name for body in self.announced)
        return None if is_announced and day.on > self.today else (day.on, day.first)

    def end_of(self, visit: PlannedVisit) -> tuple[date, date] | None:
        """E of section 6 and the first day that it may be, of a visit by its own version."""
        assert visit.version is not None
        ends = [self.reached("end_of_study", visit.version), self.reached("death", visit.version)]
        for one in visit.until:
            names = one["latest"] if isinstance(one, dict) else [one]
            days = [self.reached(name, visit.version, visit.ends_after or date.min) for name in names]
            ends.append(max(day for day in days if day is not None) if None not in days else None)
        return min((end for end in ends if end is not None), default=None)

    # Contraception (section 7).

    def contraception(self, on: date) -> str:
        """Whether contraception is required on a day, as seen on that day."""
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
            counting, through = self._counting(base, at_least=base), base
            while (end := max([base, *(self._end_of_rule(rule, base) for rule, _ in counting)])) > through:
                through = end
                counting = self._counting(through, at_least=base)
        else:
            through, counting = FAR, self._counting(FAR)
        return counting, min(through, self.died - DAY) if self.died else through

    def _end_of_rule(self, rule: dict[str, Any], base: date) -> date:
        unit, number = next(iter(rule["after_last_dose"].items()))
        return later(base, unit, number)

    def _counting(self, through: date, at_least: date | None = None) -> list[tuple[dict[str, Any], date]]:
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
                days = self._days_of_change(since, max(since, through))
                alive = [day for day in days if self.died is None or day < self.died]
                counts = any(self.version(day) is version and self.fertile(day) for day in alive)
                if at_least is not None and self.version(at_least) is version:
                    until_then = self._days_of_change(since, at_least)
                    counts = counts or not any(map(self.fertile, until_then))
                if counts and any(self.fits(rule.get("who", {}), day) for day in days):
                    found.append((rule, since))
        return found

    def _since(self, name: str) -> date | None:
        """From when on a rule counts that counts from consent, enrolment or the first dose."""
        if name == "consent" and self.registered.consented_on is not None:
            return self.registered.consented_on
        if not self.enrolled:
            return None
        return self.c1d1 if name == "first_dose" else self.enrolled.enrolled_on

    def _days_of_change(self, first: date, last: date) -> list[date]:
        """The first of these days, and those on which a version, fertility, an arm or a cohort may change."""
        changes = [body.from_on for kind in CHANGING for body in self.all(kind)]
        changes += [body.on for body in self.all("arm_assigned")]
        changes += [self.enrolled.enrolled_on] if self.enrolled else []
        return [day for day in [first, *changes] if first <= day <= last]

    # Visits (sections 6 and 10).

    def series(self, name: str) -> SeriesKnown:
        """A series through 2029 under all versions: visits with what was done, and the rest."""
        if name not in self._series_known:
            self._series_known[name] = self._series(name)
        return self._series_known[name]

    def _series(self, name: str) -> SeriesKnown:
        visits, dropped = self._planned(name)
        unscheduled = self._assign(visits, [record for record in self.records if record.series == name])
        living = [visit for visit in visits if visit.fits or visit.done]
        for visit, following in pairwise(living):
            visit.next_opens = following.opens
        return SeriesKnown(visits, unscheduled, dropped)

    def _planned(self, series: str) -> tuple[list[PlannedVisit], list[str]]:
        starts = sorted({amendment.from_on for amendment in self.all("protocol_amended")})
        kept: list[PlannedVisit] = []
        dropped: list[str] = []
        for from_on, to_on in pairwise([date.min, *starts, date.max]):
            visits = self._visits_of(self.version(from_on), series)
            seen = sorted((v for v in visits if v.target >= from_on), key=lambda v: (v.target, v.opens, v.closes))
            new = [v for v in seen if v.target < to_on]
            old = [*kept]
            for visit in new:
                if any(self._drops(other, visit, old, from_on, series) for other in old):
                    # A visit that is not for the patient is not missed.
                    dropped += [visit.name] if visit.fits else []
                else:
                    kept.append(visit)
        return kept, dropped

    def _drops(
        self, old: PlannedVisit, new: PlannedVisit, plan: list[PlannedVisit], from_on: date, series: str
    ) -> bool:
        """Whether an old visit takes the place of a new one: by its name, or by its window if it still counts."""
        if old.name != new.name and (old.closes < new.opens or new.closes < old.opens):
            return False
        copies = [replace(visit, done=[], how=None) for visit in plan]
        earlier = [r for r in self.records if r.series == series and r.done_on < from_on]
        self._assign(copies, earlier)
        was_done = any(copy.done for visit, copy in zip(plan, copies, strict=True) if visit is old)
        if not old.fits and not was_done:
            # It does not exist.
            return False
        return old.name == new.name or was_done or old.closes >= from_on

    def _visits_of(self, version: Protocol, series: str) -> list[PlannedVisit]:
        """The visits of a series under one version, those for whom they are and those for whom they are not."""
        entries, visits = said_by.entries_of(version, series), []
        cycle_days = said_by.regimen(version)["cycle_days"]
        for entry in entries:
            alone = len(entries) == 1 and said_by.has_one_target(entry, cycle_days)
            until, ends_after = entry.get("until", []), None
            rests_on = self.c1d1 if not self.begun and not self.ended else None
            if said_by.is_on_cycle_days(entry):
                if self.c1d1 is None:
                    continue
                found = said_by.on_cycle_days(entry, self._cycle_days, self._day_after_minus_1, cycle_days, alone)
                until = [*until, "end_of_treatment"]
            elif isinstance(entry["anchor"], dict):
                counted = self._visit_that_counts(entry["anchor"]["visit"])
                if counted is None:
                    continue
                rests_on = None if counted.done else counted.planned_start
                anchor = counted.done_on if counted.done else counted.target
                found = said_by.from_anchor(entry, anchor, alone)
            else:
                days = [(name, self.milestone(name, version)) for name in _list(entry["anchor"])]
                known = [(name, day) for name, day in days if day is not None]
                if not known:
                    continue
                anchor = min(day.on for _, day in known)
                giving = [(name, day) for name, day in known if day.on == anchor]
                if any(day.own for _, day in giving):
                    ends_after = anchor
                if any(name != "first_dose" for name, _ in giving):
                    rests_on = None
                found = said_by.from_anchor(entry, anchor, alone)
            for visit in found:
                fits = self.fits(entry.get("who", {}), visit.target)
                visits.append(
                    replace(
                        visit, fits=fits, until=until, version=version, ends_after=ends_after, planned_start=rests_on
                    )
                )
        return visits

    def _visit_that_counts(self, name: str) -> PlannedVisit | None:
        """The visit of a name, if it exists."""
        entries = [entry for version in self.versions.values() for entry in version.definition["visits"]]
        for series in {entry["series"] for entry in entries if _is_of(name, entry["series"])}:
            visit = _named(name, self.series(series).visits)
            exists = visit is not None and (visit.fits or visit.done)
            if visit is not None and exists and (visit.done or name in self.booked() or not self._is_cut(visit)):
                return visit
        return None

    @cached_property
    def _cycle_days(self) -> list[tuple[date, int, int]]:
        return [(on, cycle, day) for on, cycle, day in self.walk(HORIZON) if day is not None]

    @property
    def _day_after_minus_1(self) -> date:
        """The day from which days before day 1 are counted back: the recorded first dose, else the planned day."""
        if self.start:
            return self.start.first_dose_on
        assert self.enrolment is not None
        return self.enrolled.planned_first_dose_on if self.enrolled else self.enrolment

    def _assign(self, visits: list[PlannedVisit], records: list[Any]) -> list[Unscheduled]:
        """Which visit each record belongs to; what finds none."""
        records = sorted(records, key=lambda record: (record.done_on, record.number))
        whole = [record for record in records if not record.part]
        rest, unscheduled = [], []
        for record in whole:
            if record.visit is None:
                rest.append(record)
                continue
            visit = _named(record.visit, [v for v in visits if not v.done])
            if visit:
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
            late = [
                visit
                for visit, following in zip(visits, [*visits, None][1:], strict=True)
                if not visit.done
                and visit.closes < record.done_on
                and self._required_through(visit)
                and (following is None or following.opens > record.done_on)
            ]
            if late:
                late[-1].done, late[-1].how = [record], "late"
            else:
                lost.append(record)
        for record in lost:
            unscheduled.append(Unscheduled(record, self._suggested(visits, record.done_on)))
        for record in (record for record in records if record.part):
            if record.visit is None:
                visit = self._by_window(visits, record.done_on, free=False)
            else:
                visit = _named(record.visit, everything)
            if visit is None:
                unscheduled.append(Unscheduled(record, None))
                continue
            visit.how = visit.how or ("named" if record.visit else "window")
            visit.done = [*visit.done, record]
        return unscheduled

    def _by_window(self, visits: list[PlannedVisit], day: date, free: bool) -> PlannedVisit | None:
        here = [v for v in visits if v.opens <= day <= v.closes and not self._is_cut(v)]
        here = [v for v in here if not (free and v.done)]
        return min(here, key=lambda v: (abs(v.target - day), v.target), default=None)

    def _suggested(self, visits: list[PlannedVisit], day: date) -> str | None:
        for before, visit in zip([None, *visits], visits, strict=False):
            interval = visit.interval
            if interval is None and before is not None:
                interval = (visit.target - before.target).days
            if visit.done or visit.opens <= day or interval is None or self._is_cut(visit):
                continue
            if 2 * (visit.target - day).days <= interval:
                return visit.name
        return None

    def _awaits_enrolment(self, visit: PlannedVisit) -> bool:
        """Whether it is planned only once the patient is enrolled: before, only screening is."""
        return not self.enrolled and self.enrolment is not None and visit.target >= self.enrolment

    def _is_cut(self, visit: PlannedVisit) -> bool:
        """Whether the visit is not in the plan, unless it is done or booked."""
        end = self.end_of(visit)
        is_after_end = end is not None and visit.opens > end[0]
        return self._awaits_enrolment(visit) or not visit.fits or is_after_end

    def _required_through(self, visit: PlannedVisit) -> bool:
        end = self.end_of(visit)
        return not self._is_cut(visit) and (end is None or end[1] > visit.closes)

    def status(self, visit: PlannedVisit, today: date) -> str | None:
        """The status of a visit; None if it does not exist."""
        end = self.end_of(visit)
        if visit.done:
            return "done"
        if not visit.fits:
            return None
        if self._is_cut(visit) and visit.name not in self.booked():
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
            if any(visit.name == name and (visit.fits or visit.done) for visit in visits):
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
    """Whether a name is one that a visit of a series may have."""
    return name == series or name.startswith(f"{series}-")


def _named(name: str, visits: list[PlannedVisit]) -> PlannedVisit | None:
    """The visit of a name: of several, one that is done or that is for the patient."""
    of_name = [visit for visit in visits if visit.name == name]
    return next((visit for visit in of_name if visit.done or visit.fits), next(iter(of_name), None))


def _list(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


def _from_on_then_receipt(bodies: list[Any]) -> Any:
    return lambda body: (body.from_on, max(i for i, other in enumerate(bodies) if other is body))
