"""Years of patients who travel: each hears exactly what a plain loop over the hours says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import copied
from databases import Databases
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from service import Service

from scheduler_api.engine.model import facts as bodies
from scheduler_api.reminders.dispatch import tick
from scheduler_api.reminders.outbound.keys import make
from scheduler_api.use_cases.patients import facts, patients
from scheduler_api.use_cases.patients.facts import NewFact
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.reminders import reminders
from scheduler_api.use_cases.session import Actor, Session

from .conftest import CONTACT
from .plain import DAY, Plain, is_night
from .receivers import Certificate
from .roads import Heard, Roads, Spans, roads, spans

# What is called for is computed above the database; that planned rows are kept alike is tested on both.
pytestmark = pytest.mark.only("sqlite")

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
BEGIN, HOURS = datetime(2024, 2, 1, tzinfo=UTC), 366 * 24
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a service keeps its keys."""
    return tmp_path_factory.mktemp("year")


class Life:
    """What happens to one patient, at random, told to the service and to the plain loop alike."""

    def __init__(self, service: Service, number: int, at_home: float = 0.8) -> None:
        self.chance = chance = random.Random(number)
        self.service, zone = service, [*ZONES][number % len(ZONES)]
        today = BEGIN.date() - timedelta(chance.randint(20, 60))
        sex, fertile = chance.choice(["female", "male"]), chance.random() < 0.8
        registered = bodies.Registered(
            f"{number:03}",
            ZONES[zone],
            "nct06110650",
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
        self.plain = Plain(today, zone, SITE_ZONES[ZONES[zone]], fertile, first_dose_on)
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
        if self.plain.died:
            return False
        changes: list[Callable[[date], bool]] = []
        if at.hour == self.chance.randint(7, 23):
            changes.append(self._dose)
        if self.chance.random() < 0.015:
            at_home = [self._hold, self._book, self._done, self._change_preferences]
            changes.append(self.chance.choice(at_home) if self.chance.random() < self.at_home else self._move)
        if at.hour == 12 and now.weekday() == 2:
            changes.append(self._book)
        if (now - BEGIN).days == 7 * self.ends_in_week and at.hour == 13:
            changes.append(self._end)
        happened = [change(today) for change in changes]
        return any(happened)

    def _dose(self, today: date) -> bool:
        plain = self.plain
        if not plain.begun:
            if today < plain.first_dose_on:
                return False
            plain.begun = True
            self.record(bodies.TreatmentStarted(plain.first_dose_on))
            return True
        # Sometimes only a day later, and sometimes on a day that is held.
        day = today - timedelta(self.chance.choice([0, 0, 0, 1]))
        known = day in plain.taken | plain.missed or plain.ended_for is not None or day < plain.first_dose_on
        if known or self.chance.random() > self.diligence:
            return False
        status = self.chance.choice(["taken"] * 9 + ["missed"])
        (plain.taken if status == "taken" else plain.missed).add(day)
        if status == "taken" and any(start <= day and (end is None or day < end) for start, end in plain.holds):
            plain.to_check.add(self.now)
        self.record(bodies.DoseRecorded(day, status, 300 if status == "taken" else None))
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
        self.plain.booked.pop(visit, None)
        if on is not None:
            self.plain.booked[visit] = on
        self.record(bodies.VisitBooked(visit, on))
        return True

    def _done(self, today: date) -> bool:
        visit = self._some_visit(today)
        if visit is None:
            return False
        self.plain.done.add(visit)
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
        off = self.chance.choice([[], [], ["window_opened"], ["dose_again", "contraception_released"]])
        if self.plain.dose_time != time(hour):
            self.plain.time_set_at = self.plain.changed_at = self.now
        self.plain.dose_time = time(hour)
        self.plain.again_after = timedelta(minutes=again) if again else None
        self.plain.off = set(off)
        said: dict[str, Any] = {"times": [f"{hour:02}:00"], "again_after_minutes": again, "off": off}
        quiet = {"from": "22:00", "to": "07:00"}
        reminders.change_patients(self.session, self.patient_id, {**said, "quiet": quiet})
        return True

    def _end(self, today: date) -> bool:
        plain = self.plain
        if not plain.begun:
            return False
        reasons = ["progression", "intolerance", "death"]
        why = self.chance.choice([*reasons, "pregnancy"] if self.sex == "female" else reasons)
        last = max([plain.first_dose_on, *plain.taken, today - timedelta(self.chance.randint(0, 4))])
        plain.ended_for, plain.last_dose_on, plain.died = why, last, why == "death"
        self.record(bodies.TreatmentEnded(last, today, why))
        if why == "progression":
            plain.progressed_on = today
            self.record(bodies.Progressed(today, "radiological"))
        return True


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
    assert wrong == {}
    assert list(maintenance.verify(store)) == []


def told(service: Service) -> dict[tuple[str, str, str], datetime]:
    """When each message about a patient went out, by patient, kind and matter."""
    return {
        (row["patient_id"], row["kind"], row["about"]): datetime.fromisoformat(row["written_at"]).replace(microsecond=0)
        for row in service.store.rows("SELECT * FROM outbox WHERE patient_id IS NOT NULL")
    }


def test_a_year_of_29_patients(service: Service) -> None:
    live_through(service, [Life(service, number) for number in range(29)])
    kinds = Counter(kind for _, kind, _ in told(service))
    assert len(kinds) == 11
    assert min(kinds.values()) > 3
    digests = service.store.rows("SELECT site, about FROM outbox WHERE kind = 'digest'")
    assert len(digests) == len({(row["site"], row["about"]) for row in digests}) == 2 * 366


class Ears:
    """What patients hear makes sense when they hear it."""

    def __init__(self, lives: list[Life], ways: Roads) -> None:
        self._lives, self._ways = {life.patient_id: life for life in lives}, ways
        self._heard: dict[tuple[str, str], set[str]] = {}

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
        day = date.fromisoformat(one.about[:10])
        assert local.date() == day, (one, local)
        assert plain._is_planned(day), one
        assert day not in plain.taken | plain.missed, one
        before = self._heard.setdefault((one.patient_id, str(day)), set())
        # The first one does not come for the first time after those that follow it.
        assert one.kind != "dose_due" or before <= {"dose_due"}, (one, before)
        before.add(one.kind)


WEEK, NIGHT, MINUTE = timedelta(7), timedelta(hours=12), timedelta(minutes=1)
#: When each channel is down: a minute when patients are reminded, a night, a week; and a night on which all are.
OUTAGES = {
    "web_push": spans(BEGIN, (20, 12, MINUTE), (40, 10, NIGHT), (60, 3, WEEK), (200, 18, MINUTE), (250, 11, NIGHT)),
    "webhook": spans(BEGIN, (30, 19, MINUTE), (50, 18, NIGHT), (100, 9, WEEK), (210, 12, MINUTE), (250, 11, NIGHT)),
    "email": spans(BEGIN, (25, 0, MINUTE), (70, 22, NIGHT), (120, 0, WEEK), (250, 11, NIGHT)),
}


def test_a_year_in_which_every_channel_fails_and_workers_die(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path, trusted: Certificate
) -> None:
    """Each message comes, once for whoever knows its id; or staff can read why not, and no channel was up."""
    make(tmp_path / "keys.json", CONTACT)
    with (
        copied(databases, template, tmp_path, private_networks="127.0.0.0/8, ::1/128") as service,
        roads(service, trusted) as ways,
    ):
        service.clock.now = BEGIN
        lives = [Life(service, 100 + number) for number in range(len(ZONES))]
        chosen = (["web_push"], ["webhook"], ["web_push", "webhook"])
        for number, life in enumerate(lives):
            ways.subscribe(life.patient_id, chosen[number % 3])
        ways.outages = OUTAGES
        live_through(service, lives, carry=Ears(lives, ways).carry)
        assert ways.unexplained() == {}
        doses = service.store.rows("SELECT message_id, status FROM outbox WHERE kind = 'dose_due'")
        came = {one.message_id for one in ways.heard}
        never = Counter(row["status"] for row in doses if row["message_id"] not in came)
        # A worker that died after it had sent something was followed by one that sent it again, under the same id.
        assert len(ways.heard) > len({(one.channel, one.message_id) for one in ways.heard})
        # Of more than a thousand first reminders those of the nights and weeks without any way did not come.
        assert len(doses) > 1000
        assert 10 < never.total() < len(doses) / 10


@settings(max_examples=4, phases=[Phase.generate])
@given(seed=st.integers(29, 10**6), outages=st.lists(st.tuples(st.integers(0, HOURS), st.integers(1, 170)), max_size=5))
def test_any_year_with_outages(
    databases: Databases, template: tuple[str, dict[str, str]], folder: Path, seed: int, outages: list[tuple[int, int]]
) -> None:
    """Of each planned dose the plain loop tells once, or not at all: only at night, or once its day is over."""
    hours = [(BEGIN + first * HOUR, BEGIN + (first + length) * HOUR) for first, length in outages]
    with copied(databases, template, folder) as service:
        live_through(service, [Life(service, number, at_home=0.5) for number in (seed, seed + 1)], hours)
