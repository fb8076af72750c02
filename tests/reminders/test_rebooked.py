"""A patient who was told of an appointment is told when it is at another time, or off.

It is told on the evening of 2024-02-20 in Shanghai, of the scan on the day after.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from service import Patient

from scheduler_api.use_cases.projections import maintenance

from .receivers import Receiver
from .sending import Sending

BOOKED = "You have a study visit on 2024-02-21 at {time} (Asia/Shanghai)"


class Told:
    """A patient who was told of an appointment, and what else comes."""

    def __init__(self, sending: Sending, gateway: Receiver) -> None:
        self.sending, self._gateway, self._seen = sending, gateway, 0
        self.patient: Patient = sending.service.client("nurse").enrol()
        self.book("14:00")
        sending.add(gateway.url, audience="patient")
        assert self.heard("2024-02-20T10:00:30+00:00") == [("2024-02-21 imaging-w6", BOOKED.format(time="14:00"))]

    def book(self, time: str | None = None, booked_on: str | None = "2024-02-21", **data: str) -> str:
        """Book the visit anew, or cancel it; the fact's id."""
        times = {} if time is None else {"time": time}
        answer = self.patient.record("visit_booked", visit="imaging-w6", booked_on=booked_on, **times, **data)
        return str(answer["fact"]["fact_id"])

    def heard(self, at: str | None = None) -> list[tuple[str, str]]:
        """What the patient is told of appointments by now, or by an instant: about what, and the text."""
        self.sending.told(at) if at else self.sending.work()
        assert list(maintenance.verify(self.sending.store)) == []
        found = [received.json for received in self._gateway.received[self._seen :]]
        self._seen += len(found)
        return [(one["about"], one["body"]) for one in found if one["kind"] == "booking_tomorrow"]


@pytest.fixture
def told(sending: Sending) -> Iterator[Told]:
    with Receiver() as gateway:
        yield Told(sending, gateway)


def test_another_time_is_told_at_once_and_each_further_one(told: Told) -> None:
    for number, time in ((2, "08:00"), (3, "14:00"), (4, "08:00")):
        told.sending.later(minutes=5)
        told.book(time)
        assert told.heard() == [(f"2024-02-21 imaging-w6 {number}", BOOKED.format(time=time))]
    told.sending.later(minutes=5)
    assert told.heard() == []


def test_what_is_at_the_same_time_is_told_once(told: Told) -> None:
    told.sending.later(minutes=5)
    told.book("14:00", place="Building 2")
    assert told.heard() == []


def test_quiet_hours_are_kept(told: Told) -> None:
    told.sending.service.clock.set("2024-02-20T15:00:00+00:00")
    told.book("10:00")
    assert told.heard() == []
    assert told.heard("2024-02-20T23:00:30+00:00") == [("2024-02-21 imaging-w6 2", BOOKED.format(time="10:00"))]


def test_a_cancellation_is_told_and_that_it_was_none(told: Told) -> None:
    told.sending.later(minutes=5)
    cancelled = told.book(booked_on=None)
    assert told.heard() == [("2024-02-21 imaging-w6 2 off", "Your study visit on 2024-02-21 is cancelled")]
    told.sending.later(minutes=5)
    assert told.heard() == []
    told.patient.record("voided", voids=cancelled, reason="another patient")
    assert told.heard() == [("2024-02-21 imaging-w6 3", BOOKED.format(time="14:00"))]


def test_another_day_is_told_at_once_and_on_its_eve(told: Told) -> None:
    told.sending.later(minutes=5)
    told.book("09:00", "2024-02-23")
    off = "Your study visit on 2024-02-21 is cancelled: it is now booked for 2024-02-23"
    assert told.heard() == [("2024-02-21 imaging-w6 2 off", off)]
    on = "You have a study visit on 2024-02-23 at 09:00 (Asia/Shanghai)"
    assert told.heard("2024-02-22T10:00:30+00:00") == [("2024-02-23 imaging-w6", on)]


def test_what_was_done_is_not_told_to_be_off(told: Told) -> None:
    told.sending.service.clock.set("2024-02-21T07:00:00+00:00")
    told.patient.record("visit_done", series="imaging", done_on="2024-02-21", response="SD")
    told.book(booked_on=None)
    assert told.heard() == []


def test_who_has_left_is_told_no_more(told: Told) -> None:
    told.sending.service.clock.set("2024-02-21T01:00:00+00:00")
    told.patient.record("study_ended", ended_on="2024-02-21", reason="withdrawal", contact_after="continue")
    told.book(booked_on=None)
    assert told.heard() == []


def test_who_was_not_told_yet_hears_only_of_the_new_time(sending: Sending) -> None:
    with Receiver() as gateway:
        patient = sending.service.client("nurse").enrol()
        for time in ("14:00", "13:00"):
            patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time=time)
        sending.add(gateway.url, audience="patient")
        sending.told("2024-02-20T10:00:30+00:00")
        bodies = [one.json["body"] for one in gateway.received if one.json["kind"] == "booking_tomorrow"]
    assert bodies == [BOOKED.format(time="13:00")]
