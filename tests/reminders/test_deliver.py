"""Delivery against real receivers: who gets what, what is tried again when, and that nobody waits for the dead."""

from __future__ import annotations

import itertools
import socket
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from patience import PATIENCE
from service import Client, refused

from scheduler_api.engine.instants import stamp
from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.reminders.delivery import AT_ONCE
from scheduler_api.use_cases.reminders.retrying import ATTEMPTS, TRUSTED_FAILURES

from .receivers import Answer, Received, Receiver, answering
from .sending import Sending


def ids(receiver: Receiver) -> Counter[str]:
    """How often a receiver got each message."""
    return Counter(received.headers["scheduler-message-id"] for received in receiver.received)


def test_a_message_reaches_every_destination_of_its_site_and_no_other(sending: Sending) -> None:
    with Receiver() as one, Receiver() as other, Receiver() as patients, Receiver() as berlin:
        sending.add(one.url)
        sending.add(other.url)
        sending.add(patients.url, audience="patient")
        sending.add(berlin.url, site="BERLIN")
        sending.queue(1)
        assert sending.deliver() == 2
        assert (ids(one), ids(other)) == ({"m-000001": 1}, {"m-000001": 1})
        assert patients.received == berlin.received == []
        assert sending.deliver() == 0
    found = sending.one()
    assert found["status"] == "sent"
    assert [(way["channel"], way["status"], way["attempts"]) for way in found["deliveries"]] == [
        ("webhook", "sent", 1)
    ] * 2


def test_a_failed_attempt_is_repeated_with_the_same_id_after_longer_and_longer_waits(sending: Sending) -> None:
    with Receiver(answering(503)) as receiver:
        sending.add(receiver.url)
        # Quiet hours do not hold it back.
        sending.queue(1, kind="dose_to_check")
        waits = []
        sending.deliver()
        while (found := sending.one())["status"] == "waiting":
            assert [way["problem"] for way in found["deliveries"]] == ["answered 503"]
            waits.append(sending.next_at() / timedelta(minutes=1))
            assert sending.later(seconds=(waits[-1] - 0.01) * 60) == 0
            assert sending.later(minutes=15) == 1
    # 1, 2, 4 … minutes, at most half as long again, at most 6 hours; nothing after the message expires.
    for number, wait in enumerate(waits):
        assert min(2**number, 360) - 0.01 <= wait <= min(1.5 * 2**number, 360), waits
    assert len(waits) == ATTEMPTS - 1
    assert ids(receiver) == {"m-000001": ATTEMPTS}
    assert len({received.body for received in receiver.received}) == 1
    assert found["status"] == "failed"
    assert sending.later(hours=7) == 0


def test_what_was_tried_in_vain_until_it_made_no_sense_any_more_is_a_dead_letter(sending: Sending) -> None:
    with Receiver(answering(503)) as receiver:
        sending.add(receiver.url)
        sending.queue(1, expires_at=stamp(sending.service.clock.now + timedelta(minutes=10)))
        sending.deliver()
        for _ in range(20):
            sending.later(minutes=1)
        assert sending.one()["status"] == "failed"
        assert 3 <= len(receiver.received) <= 4


def test_what_is_stale_is_never_sent(sending: Sending) -> None:
    with Receiver() as receiver:
        sending.add(receiver.url)
        sending.queue(1, 300)
        assert sending.later(days=3) == 0
        assert receiver.received == []
    assert sending.statuses() == {"expired": 300}


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_for_all_messages_to_that_destination(status: int, sending: Sending) -> None:
    with Receiver(answering(status, Retry_After="3600")) as receiver:
        destination = sending.add(receiver.url)
        sending.queue(1)
        sending.deliver()
        assert timedelta(minutes=59) < sending.next_at() <= timedelta(minutes=60)
        sending.queue(2)
        assert sending.later(minutes=59) == 0
        assert sending.state(destination) == "failing"
        receiver.behaves = answering(204)
        assert sending.later(minutes=2) >= 1
        sending.deliver()
        assert ids(receiver) == {"m-000001": 2, "m-000002": 1}
    assert sending.state(destination) == "good"
    assert sending.statuses() == {"sent": 2}


def test_gone_ends_the_destination_and_what_waits_for_it(sending: Sending) -> None:
    with Receiver(answering(410)) as receiver, Receiver() as good:
        destination = sending.add(receiver.url)
        sending.queue(1, 20)
        sending.deliver()
        assert len(receiver.received) <= AT_ONCE
        assert sending.state(destination) == "ended"
        assert sending.statuses() == {"failed": 20}
        sending.add(good.url)
        sending.queue(21)
        assert sending.deliver() == 1
        assert ids(good) == {"m-000021": 1}


def test_what_is_refused_for_good_is_a_dead_letter_at_once_and_the_next_message_goes(sending: Sending) -> None:
    def particular(receiver: Receiver, received: Received) -> Answer:
        return Answer(422 if received.headers["scheduler-message-id"] == "m-000001" else 204)

    with Receiver(particular) as receiver:
        destination = sending.add(receiver.url)
        sending.queue(1, 5)
        assert sending.deliver() == 5
    assert sending.statuses() == {"failed": 1, "sent": 4}
    assert sending.one()["deliveries"][0]["problem"] == "answered 422"
    assert sending.state(destination) == "good"


def test_a_run_ends_with_the_first_failure_and_the_rest_is_tried_for_the_first_time_later(sending: Sending) -> None:
    with Receiver(lambda receiver, received: Answer(204 if len(ids(receiver)) < 3 else 503)) as receiver:
        sending.add(receiver.url)
        sending.queue(1, 6)
        # The third fails; after it one at a time is tried, until the destination is paused.
        assert sending.deliver(run=6) == 2 + TRUSTED_FAILURES
        assert sorted(sending.attempts().values()) == [0, 1, 1, 1, 1, 1]
        receiver.behaves = answering(204)
        sending.later(minutes=5)
        assert set(ids(receiver).values()) == {1, 2}
    assert sending.statuses() == {"sent": 6}


def test_a_worker_that_stops_in_the_middle_of_a_run_leaves_the_rest_to_others(sending: Sending) -> None:
    with Receiver() as receiver:
        sending.add(receiver.url)
        sending.queue(1, 6)
        assert sending.deliver(stopping=lambda: len(receiver.received) >= 2, run=6) == 2
        assert sorted(sending.attempts().values()) == [0, 0, 0, 0, 1, 1]
        assert sending.deliver() == 4
        assert set(ids(receiver).values()) == {1}
    assert sending.statuses() == {"sent": 6}


def test_dead_destinations_do_not_delay_the_others(sending: Sending) -> None:
    """One does not answer and one refuses connections: whoever answers has everything while they still do not."""
    everything = threading.Event()
    in_time: list[bool] = []

    def takes(receiver: Receiver, received: Received) -> Answer:
        if len(ids(receiver)) == 40:
            everything.set()
        return Answer()

    def waits(receiver: Receiver, received: Received) -> None:
        # An attempt that had ended earlier would be one that the others had waited for.
        in_time.append(everything.wait(PATIENCE / 2))

    with Receiver(waits) as dead, Receiver(takes) as good, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for url in (dead.url, f"http://127.0.0.1:{closed.getsockname()[1]}/", good.url):
            sending.add(url)
        sending.queue(1, 40)
        sending.deliver()
        assert len(ids(good)) == 40
        assert in_time
        assert all(in_time)
        # Tried as long as it was trusted, and then left alone.
        assert len(dead.received) <= AT_ONCE
        assert all(found["status"] == "waiting" for found in sending.found())


def test_a_destination_that_fails_is_left_alone_and_then_asked_once_by_one_worker(sending: Sending) -> None:
    with Receiver(answering(500)) as receiver:
        sending.add(receiver.url)
        sending.queue(1, 30)
        sending.deliver()
        tried = len(receiver.received)
        assert TRUSTED_FAILURES <= tried <= AT_ONCE
        assert sending.later(seconds=50) == 0
        # The pause is over: one message asks for all, whoever looks.
        assert sending.later(seconds=80) == 1
        assert sending.deliver() == 0
        receiver.behaves = answering(204)
        assert sending.later(minutes=5) == 30
    assert sending.statuses() == {"sent": 30}


def test_the_database_is_free_while_a_message_is_sent(sending: Sending) -> None:
    """Who is told of a message may write at that very moment."""
    wrote: list[Any] = []
    numbers = itertools.count(1)

    def writes(receiver: Receiver, received: Received) -> Answer:
        client = sending.service.client("admin")
        # Messages are sent side by side, so that each takes a number of its own.
        site = {"site": f"S{next(numbers)}", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
        wrote.append(client.post("/v1/sites", site).status_code)
        sending.store.close()
        return Answer()

    with Receiver(writes) as receiver:
        sending.add(receiver.url)
        sending.queue(1, 3)
        sending.deliver()
    assert wrote == [201] * 3
    assert sending.statuses() == {"sent": 3}


def test_a_message_taken_back_before_its_attempt_is_not_sent_and_called_for_again_it_is(sending: Sending) -> None:
    """A hold that starts while a reminder waits for a gateway that is down."""
    service = sending.service
    nurse = service.client("nurse")
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")

    def state() -> tuple[str, list[str]]:
        (found,) = (one for one in sending.found(patient=patient.patient_id) if one["message_id"] == reminder)
        return found["status"], [way["status"] for way in found["deliveries"]]

    with Receiver(answering(503)) as gateway:
        sending.add(gateway.url, audience="patient")
        service.clock.set("2024-02-20T12:00:30+00:00")
        maintenance.extend_horizons(service.store, service.clock.now)
        tick(service.store, service.clock.now)
        sending.deliver()
        (reminder,) = (received.json["id"] for received in gateway.received if received.json["kind"] == "dose_due")
        gateway.behaves = answering(204)
        held = patient.record("hold_started", from_on="2024-02-20", reason="adverse event")
        sending.later(minutes=2)
        assert ids(gateway)[reminder] == 1
        assert state() == ("withdrawn", ["withdrawn"])
        patient.record("voided", voids=held["fact"]["fact_id"], reason="the wrong patient")
        assert sending.deliver() == 1
        assert ids(gateway)[reminder] == 2
        assert state() == ("sent", ["sent"])


def test_a_message_with_nobody_to_send_it_to_is_sent_when_there_is_and_staff_ask(
    sending: Sending, nurse: Client
) -> None:
    sending.queue(1)
    assert sending.deliver() == 0
    assert (sending.one()["status"], sending.one()["deliveries"]) == ("failed", [])
    nurse = sending.service.client("nurse")
    with Receiver() as receiver:
        sending.add(receiver.url)
        assert sending.deliver() == 0
        answer = nurse.post("/v1/reminders/m-000001/resend")
        assert (answer.status_code, answer.json["status"]) == (200, "waiting")
        assert sending.deliver() == 1
        assert ids(receiver) == {"m-000001": 1}
    refused(nurse.post("/v1/reminders/m-000001/resend"), 409, "/message_id")
