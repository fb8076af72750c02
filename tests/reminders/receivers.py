"""Receivers as tests see them: a web server that behaves as it is told, a push service, a mail server; all real."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import http_ece
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from patience import PATIENCE
from ports import free_port


class Received(NamedTuple):
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Answer(NamedTuple):
    """How a receiver answers."""

    status: int = 204
    headers: dict[str, str] = {}  # noqa: RUF012
    body: bytes = b""
    drip: float | None = None
    """So many seconds pass before each byte of the head."""
    hangs_up: bool = False
    """The connection is closed after the answer, which does not say so."""


Behaviour = Callable[["Receiver", Received], Answer | None]


def answering(status: int, **headers: str) -> Behaviour:
    """Answers alike to everything; a header's `_` is written `-`."""
    return lambda receiver, received: Answer(status, {name.replace("_", "-"): headers[name] for name in headers})


accepting = answering(204)


def hanging(receiver: Receiver, received: Received) -> None:
    """Never answers, for as long as anybody could wait."""
    receiver.closing.wait(PATIENCE)


def dripping(receiver: Receiver, received: Received) -> Answer:
    """Answers so slowly that each byte comes in time, and the whole never."""
    return Answer(drip=0.02)


class Receiver:
    """A web server on a free port of the loopback interface; use it as a context. `behaves` may be set at any time.

    It `keeps` connections, or else closes them after each answer. `connections` is how many there have been.
    """

    def __init__(self, behaves: Behaviour = accepting, tls: ssl.SSLContext | None = None, keeps: bool = False) -> None:
        self.behaves = behaves
        self.keeps = keeps
        self.connections = 0
        self.received: list[Received] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}/in"

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Who was cut off in the middle says nothing."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if receiver.keeps else "HTTP/1.0"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # The sender died in the middle.
                return
            received = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.received.append(received)
            answer = receiver.behaves(receiver, received)
            if answer is not None and answer.drip is not None:
                for byte in b"HTTP/1.1 204 No Content\r\n" + b"X-Slow: yes\r\n" * 1000:
                    if receiver.closing.wait(answer.drip):
                        return
                    self.wfile.write(bytes([byte]))
            elif answer is not None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.body:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection |= answer.hangs_up

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class Browser:
    """A browser that subscribed to Web Push: it has the keys, and reads what comes for it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.keys = {"p256dh": _base64(point), "auth": _base64(self._auth)}

    def read(self, received: Received) -> Any:
        """What a push message says."""
        assert received.headers["content-encoding"] == "aes128gcm"
        plain = http_ece.decrypt(received.body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        return json.loads(plain)


class Mailbox:
    """A mail server with TLS, by STARTTLS and with a password, or `direct`, or with none; use it as a context.

    `replies` is what it says to a recipient, by address.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, direct: bool = False) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.replies: dict[str, str] = {}
        options: dict[str, Any] = {}
        if direct:
            options = {"ssl_context": tls}
        elif tls is not None:
            options = {"tls_context": tls, "require_starttls": True, "auth_required": True}
            options["authenticator"] = self._authenticate
        # The controller cannot take any port that is free.
        self.port = free_port()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            server_hostname="localhost",
            ready_timeout=PATIENCE,
            **options,
        )

    def __enter__(self) -> Mailbox:
        self._controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Somebody is named as a recipient."""
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """A mail came in."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login, data.password) == (b"scheduler", b"p@ss word")
        return AuthResult(success=good, handled=False)


class Certificate(NamedTuple):
    """A certificate of localhost, signed by itself."""

    path: Path
    context: ssl.SSLContext


def certificate(folder: Path) -> Certificate:
    """Make a certificate in a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Certificate(path, context)


@contextmanager
def names(answers: Callable[[str], list[str]]) -> Iterator[None]:
    """Names are looked up by a function, for as long as the block lasts."""
    real = socket.getaddrinfo

    def looked_up(host: str, port: Any, *args: Any, **options: Any) -> Any:
        found = answers(host)
        return [entry for address in found for entry in real(address, port, *args, **options)]

    socket.getaddrinfo = looked_up  # type: ignore[assignment]
    try:
        yield
    finally:
        socket.getaddrinfo = real


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
