"""The rules once more, written the slow and literal way, day by day, to compare the engine with.

Nothing here shares code with the engine; the facts that stand are all it takes from there.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from scheduler_api.engine.model.facts import Enrolled, Registered
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.protocol import Protocol

from .patients import NOW as RECEIVED
from .patients import Patient

DAY = timedelta(1)


def months_later(start: date, months: int) -> date:
    year, month = start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


@dataclass
class PlannedVisit:
    """A visit of the naive model; `exists` is False for what would only follow the last one.

    `interval` is its `every` in days; `anchor_day` is given for a single visit planned before its anchor,
    `planned_start` for one counted from C1D1 while nobody has recorded that treatment started.
    """

    name: str
    target: date
    opens: date
    closes: date
    until: str
    fits: bool
    interval: int | None
    anchor_day: date | None = None
    planned_start: date | None = None
    exists: bool = True
    done: list[Any] = field(default_factory=list)
    how: str | None = None

    @property
    def done_on(self) -> date:
        return min(record.done_on for record in self.done)

    @property
    def response(self) -> str | None:
        said = [record.response for record in sorted(self.done, key=lambda record: record.number) if record.response]
        return "PD" if "PD" in said else said[-1] if said else None


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


@dataclass
class HoldKnown:
    """A hold of the naive model; `start` and `end` are the ids of the facts that say so now."""

    start: str
    from_on: date
    resumes_on: date | None = None
    end: str | None = None


class Known:
    """What stands of a patient's facts."""

    def __init__(self, patient: Patient, number: int | None = None) -> None:
        """Read all facts of a patient, or the first so many."""
        self.patient, facts = patient, patient.facts[:number]
        superseded = superseded_by(facts)
        self.standing = [fact for fact in facts if fact.fact_id not in superseded]
        self.versions = patient.versions
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
        most = self.version(on).dosing.dose_mg
        change = self.latest("dose_changed", on)
        return min(change.amount, most) if change else most

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
        on, cycle, gone = self.first_day, 1, 0
        day_of_study = 1
        running = self.version(on).dosing
        while on <= through:
            dosing = self.version(on).dosing
            # A cycle that is through waits for the next, whose first day is one that the version in force counts.
            waits = gone == running.cycle_days
            if waits and not (dosing.extend_on_hold and self.held(on)):
                cycle, gone, running, waits = cycle + 1, 0, dosing, False
            counts = not waits and not (running.extend_on_hold and self.held(on))
            cycle_day = gone + 1 if counts else None
            rests = counts and dosing.dosing_days is not None and cycle_day not in dosing.dosing_days
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
            yield {
                "dose_id": f"{on}.{dosing.drug}.1",
                "drug": dosing.drug,
                "dose_on": on,
                "study_day": day_of_study if self.begun else None,
                "cycle": cycle,
                "cycle_day": cycle_day,
                "amount": None if self.held(on) or rests else planned,
                "taken_amount": taken_amount,
                "status": status,
            }
            if counts:
                gone += 1
            on += DAY
            day_of_study += 1

    def full_amount(self, last: date) -> float:
        """The protocol's amount on every occasion from C1D1 through a day, had there been no hold (section 4)."""
        total, on, gone = 0.0, self.first_day, 0
        running = self.version(on).dosing
        while on <= (min(last, self.last_day) if self.last_day else last):
            dosing = self.version(on).dosing
            if gone == running.cycle_days:
                gone, running = 0, dosing
            if dosing.dosing_days is None or gone + 1 in dosing.dosing_days:
                total += dosing.dose_mg
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

    def contraception(self, on: date) -> str:
        """Whether contraception is required on a day, as seen on that day (section 6)."""
        if not self.enrolled:
            # Nobody who was never enrolled was dosed.
            return "released" if self.off and self.off <= on else "not_required"
        if not self.ever_fertile(self.enrolled.enrolled_on) or on < self.enrolled.enrolled_on:
            return "not_required"
        through = self.through(on)
        return "required" if self.fertile(on) and on <= through else "released"

    def through(self, on: date) -> date:
        """The last day on which contraception can be required, fertility apart; far ahead while treatment goes on."""
        through = date(2300, 1, 1)
        if self.ended and self.last_dose is None:
            # The end says that nobody was dosed.
            through = min([self.decided, *([self.off] if self.off else [])]) - DAY
        elif self.ended:
            through = self.months_after(self.last_dose)
        elif self.off:
            through = self.months_after(max(self.off, self.last_dose or self.off))
        return min(through, self.died - DAY) if self.died else through

    def months_after(self, base: date) -> date:
        """The months after a day: the longest of all versions in force on a day on which contraception was required."""
        assert self.enrolled
        counting, through, on = [], base, self.enrolled.enrolled_on
        until_then = [on + n * DAY for n in range((base - on).days + 1)]
        if not any(map(self.fertile, until_then)):
            # On no day until then was it required: the version of that day says how long it will be.
            counting = [self.version(base)]
            through = months_later(base, counting[0].months_after_last_dose)
        while on <= through:
            if self.fertile(on) and (not self.died or on < self.died):
                counting.append(self.version(on))
                through = max(through, months_later(base, self.version(on).months_after_last_dose))
            on += DAY
        return months_later(base, max((v.months_after_last_dose for v in counting), default=0))

    def end_of(self, until: str) -> tuple[date, date] | None:
        """E of section 6 and the first day that it may be, of a series for all patients that hangs on no cycle."""
        ends = [self.study.ended_on] if self.study else []
        ends += [self.ended.decided_on] if self.ended and self.ended.reason == "death" else []
        if until == "progression":
            ends += [body.progressed_on for body in self.all("progressed")]
            ends += [body.started_on for body in self.all("new_therapy_started")]
            ends += [b.done_on for b in self.all("visit_done") if b.series == "imaging" and b.response == "PD"]
        if until == "end_of_treatment" and self.ended:
            ends.append(self.ended.decided_on)
        return min(((self.stands_for(end, self.died), getattr(end, "first", end)) for end in ends), default=None)

    def imaging(self) -> tuple[list[PlannedVisit], list[Unscheduled]]:
        """Imaging through 2028 under all versions (sections 6 and 10): visits with what was done, and the rest."""
        visits = self._planned_imaging()
        records = [record for record in self.records if record.series == "imaging"]
        unscheduled = self._assign(visits, records)
        self.next_opens = {visit.name: following.opens for visit, following in pairwise(visits)}
        return [visit for visit in visits if visit.exists], unscheduled

    def _planned_imaging(self) -> list[PlannedVisit]:
        starts = sorted({amendment.from_on for amendment in self.all("protocol_amended")})
        kept: list[PlannedVisit] = []
        beyond: list[PlannedVisit] = []
        self.dropped: list[str] = []
        for from_on, to_on in pairwise([date.min, *starts, date.max]):
            visits = self._imaging_of(self.version(from_on))
            seen = sorted((v for v in visits if v.target >= from_on), key=lambda v: v.target)
            new = [v for v in seen if v.exists and v.target < to_on]
            old, after_old = [*kept], [*beyond]
            for visit in new:
                if any(self._drops(other, visit, old + after_old, from_on) for other in old):
                    self.dropped.append(visit.name)
                else:
                    kept.append(visit)
                    beyond = []
            real = [v for v in visits if v.exists]
            after = [v for v in seen if v.exists and v.target >= to_on]
            after += [v for v in seen if not v.exists and all(v.target > other.target for other in real)]
            if after:
                first = min(after, key=lambda v: (v.target, v.opens, v.closes))
                beyond = [replace(first, exists=False)]
        last_closes = max((v.closes for v in kept), default=date.min)
        return kept + [v for v in beyond if v.opens > last_closes]

    def _drops(self, old: PlannedVisit, new: PlannedVisit, plan: list[PlannedVisit], from_on: date) -> bool:
        """Whether an old visit takes the place of a new one: by its name, or by its window if it still counts."""
        if old.name == new.name:
            return True
        if old.closes < new.opens or new.closes < old.opens:
            return False
        copies = [replace(visit, done=[], how=None) for visit in plan]
        earlier = [r for r in self.records if r.series == "imaging" and r.done_on < from_on]
        self._assign(copies, earlier)
        was_done = any(copy.done for copy in copies if copy.name == old.name)
        return was_done or old.closes >= from_on

    def _imaging_of(self, version: Protocol) -> list[PlannedVisit]:
        visits = []
        for entry in (e for e in version.definition["visits"] if e["series"] == "imaging"):
            anchor = self.enrolment if entry["anchor"] == "enrolment" else self.c1d1
            if anchor is None:
                continue
            rests_on_plan = entry["anchor"] != "enrolment" and not self.begun and not self.ended
            fertile_only = entry["applies_to"] == "fertile" if "applies_to" in entry else False
            for visit in _expand(entry, anchor):
                fits = not fertile_only or self.fertile(visit.target)
                visits.append(replace(visit, fits=fits, planned_start=anchor if rests_on_plan else None))
        return visits

    def _assign(self, visits: list[PlannedVisit], records: list[Any]) -> list[Unscheduled]:
        """Which visit each record belongs to; what finds none."""
        records = sorted(records, key=lambda record: (record.done_on, record.number))
        whole = [record for record in records if not record.part]
        rest, unscheduled = [], []
        for record in whole:
            if record.visit is None:
                rest.append(record)
                continue
            visit = next((v for v in visits if v.exists and v.name == record.visit and not v.done), None)
            if visit:
                visit.done, visit.how = [record], "named"
            else:
                unscheduled.append(Unscheduled(record, None))
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
                if visit.exists
                and not visit.done
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
                visit = next((v for v in visits if v.exists and v.name == record.visit), None)
            if visit is None:
                unscheduled.append(Unscheduled(record, None))
                continue
            visit.how = visit.how or ("named" if record.visit else "window")
            visit.done = [*visit.done, record]
        return unscheduled

    def _by_window(self, visits: list[PlannedVisit], day: date, free: bool) -> PlannedVisit | None:
        here = [v for v in visits if v.exists and v.opens <= day <= v.closes and not self._is_cut(v)]
        here = [v for v in here if not (free and v.done)]
        return min(here, key=lambda v: (abs(v.target - day), v.target), default=None)

    def _suggested(self, visits: list[PlannedVisit], day: date) -> str | None:
        for before, visit in zip([None, *visits], visits, strict=False):
            interval = visit.interval
            if interval is None and before is not None:
                interval = (visit.target - before.target).days
            if visit.done or not visit.exists or visit.opens <= day or interval is None or self._is_cut(visit):
                continue
            if 2 * (visit.target - day).days <= interval:
                return visit.name
        return None

    def _awaits_enrolment(self, visit: PlannedVisit) -> bool:
        """Whether it is planned only once the patient is enrolled: before, only screening is."""
        return not self.enrolled and self.enrolment is not None and visit.target >= self.enrolment

    def _is_cut(self, visit: PlannedVisit) -> bool:
        """Whether the visit is not in the plan, unless it is done or booked."""
        end = self.end_of(visit.until)
        is_after_end = end is not None and visit.opens > end[0]
        return self._awaits_enrolment(visit) or not visit.fits or is_after_end

    def _required_through(self, visit: PlannedVisit) -> bool:
        end = self.end_of(visit.until)
        return not self._is_cut(visit) and (end is None or end[1] > visit.closes)

    def status(self, visit: PlannedVisit, today: date) -> str | None:
        """The status of a visit of imaging; None if it does not exist."""
        end = self.end_of(visit.until)
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
        following = self.next_opens.get(visit.name)
        if following is not None and today >= following:
            return "missed"
        if end is not None and today >= end[0]:
            return "missed"
        if visit.anchor_day is not None and today > visit.anchor_day:
            return "missed"
        return "overdue"

    def stranded(self, visits: list[PlannedVisit]) -> dict[str, date]:
        """The bookings of imaging that stand though the plan has no such visit, by name: each to cancel (section 6)."""
        found = {}
        for name, booked_on in self.booked().items():
            if "." in name or (name != "imaging" and not name.startswith("imaging-")):
                continue
            if any(visit.name == name and (visit.fits or visit.done) for visit in visits):
                continue
            records = [record for record in self.records if record.series == "imaging"]
            came = any(record.done_on == booked_on for record in records)
            came = came or any(record.visit == name and record.done_on > booked_on for record in records)
            if not came:
                found[name] = booked_on
        return found

    def appointments(
        self, visits: list[PlannedVisit], unscheduled: list[Unscheduled], today: date
    ) -> dict[str, tuple[date, str]]:
        """The further and the unscheduled appointments of imaging that nothing done has ended: day and status."""
        days = {name: booked_on for name, booked_on in self.booked().items() if "." in name}
        extra = [one.record for one in unscheduled]
        for record in sorted(self.records, key=lambda record: (record.done_on, record.number)):
            ended = []
            for name, booked_on in days.items():
                of = name.split(".")[0]
                if record.series != "imaging" or booked_on > record.done_on:
                    continue
                if of == "unscheduled":
                    is_extra = record in extra and record.visit in (None, "unscheduled")
                    near = (record.done_on - booked_on).days <= 7
                    if self.series_booked(name) == "imaging" and is_extra and near:
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
            if of == "unscheduled" and self.series_booked(name) == "imaging":
                found[name] = booked_on, self._status_of_appointment(None, booked_on, today)
            elif of == "imaging" or of.startswith("imaging-"):
                visit = next((visit for visit in visits if visit.name == of), None)
                status = self.status(visit, today) if visit else None
                gone = visit is None or status is None
                found[name] = (
                    booked_on,
                    ("not_required" if gone else self._status_of_appointment(visit, booked_on, today)),
                )
        return found

    def _status_of_appointment(self, visit: PlannedVisit | None, booked_on: date, today: date) -> str:
        """The status of an appointment, of a visit that the plan has or of none (section 5)."""
        ends = [self.end_of("end_of_study")]
        if visit is not None and not visit.done:
            end = self.end_of(visit.until)
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


def _from_on_then_receipt(bodies: list[Any]) -> Any:
    return lambda body: (body.from_on, max(i for i, other in enumerate(bodies) if other is body))


def _expand(entry: dict[str, Any], anchor: date) -> list[PlannedVisit]:
    """The visits of one entry through 2029, by name, and the one that would follow the last."""
    unit, number = next(iter((entry.get("first") or entry["every"]).items()))
    every = entry.get("every")

    def target_of(offset: int) -> date:
        if unit == "months":
            return months_later(anchor, offset)
        return anchor + offset * timedelta(7 if unit == "weeks" else 1)

    window, visits = entry["window"], []
    for k in range(entry.get("count", 5000) + 1 if every else 1):
        offset = number + k * (every[unit] if every else 0)
        target = target_of(offset)
        if target > date(2029, 12, 31) and "count" not in entry:
            break
        visits.append(
            PlannedVisit(
                f"imaging-{unit[0]}{offset}" if every else "imaging",
                target,
                target - timedelta(window["before_days"]),
                target + timedelta(window["after_days"]),
                entry["until"],
                True,
                (target - target_of(offset - every[unit])).days if every else None,
                anchor if not every and target < anchor else None,
                exists=k < entry.get("count", 5000) if every else True,
            )
        )
    return visits
