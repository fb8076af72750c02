"""Lives of patients who travel, told at random to the service and to a plain loop over the hours alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from service import Service

from scheduler_api.engine.model import facts as bodies
from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.patients import facts, patients
from scheduler_api.use_cases.patients.facts import NewFact
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.reminders import reminders
from scheduler_api.use_cases.session import Actor, Session

from .plain import DAY, ONE_A_DAY, TWO_DRUGS, Intake, Plain, is_night
from .roads import Heard, Roads, Spans

#: Where patients live and fly to: zones that change their clocks at night, at midnight (so that a day has no first or
#: no last hour, or has one twice), by two hours, or during Ramadan; and on both sides of the date line.
ZONES = {
    "Asia/Shanghai": "FUSCC",
    "Europe/Berlin": "BERLIN",
    "America/New_York": "BERLIN",
    "Pacific/Kiritimati": "FUSCC",
    "Pacific/Niue": "FUSCC",
    "Australia/Sydney": "FUSCC",
    "Africa/Cairo": "BERLIN",
    "Asia/Beirut": "BERLIN",
    "America/Santiago": "BERLIN",
    "America/Havana": "BERLIN",
    "America/Nuuk": "BERLIN",
    "Africa/Casablanca": "BERLIN",
    "Antarctica/Troll": "BERLIN",
    "Pacific/Auckland": "FUSCC",
}
SITE_ZONES = {"FUSCC": "Asia/Shanghai", "BERLIN": "Europe/Berlin"}
#: Their clocks, in hand: of those that nobody has, Python reads all but the latest eight from the disk again.
CLOCKS = [ZoneInfo(zone) for zone in ZONES]
BEGIN, HOURS = datetime(2024, 2, 1, tzinfo=UTC), 366 * 24
HOUR = timedelta(hours=1)


class Life:
    """What happens to one patient, at random, told to the service and to the plain loop alike."""

    def __init__(
        self,
        service: Service,
        number: int,
        at_home: float = 0.8,
        protocol: str = "nct06110650",
        intakes: tuple[Intake, ...] = ONE_A_DAY,
    ) -> None:
        self.chance = chance = random.Random(number)
        self.service, zone = service, [*ZONES][number % len(ZONES)]
        today = BEGIN.date() - timedelta(chance.randint(20, 60))
        sex, fertile = chance.choice(["female", "male"]), chance.random() < 0.8
        registered = bodies.Registered(
            f"{number:03}",
            ZONES[zone],
            protocol,
            1,
            sex,
            "fertile" if fertile else "not_fertile",
            None if fertile else "sterilisation",
            zone,
        )
        self.now, self.sex = BEGIN, sex
        #: How much of what happens is no journey.
        self.at_home = at_home
        self.patient_id = patients.register(self.session, registered, bodies.Enrolled(today, today))["patient_id"]
        first_dose_on = today + timedelta(chance.randint(0, 40))
        self.plain = Plain(today, zone, SITE_ZONES[ZONES[zone]], fertile, first_dose_on, intakes)
        #: How often the patient records a day, and in which week something ends it all.
        self.diligence, self.ends_in_week = chance.choice([0.2, 0.7, 0.95]), chance.randint(10, 70)

    @property
    def session(self) -> Session:
        """Whoever records this, now."""
        return Session(self.service.store, Actor("t", "admin", None, None), self.now)

    def record(self, body: bodies.Body, by_phone: bool = False) -> None:
        """Record a fact, as staff or as the patient's phone."""
        phone = Session(self.service.store, Actor("d", "patient", None, None, self.patient_id), self.now)
        facts.append(phone if by_phone else self.session, self.patient_id, NewFact(body))

    def live(self, now: datetime) -> bool:
        """An hour of the patient's life; whether anything happened."""
        self.now, local = now, now.astimezone(ZoneInfo(self.plain.zone))
        today, at = local.date(), local.time()
        if self.plain.died or self.plain.left_on is not None:
            return False
        changes: list[Callable[[date], bool]] = [
            partial(self._dose, intake) for intake in self.plain.intakes if at.hour == self.chance.randint(7, 23)
        ]
        if self.chance.random() < 0.015:
            at_home = [self._hold, self._book, self._done, self._change_preferences]
            changes.append(self.chance.choice(at_home) if self.chance.random() < self.at_home else self._move)
        if at.hour == 12 and now.weekday() == 2:
            changes.append(self._book)
        if (now - BEGIN).days == 7 * self.ends_in_week and at.hour == 13:
            changes.append(self._end)
        happened = [change(today) for change in changes]
        return any(happened)

    def _dose(self, intake: Intake, today: date) -> bool:
        plain = self.plain
        if not plain.begun:
            if today < plain.first_dose_on:
                return False
            plain.begun = True
            self.record(bodies.TreatmentStarted(plain.first_dose_on))
            return True
        # Sometimes only a day later, and sometimes on a day that is held.
        day = today - timedelta(self.chance.choice([0, 0, 0, 1]))
        may_be = plain.ended_for is None and day >= plain.first_dose_on and intake.is_on(day, plain.first_dose_on)
        if not may_be or plain.is_known(day, intake) or self.chance.random() > self.diligence:
            return False
        status = self.chance.choice(["taken"] * 9 + ["missed"])
        (plain.taken if status == "taken" else plain.missed).add((day, intake))
        if status == "taken" and any(start <= day and (end is None or day < end) for start, end in plain.holds):
            plain.to_check.add(self.now)
        which = (intake.drug, intake.slot) if len(plain.intakes) > 1 else (None, None)
        amount = intake.amount if status == "taken" else None
        self.record(bodies.DoseRecorded(day, status, amount, None, None, *which))
        return True

    def _hold(self, today: date) -> bool:
        plain = self.plain
        if not plain.begun or plain.ended_for is not None:
            return False
        if plain.holds and plain.holds[-1][1] is None:
            start, resumes = plain.holds.pop()[0], today + timedelta(self.chance.randint(0, 3))
            resumes = max(resumes, start + DAY)
            plain.holds.append((start, resumes))
            self.record(bodies.HoldEnded(resumes))
        else:
            earliest = max([plain.first_dose_on, *(end for _, end in plain.holds if end)])
            start = max(today + timedelta(self.chance.randint(-1, 2)), earliest)
            plain.holds.append((start, None))
            self.record(bodies.HoldStarted(start, "toxicity"))
        return True

    def _some_visit(self, today: date) -> str | None:
        near = [
            name
            for name, opens, closes, required in self.plain._visits()
            if required and opens - 10 * DAY <= today <= closes + 5 * DAY and name not in self.plain.done
        ]
        return self.chance.choice(near) if near else None

    def _book(self, today: date) -> bool:
        visit = self._some_visit(today)
        if visit is None or self.chance.random() < 0.4:
            return False
        on = (
            None
            if visit in self.plain.booked and self.chance.random() < 0.5
            else today + self.chance.randint(0, 9) * DAY
        )
        before = self.plain.booked.pop(visit, None)
        if on is not None:
            self.plain.booked[visit] = on
            if on != before:
                self.plain.booked_at[visit] = self.now
        self.record(bodies.VisitBooked(visit, on))
        return True

    def _done(self, today: date) -> bool:
        visit = self._some_visit(today)
        if visit is None:
            return False
        self.plain.done[visit] = today
        self.record(bodies.VisitDone(visit.partition("-")[0], today, visit))
        return True

    def _move(self, today: date) -> bool:
        zone, by_phone = self.chance.choice([*ZONES]), self.chance.random() < 0.7
        if by_phone and zone != self.plain.zone:
            self.plain.changed_at = self.now
        self.plain.zone = zone
        self.record(bodies.TimeZoneChanged(zone), by_phone)
        return True

    def _change_preferences(self, today: date) -> bool:
        hour, again = self.chance.randint(7, 19), self.chance.choice([None, 60, 120])
        times: tuple[time, ...] = (time(hour),)
        if len(self.plain.times) > 1:
            # The two are four hours apart or more.
            first = self.chance.randint(7, 15)
            times = time(first), time(self.chance.randint(first + 4, 19))
        off = self.chance.choice([[], [], ["window_opened"], ["dose_again", "contraception_released"]])
        if self.plain.times != times:
            self.plain.time_set_at = self.plain.changed_at = self.now
        self.plain.times = times
        self.plain.again_after = timedelta(minutes=again) if again else None
        self.plain.off = set(off)
        said: dict[str, Any] = {"times": [f"{at:%H:%M}" for at in times], "again_after_minutes": again, "off": off}
        quiet = {"from": "22:00", "to": "07:00"}
        reminders.change_patients(self.session, self.patient_id, {**said, "quiet": quiet})
        return True

    def _end(self, today: date) -> bool:
        plain = self.plain
        if not plain.begun:
            return False
        if len(plain.intakes) > 1 and self.chance.random() < 0.3:
            plain.left_on = today
            self.record(bodies.StudyEnded(today, "withdrawal"))
            return True
        reasons = ["progression", "intolerance", "death"]
        why = self.chance.choice([*reasons, "pregnancy"] if self.sex == "female" else reasons)
        taken = [day for day, _ in plain.taken]
        last = max([plain.first_dose_on, *taken, today - timedelta(self.chance.randint(0, 4))])
        plain.ended_for, plain.last_dose_on, plain.died = why, last, why == "death"
        self.record(bodies.TreatmentEnded(last, today, why))
        if why == "progression":
            plain.progressed_on = today
            self.record(bodies.Progressed(today, "radiological"))
        return True


def add_two_drugs(service: Service) -> str:
    """Add a trial that differs from the built-in one by its doses, `TWO_DRUGS`; its id."""
    admin = service.client("admin")
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    (first,) = definition["regimens"]
    (_, one, _) = TWO_DRUGS
    dose = {"amount": one.amount, "unit": "mg", "levels": [100]}
    when = [{"days": {"from": 1, "to": one.days}}]
    second = {"id": one.drug, "drug": one.drug, "dose": dose, "strengths": [100], "times_a_day": 2, "when": when}
    both = {**definition, "id": "two-drugs", "regimens": [first, {**first, **second}], "sources": {}}
    added = admin.post("/v1/protocols", both)
    assert added.status_code == 201, added.text
    return "two-drugs"


def live_through(
    service: Service, lives: list[Life], outages: Spans = (), carry: Callable[[datetime], object] | None = None
) -> None:
    """Let some lives pass beside the plain loop, and compare what each was told; no worker works in outages.

    `carry` sends what is due, until the next hour; by default all of it arrives at once.
    """
    store = service.store
    service.clock.now = BEGIN
    expected: dict[tuple[str, str, str], datetime] = {}
    everyone, behind = {life.patient_id for life in lives}, True
    for number in range(HOURS // 24):
        # A day at a time goes to the disk: the year would else be spent waiting for it.
        with store.transaction():
            for hour in range(24):
                now = BEGIN + number * DAY + hour * HOUR
                touched = {life.patient_id for life in lives if life.live(now)} if number else everyone
                if any(first <= now < until for first, until in outages):
                    behind = True
                    continue
                if behind or hour == 0:
                    maintenance.extend_horizons(store, now)
                # Of two facts of one instant the service takes the second for a microsecond later.
                tick(store, now + timedelta(milliseconds=1))
                if carry is None:
                    store.write("UPDATE outbox SET status = 'sent' WHERE status = 'waiting'", {})
                for life in lives:
                    if behind or life.patient_id in touched or life.plain.may_hear(now):
                        expected.update({(life.patient_id, *said): now for said in life.plain.hear(now)})
                behind = False
                if carry is not None:
                    service.clock.now = now + timedelta(milliseconds=1)
                    carry(now + HOUR)
    found = told(service)
    both = {*found, *expected}
    wrong = {key: (found.get(key), expected.get(key)) for key in both if found.get(key) != expected.get(key)}
    assert wrong == {}, wrong
    assert list(maintenance.verify(store)) == []


def told(service: Service) -> dict[tuple[str, str, str], datetime]:
    """When each message about a patient went out, by patient, kind and matter."""
    return {
        (row["patient_id"], row["kind"], row["about"]): datetime.fromisoformat(row["written_at"]).replace(microsecond=0)
        for row in service.store.rows("SELECT * FROM outbox WHERE patient_id IS NOT NULL")
    }


#: What is sent within so long of its time is on time.
ON_TIME = timedelta(minutes=5)


class Ears:
    """What patients hear makes sense when they hear it."""

    def __init__(self, lives: list[Life], ways: Roads) -> None:
        self._lives, self._ways = {life.patient_id: life for life in lives}, ways
        self._heard: dict[tuple[str, str, int], set[str]] = {}

    def carry(self, until: datetime) -> None:
        """Let messages come until an instant, and look at each."""
        for one in self._ways.carry(until):
            if one.patient_id is not None:
                self._hear(one, self._lives[one.patient_id].plain)

    def _hear(self, one: Heard, plain: Plain) -> None:
        assert one.patient_id is not None
        local = one.at.astimezone(ZoneInfo(plain.zone))
        assert not plain.died, one
        # Nothing at night, but what was wished for then, or follows from what the patient just changed.
        just_changed = plain.changed_at is not None and one.at - plain.changed_at < timedelta(minutes=6)
        assert not is_night(local.time()) or one.kind == "dose_later" or just_changed, (one, local)
        if one.kind not in ("dose_due", "dose_again", "dose_later"):
            return
        at, *which = one.about.split()
        day, slot = date.fromisoformat(at), int(which[0]) if which and ":" not in which[0] else 1
        assert local.date() == day, (one, local)
        assert plain.is_to_take(day, slot), one
        before = self._heard.setdefault((one.patient_id, at, slot), set())
        # The first one does not come for the first time after those that follow it.
        assert one.kind != "dose_due" or before <= {"dose_due"}, (one, before)
        before.add(one.kind)
        # Nor does any so late that the next dose would follow too soon.
        following = [other.slot for other in plain.intakes if other.slot > slot and plain.is_planned(day, other)]
        assert all(one.at <= plain.latest(day, number) + ON_TIME for number in following), one
