"""Two phones and a nurse, on a bad line and in any order: the record is that of the facts in the order they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from service import START, Client, Service

from scheduler_api.use_cases.projections import maintenance

from .phones import Phone, dose, history, moved_to, taken_back

# Which order facts come in is decided before the database sees them; what it must keep apart has tests of its own.
pytestmark = pytest.mark.only("sqlite")

_numbers = count(1)
PHONES = st.integers(0, 1)
ZONES = st.sampled_from(["Asia/Shanghai", "America/Los_Angeles", "Europe/Berlin"])
#: Days back: mostly such as may be recorded.
BACK = st.sampled_from([0, 1, 2, 1, 0, 7, 8, -1])
SAID = st.sampled_from([{"status": "taken"}, {"status": "taken", "amount": 200}, {"status": "missed"}])


@dataclass
class Entry:
    """A record of a day, as the model has it."""

    fact_id: str
    role: str
    day: date
    said: dict[str, Any]
    #: Why it does not stand: `taken back`, or `overruled` by the site's.
    superseded: str | None = None


@dataclass
class Model:
    """What the record must be, from what came in, in its order."""

    zone: str = "Asia/Shanghai"
    entries: list[Entry] = field(default_factory=list)
    #: All facts of the patient besides the enrolment and the records of days.
    others: int = 1
    #: What came of each queued fact that was kept.
    sent: dict[str, str] = field(default_factory=dict)

    def standing(self, day: date) -> list[Entry]:
        """The records of a day that stand."""
        return [entry for entry in self.entries if entry.day == day and entry.superseded is None]

    def reaches(self, day: date, said_at: datetime, now: datetime) -> bool:
        """Whether a patient may record a day at an instant, by the record's zone or the phone's."""
        days = (said_at.astimezone(ZoneInfo(self.zone)).date(), said_at.date())
        return now - said_at <= timedelta(30) and min(days) - timedelta(7) <= day <= max(days)

    def record(self, day: date, said: dict[str, Any]) -> str:
        """What must come of a patient's record."""
        standing = self.standing(day)
        if standing and standing[-1].said == said:
            return "already_recorded"
        by_site = bool(standing) and standing[-1].role != "patient"
        mine = [entry for entry in self.entries if entry.day == day and entry.role == "patient"]
        if by_site and mine and mine[-1].superseded in (None, "overruled") and mine[-1].said == said:
            return "site_record_stands"
        self.entries.append(Entry("", "patient", day, said, "overruled" if by_site else None))
        self.others += by_site
        return "site_record_stands" if by_site else "recorded"

    def take_back(self, day: date) -> str:
        """What must come of taking a day back."""
        standing = self.standing(day)
        if any(entry.role != "patient" for entry in standing):
            return "refused"
        for entry in standing:
            entry.superseded = "taken back"
        self.others += len(standing)
        return "recorded" if standing else "already_recorded"

    def move(self, zone: str) -> str:
        """What must come of living by another zone."""
        if zone == self.zone:
            return "already_recorded"
        self.zone = zone
        self.others += 1
        return "recorded"

    def take_in(self, fact: dict[str, Any], now: datetime) -> str:
        """What must come of a queued fact."""
        if fact["client_id"] in self.sent:
            known = self.sent[fact["client_id"]]
            return "already_recorded" if known == "recorded" else known
        outcome = self._of(fact, now)
        if outcome != "refused":
            self.sent[fact["client_id"]] = outcome
        return outcome

    def _of(self, fact: dict[str, Any], now: datetime) -> str:
        if fact["kind"] == "time_zone_changed":
            return self.move(fact["time_zone"])
        day = date.fromisoformat(fact["dose_on"])
        if not self.reaches(day, datetime.fromisoformat(fact["recorded_at"]), now):
            return "refused"
        if fact["kind"] == "dose_taken_back":
            return self.take_back(day)
        return self.record(day, {name: fact[name] for name in ("status", "amount") if name in fact})


class Interleavings(RuleBasedStateMachine):
    """A patient with two phones, a nurse, and a network that repeats, reorders and loses."""

    def __init__(self, service: Service, nurse: Client) -> None:
        super().__init__()
        self.service, self.nurse = service, nurse

    @initialize()
    def begin(self) -> None:
        """A patient under treatment."""
        self.service.clock.now = START
        self.patient = self.nurse.enrol(subject_number=f"i-{next(_numbers)}")
        self.patient.record("treatment_started", first_dose_on="2024-01-05")
        self.phones = [Phone(self.service, self.patient, name) for name in ("Redmi 12", "Tablet")]
        #: What each phone has queued ever: sent or not, answered or not.
        self.queues: list[list[dict[str, Any]]] = [[], []]
        self.zones = ["Asia/Shanghai", "Asia/Shanghai"]
        self.told: list[dict[str, Any]] = [{}, {}]
        self.model = Model()

    def _now(self, phone: int) -> datetime:
        """The present by a phone's clock."""
        return self.service.clock.now.astimezone(ZoneInfo(self.zones[phone]))

    @rule(hours=st.sampled_from([1, 5, 13, 24, 60]))
    def time_goes_on(self, hours: int) -> None:
        """Some hours go by."""
        self.service.clock.now += timedelta(hours=hours)

    @rule(phone=PHONES, zone=ZONES)
    def a_phone_travels(self, phone: int, zone: str) -> None:
        """A phone is in another zone now, and queues that the patient is."""
        self.zones[phone] = zone
        self.queues[phone].append(moved_to(zone, recorded_at=self._now(phone).isoformat()))

    @rule(phone=PHONES, back=BACK, said=SAID)
    def a_phone_queues_a_day(self, phone: int, back: int, said: dict[str, Any]) -> None:
        """A day is recorded while there is no network."""
        now = self._now(phone)
        self.queues[phone].append(dose(str(now.date() - timedelta(back)), recorded_at=now.isoformat(), **said))

    @rule(phone=PHONES, back=BACK)
    def a_phone_queues_taking_back(self, phone: int, back: int) -> None:
        """A day is taken back while there is no network."""
        now = self._now(phone)
        self.queues[phone].append(taken_back(str(now.date() - timedelta(back)), recorded_at=now.isoformat()))

    @rule(phone=PHONES, data=st.data(), answered=st.booleans(), times=st.integers(1, 2))
    def a_phone_sends(self, phone: int, data: st.DataObject, answered: bool, times: int) -> None:
        """Some of the queue goes out, old and new in any order, and again if the answer is lost."""
        queue = self.queues[phone]
        some = st.lists(st.sampled_from(queue), min_size=1, max_size=6) if queue else st.just([])
        facts = data.draw(st.just(queue[-8:]) | some)
        for _ in range(times):
            cursor = self.phones[phone].cursor
            synced = self.phones[phone].sync(*facts)
            now = self.service.clock.now
            expected = [self.model.take_in(fact, now) for fact in facts]
            assert [outcome["outcome"] for outcome in synced["outcomes"]] == expected
            self._name_new(zip(facts, synced["outcomes"], strict=True))
            if answered:
                self.told[phone] |= {change["fact_id"]: change for change in synced["changes"]}
            else:
                self.phones[phone].cursor = cursor

    def _name_new(self, outcomes: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        unnamed = [entry for entry in self.model.entries if not entry.fact_id]
        made = [
            outcome["fact_id"]
            for fact, outcome in outcomes
            if fact["kind"] == "dose_recorded" and outcome["outcome"] in ("recorded", "site_record_stands")
        ]
        known = {entry.fact_id for entry in self.model.entries}
        for entry, fact_id in zip(unnamed, [fact_id for fact_id in made if fact_id not in known], strict=True):
            entry.fact_id = fact_id

    @rule(phone=PHONES, back=BACK, said=SAID, times=st.integers(1, 3))
    def a_phone_records(self, phone: int, back: int, said: dict[str, Any], times: int) -> None:
        """A day is recorded online, and again if the line is bad."""
        for _ in range(times):
            today = self.service.clock.now.astimezone(ZoneInfo(self.model.zone))
            day = today.date() - timedelta(back)
            answer = self.phones[phone].record(str(day), **said)
            if 0 <= back <= 7:
                assert answer.json["outcome"] == self.model.record(day, said)
                self._name_new([(dose(str(day), recorded_at=""), answer.json)])
            else:
                assert answer.status_code == 422

    @rule(phone=PHONES, back=BACK, times=st.integers(1, 2))
    def a_phone_takes_back(self, phone: int, back: int, times: int) -> None:
        """A day is taken back online, and again if the line is bad."""
        for _ in range(times):
            today = self.service.clock.now.astimezone(ZoneInfo(self.model.zone))
            day = today.date() - timedelta(back)
            answer = self.phones[phone].take_back(str(day))
            if 0 <= back <= 7:
                expected = self.model.take_back(day)
                assert answer.status_code == (409 if expected == "refused" else 200)
                assert expected in ("refused", answer.json.get("outcome"))
            else:
                assert answer.status_code == 422

    def _day_of_the_site(self, back: int) -> date:
        return self.service.clock.now.astimezone(ZoneInfo(self.model.zone)).date() - timedelta(max(back, 0))

    @rule(back=BACK, said=SAID)
    def the_nurse_records(self, back: int, said: dict[str, Any]) -> None:
        """The nurse records a day."""
        day = self._day_of_the_site(back)
        fact = self.patient.record("dose_recorded", dose_on=str(day), **said)["fact"]
        self.model.entries.append(Entry(fact["fact_id"], "nurse", day, said))

    @rule(data=st.data(), back=BACK, said=SAID)
    def the_nurse_corrects(self, data: st.DataObject, back: int, said: dict[str, Any]) -> None:
        """The nurse puts another record in the place of one that stands, by whomever."""
        standing = [entry for entry in self.model.entries if entry.superseded is None]
        if standing:
            entry, day = data.draw(st.sampled_from(standing)), self._day_of_the_site(back)
            new = {"dose_on": str(day), "replaces": entry.fact_id, "reason": "typing error", **said}
            fact = self.patient.record("dose_recorded", **new)["fact"]
            entry.superseded = "corrected"
            self.model.entries.append(Entry(fact["fact_id"], "nurse", day, said))

    @rule(data=st.data())
    def the_nurse_voids(self, data: st.DataObject) -> None:
        """The nurse takes a record back, by whomever."""
        standing = [entry for entry in self.model.entries if entry.superseded is None]
        if standing:
            entry = data.draw(st.sampled_from(standing))
            self.patient.record("voided", voids=entry.fact_id, reason="never happened")
            entry.superseded = "voided"
            self.model.others += 1

    @rule(days=st.integers(0, 30))
    def the_nurse_books(self, days: int) -> None:
        """The nurse books a scan."""
        day = self.service.clock.now.date() + timedelta(days)
        self.patient.record("visit_booked", visit="imaging-w12", booked_on=str(day))
        self.model.others += 1

    @rule(zone=ZONES)
    def the_nurse_moves_the_patient(self, zone: str) -> None:
        """The nurse records that the patient lives elsewhere."""
        self.patient.record("time_zone_changed", time_zone=zone)
        self.model.zone = zone
        self.model.others += 1

    def teardown(self) -> None:
        """The record is the model's, the log gives it, and both phones know it."""
        if not hasattr(self, "model"):
            return
        facts = history(self.patient)
        records = [fact for fact in facts if fact["kind"] == "dose_recorded"]
        assert [(fact["fact_id"], fact["dose_on"], fact["recorded_by"]["role"]) for fact in records] == [
            (entry.fact_id, str(entry.day), entry.role) for entry in self.model.entries
        ]
        assert [fact["voided_by"] is None for fact in records] == [e.superseded is None for e in self.model.entries]
        assert len(facts) == 1 + self.model.others + len(records)
        assert [fact["recorded_at"] for fact in facts] == sorted(fact["recorded_at"] for fact in facts)
        latest = {entry.day: entry.said for entry in self.model.entries if entry.superseded is None}
        rows = self.patient.read("calendar", from_="2024-01-05", to=str(self.service.clock.now.date() + timedelta(2)))
        shown = {
            date.fromisoformat(row["dose_on"]): row for row in rows["doses"] if row["status"] in ("taken", "missed")
        }
        assert {day: row["status"] for day, row in shown.items()} == {
            day: said["status"] for day, said in latest.items()
        }
        taken = {day: said.get("amount", 300) for day, said in latest.items() if said["status"] == "taken"}
        assert {day: row["taken_amount"] for day, row in shown.items() if row["taken_amount"]} == taken
        self._phones_know(latest)

    def _phones_know(self, latest: dict[date, dict[str, Any]]) -> None:
        for phone, told in zip(self.phones, self.told, strict=True):
            told |= {change["fact_id"]: change for change in phone.sync()["changes"]}
            superseded = {change["data"]["voids"] for change in told.values() if change["kind"] == "voided"}
            superseded |= {change["replaces"] for change in told.values()}
            known = sorted(told.values(), key=lambda change: change["recorded_at"])
            seen = {
                change["data"]["dose_on"]: change["data"]["status"]
                for change in known
                if change["kind"] == "dose_recorded" and change["fact_id"] not in superseded
            }
            assert seen == {str(day): said["status"] for day, said in latest.items()}


def test_any_interleaving_is_the_facts_in_their_order(service: Service, nurse: Client) -> None:
    profile = settings.get_current_profile_name()
    examples = 25 if profile == "usual" else 200
    run_state_machine_as_test(
        lambda: Interleavings(service, nurse),
        settings=settings(max_examples=examples, stateful_step_count=30),
    )
    # What was derived fact by fact is what the facts in their order give.
    assert list(maintenance.verify(service.store)) == []
    service.clock.now = START + timedelta(100)
    maintenance.extend_horizons(service.store, service.clock())
    live = service.record()
    maintenance.rebuild(service.store, service.clock())
    again = service.record()
    for table in ("patients", "visits", "facts"):
        assert {repr(sorted(row.items())) for row in again[table]} == {repr(sorted(row.items())) for row in live[table]}
