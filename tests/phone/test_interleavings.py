"""Two phones and a nurse, on a bad line and in any order: the record is that of the facts in the order they came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
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
SAID = st.sampled_from([{"status": "taken", "amount": 300}, {"status": "taken", "amount": 200}, {"status": "missed"}])


@dataclass
class Entry:
    """A word about a day, as the model has it; `said` is None where the patient took back what was said before."""

    role: str
    day: date
    said: dict[str, Any] | None
    said_at: datetime
    late: bool = False
    fact_id: str = ""
    #: Whether the nurse corrected or voided it.
    superseded: bool = False

    @property
    def kind(self) -> str:
        return "dose_recorded" if self.said else "dose_taken_back"


@dataclass
class Model:
    """What the record must be, from what came in, in its order."""

    zone: str = "Asia/Shanghai"
    zone_said_at: datetime | None = None
    entries: list[Entry] = field(default_factory=list)
    #: All facts of the patient besides the enrolment and the words about days.
    others: int = 1
    #: What came of each queued fact that was kept.
    sent: dict[str, str] = field(default_factory=dict)

    def latest(self, day: date, role: str, late: bool = False) -> Entry | None:
        """What one side said last of a day."""
        found = None
        for entry in self.entries:
            if (entry.day, entry.role, entry.late, entry.superseded) == (day, role, late, False) and (
                found is None or entry.said_at >= found.said_at
            ):
                found = entry
        return found

    def stands(self) -> dict[date, dict[str, Any]]:
        """What stands, by day."""
        found = {}
        for day in {entry.day for entry in self.entries}:
            entry = self.latest(day, "nurse") or self.latest(day, "patient")
            if entry and entry.said:
                found[day] = entry.said
        return found

    def reaches(self, day: date, said_at: datetime, now: datetime) -> bool:
        """Return whether a patient may speak of a day: a week before it was said up to the day on which it comes."""
        zone, there = ZoneInfo(self.zone), said_at.tzinfo
        earliest = min(said_at.astimezone(zone).date(), said_at.date()) - timedelta(7)
        return earliest <= day <= max(now.astimezone(zone).date(), now.astimezone(there).date())

    def say(self, day: date, said: dict[str, Any] | None, said_at: datetime, now: datetime) -> str:
        """What must come of a patient's word."""
        for entry in self.entries:
            if (entry.day, entry.role, entry.said, entry.said_at) == (day, "patient", said, said_at):
                return "already_recorded"
        if not self.reaches(day, said_at, now):
            return "refused"
        late = now - said_at > timedelta(30)
        entry = Entry("patient", day, said, said_at, late)
        self.entries.append(entry)
        if self.latest(day, "nurse"):
            return "site_record_stands"
        own = self.latest(day, "patient")
        if late and self.latest(day, "patient", late=True) is entry and (own is None or own.said_at <= said_at):
            return "to_confirm"
        return "recorded" if own is entry else "superseded"

    def move(self, zone: str, said_at: datetime) -> str:
        """What must come of living by another zone."""
        self.others += 1
        if self.zone_said_at is not None and said_at < self.zone_said_at:
            return "superseded"
        self.zone, self.zone_said_at = zone, said_at
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
        said_at = datetime.fromisoformat(fact["said_at"])
        if fact["kind"] == "time_zone_changed":
            return self.move(fact["time_zone"], said_at)
        said = {name: fact[name] for name in ("status", "amount") if name in fact} or None
        return self.say(date.fromisoformat(fact["dose_id"][:10]), said, said_at, now)


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
        self.queues[phone].append(moved_to(zone, said_at=self._now(phone).isoformat()))

    @rule(phone=PHONES, back=BACK, said=SAID)
    def a_phone_queues_a_day(self, phone: int, back: int, said: dict[str, Any]) -> None:
        """A day is recorded while there is no network."""
        now = self._now(phone)
        self.queues[phone].append(dose(str(now.date() - timedelta(back)), said_at=now.isoformat(), **said))

    @rule(phone=PHONES, back=BACK)
    def a_phone_queues_taking_back(self, phone: int, back: int) -> None:
        """A day is taken back while there is no network."""
        now = self._now(phone)
        self.queues[phone].append(taken_back(str(now.date() - timedelta(back)), said_at=now.isoformat()))

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
            for fact, outcome in zip(facts, synced["outcomes"], strict=True):
                self._expect(partial(self.model.take_in, fact, now), outcome)
            if answered:
                self.told[phone] |= {change["fact_id"]: change for change in synced["changes"]}
            else:
                self.phones[phone].cursor = cursor

    def _expect(self, said: Callable[[], str], outcome: dict[str, Any]) -> None:
        """Check what came of something a phone said, and note the fact that it made."""
        known = len(self.model.entries)
        assert outcome["outcome"] == said()
        for entry in self.model.entries[known:]:
            entry.fact_id = outcome["fact_id"]

    @rule(phone=PHONES, back=BACK, said=SAID, times=st.integers(1, 3))
    def a_phone_records(self, phone: int, back: int, said: dict[str, Any], times: int) -> None:
        """A day is recorded online, and again if the line is bad."""
        self._online(phone, back, said, times)

    @rule(phone=PHONES, back=BACK, times=st.integers(1, 2))
    def a_phone_takes_back(self, phone: int, back: int, times: int) -> None:
        """A day is taken back online, and again if the line is bad."""
        self._online(phone, back, None, times)

    def _online(self, number: int, back: int, said: dict[str, Any] | None, times: int) -> None:
        phone, said_at = self.phones[number], self._now(number)
        day = said_at.date() - timedelta(back)
        for _ in range(times):
            if said is None:
                answer = phone.take_back(str(day), said_at.isoformat())
            else:
                answer = phone.record(str(day), **said, said_at=said_at.isoformat())
            outcome = answer.json if answer.status_code == 200 else {"outcome": "refused"}
            self._expect(partial(self.model.say, day, said, said_at, self.service.clock.now), outcome)

    def _day_of_the_site(self, back: int) -> date:
        return self.service.clock.now.astimezone(ZoneInfo(self.model.zone)).date() - timedelta(max(back, 0))

    @rule(back=BACK, said=SAID)
    def the_nurse_records(self, back: int, said: dict[str, Any]) -> None:
        """The nurse records a day."""
        day = self._day_of_the_site(back)
        fact = self.patient.record("dose_recorded", dose_on=str(day), **said)["fact"]
        self._nurse_said(fact, day, said)

    def _nurse_said(self, fact: dict[str, Any], day: date, said: dict[str, Any]) -> None:
        said_at = datetime.fromisoformat(fact["said_at"])
        self.model.entries.append(Entry("nurse", day, said, said_at, fact_id=fact["fact_id"]))

    @rule(data=st.data(), back=BACK, said=SAID)
    def the_nurse_corrects(self, data: st.DataObject, back: int, said: dict[str, Any]) -> None:
        """The nurse puts another record in the place of one that stands, by whomever."""
        standing = [entry for entry in self.model.entries if entry.said and not entry.superseded]
        if standing:
            entry, day = data.draw(st.sampled_from(standing)), self._day_of_the_site(back)
            new = {"dose_on": str(day), "replaces": entry.fact_id, "reason": "typing error", **said}
            fact = self.patient.record("dose_recorded", **new)["fact"]
            entry.superseded = True
            self._nurse_said(fact, day, said)

    @rule(data=st.data())
    def the_nurse_voids(self, data: st.DataObject) -> None:
        """The nurse takes a record back, by whomever."""
        standing = [entry for entry in self.model.entries if not entry.superseded]
        if standing:
            entry = data.draw(st.sampled_from(standing))
            self.patient.record("voided", voids=entry.fact_id, reason="never happened")
            entry.superseded = True
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
        fact = self.patient.record("time_zone_changed", time_zone=zone)["fact"]
        assert self.model.move(zone, datetime.fromisoformat(fact["said_at"])) == "recorded"

    def teardown(self) -> None:
        """The record is the model's, the log gives it, and both phones know it."""
        if not hasattr(self, "model"):
            return
        facts = history(self.patient)
        records = [fact for fact in facts if fact["kind"] in ("dose_recorded", "dose_taken_back")]
        found = [(fact["fact_id"], fact["kind"], fact["dose_on"], fact["recorded_by"]["role"]) for fact in records]
        assert found == [(e.fact_id, e.kind, str(e.day), e.role) for e in self.model.entries]
        assert [fact["voided_by"] is not None for fact in records] == [e.superseded for e in self.model.entries]
        assert [datetime.fromisoformat(fact["said_at"]) for fact in records] == [e.said_at for e in self.model.entries]
        # Registered, enrolled, and the rest.
        assert len(facts) == 2 + self.model.others + len(records)
        assert [fact["recorded_at"] for fact in facts] == sorted(fact["recorded_at"] for fact in facts)
        stands = self.model.stands()
        rows = self.patient.read("calendar", from_="2024-01-05", to=str(self.service.clock.now.date() + timedelta(2)))
        shown = {
            date.fromisoformat(row["dose_on"]): row for row in rows["doses"] if row["status"] in ("taken", "missed")
        }
        assert {day: row["status"] for day, row in shown.items()} == {
            day: said["status"] for day, said in stands.items()
        }
        taken = {day: said["amount"] for day, said in stands.items() if said["status"] == "taken"}
        assert {day: row["taken_amount"] for day, row in shown.items() if row["taken_amount"]} == taken
        self._phones_know(stands)

    def _phones_know(self, stands: dict[date, dict[str, Any]]) -> None:
        """A phone that was told everything knows what stands, by the rule that staff stand before the patient."""
        for phone, told in zip(self.phones, self.told, strict=True):
            told |= {change["fact_id"]: change for change in phone.sync()["changes"]}
            superseded = {change["data"]["voids"] for change in told.values() if change["kind"] == "voided"}
            superseded |= {change["replaces"] for change in told.values()}
            latest: dict[tuple[str, str], tuple[datetime, str | None]] = {}
            for change in sorted(told.values(), key=lambda change: change["recorded_at"]):
                said_at, at = (datetime.fromisoformat(change[name]) for name in ("said_at", "recorded_at"))
                if (
                    not change["kind"].startswith("dose_")
                    or change["fact_id"] in superseded
                    or at - said_at > timedelta(30)
                ):
                    continue
                about = change["data"]["dose_on"], change["by"]
                if about not in latest or said_at >= latest[about][0]:
                    latest[about] = said_at, change["data"].get("status")
            seen = {}
            for day in {day for day, _ in latest}:
                _, status = latest.get((day, "site")) or latest[day, "patient"]
                if status is not None:
                    seen[day] = status
            assert seen == {str(day): said["status"] for day, said in stands.items()}


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
