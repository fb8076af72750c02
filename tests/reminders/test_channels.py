"""The channels, each against a real receiver: what arrives, and what each way of failing is called."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import socket
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
from patience import PATIENCE
from py_vapid import Vapid02
from service import START

from scheduler_api.reminders.channels import Channel, Destination, Message
from scheduler_api.reminders.channels.log import Log
from scheduler_api.reminders.channels.mail import Mail, Server
from scheduler_api.reminders.channels.web_push import WebPush
from scheduler_api.reminders.channels.webhook import Webhook
from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts
from scheduler_api.reminders.outbound.keys import Keys
from scheduler_api.use_cases.reminders.retrying import Outcome

from .receivers import Answer, Behaviour, Browser, Certificate, Mailbox, Receiver, answering, dripping, hanging, names

#: How long a channel may take where nobody answers, in seconds: a hundred times as long as one who does.
SHORT = 1.0


@pytest.fixture
def webhook(keys: Keys, here: AllowedHosts) -> Webhook:
    """The channel of webhooks."""
    return Webhook(keys, here, PATIENCE)


@pytest.fixture
def web_push(keys: Keys, here: AllowedHosts) -> WebPush:
    """The channel of Web Push."""
    return WebPush(keys, here, PATIENCE)


def send(channel: Channel, message: Message, address: str, browser: Browser | None = None) -> Outcome:
    """Send a message to an address."""
    return next(channel.send([message], Destination("e-1", address, browser.keys if browser else {}), START))


#: How a receiver behaves, and what that comes to: for a webhook, and for Web Push where it differs.
OUTCOMES: list[tuple[Behaviour, tuple[str, ...], tuple[str, ...] | None]] = [
    (answering(200), ("delivered",), None),
    (answering(201), ("delivered",), None),
    (answering(204), ("delivered",), None),
    (answering(307, Location="http://127.0.0.1:1/"), ("passing", "answered 307"), None),
    (answering(302, Location="http://169.254.169.254/latest/meta-data"), ("passing", "answered 302"), None),
    (answering(400), ("permanent", "answered 400"), None),
    (answering(401), ("passing", "answered 401"), ("permanent", "answered 401")),
    (answering(403), ("passing", "answered 403"), ("permanent", "answered 403")),
    (answering(404), ("passing", "answered 404"), ("missing", "answered 404")),
    (answering(410), ("gone", "answered 410"), None),
    (answering(413), ("permanent", "answered 413"), None),
    (answering(500), ("passing", "answered 500"), None),
    (answering(503), ("passing", "answered 503"), None),
    (hanging, ("passing", "TimeoutError"), None),
    (dripping, ("passing", "TimeoutError"), None),
    (lambda receiver, received: None, ("passing", "RemoteDisconnected"), None),
]


@pytest.mark.parametrize(("behaviour", "webhooks", "pushes"), OUTCOMES)
def test_what_each_answer_means(
    behaviour: Behaviour,
    webhooks: tuple[str, ...],
    pushes: tuple[str, ...] | None,
    webhook: Webhook,
    web_push: WebPush,
    message: Message,
) -> None:
    if "TimeoutError" in webhooks:
        # Who hangs or drips comes to another end by itself, much later: it is our limit that ended it.
        webhook, web_push = replace(webhook, seconds=SHORT), replace(web_push, seconds=SHORT)
    with Receiver(behaviour) as receiver:
        assert send(webhook, message, receiver.url)[: len(webhooks)] == webhooks
        expected = webhooks if pushes is None else pushes
        assert send(web_push, message, receiver.url, Browser())[: len(expected)] == expected
        assert len(receiver.received) == 2


@pytest.mark.parametrize("channel", ["webhook", "web_push"])
def test_who_refuses_the_connection_may_take_it_later(
    channel: str, message: Message, request: pytest.FixtureRequest
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        outcome = send(request.getfixturevalue(channel), message, address, Browser())
    assert outcome == ("passing", "ConnectionRefusedError", None)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (format_datetime(START + timedelta(minutes=5), usegmt=True), 300.0),
        (format_datetime(START - timedelta(minutes=5), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("Tue, 99 Feb 2024 04:05:00 GMT", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: float | None, webhook: Webhook, message: Message) -> None:
    with Receiver(answering(429, Retry_After=said.encode().decode("latin-1"))) as receiver:
        assert send(webhook, message, receiver.url) == ("passing", "answered 429", seconds)


def test_a_webhook_is_signed_over_time_id_and_body(webhook: Webhook, keys: Keys, message: Message) -> None:
    with Receiver() as receiver:
        assert send(webhook, message, receiver.url) == ("delivered", None, None)
    (received,) = receiver.received
    assert received.json == message.payload
    assert received.headers["content-type"] == "application/json"
    assert received.headers["scheduler-message-id"] == "m-1"
    assert received.headers["scheduler-timestamp"] == str(int(START.timestamp()))
    signed = f"{int(START.timestamp())}.m-1.".encode() + received.body
    secret = keys.webhook_secret("e-1").encode()
    assert received.headers["scheduler-signature"] == hmac.new(secret, signed, hashlib.sha256).hexdigest()


def test_each_webhook_has_a_secret_of_its_own(keys: Keys) -> None:
    assert keys.webhook_secret("e-1") == keys.webhook_secret("e-1")
    assert len({keys.webhook_secret(f"e-{number}") for number in range(100)}) == 100


def test_by_https_only_to_who_has_the_certificate_of_that_name(
    webhook: Webhook, message: Message, trusted: Certificate
) -> None:
    with Receiver(tls=trusted.context) as receiver:
        assert receiver.url.startswith("https:")
        assert send(webhook, message, receiver.url).result == "delivered"
        with names(lambda host: ["127.0.0.1"]):
            outcome = send(webhook, message, receiver.url.replace("localhost", "other.example"))
        assert outcome == ("passing", "SSLCertVerificationError", None)
        assert len(receiver.received) == 1


def run(channel: Channel, message: Message, address: str, count: int) -> Counter[str]:
    """Send so many messages in one run; how often each result came."""
    messages = [replace(message, message_id=f"m-{number}") for number in range(count)]
    return Counter(outcome.result for outcome in channel.send(messages, Destination("e-1", address, {}), START))


@pytest.mark.parametrize(
    ("answer", "keeps", "connections"),
    [
        (Answer(204), True, 1),
        (Answer(200, body=b"taken"), True, 1),
        (Answer(200, body=b"taken" * 10_000), True, 3),
        (Answer(204), False, 3),
        (Answer(204, {"Connection": "close"}), True, 3),
        (Answer(204, hangs_up=True), True, 3),
    ],
)
def test_messages_of_a_run_share_a_connection_that_the_receiver_keeps(
    answer: Answer, keeps: bool, connections: int, webhook: Webhook, message: Message
) -> None:
    with Receiver(lambda receiver, received: answer, keeps=keeps) as receiver:
        assert run(webhook, message, receiver.url, 3) == {"delivered": 3}
        assert [one.headers["scheduler-message-id"] for one in receiver.received] == ["m-0", "m-1", "m-2"]
        assert receiver.connections == connections


def test_by_https_it_is_the_same(webhook: Webhook, message: Message, trusted: Certificate) -> None:
    for hangs_up, connections in ((False, 1), (True, 3)):
        answer = Answer(hangs_up=hangs_up)
        with Receiver(lambda receiver, received, answer=answer: answer, trusted.context, keeps=True) as receiver:
            assert run(webhook, message, receiver.url, 3) == {"delivered": 3}
            assert len(receiver.received) == 3
            assert receiver.connections == connections


def test_each_connection_of_a_run_goes_to_an_address_that_was_checked_for_it(
    keys: Keys, here: AllowedHosts, message: Message
) -> None:
    """A name may mean something else later: for the same connection it is not looked up again, for another it is."""
    answers: list[list[str]] = []

    def rebound(host: str) -> list[str]:
        return answers.pop(0) if host == "gateway.example" else [host]

    for keeps, results in ((True, {"delivered": 2}), (False, {"delivered": 1, "passing": 1})):
        answers[:] = [["127.0.0.1"], ["10.0.0.1"]]
        with Receiver(keeps=keeps) as receiver, names(rebound):
            address = f"http://gateway.example:{receiver.port}/hook"
            assert run(Webhook(keys, here, PATIENCE), message, address, 2) == results
            assert len(receiver.received) == results["delivered"]


def test_web_push_is_encrypted_for_the_browser_and_signed_by_us(
    web_push: WebPush, keys: Keys, message: Message, trusted: Certificate
) -> None:
    browser = Browser()
    with Receiver(tls=trusted.context) as receiver:
        assert send(web_push, message, receiver.url, browser) == ("delivered", None, None)
        assert send(web_push, message, receiver.url, browser) == ("delivered", None, None)
        port = receiver.port
    first, again = receiver.received
    assert browser.read(first) == browser.read(again) == message.payload
    assert first.body != again.body
    assert "提醒".encode() not in first.body
    # A repeat takes the place of what was not shown yet; what was not shown until it expires never is.
    assert first.headers["topic"] == again.headers["topic"]
    assert first.headers["ttl"] == str(4 * 60 * 60)
    authorization = first.headers["authorization"]
    assert Vapid02.verify(authorization)
    token, key = authorization.removeprefix("vapid t=").split(",k=")
    assert key == keys.public
    assert claims_of(token) == {
        "aud": f"https://localhost:{port}",
        "exp": int((START + timedelta(hours=12)).timestamp()),
        "sub": "mailto:trial@example.org",
    }


def claims_of(token: str) -> Any:
    """What a JWT claims."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.mark.parametrize("direct", [False, True])
def test_mail_goes_by_tls_and_its_message_id_is_that_of_the_message(
    direct: bool, message: Message, trusted: Certificate
) -> None:
    with Mailbox(trusted.context, direct) as mailbox:
        opening = "smtps://" if direct else "smtp://scheduler:p%40ss%20word@"
        server = Server.of(f"{opening}localhost:{mailbox.port}")
        channel = Mail(server, "trial@example.org", PATIENCE)
        for _ in range(2):
            assert send(channel, message, "ward@example.org") == ("delivered", None, None)
    (to, mail), (_, again) = mailbox.mails
    assert to == ["ward@example.org"]
    assert mail["Message-ID"] == again["Message-ID"] == "<m-1@example.org>"
    assert (mail["From"], mail["To"], mail["Subject"]) == ("trial@example.org", "ward@example.org", "提醒")
    assert parsedate_to_datetime(mail["Date"]) == START
    assert mail.get_content().strip() == "请服用今日药物"


def test_what_a_mail_server_says_no_to(message: Message, trusted: Certificate) -> None:
    with Mailbox(trusted.context) as mailbox:
        url = f"smtp://scheduler:p%40ss%20word@localhost:{mailbox.port}"
        channel = Mail(Server.of(url), "trial@example.org", PATIENCE)
        mailbox.replies["nobody@example.org"] = "550 5.1.1 no such mailbox nobody@example.org"
        assert send(channel, message, "nobody@example.org") == ("permanent", "answered 550", None)
        mailbox.replies["full@example.org"] = "452 4.2.2 mailbox full"
        assert send(channel, message, "full@example.org") == ("passing", "answered 452", None)
        wrong = Mail(Server.of(url.replace("word", "wort")), "trial@example.org", PATIENCE)
        assert send(wrong, message, "ward@example.org") == ("passing", "SMTPAuthenticationError", None)
        assert mailbox.mails == []


def test_mail_never_goes_without_tls(message: Message, trusted: Certificate) -> None:
    """Not to a server that does not offer it, nor to one that has no certificate of that name."""
    with Mailbox(trusted.context) as mailbox:
        other = Mail(Server.of(f"smtp://other.example:{mailbox.port}"), "trial@example.org", PATIENCE)
        with names(lambda host: ["127.0.0.1"]):
            assert send(other, message, "ward@example.org") == ("passing", "SSLCertVerificationError", None)
        assert mailbox.mails == []
    with Mailbox() as mailbox:
        plain = Mail(Server.of(f"smtp://localhost:{mailbox.port}"), "trial@example.org", PATIENCE)
        assert send(plain, message, "ward@example.org") == ("passing", "SMTPNotSupportedError", None)
        assert mailbox.mails == []


@pytest.mark.parametrize("url", ["", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://host/path"])
def test_what_is_no_mail_server(url: str) -> None:
    with pytest.raises(ValueError, match="smtp"):
        Server.of(url)


def test_the_log_says_that_a_message_went_and_nothing_of_what_it_says(
    message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "scheduler_api.reminders"):
        assert send(Log(), message, "") == ("delivered", None, None)
    (record,) = caplog.records
    assert record.getMessage() == "message"
    assert record.__dict__["data"] == {"kind": "dose_due", "message_id": "m-1"}
