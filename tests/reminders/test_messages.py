"""What staff see of messages, and what they may have sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from service import counting, metrics, refused

from scheduler_api.engine.instants import stamp
from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.projections import maintenance

from .receivers import Receiver, answering
from .sending import Sending
from .test_destinations import audited


def test_messages_are_listed_latest_first_and_page_by_page(sending: Sending) -> None:
    for number in range(1, 8):
        sending.queue(number, next_at=stamp(sending.service.clock.now - timedelta(hours=number)))
    monitor = sending.service.client("monitor")
    found, query = [], {"limit": 3}
    while True:
        page = monitor.get("/v1/reminders", **query).json
        found += [item["message_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = {"limit": 3, "cursor": page["next_cursor"]}
    assert found == [f"m-{number:06}" for number in range(1, 8)]
    assert sending.found(status="failed") == []
    sending.deliver()
    assert len(sending.found(status="failed,expired")) == 7
    assert sending.found(status="sent") == []
    refused(monitor.get("/v1/reminders", status="lost"), 422, "/status/0")


def test_another_sites_messages_are_not_there(sending: Sending) -> None:
    service = sending.service
    patient = service.client("nurse").enrol()
    sending.queue(1)
    sending.queue(2, patient_id=patient.patient_id, audience="patient", kind="dose_due")
    sending.queue(3, site="BERLIN")
    sending.deliver()
    elsewhere = service.client("elsewhere")
    assert [item["message_id"] for item in elsewhere.get("/v1/reminders").json["items"]] == ["m-000003"]
    refused(elsewhere.get("/v1/reminders", site="FUSCC"), 404)
    assert elsewhere.get("/v1/reminders", patient=patient.patient_id).json["items"] == []
    unknown = refused(elsewhere.post("/v1/reminders/m-none/resend"), 404)
    for number in (1, 2):
        assert refused(elsewhere.post(f"/v1/reminders/m-00000{number}/resend"), 404) == unknown
    (mine,) = sending.found(patient=patient.patient_id)
    assert (mine["subject_number"], mine["site"], mine["kind"]) == ("001", "FUSCC", "dose_due")


def test_a_dead_letter_is_sent_again_with_its_id_by_who_may(sending: Sending) -> None:
    service = sending.service
    with Receiver(answering(400)) as receiver:
        sending.add(receiver.url)
        sending.queue(1)
        sending.deliver()
        refused(service.client("monitor").post("/v1/reminders/m-000001/resend"), 403)
        assert sending.deliver() == 0
        receiver.behaves = answering(204)
        assert service.client("nurse").post("/v1/reminders/m-000001/resend").json["status"] == "waiting"
        # What waits already is on its way.
        refused(service.client("nurse").post("/v1/reminders/m-000001/resend"), 409, "/message_id")
        assert sending.deliver() == 1
    first, again = receiver.received
    assert first.headers["scheduler-message-id"] == again.headers["scheduler-message-id"] == "m-000001"
    assert sending.one()["status"] == "sent"
    assert audited(service, "message_resent") == [("t-", None, "FUSCC", {"message": "m-000001", "kind": "digest"})]


def test_only_the_destination_that_did_not_take_it_gets_it_again(sending: Sending) -> None:
    with Receiver(answering(400)) as bad, Receiver() as good:
        sending.add(bad.url)
        sending.add(good.url)
        sending.queue(1)
        sending.deliver()
        # One took it: it has reached somebody, and is not sent again.
        assert sending.one()["status"] == "sent"
        refused(sending.service.client("nurse").post("/v1/reminders/m-000001/resend"), 409, "/message_id")
        assert [way["status"] for way in sending.one()["deliveries"]] == ["failed", "sent"]


def test_what_makes_no_sense_any_more_is_not_sent_again(sending: Sending) -> None:
    sending.queue(1)
    sending.deliver()
    sending.later(days=2)
    refused(sending.service.client("nurse").post("/v1/reminders/m-000001/resend"), 409, "/message_id")


def test_a_reminder_of_a_dose_that_was_held_or_recorded_meanwhile_is_not_sent_again(sending: Sending) -> None:
    """It failed before the hold began: nobody had to take it back, and nobody may send it now."""
    service = sending.service
    nurse = service.client("nurse")
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    service.clock.set("2024-02-20T12:00:30+00:00")
    maintenance.extend_horizons(service.store, service.clock.now)
    tick(service.store, service.clock.now)
    sending.deliver()
    (dose,) = (one for one in sending.found(status="failed") if one["kind"] == "dose_due")
    held = patient.record("hold_started", from_on="2024-02-20", reason="adverse event")
    with service.unchanged():
        refused(nurse.post(f"/v1/reminders/{dose['message_id']}/resend"), 409, "/message_id")
    patient.record("voided", voids=held["fact"]["fact_id"], reason="the wrong patient")
    assert nurse.post(f"/v1/reminders/{dose['message_id']}/resend").json["status"] == "waiting"
    sending.deliver()
    patient.record("dose_recorded", dose_on="2024-02-20", status="taken")
    refused(nurse.post(f"/v1/reminders/{dose['message_id']}/resend"), 409, "/message_id")


def test_metrics_tell_what_a_worker_did(sending: Sending) -> None:
    nobody = sending.service.client("")
    assert metrics(nobody)["scheduler_messages_waiting",] == 0
    with counting(nobody) as counted:
        with Receiver(answering(503)) as receiver:
            sending.add(receiver.url)
            sending.queue(1, 2, next_at=stamp(sending.service.clock.now - timedelta(seconds=20)))
            sending.deliver()
            assert metrics(nobody)["scheduler_messages_waiting",] == 2
            receiver.behaves = answering(204)
            sending.later(minutes=2)
        sending.queue(3, site="BERLIN", kind="doses_missed")
        sending.deliver()
    assert metrics(nobody)["scheduler_messages_waiting",] == 0
    way = ("webhook", "digest")
    assert counted["scheduler_deliveries_total", *way, "retried"] == 2
    assert counted["scheduler_deliveries_total", *way, "sent"] == 2
    assert counted["scheduler_messages_finished_total", "digest", "sent"] == 2
    assert counted["scheduler_messages_finished_total", "doses_missed", "failed"] == 1
    buckets = {
        bound: counted["scheduler_delivery_lag_seconds_bucket", *way, bound] for bound in ("60.0", "300.0", "+Inf")
    }
    assert buckets == {"60.0": 0, "300.0": 2, "+Inf": 2}
    assert counted["scheduler_delivery_lag_seconds_count", *way] == 2
    assert counted["scheduler_delivery_lag_seconds_sum", *way] == pytest.approx(280, abs=2)


def test_metrics_tell_of_no_patient_site_or_address(sending: Sending) -> None:
    patient = sending.service.client("nurse").enrol()
    with Receiver() as receiver:
        sending.add(receiver.url, audience="patient")
        sending.queue(1, audience="patient", kind="dose_due", patient_id=patient.patient_id)
        sending.deliver()
        said = sending.service.client("").get("/metrics").text
    assert "dose_due" in said
    assert not [
        word for word in (patient.patient_id, "001", "FUSCC", "127.0.0.1", "localhost", "e-") if f'"{word}' in said
    ]
