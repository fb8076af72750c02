"""What only a real connection can send."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from patience import PATIENCE
from service import ENROLMENT, Server


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    yield connection
    connection.close()


def _post(connection: http.client.HTTPConnection, token: str, body: Any, **headers: str) -> tuple[int, Any]:
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    # The service may answer, and close, before it has read all that it will not take.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/v1/patients", body, sent, encode_chunked="Transfer-Encoding" in headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes(connection: http.client.HTTPConnection, template: Any, chunked: bool) -> None:
    body = b'{"subject_number": "' + b"x" * 10_000_000 + b'"}'
    if chunked:
        pieces = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
        answered = _post(connection, template[1]["nurse"], pieces, **{"Transfer-Encoding": "chunked"})
    else:
        answered = _post(connection, template[1]["nurse"], body)
    assert answered[0] == answered[1]["status"] == 413


def test_chunked_and_small(connection: http.client.HTTPConnection, template: Any) -> None:
    body = json.dumps({**ENROLMENT, "subject_number": "chunked"}).encode()
    pieces = iter([body[:10], body[10:]])
    status, answer = _post(connection, template[1]["nurse"], pieces, **{"Transfer-Encoding": "chunked"})
    assert (status, answer["subject_number"]) == (201, "chunked")


@pytest.mark.parametrize(
    "path", ["/v1/%ff", "/v1/patients/%00", "/v1/patients/%C3%28?q=%ff", "/v1/patients/%E2%80%AE", "/v1/%7F"]
)
def test_odd_addresses(connection: http.client.HTTPConnection, template: Any, path: str) -> None:
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", "localhost")
    connection.putheader("Authorization", f"Bearer {template[1]['nurse']}")
    connection.endheaders()
    assert 400 <= connection.getresponse().status < 500


@pytest.mark.parametrize(
    "path",
    ["//v1/patients", "/v1//patients", "/%76%31/patients", "/v1%2Fpatients", "/v1/../v1/patients", "/V1/patients"],
)
def test_no_spelling_of_an_address_goes_round_the_token(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    assert connection.getresponse().status in (308, 401, 404)


@pytest.mark.parametrize(
    "name", ["Authorization", "If-Match", "Idempotency-Key", "X-Request-ID", "Accept", "Content-Type"]
)
def test_header_bytes(connection: http.client.HTTPConnection, template: Any, name: str) -> None:
    sent = {"Authorization": f"Bearer {template[1]['nurse']}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/patients", b"{}", {**sent, name: b"\xff\xfe\x80"})
    assert 400 <= connection.getresponse().status < 500
