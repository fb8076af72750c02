"""What becomes of messages when a way to the patient fails, for a while or for good, and who is told."""

from __future__ import annotations

from typing import Any

import pytest
from phone.phones import Phone
from service import Patient, refused

from scheduler_api.use_cases.projections import maintenance

from .receivers import Browser, Receiver, answering
from .sending import Sending


@pytest.fixture
def patient(sending: Sending) -> Patient:
    """A patient on treatment."""
    patient = sending.service.client("nurse").enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


def subscribed(sending: Sending, patient: Patient, receiver: Receiver) -> Phone:
    """A phone of the patient's that gets its messages from a push service."""
    phone = Phone(sending.service, patient)
    subscription = {"endpoint": receiver.url, "keys": Browser().keys}
    assert phone.send("POST", f"devices/{phone.device_id}/push", subscription).status_code == 204
    return phone


def push_of(phone: Phone) -> Any:
    """How the phone's subscription is doing; the site reads the same."""
    (device,) = phone.read("devices")["items"]
    assert phone.patient.read("devices")["items"] == [device]
    return device["push"]


def listed(sending: Sending) -> list[str]:
    """Since when messages reach somebody no more, by the worklist."""
    page = sending.service.client("nurse").get("/v1/worklist", site="FUSCC", limit=200).json
    return [entry["because"] for entry in page["items"] if entry["kind"] == "reminders_reach_nobody"]


def test_a_subscription_that_is_missing_once_lives_on(sending: Sending, patient: Patient) -> None:
    with Receiver(answering(404)) as push:
        phone = subscribed(sending, patient, push)
        assert push_of(phone) == {"kind": "web_push", "state": "good", "ended_at": None, "because": None}
        sending.told("2024-02-20T12:00:30+00:00")
        assert push_of(phone) == {"kind": "web_push", "state": "failing", "ended_at": None, "because": "answered 404"}
        push.behaves = answering(201)
        assert sending.later(minutes=2) >= 1
        assert push_of(phone)["state"] == "good"


def test_a_subscription_that_is_missing_for_a_day_has_ended(sending: Sending, patient: Patient) -> None:
    with Receiver(answering(404)) as push:
        phone = subscribed(sending, patient, push)
        for day in (20, 21, 22):
            sending.told(f"2024-02-{day}T12:00:30+00:00")
            sending.later(minutes=20)
        assert (push_of(phone)["state"], push_of(phone)["because"]) == ("ended", "answered 404")
        asked = len(push.received)
        sending.told("2024-02-23T12:00:30+00:00")
        assert len(push.received) == asked


def test_a_way_that_works_takes_the_place_of_one_that_ended(sending: Sending, patient: Patient) -> None:
    """The patient chose pushes alone; the gateway is better than nothing."""
    with Receiver(answering(410)) as push, Receiver() as gateway:
        phone = subscribed(sending, patient, push)
        phone.send("PATCH", "reminders", {"channels": ["web_push"]})
        sending.add(gateway.url, audience="patient")
        sending.told("2024-02-20T12:00:30+00:00")
        sending.deliver()
        assert sorted(received.json["kind"] for received in gateway.received) == ["dose_due", "window_closing"]
        assert push_of(phone)["state"] == "ended"
        sending.told("2024-02-21T12:00:30+00:00")
        assert [received.json["kind"] for received in gateway.received].count("dose_due") == 2
        assert listed(sending) == []


def test_whom_no_message_reaches_is_on_the_worklist_until_one_does(sending: Sending, patient: Patient) -> None:
    sending.told("2024-02-20T12:00:30+00:00")
    assert listed(sending) == ["since 2024-02-20 no message has reached the patient"]
    patient.record("dose_recorded", dose_on="2024-02-20", status="taken", amount=300)
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
    assert len(listed(sending)) == 1
    assert list(maintenance.verify(sending.store)) == []
    maintenance.rebuild(sending.store, sending.service.clock())
    assert len(listed(sending)) == 1
    with Receiver() as push:
        subscribed(sending, patient, push)
        sending.told("2024-02-21T12:00:30+00:00")
        assert push.received
    assert listed(sending) == []
    assert list(maintenance.verify(sending.store)) == []


def test_a_gateway_that_refuses_is_not_good(sending: Sending, patient: Patient) -> None:
    with Receiver(answering(422)) as gateway:
        made = sending.add(gateway.url, audience="patient")
        sending.told("2024-02-20T12:00:30+00:00")
        assert sending.state(made) == "rejecting"
        assert len(listed(sending)) == 1
        gateway.behaves = answering(204)
        sending.told("2024-02-20T13:00:30+00:00")
        assert sending.state(made) == "good"
        assert listed(sending) == []


def test_the_token_of_an_app_goes_with_each_message_to_the_gateway(sending: Sending, patient: Patient) -> None:
    phone = Phone(sending.service, patient)
    address = f"devices/{phone.device_id}/push"
    with Receiver() as gateway:
        sending.add(gateway.url, audience="patient")
        refused(phone.send("POST", address, {"kind": "relay"}), 422, "/token")
        refused(
            phone.send("POST", address, {"kind": "relay", "token": "t", "endpoint": "https://x.example"}),
            422,
            "/endpoint",
        )
        refused(phone.send("POST", address, {"token": "t"}), 422, "/endpoint", "/keys", "/token")
        assert phone.send("POST", address, {"kind": "relay", "token": "token-1"}).status_code == 204
        assert phone.send("POST", address, {"kind": "relay", "token": "token-2"}).status_code == 204
        assert push_of(phone) == {"kind": "relay", "state": "good", "ended_at": None, "because": None}
        sending.told("2024-02-20T12:00:30+00:00")
        (message,) = (received.json for received in gateway.received if received.json["kind"] == "dose_due")
        assert message["tokens"] == ["token-2"]
        patient.client.send("DELETE", f"{patient.path}/devices/{phone.device_id}")
        sending.told("2024-02-20T13:00:30+00:00")
        assert gateway.received[-1].json["tokens"] == []
