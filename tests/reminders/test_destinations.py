"""Where messages go: who may say so, what is refused, and what a patient's phone gets on its lock screen."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from phone.phones import Phone
from service import Client, Patient, Service, refused

from scheduler_api.reminders.outbound.keys import make

from .conftest import CONTACT
from .receivers import Browser, Certificate, Mailbox, Receiver, names
from .sending import Sending

SITE = "/v1/sites/FUSCC/destinations"
WEBHOOK = {"channel": "webhook", "audience": "site", "address": "https://gateway.example/hook"}


@pytest.fixture
def patient(sending: Sending) -> Patient:
    """The patient of the rules' worked examples, first dose on 2024-01-05."""
    patient = sending.service.client("nurse").enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


def audited(service: Service, action: str) -> list[Any]:
    """What is noted of an action."""
    rows = service.store.rows("SELECT * FROM audit WHERE action = :action ORDER BY at", {"action": action})
    return [(row["actor"][:2], row["patient_id"], row["site"], json.loads(row["detail"])) for row in rows]


def test_only_a_coordinator_or_an_admin_says_where_messages_go(sending: Sending) -> None:
    service = sending.service
    with Receiver() as receiver:
        body = {**WEBHOOK, "address": receiver.url}
        for name in ("nurse", "monitor"):
            refused(service.client(name).post(SITE, body), 403)
        refused(service.client("elsewhere").post(SITE, body), 403)
        made = sending.add(receiver.url)
        refused(service.client("nurse").send("DELETE", f"{SITE}/{made['destination_id']}"), 403)
        sending.queue(1)
        assert sending.deliver() == 1
        assert service.client("admin").send("DELETE", f"{SITE}/{made['destination_id']}").status_code == 204
        refused(service.client("admin").send("DELETE", f"{SITE}/{made['destination_id']}"), 404)
        sending.queue(2)
        assert sending.deliver() == 0
    (one,) = service.client("monitor").get(SITE).json["items"]
    assert (one["state"], one["ended_because"], one["site"]) == ("ended", "ended by admin", "FUSCC")
    noted = {"destination": made["destination_id"]}
    assert audited(service, "destination_added") == [("t-", None, "FUSCC", {**noted, "channel": "webhook"})]
    assert audited(service, "destination_ended") == [("t-", None, "FUSCC", noted)]


def test_the_secret_of_a_webhook_is_seen_once_and_signs_what_comes(sending: Sending) -> None:
    with Receiver() as receiver:
        made = sending.add(receiver.url)
        sending.queue(1)
        sending.deliver()
    (received,) = receiver.received
    signed = f"{received.headers['scheduler-timestamp']}.m-000001.".encode() + received.body
    expected = hmac.new(made["secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert received.headers["scheduler-signature"] == expected
    assert "secret" not in sending.service.client("admin").get(SITE).json["items"][0]
    everything = json.dumps(sending.service.record(), default=str)
    assert made["secret"] not in everything
    assert made["destination_id"] in everything


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://10.0.0.8/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.8]/",
        "https://2130706433/",
        "ftp://gateway.example/",
        "",
    ],
)
def test_a_webhook_into_our_own_network_is_refused(address: str, service: Service) -> None:
    make(Path(service.settings.delivery_keys), CONTACT)
    phone = Phone(service, service.client("nurse").enrol())
    with service.unchanged():
        refused(service.client("admin").post(SITE, {**WEBHOOK, "address": address}), 422, "/address")
        subscription = {"endpoint": address, "keys": Browser().keys}
        if address:
            refused(phone.send("POST", f"devices/{phone.device_id}/push", subscription), 422, "/endpoint")


def test_a_public_webhook_is_taken(service: Service) -> None:
    make(Path(service.settings.delivery_keys), CONTACT)
    with names(lambda host: ["8.8.8.8"]):
        assert service.client("admin").post(SITE, WEBHOOK).status_code == 201
    with names(lambda host: ["8.8.8.8", "10.0.0.1"]):
        refused(service.client("admin").post(SITE, WEBHOOK), 422, "/address")


def test_without_keys_there_are_no_webhooks_and_no_web_push(service: Service, nurse: Client) -> None:
    refused(service.client("admin").post(SITE, WEBHOOK), 404)
    phone = Phone(service, nurse.enrol())
    refused(phone.get("push-key"), 404)
    subscription = {"endpoint": "https://push.example/", "keys": Browser().keys}
    refused(phone.send("POST", f"devices/{phone.device_id}/push", subscription), 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"channel": "email", "audience": "patient", "address": "a@b.example"}, "/audience"),
        *(
            ({"channel": "email", "audience": "site", "address": address}, "/address")
            for address in (
                "nobody",
                "a@localhost",
                "a@b..example",
                "a@b.example.",
                "a@-b.example",
                "a@192.0.2.1",
                ".a@b.example",
            )
        ),
        ({"channel": "email", "audience": "site", "address": "a@b.example, c@d.example"}, "/address"),
        ({"channel": "email", "audience": "site", "address": "A <a@b.example>"}, "/address"),
        ({"channel": "email", "audience": "site", "address": "a@b.example\r\nBcc: c@d.example"}, "/address"),
        ({"channel": "log", "audience": "site", "address": "x"}, "/address"),
        ({"channel": "web_push", "audience": "site", "address": "https://push.example/"}, "/channel"),
        ({"channel": "log", "audience": "everyone"}, "/audience"),
        ({"channel": "log", "audience": "site", "language": "fr"}, "/language"),
    ],
)
def test_what_is_no_destination(body: dict[str, str], pointer: str, service: Service) -> None:
    with service.unchanged():
        refused(service.client("coordinator").post(SITE, body), 422, pointer)


def test_a_patients_phone_gets_its_reminder_with_nothing_of_drug_or_disease(
    sending: Sending, patient: Patient, trusted: Certificate
) -> None:
    phone, browser = Phone(sending.service, patient), Browser()
    address = f"devices/{phone.device_id}/push"
    with Receiver(tls=trusted.context) as push, Receiver() as gateway:
        sending.add(gateway.url, audience="patient")
        assert phone.read("push-key") == {"public_key": sending.service.settings.outside().keys().public}
        subscription = {"endpoint": push.url, "expirationTime": None, "keys": browser.keys}
        assert phone.send("POST", address, subscription).status_code == 204
        assert phone.send("POST", address, subscription).status_code == 204
        sending.told("2024-02-20T12:00:30+00:00")
        (mine,) = (one for one in map(browser.read, push.received) if one["kind"] == "dose_due")
        (theirs,) = (received.json for received in gateway.received if received.json["kind"] == "dose_due")
    said = {"title": "Study reminder", "body": "Take your dose of 2024-02-20", "language": "en"}
    message = {"id": mine["id"], "kind": "dose_due", "about": "2024-02-20", **said}
    assert mine == message
    assert theirs == {**message, "site": "FUSCC", "patient_id": patient.patient_id, "tokens": []}


def test_a_phone_whose_session_ended_gets_nothing_any_more(sending: Sending, patient: Patient) -> None:
    phone, other, browser = Phone(sending.service, patient), Phone(sending.service, patient), Browser()
    with Receiver() as push:
        subscription = {"endpoint": push.url, "keys": browser.keys}
        refused(phone.send("POST", f"devices/{other.device_id}/push", subscription), 404)
        for one in (phone, other):
            assert one.send("POST", f"devices/{one.device_id}/push", subscription).status_code == 204
        assert phone.send("DELETE", f"devices/{phone.device_id}/push").status_code == 204
        refused(phone.send("DELETE", f"devices/{phone.device_id}/push"), 404)
        patient.client.send("DELETE", f"{patient.path}/devices/{other.device_id}")
        sending.told("2024-02-20T12:00:30+00:00")
        assert push.received == []


@pytest.mark.parametrize(
    ("keys", "pointer"),
    [
        ({"auth": "AAAA"}, "/keys/auth"),
        ({"auth": "not base64!"}, "/keys/auth"),
        ({"p256dh": "AAAA"}, "/keys/p256dh"),
        # The right length, and no point of the curve.
        ({"p256dh": "BA" + "A" * 85}, "/keys/p256dh"),
    ],
)
def test_a_subscription_with_keys_that_are_none_is_refused(
    keys: dict[str, str], pointer: str, sending: Sending, patient: Patient
) -> None:
    phone = Phone(sending.service, patient)
    body = {"endpoint": "https://push.example/", "keys": {**Browser().keys, **keys}}
    refused(phone.send("POST", f"devices/{phone.device_id}/push", body), 422, pointer)


def test_the_digest_has_the_worklist_by_subject_numbers(
    sending: Sending, patient: Patient, trusted: Certificate
) -> None:
    with Mailbox(trusted.context, direct=True) as mailbox, Receiver() as ward:
        service = sending.service
        settings = service.settings
        object.__setattr__(settings, "smtp", f"smtps://localhost:{mailbox.port}")
        object.__setattr__(settings, "mail_from", "trial@example.org")
        sending = Sending(service)
        sending.add("ward@example.org", "email")
        sending.add(ward.url)
        sending.told("2024-02-20T00:00:30+00:00")
    (digest,) = (received.json for received in ward.received if received.json["kind"] == "digest")
    assert (digest["site"], digest["subject_number"]) == ("FUSCC", None)
    assert patient.patient_id not in json.dumps(digest)
    work = service.client("nurse").get("/v1/worklist", site="FUSCC").json["items"]
    assert work
    assert digest["title"] == f"To do: {len(work)}"
    assert digest["body"].splitlines() == [f"{entry['subject_number']}: {entry['because']}" for entry in work]
    (_, mail) = next((to, mail) for to, mail in mailbox.mails if mail["Subject"] == digest["title"])
    assert mail.get_content().strip().splitlines() == digest["body"].splitlines()


def test_the_digest_of_a_chinese_ward_is_chinese(sending: Sending, patient: Patient) -> None:
    """Its lines are the reasons that the worklist gives, in the language of the destination."""
    with Receiver() as ward:
        sending.add(ward.url, language="zh-CN")
        sending.told("2024-02-20T00:00:30+00:00")
    (digest,) = (received.json for received in ward.received if received.json["kind"] == "digest")
    assert digest["language"] == "zh-CN"
    assert digest["title"] == "待办事项：3 项"
    number = patient.read("")["subject_number"]
    assert digest["body"].splitlines() == [
        f"{number}: 自 2024-01-05 起无服药记录：计划用药漏服或未记录",
        f"{number}: 自 2024-02-20 起没有消息送达患者",
        f"{number}: 可检查日期 2024-02-07 至 2024-02-21，尚未预约",
    ]
