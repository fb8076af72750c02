"""Nobody keeps a thread waiting: bodies are received whole, within a deadline, and only after a good head."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from typing import Any

import orjson
import pytest
import requests
from cli.test_serve import PATIENT, Served
from patience import PATIENCE
from service import Client, Server, Service

from scheduler_api.api.application import WATCHED
from scheduler_api.api.http.gateway import PART, Gateway, environ_of
from scheduler_api.store.database.connect import connect
from scheduler_api.use_cases.phones.phones import sender_of

#: More than there are threads and processes, however they are counted.
MANY = 200
BODY = json.dumps({"code": "NOCODE", "device_name": "phone"}).encode()
PROMISED = (
    f"POST /v1/activate HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
)


def half(port: int, stack: ExitStack) -> socket.socket:
    """A request without a token, whose body does not come."""
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
    client.sendall(PROMISED.encode() + BODY[:1])
    return client


def test_half_sent_bodies_of_anybody_keep_nobody_waiting(server: Server, template: tuple[str, dict[str, str]]) -> None:
    token = {"Authorization": f"Bearer {template[1]['nurse']}"}
    with ExitStack() as stack:
        slow = [half(server.port, stack) for _ in range(MANY)]
        for path in ("/healthz", "/readyz", "/metrics", "/v1/sites"):
            assert requests.get(f"{server.url}{path}", headers=token, timeout=PATIENCE).status_code == 200
        answer = requests.post(f"{server.url}/v1/patients", "{}", headers=token, timeout=PATIENCE)
        assert answer.status_code == 415
        # And who was slow and goes on is answered.
        slow[0].sendall(BODY[1:])
        with HTTPResponse(slow[0]) as ended:
            ended.begin()
            assert ended.status in (408, 422)


@pytest.mark.one_engine
def test_a_body_that_does_not_come_in_time_is_refused(database: str) -> None:
    hurried = [*PATIENT[:2], PATIENT[2].replace("900_000, 900\n", "900_000, 0.2\n")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.test_serve.PATIENT", hurried)
        with Served(database, "--workers", "1") as served, ExitStack() as stack:
            client = half(served.port, stack)
            with HTTPResponse(client) as answer:
                answer.begin()
                assert (answer.status, answer.headers["Content-Type"]) == (408, "application/problem+json")
                assert json.loads(answer.read())["type"] == "urn:scheduler-api:too-slow"
            # The connection ends with it: what comes later is no other request.
            assert client.recv(1) == b""


@pytest.mark.parametrize("framing", ["Content-Length: 900", "Transfer-Encoding: chunked"])
def test_a_body_that_ends_too_soon_is_recorded_by_nobody(
    server: Server, template: tuple[str, dict[str, str]], framing: str
) -> None:
    site = {"site": "CUT", "name": "A", "country": "CN", "time_zone": "Asia/Shanghai", "opening_days": ["monday"]}
    body = json.dumps(site).encode()
    sent = body if framing.startswith("Content") else b"%x\r\n%s\r\n" % (len(body), body)
    head = f"POST /v1/sites HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {template[1]['admin']}\r\n{framing}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + sent)
        client.shutdown(socket.SHUT_WR)
        assert b" 201 " not in client.recv(4096)
    store = connect(server.database)
    assert store.row("SELECT * FROM sites WHERE site = 'CUT'") is None
    store.close()


@pytest.mark.one_engine
def test_no_spelling_of_a_header_forges_the_clients_address(database: str) -> None:
    """Behind a proxy that joins nothing and drops nothing."""
    names = ("X_Forwarded_For", "x_forwarded-for", "X-Forwarded_For")
    forged = "".join(f"{name}: 198.51.100.7\r\n" for name in names)
    head = f"GET /v1/sites HTTP/1.1\r\nHost: test\r\n{forged}X-Forwarded-For: 192.0.2.1\r\n{forged}\r\n"
    with (
        Served(database, "--workers", "1", SCHEDULER_TRUSTED_PROXIES="1") as served,
        socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as client,
    ):
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")
    store = connect(database)
    (refused,) = store.rows("SELECT detail FROM audit WHERE action = 'refused'")
    assert orjson.loads(refused["detail"])["address"] == sender_of("192.0.2.1")[:16]
    store.close()


@pytest.fixture
def gateway(service: Service) -> Iterator[Gateway]:
    """The gateway before the application, with a limit of 1,000 bytes."""
    with service.beside(max_body=1000) as instance:
        yield Gateway(instance.app, 1, 1000, WATCHED, deadline=0)


def scope(method: str, path: str, **headers: str) -> dict[str, Any]:
    """A request as an ASGI server hands it over."""
    return {
        **{"type": "http", "method": method, "raw_path": path.encode(), "query_string": b"", "http_version": "1.1"},
        **{"scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)},
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


def asked(gateway: Gateway, request: dict[str, Any], *messages: dict[str, Any]) -> tuple[int, Any, int]:
    """Status and document of an answer, and how many parts of the body were received; others never come."""
    sent: list[Any] = []
    coming = list(messages)

    async def receive() -> Any:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(gateway(request, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], orjson.loads(content) if content else None, len(messages) - len(coming)


def test_only_a_good_head_is_followed_by_its_body(service: Service, gateway: Gateway) -> None:
    body = {"type": "http.request", "body": b"{}", "more_body": False}
    json_of_two = {"content_type": "application/json", "content_length": "2"}

    def head(name: str | None, method: str = "POST", path: str = "/v1/sites", **more: str) -> dict[str, Any]:
        token = {} if name is None else {"authorization": f"Bearer {service.tokens.get(name, name)}"}
        return scope(method, path, **token, **json_of_two, **more)

    for name, status in ((None, 401), ("sch_nobody", 401), ("monitor", 403)):
        assert asked(gateway, head(name), body)[::2] == (status, 0)
    assert asked(gateway, head("admin", path="/v1/nowhere"), body)[::2] == (404, 0)
    assert asked(gateway, head("admin", "GET"), body)[::2] == (200, 0)
    assert asked(gateway, head("admin"), body)[::2] == (422, 1)
    assert asked(gateway, head("admin"), {"type": "http.disconnect"})[::2] == (400, 1)
    # What does not come at all is waited for as long as the deadline says.
    assert asked(gateway, head("admin"))[::2] == (408, 0)


def test_a_body_that_is_too_large_is_not_received(service: Service, gateway: Gateway) -> None:
    token = {"authorization": f"Bearer {service.tokens['admin']}", "content_type": "application/json"}
    announced = scope("POST", "/v1/sites", **token, content_length="1001")
    assert asked(gateway, announced)[::2] == (413, 0)
    parts = [{"type": "http.request", "body": b"x" * 600, "more_body": True}] * 5
    in_chunks = scope("POST", "/v1/sites", **token, transfer_encoding="chunked")
    assert asked(gateway, in_chunks, *parts)[::2] == (413, 2)


def test_a_request_counts_once_though_its_head_is_looked_at_first(service: Service) -> None:
    service.clock.set("2024-02-20T12:00:15+08:00")
    token = {"authorization": f"Bearer {service.tokens['admin']}", "content_type": "application/json"}
    body = {"type": "http.request", "body": b"{}", "more_body": False}
    with service.beside(rate_per_token=3) as instance:
        limited = Gateway(instance.app, 1, 1000, WATCHED)
        found = [asked(limited, scope("POST", "/v1/sites", **token, content_length="2"), body)[0] for _ in range(4)]
    assert found == [422] * 3 + [429]


def test_a_long_answer_comes_in_parts_and_is_whole(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler_api.api.http.gateway.PART", 100)
    for number in range(3):
        service.client("nurse").enrol(subject_number=f"00{number}")
    gateway = Gateway(service.app, 1, 1000, WATCHED)
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("There is no body.")

    async def send(message: Any) -> None:
        sent.append(message)

    token = {"authorization": f"Bearer {service.tokens['admin']}"}
    asyncio.run(gateway(scope("GET", "/v1/audit/export", **token), receive, send))
    lines = b"".join(message.get("body", b"") for message in sent).splitlines()
    assert len(sent) > 5
    assert [message["more_body"] for message in sent[1:-1]] == [True] * (len(sent) - 2)
    exported = Client(service.app, service.tokens["admin"]).get("/v1/audit/export")
    assert lines == exported.data.splitlines()[: len(lines)]
    assert len(lines) >= 10


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.one_engine
def test_a_long_file_comes_to_its_end_however_it_is_compressed(server: Server, encoding: str) -> None:
    """It comes in parts, each made by whichever thread is free; one that broke off would be shorter than announced."""
    with requests.Session() as session:
        for _ in range(5):
            address = f"{server.url}/docs/static/swagger-ui-bundle.js"
            answer = session.get(address, headers={"Accept-Encoding": encoding}, stream=True, timeout=PATIENCE)
            assert answer.status_code == 200
            assert len(answer.raw.read(decode_content=False)) > PART


@pytest.mark.one_engine
def test_headers_are_handed_over_as_they_are_but_for_underscores() -> None:
    request = scope("GET", "/a%2Fb%ff/%e2%82%ac")
    request["headers"] = [
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"x_forwarded_for", b"198.51.100.7"),
        (b"x-forwarded-for", b"192.0.2.2"),
        (b"content-length", b"3"),
        (b"content_length", b"9"),
        (b"accept", b"\xff"),
    ]
    environ = environ_of(request)
    assert environ["PATH_INFO"].encode("latin-1") == b"/a/b\xff/\xe2\x82\xac"
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1,192.0.2.2"
    assert environ["CONTENT_LENGTH"] == "3"
    assert environ["HTTP_ACCEPT"] == "ÿ"
    assert "HTTP_CONTENT_LENGTH" not in environ
