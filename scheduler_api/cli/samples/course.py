"""The course of one synthetic patient: a plan becomes facts, each with the evening on which it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler_api.engine.dates import add_months
from scheduler_api.engine.model.facts import (
    PATIENT,
    SCREEN_FAILURE,
    UNSCHEDULED,
    Body,
    DoseChanged,
    DoseRecorded,
    DrugDispensed,
    DrugReturned,
    Enrolled,
    FertilityChanged,
    HoldEnded,
    HoldStarted,
    NewTherapyStarted,
    PregnancyReported,
    Progressed,
    Registered,
    StudyEnded,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
)

from .plans import Plan, ScanPlan, ScreeningPlan

PROTOCOL, VERSION, SITE, TIME_ZONE = "nct06110650", 1, "FUSCC", "Asia/Shanghai"
BETWEEN_SCANS = 42
#: How long before its day a scan is booked, in days.
BOOKED_AHEAD = 24
_USUAL_RESPONSES = ("SD", "SD", "SD", "PR", "NE")


class Entry(NamedTuple):
    """A fact, and when it was recorded of whom. `key` names it for an entry that corrects it (`replaces`, `voids`)."""

    at: datetime
    subject_number: str
    body: Body
    key: str | None = None
    replaces: str | None = None
    correction: str | None = None


def screening(plan: ScreeningPlan, subject_number: str, today: date, chance: Random) -> Iterator[Entry]:
    """Yield the facts of a patient who is, or was, being screened: registered on the evening of the day of consent."""
    consented_on = today - timedelta(plan.days)

    def entry(day: int, body: Body) -> Entry:
        evening = datetime.combine(consented_on + timedelta(day), time(18, 30), ZoneInfo(TIME_ZONE))
        return Entry(evening + timedelta(minutes=chance.randrange(120)), subject_number, body)

    registered = Registered(
        subject_number=subject_number,
        site=SITE,
        protocol=PROTOCOL,
        version=VERSION,
        sex=plan.sex,
        fertility="fertile",
        basis=None,
        time_zone=TIME_ZONE,
        consented_on=consented_on,
        planned_enrolment_on=consented_on + timedelta(plan.planned),
    )
    yield entry(0, registered)
    if plan.failed is not None:
        yield entry(plan.failed, StudyEnded(consented_on + timedelta(plan.failed), SCREEN_FAILURE))


@dataclass
class Course:
    """One patient: a plan becomes facts, as far as they were recorded before `today`."""

    plan: Plan
    subject_number: str
    enrolled_on: date
    today: date
    chance: Random

    def entries(self) -> list[Entry]:
        """Return the facts, in the order they were recorded."""
        self._entries: list[Entry] = []
        self._on_day: dict[int, int] = {}
        self._minute = self.chance.randrange(120)
        self._enrol()
        for hold in self.plan.holds:
            self._hold(hold.day, hold.days, hold.then_amount, hold.reason)
        self._scans()
        self._ends()
        self._follow_ups()
        self._mistakes()
        self._doses()
        self._appointments()
        self._counts()
        return sorted(self._entries, key=lambda entry: entry.at)

    def _day(self, number: int) -> date:
        return self.enrolled_on + timedelta(number)

    def _add(self, day: int, body: Body, key: str | None = None, replaces: str | None = None, why: str = "") -> None:
        """Add a fact recorded on the evening of a day, a few minutes after the one before."""
        if self._day(day) >= self.today:
            return
        position = self._on_day[day] = self._on_day.get(day, 0) + 1
        evening = datetime.combine(self._day(day), time(18, 30), ZoneInfo(TIME_ZONE))
        at = evening + timedelta(minutes=self._minute + 3 * position, seconds=self.chance.randrange(60))
        self._entries.append(Entry(at, self.subject_number, body, key, replaces, why or None))

    def _enrol(self) -> None:
        plan = self.plan
        first = 7 if plan.first_dose is None else plan.first_dose
        self._add(
            0,
            Registered(
                subject_number=self.subject_number,
                site=SITE,
                protocol=PROTOCOL,
                version=VERSION,
                sex=plan.sex,
                fertility="not_fertile" if plan.basis else "fertile",
                basis=plan.basis,
                time_zone=plan.time_zone,
            ),
        )
        # Enrolled at the same visit, a minute later.
        registered = self._entries[-1]
        at = registered.at + timedelta(minutes=1)
        self._entries.append(Entry(at, self.subject_number, Enrolled(self.enrolled_on, self._day(first))))
        if plan.first_dose is not None:
            self._add(plan.first_dose, TreatmentStarted(self._day(plan.first_dose)))
        if plan.sterilised is not None:
            self._add(plan.sterilised, FertilityChanged("not_fertile", "sterilisation", self._day(plan.sterilised)))

    def _hold(self, day: int, days: int | None, then_amount: float | None, reason: str) -> None:
        self._add(day, HoldStarted(self._day(day), reason))
        if days is not None:
            # The site calls on the evening before.
            self._add(day + days - 1, HoldEnded(self._day(day + days)))
            if then_amount is not None:
                self._add(day + days - 1, DoseChanged(self._day(day + days), then_amount, f"after {reason}"))

    def _scans(self) -> None:
        """Add scans until progression or the end of the study, each booked some weeks ahead."""
        number = 1
        while (target := BETWEEN_SCANS * number) < self._last_scan_before:
            usual = self.chance.randint(-5, 5)
            scan = self.plan.scans.get(number, ScanPlan(usual, usual))
            if scan.booked is not None:
                day, hour = self._weekday(target + scan.booked), self.chance.randint(8, 11)
                booking = VisitBooked(f"imaging-w{6 * number}", self._day(day), f"{hour:02}:30", "Imaging, building 2")
                self._add(max(day - BOOKED_AHEAD, 0), booking)
            if scan.done is not None:
                day = self._weekday(target + scan.done)
                response = scan.response or self.chance.choice(_USUAL_RESPONSES)
                visit = f"imaging-w{6 * number}" if scan.named else None
                self._add(day, VisitDone("imaging", self._day(day), visit, response))
            number += 1
        if self.plan.confirming_scan is not None:
            confirmed = VisitDone("imaging", self._day(self.plan.confirming_scan), UNSCHEDULED, "PR")
            self._add(self.plan.confirming_scan, confirmed)

    def _appointments(self) -> None:
        for plan in self.plan.appointments:
            day, is_part = self._day(self._weekday(plan.day)), plan.visit is not None
            booked = VisitBooked(
                plan.visit or UNSCHEDULED,
                day,
                plan.time,
                plan.place,
                part=is_part,
                series=None if is_part else "imaging",
            )
            self._add(plan.made, booked)

    def _counts(self) -> None:
        """Add what was given out and came back; the kit that is given out is another one."""
        kit = None
        for plan in self.plan.counts:
            on = self._day(plan.day)
            if plan.back is not None:
                lost = {"50": plan.lost} if plan.lost else None
                self._add(plan.day, DrugReturned(on, {"50": plan.back}, lost, kit=kit))
            if plan.given_out:
                self._add(plan.day, DrugDispensed(on, {"50": plan.given_out}, kit=plan.kit))
            kit = plan.kit

    @property
    def _last_scan_before(self) -> int:
        plan = self.plan
        progressions = [BETWEEN_SCANS * number + 1 for number, scan in plan.scans.items() if scan.response == "PD"]
        ends = [plan.progressed, plan.new_therapy, plan.study_ended and plan.study_ended[0]]
        days_ahead = (self.today - self.enrolled_on).days + BOOKED_AHEAD + 14
        return min([*progressions, *(end for end in ends if end is not None), days_ahead])

    def _weekday(self, day: int) -> int:
        """Return the nearest day on which the centre is open."""
        return day + {5: -1, 6: 1}.get(self._day(day).weekday(), 0)

    def _ends(self) -> None:
        plan = self.plan
        if plan.progressed is not None:
            self._add(plan.progressed, Progressed(self._day(plan.progressed), "clinical"))
        if plan.ended is not None:
            last, decided, reason = plan.ended
            last_dose_on = None if last is None else self._day(last)
            if reason == "pregnancy" and self._day(decided) < self.today:
                noon = datetime.combine(self._day(decided), time(12), ZoneInfo(TIME_ZONE))
                self._entries.append(Entry(noon, self.subject_number, PregnancyReported(self._day(decided), PATIENT)))
            self._add(decided, TreatmentEnded(last_dose_on, self._day(decided), reason))
        if plan.new_therapy is not None:
            self._add(plan.new_therapy, NewTherapyStarted(self._day(plan.new_therapy)))
        if plan.study_ended is not None:
            day, reason = plan.study_ended
            self._add(day, StudyEnded(self._day(day), reason))

    def _follow_ups(self) -> None:
        """Add contraception follow-up visits, for those who are fertile at their last dose."""
        plan = self.plan
        if plan.ended is None or plan.ended.last_dose is None or plan.basis or plan.ended.reason == "death":
            return
        off_study = plan.study_ended[0] if plan.study_ended else None
        last = max([plan.ended.last_dose, *plan.doses])
        for month in range(1, 7):
            due = (add_months(self._day(last), month) - self.enrolled_on).days
            day = self._weekday(due + self.chance.randint(-4, 4))
            if month not in plan.skipped_follow_ups and (off_study is None or day < off_study):
                self._add(day, VisitDone("contraception", self._day(day)))

    def _mistakes(self) -> None:
        mistake = self.plan.mistake
        if mistake is None:
            return
        day, later, key = self._day(mistake.day), mistake.day + mistake.after, f"{self.subject_number} mistake"
        if mistake.kind == "hold":
            self._add(mistake.day, HoldStarted(day, "fever"), key)
            self._add(later, Voided(key), why=mistake.why)
        else:
            self._add(mistake.day, DoseRecorded(day, "missed"), key)
            self._add(later, DoseRecorded(day, "taken"), replaces=key, why=mistake.why)

    def _doses(self) -> None:
        """Add a dose nearly every evening; some are recorded missed, some not recorded at all."""
        plan = self.plan
        for day, mg in plan.doses.items():
            self._add(day, DoseRecorded(self._day(day), "taken", mg))
        if plan.first_dose is None:
            return
        for day in self._dosing_days(plan.first_dose):
            draw = self.chance.random()
            if draw > 0.07:
                self._add(day, DoseRecorded(self._day(day), "taken", taken_at=self._taken_at(day, draw)))
            elif draw > 0.03:
                self._add(day, DoseRecorded(self._day(day), "missed"))

    def _dosing_days(self, first: int) -> Iterator[int]:
        plan, mistake = self.plan, self.plan.mistake
        last = (self.today - self.enrolled_on).days - 1
        if plan.ended is not None and plan.ended.last_dose is not None:
            last = min(last, plan.ended.last_dose)
        elif plan.study_ended is not None:
            last = min(last, plan.study_ended[0] - 1)
        for day in range(first, last - plan.silent_days + 1):
            held = any(hold.day <= day and (hold.days is None or day < hold.day + hold.days) for hold in plan.holds)
            draw = day in plan.doses or (mistake is not None and day == mistake.day)
            if not held and not draw:
                yield day

    def _taken_at(self, day: int, draw: float) -> datetime | None:
        """Return when a dose was taken; half of the patients' diaries name the hour."""
        if draw < 0.5:
            return None
        morning = datetime.combine(self._day(day), time(7, 30), ZoneInfo(TIME_ZONE))
        return morning + timedelta(minutes=self.chance.randrange(90))
