"""What comes late, after failures or an outage: never in quiet hours, never after what says the same later."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from service import Patient

from scheduler_api.reminders.dispatch import tick
from scheduler_api.store.reminders import planned_messages
from scheduler_api.use_cases.projections import maintenance

from .receivers import Answer, Received, Receiver, answering
from .sending import Sending

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def patient(sending: Sending) -> Patient:
    """A patient on treatment, whose messages begin now."""
    patient = sending.service.client("nurse").enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


class Gateway:
    """A gateway for messages to patients that is down from one time of the clock in Shanghai to another."""

    def __init__(self, sending: Sending, down: tuple[str, str]) -> None:
        self._sending, self._down = sending, down
        #: What was tried, and what was taken: time and kind.
        self.tried: list[tuple[str, str]] = []
        self.taken: list[tuple[str, str]] = []

    def __call__(self, receiver: Receiver, received: Received) -> Answer:
        now = f"{self._sending.service.clock.now.astimezone(SHANGHAI):%d %H:%M}"
        event = now, received.json["kind"]
        self.tried.append(event)
        if self._down[0] <= now < self._down[1]:
            return Answer(503)
        self.taken.append(event)
        return Answer(204)


def day_and_night(sending: Sending, gateway: Gateway, first: str, minutes: int) -> None:
    """Let a worker work every five minutes from an instant on."""
    with Receiver(gateway) as receiver:
        sending.add(receiver.url, audience="patient")
        sending.told(first)
        for _ in range(minutes // 5):
            sending.service.clock.now += timedelta(minutes=5)
            sending.work()


def test_what_failed_in_the_evening_is_not_sent_at_night(sending: Sending, patient: Patient) -> None:
    """The window of imaging-w12 opens on the 20th of March; its message is of use for more than a week."""
    gateway = Gateway(sending, ("20 00:00", "21 00:40"))
    day_and_night(sending, gateway, "2024-03-20T00:58:00+00:00", 24 * 60)
    windows = [at for at, kind in gateway.tried if kind == "window_opened"]
    assert windows[0] == "20 09:03"
    assert not [at for at in windows if at > "20 22:00" and at < "21 07:00"]
    # The quiet hours end at seven. Of the dose of the 20th, the day is over.
    assert gateway.taken == [("21 07:03", "window_opened")]


def test_what_would_be_of_no_use_after_the_quiet_hours_expires(sending: Sending, patient: Patient) -> None:
    gateway = Gateway(sending, ("26 00:00", "26 22:01"))
    day_and_night(sending, gateway, "2024-02-26T11:58:00+00:00", 5 * 60)
    assert gateway.taken == []
    assert max(at for at, _ in gateway.tried) < "26 22:00"
    statuses = {found["kind"]: found["status"] for found in sending.found(patient=patient.patient_id)}
    assert set(statuses) == {"dose_due", "dose_again"}
    assert set(statuses.values()) <= {"expired", "failed"}


def test_a_first_reminder_never_comes_after_the_second(sending: Sending, patient: Patient) -> None:
    """The gateway is down from before the first until after the second: only the second is of use."""
    gateway = Gateway(sending, ("26 00:00", "26 21:20"))
    day_and_night(sending, gateway, "2024-02-26T11:58:00+00:00", 3 * 60)
    assert [kind for _, kind in gateway.taken] == ["dose_again"]
    statuses = {found["kind"]: found["status"] for found in sending.found(patient=patient.patient_id)}
    assert statuses["dose_due"] in ("expired", "failed")
    assert statuses["dose_again"] == "sent"


def test_a_first_reminder_that_is_only_a_little_late_comes(sending: Sending, patient: Patient) -> None:
    gateway = Gateway(sending, ("26 00:00", "26 20:20"))
    day_and_night(sending, gateway, "2024-02-26T11:58:00+00:00", 110)
    assert [kind for _, kind in gateway.taken] == ["dose_due", "dose_again"]


@pytest.mark.parametrize("kind", ["dose_to_check", "dose_later"])
def test_what_must_not_wait_comes_at_night_too(sending: Sending, kind: str) -> None:
    with Receiver(answering(503)) as receiver:
        sending.add(receiver.url)
        sending.service.clock.set("2024-02-20T13:59:00+00:00")
        sending.queue(1, kind=kind)
        assert sending.deliver() == 1
        receiver.behaves = answering(204)
        assert sending.later(minutes=30) == 1
        assert sending.one()["status"] == "sent"


def test_a_message_that_is_on_time_goes_out_though_quiet_hours_begin_this_minute(sending: Sending) -> None:
    with Receiver() as receiver:
        sending.add(receiver.url)
        sending.service.clock.set("2024-02-20T13:59:50+00:00")
        sending.queue(1)
        assert sending.later(seconds=20) == 1
    assert sending.one()["status"] == "sent"


def test_what_the_quiet_hours_held_until_it_expired_is_missed_by_nobody(sending: Sending) -> None:
    """Nobody looked for two days: what the site should have heard on the 22nd is late, and is of no use at seven.

    Nothing else is planned soon for somebody whose treatment has ended, and who need not use contraception.
    """
    # Messages of tomorrow are planned for every patient; of later days it depends on the patient's period.
    sending.service.clock.set("2024-02-21T08:00:00+08:00")
    patient = sending.service.client("nurse").enrol(fertility="not_fertile", basis="sterilisation")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("treatment_ended", last_dose_on="2024-01-20", decided_on="2024-01-20", reason="intolerance")
    planned = planned_messages.of_patient(sending.store, patient.patient_id).values()
    (message,) = [one for one in planned if (one["kind"], one["about"]) == ("window_missed", "2024-02-21 imaging-w6")]
    # From seven in the morning of the 22nd until the end of the 23rd, in Shanghai.
    assert message["next_at"] == "2024-02-21T23:00:00.000000+00:00"
    assert message["expires_at"] == "2024-02-23T16:00:00.000000+00:00"
    sending.service.clock.set("2024-02-23T22:30:00+08:00")
    assert tick(sending.store, sending.service.clock()).stale == len(planned)
    assert planned_messages.of_patient(sending.store, patient.patient_id) == {}
    assert list(maintenance.verify(sending.store, now=sending.service.clock())) == []
