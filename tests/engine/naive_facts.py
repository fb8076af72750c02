"""What stands of a patient's facts, read slowly and literally: words, holds, arms, versions (rules, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler_api.engine.model.facts import Enrolled, Registered
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.protocol import Protocol

from . import naive_protocol as said_by
from .naive_protocol import DAY, Regimen
from .patients import NOW as RECEIVED
from .patients import Patient


class Dose(NamedTuple):
    """One dose of a day: that of a regimen, and its number among the doses of the day."""

    on: date
    regimen: str
    slot: int

    @property
    def dose_id(self) -> str:
        return f"{self.on}.{self.regimen}.{self.slot}"


@dataclass(frozen=True)
class Record:
    """What was recorded of a visit, numbered in order of receipt.

    `amount` is what was given, if it is a dose; `before_start`: of a day before day 1, as it was known on receipt;
    `said_at` is when it was said.
    """

    series: str
    done_on: date
    visit: str | None
    response: str | None
    part: bool
    fact_id: str
    number: int
    amount: float | None = None
    progression: bool = False
    before_start: bool = False
    said_at: datetime | None = None


@dataclass
class HoldKnown:
    """A hold of the naive model; `start` and `end` are the ids of the facts that say so now, `ids` of all its starts.

    `regimens` None is all of them. `known_since` is when it became known that it begins on that day.
    """

    start: str
    from_on: date
    resumes_on: date | None = None
    end: str | None = None
    regimens: tuple[str, ...] | None = None
    known_since: datetime = RECEIVED
    ids: tuple[str, ...] = ()

    def covers(self, on: date) -> bool:
        return self.from_on <= on and (self.resumes_on is None or on < self.resumes_on)


def once(method: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a question about a patient only once for the same arguments: what stands does not change."""

    @wraps(method)
    def answer(self: Any, *args: Any, **more: Any) -> Any:
        asked = method.__name__, args, tuple(more.items())
        if asked not in self.answers:
            self.answers[asked] = method(self, *args, **more)
        return self.answers[asked]

    return answer


class Facts:
    """What stands of a patient's facts."""

    #: The days on which a regimen starts at a milestone.
    crossings: Sequence[date] = ()

    def __init__(self, patient: Patient, number: int | None = None, today: date = date.max) -> None:
        """Read all facts of a patient, or the first so many; what lies after `today` is not reached yet."""
        self.patient, facts, self.today = patient, patient.facts[:number], today
        superseded = superseded_by(facts)
        self.facts = facts
        #: A correction stands where what it corrects was received, if it is of the same day.
        self.standing = [fact for fact in facts if fact.fact_id not in superseded]
        self.standing.sort(key=lambda fact: facts.index(self._first_said(fact)))
        self._by_kind: dict[str, list[Any]] = {}
        for fact in self.standing:
            self._by_kind.setdefault(fact.kind, []).append(fact)
        self.versions = patient.versions
        #: What was answered already.
        self.answers: dict[tuple[Any, ...], Any] = {}
        self.zone = patient.history.time_zone
        self.registered: Registered = self.all("registered")[-1]
        self.enrolled: Enrolled | None = next(iter(self.all("enrolled")), None)
        self.start = next(iter(self.all("treatment_started")), None)
        self.study = next(iter(self.all("study_ended")), None)
        #: Every end of treatment that was recorded, in the order in which they were decided (section 4).
        self.ends = self.all("treatment_ended")
        self.ends.sort(key=self.decided_by)
        self.holds = self._holds()
        self.words = {dose: self._words_of(dose) for dose in self.doses_said()}
        stands = {dose: word for dose in sorted(self.words) if (word := self.word(dose)) is not None}
        self.taken = {dose: word.amount for dose, word in stands.items() if word.status == "taken"}
        self.missed = {dose for dose, word in stands.items() if word.status == "missed"}
        #: What was done on visits, in order of receipt.
        self.records = [
            Record(
                *(f.body.series, f.body.done_on, f.body.visit, f.body.response, f.body.part, f.fact_id, number),
                amount=f.body.amount,
                progression=self._is_progression(f.body),
                before_start=f.body.before_start,
                said_at=f.said_at,
            )
            for number, f in enumerate((f for f in self.standing if f.kind == "visit_done"), 1)
        ]

    @property
    def announced(self) -> list[Any]:
        """The milestones whose day was still ahead when they were received."""
        said = self._by_kind.get("milestone_reached", [])
        return [fact.body for fact in said if fact.body.on > self._day_of(fact.recorded_at)]

    def all(self, kind: str) -> list[Any]:
        return [fact.body for fact in self._by_kind.get(kind, [])]

    def _day_of(self, instant: datetime) -> date:
        """The patient's day at an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def _is_progression(self, body: Any) -> bool:
        """Return whether the response of something done means progression, by the version of its day."""
        entries = said_by.entries_of(self.version(body.done_on), body.series)
        return any(body.response in said_by.progressions(entry) for entry in entries)

    # Words (section 3).

    def dose_of(self, body: Any) -> Dose:
        """The dose that a fact is about: where it names no regimen or slot, that is the only one."""
        return Dose(body.dose_on, body.regimen or self._only_regimen(body.dose_on), body.slot or 1)

    @once
    def _only_regimen(self, on: date) -> str:
        """The one regimen that the patient takes, by the version of a day, else by the first that has only one."""
        found = [self._taken_by_patient(version) for version in [self.version(on), *self.versions.values()]]
        several = next((names[0] for names in found if names), "")
        return next((names[0] for names in found if len(names) == 1), several)

    def _taken_by_patient(self, version: Protocol) -> list[str]:
        return [one["id"] for one in said_by.regimens(version) if not said_by.is_given_by_site(one)]

    def doses_said(self) -> set[Dose]:
        """The doses of which anybody said anything."""
        return {self.dose_of(body) for kind in ("dose_recorded", "dose_taken_back") for body in self.all(kind)}

    def _words_of(self, dose: Dose) -> list[Any]:
        facts = [fact for fact in self.standing if fact.kind in ("dose_recorded", "dose_taken_back")]
        return [fact for fact in facts if self.dose_of(fact.body) == dose]

    def said(self, dose: Dose, staff: bool, to_confirm: bool = False) -> Any:
        """What one side said last of a dose, be it that it took back what it had said (section 3)."""
        latest = None
        for fact in self.words.get(dose, []):
            if (fact.role != "patient") != staff or fact.to_confirm != to_confirm:
                continue
            if latest is None or fact.said_at >= latest.said_at:
                latest = fact
        return latest

    def word_that_stands(self, dose: Dose) -> Any:
        """The fact whose word of a dose counts: staff's before the patient's; None where it was taken back."""
        fact = self.said(dose, staff=True) or self.said(dose, staff=False)
        return fact if fact and fact.kind == "dose_recorded" else None

    def word(self, dose: Dose) -> Any:
        """What stands of a dose, as the body of its fact."""
        fact = self.word_that_stands(dose)
        return fact and fact.body

    @once
    def to_confirm(self) -> dict[Dose, Any]:
        """What the patient said too late to count, by dose: staff have not said anything, nor the patient later."""
        found = {}
        for dose in self.words:
            late, own = self.said(dose, False, to_confirm=True), self.said(dose, False)
            if late and not self.said(dose, True) and (own is None or own.said_at <= late.said_at):
                found[dose] = late
        return found

    def is_recorded(self, dose: Dose) -> bool:
        """Return whether a word that counts says that a dose was taken or missed."""
        return dose in self.taken or dose in self.missed

    # Holds (section 3).

    def _holds(self) -> list[HoldKnown]:
        """The holds, read fact by fact: a start and its end are one thing (section 3)."""
        holds: list[HoldKnown] = []
        for fact in self.facts:
            of = next((h for h in holds if fact.supersedes is not None and fact.supersedes in (h.start, h.end)), None)
            if fact.kind == "hold_started":
                if of is None:
                    of = HoldKnown(fact.fact_id, fact.body.from_on)
                    holds.append(of)
                of.start, of.from_on, of.regimens = fact.fact_id, fact.body.from_on, fact.body.regimens
                of.known_since, of.ids = self._known_since(fact), (*of.ids, fact.fact_id)
                if fact.body.resumes_on is not None or fact.body.no_end:
                    of.resumes_on, of.end = fact.body.resumes_on, None
            elif fact.kind == "hold_ended":
                named = [hold for hold in holds if fact.body.hold in hold.ids]
                of = of or next(hold for hold in named or holds if hold.resumes_on is None)
                of.resumes_on, of.end = fact.body.resumes_on, fact.fact_id
            elif fact.kind == "voided" and of is not None:
                if fact.supersedes == of.start:
                    holds.remove(of)
                else:
                    of.resumes_on = of.end = None
        return sorted(holds, key=lambda hold: hold.from_on)

    def _known_since(self, fact: Any) -> datetime:
        """Since when the day from which something is so is known: a correction with that day, since the original."""
        return self._first_said(fact).recorded_at

    def _first_said(self, fact: Any) -> Any:
        """The fact that said first what is so from a day on: the one that a correction with the same day corrects."""
        while fact.replaces is not None and fact.kind in FROM_A_DAY:
            before = next(other for other in self.facts if other.fact_id == fact.replaces)
            if first_day(before.body) != first_day(fact.body):
                break
            fact = before
        return fact

    def was_known(self, from_on: date, known_since: datetime, on: date, at: datetime | None) -> bool:
        """Return whether what holds from a day on was known when a dose was taken, at an instant (section 5).

        Only on its first day that matters, and only if it was recorded on that day.
        """
        return at is None or not from_on == on == self._day_of(known_since) or known_since <= at

    # Where things end.

    def stands_for(self, when: Any, but_not_after: date | None = None) -> date:
        """The day that a date stands for: the last of its days that is neither after its receipt nor after death."""
        if isinstance(when, date):
            return when
        day = when.last
        while day > when.first and (day > RECEIVED.date() or (but_not_after and day > but_not_after)):
            day -= DAY
        return day

    @property
    def died(self) -> date | None:
        days = [self.study.ended_on] if self.study and self.study.reason == "death" else []
        days += [end.decided_on for end in self.ends if end.reason == "death"]
        return min(map(self.stands_for, days), default=None)

    @property
    def off(self) -> date | None:
        days = [self.stands_for(self.study.ended_on, self.died)] if self.study else []
        return min([*days, *([self.died] if self.died else [])], default=None)

    def decided_by(self, end: Any) -> date:
        """Return the day of a decision: of a vague one, perhaps the first on which a regimen began after the last dose.

        That is so if the last dose was stated. Death ends everything, whenever it was.
        """
        day, last = self.stands_for(end.decided_on, self.died), end.last_dose_on
        if isinstance(end.decided_on, date) or end.reason == "death" or last in (None, "unknown"):
            return day
        started = [on for on in self.crossings if on > self.stands_for(last, self.died) and on >= end.decided_on.first]
        return min([day, *started])

    def last_dose_by(self, end: Any) -> date | None:
        """The last dose by an end of treatment; one that nobody knows is at least the decision."""
        if end.last_dose_on is None:
            return None
        return self.decided_by(end) if end.last_dose_on == "unknown" else self.stands_for(end.last_dose_on, self.died)

    @property
    def enrolment(self) -> date | None:
        """The day of enrolment, or the day for which it is planned (section 2)."""
        return self.enrolled.enrolled_on if self.enrolled else self.registered.planned_enrolment_on

    # Versions, and for whom something is (protocol.md, `who`).

    def latest(self, kind: str, on: date) -> Any:
        """The latest fact of a kind from that day or before."""
        return latest_from(self.all(kind), on)

    @once
    def version(self, on: date) -> Protocol:
        amendment = self.latest("protocol_amended", on)
        return self.versions[amendment.version if amendment else self.registered.version]

    @once
    def fertile(self, on: date) -> bool:
        change = self.latest("fertility_changed", on)
        return (change or self.registered).fertility == "fertile"

    def ever_fertile(self, since: date) -> bool:
        return any(map(self.fertile, [since, *(c.from_on for c in self.all("fertility_changed") if c.from_on > since)]))

    @once
    def arm(self, on: date) -> str | None:
        """The arm of a day: the latest that was assigned, of those of one day the one received last.

        One assigned on the day of enrolment stands before that of the enrolment, also if this was corrected since.
        """
        assigned = []
        for number, fact in enumerate(self.standing):
            if fact.kind == "arm_assigned":
                assigned.append((fact.body.on, number, fact.body.arm))
            if fact.kind == "enrolled" and fact.body.arm is not None:
                assigned.append((fact.body.enrolled_on, -1, fact.body.arm))
        return max((one for one in assigned if one[0] <= on), default=(None, None, None))[2]

    def is_in(self, cohort: str, on: date) -> bool:
        """Return whether the patient is in a cohort on a day, as was said latest."""
        latest = latest_from([body for body in self.all("cohort_changed") if body.cohort == cohort], on)
        return latest is not None and latest.member

    def fits(self, who: dict[str, Any], on: date) -> bool:
        """Return whether all that `who` names holds on a day."""
        if "sex" in who and self.registered.sex != who["sex"]:
            return False
        if "fertile" in who and self.fertile(on) != who["fertile"]:
            return False
        if "arm" in who and self.arm(on) not in one_or_more(who["arm"]):
            return False
        return "cohort" not in who or any(self.is_in(cohort, on) for cohort in one_or_more(who["cohort"]))

    def days_of_change(self, first: date, last: date) -> list[date]:
        """The first of these days, and those on which a version, fertility, an arm or a cohort may change."""
        changes = [body.from_on for kind in CHANGING for body in self.all(kind)]
        changes += [body.on for body in self.all("arm_assigned")]
        changes += [self.enrolled.enrolled_on] if self.enrolled else []
        return [day for day in [first, *changes] if first <= day <= last]

    def regimen(self, name: str, on: date) -> Regimen | None:
        """A regimen by the version of a day."""
        return said_by.regimen_called(self.version(on), name)

    @once
    def takes(self, name: str, on: date) -> bool:
        """Return whether a regimen is for the patient on a day: the version of the day has it, and its `who` fits."""
        one = self.regimen(name, on)
        return one is not None and self.fits(one.get("who", {}), on)

    # Sites (section 3).

    def site(self, on: date) -> str:
        """The site that has the patient on a day (section 3)."""
        moves = [(move.from_on, move.site) for move in self.all("site_transferred") if move.from_on <= on]
        return max(moves)[1] if moves else self.registered.site

    # Pregnancy (section 7).

    def pregnancies_known_from(self) -> list[date]:
        """From which days on a pregnancy of the patient is known: reported, or treatment ended for it (section 7)."""
        days = [body.reported_on for body in self.all("pregnancy_reported") if body.of == "patient"]
        return days + [self.decided_by(end) for end in self.ends if end.reason == "pregnancy"]

    def is_open(self, known_from: date, on: date) -> bool:
        """Return whether a pregnancy known from a day on is open on another: not closed since, and she is alive."""
        closed = [body.closed_on for body in self.all("pregnancy_closed")]
        if any(known_from <= day <= on for day in closed) or (self.died and self.died <= on):
            return False
        return known_from <= on

    def pregnant(self, on: date) -> bool:
        return any(self.is_open(known_from, on) for known_from in self.pregnancies_known_from())

    def calls_before_taking(self, on: date) -> bool:
        """Return whether she calls the site before she takes a dose: pregnant, and nothing said of treatment since.

        It was reported, or treatment ended for it; each of the two is to be followed by a word of staff's.
        """
        told = [(fact, fact.body.reported_on) for fact in self.standing if fact.kind == "pregnancy_reported"]
        told = [(fact, since) for fact, since in told if fact.body.of == "patient"]
        for fact in self.standing:
            if fact.kind == "treatment_ended" and fact.body.reason == "pregnancy":
                told.append((fact, self.stands_for(fact.body.decided_on, self.died)))
        return any(
            self.is_open(self.decided_by(fact.body) if fact.kind == "treatment_ended" else since, on)
            and not any(self._says_how_treatment_goes_on(other, fact, since) for other in self.standing)
            for fact, since in told
        )

    def _says_how_treatment_goes_on(self, fact: Any, told: Any, since: date) -> bool:
        days = [getattr(fact.body, name, None) for name in ("first_dose_on", "from_on", "resumes_on")]
        kinds = ("treatment_started", "hold_started", "hold_ended", "dose_changed")
        if fact.kind not in kinds or fact.role == "patient" or self._received(fact) < self._received(told):
            return False
        return any(day is not None and day >= since for day in days)

    def _received(self, fact: Any) -> int:
        """The place of a fact in the order of receipt; a correction has that of what it corrects."""
        while fact.replaces is not None:
            fact = next(other for other in self.facts if other.fact_id == fact.replaces)
        return self.facts.index(fact)


#: Facts that change from a day on for whom something is, or what is planned.
CHANGING = ("protocol_amended", "fertility_changed", "cohort_changed")
#: Facts that say what is so from a day on: of two of one day the one received last stands.
FROM_A_DAY = (*CHANGING, "arm_assigned", "dose_changed", "hold_started")


def first_day(body: Any) -> date:
    """The day from which something is so."""
    return body.on if hasattr(body, "on") else body.from_on


def latest_from(bodies: Iterable[Any], on: date) -> Any:
    """Of what holds from a day on, given in order of receipt, that which holds on a day."""
    latest = None
    for body in bodies:
        if body.from_on <= on and (latest is None or body.from_on >= latest.from_on):
            latest = body
    return latest


def one_or_more(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
