"""A real server does not wait for the body of somebody who may not send one: nobody can hold it up for nothing."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse

import pytest
from patience import PATIENCE
from service import Server, Service

from .routes import Route, routes

#: What somebody may show in the place of a token.
NO_TOKENS = {
    "nothing": "",
    "none_of_ours": "Authorization: Bearer sch_nobody\r\n",
    "no_bearer": "Authorization: Basic bnVyc2U6bnVyc2U=\r\n",
}


def writing(service: Service) -> list[Route]:
    """The operations that take a body, or would be sent one, of staff and of patients."""
    found = [route for caller in ("staff", "patient") for route in routes(service.app, caller)]
    return [route for route in found if route.method not in ("GET", "HEAD", "OPTIONS")]


def answered(server: Server, route: Route, headers: str, sent: bytes) -> tuple[int, str]:
    """The status and the type of the answer to a request whose body, of a megabyte, does not come."""
    head = f"{route.method} {route.address()} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    # Who waits for the body never answers: the timeout ends the test then, and says nothing of how long it may take.
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(f"{head}Content-Length: 1000000\r\n{headers}\r\n".encode() + sent)
        with HTTPResponse(client, method=route.method) as answer:
            answer.begin()
            return answer.status, json.loads(answer.read())["type"]


@pytest.mark.parametrize("token", NO_TOKENS)
def test_nobodys_body_is_not_waited_for(server: Server, shared: Service, token: str) -> None:
    for route in writing(shared):
        for sent in (b"", b"{"):
            found = answered(server, route, NO_TOKENS[token], sent)
            assert found == (401, "urn:scheduler-api:unauthenticated"), f"{route.method} {route.rule}"


def test_who_asks_first_is_not_told_to_send_it(server: Server, shared: Service) -> None:
    """`Expect: 100-continue`: the first answer is already the refusal."""
    for route in writing(shared):
        found = answered(server, route, "Expect: 100-continue\r\n", b"")
        assert found == (401, "urn:scheduler-api:unauthenticated"), f"{route.method} {route.rule}"


def test_a_role_that_may_not_record_is_refused_without_its_body(
    server: Server, shared: Service, template: tuple[str, dict[str, str]]
) -> None:
    token = f"Authorization: Bearer {template[1]['monitor']}\r\n"
    refusing = [
        route
        for route in writing(shared)
        if route.declared.caller == "staff" and "monitor" not in route.declared.roles.names
    ]
    assert refusing
    for route in refusing:
        assert answered(server, route, token, b"{") == (403, "urn:scheduler-api:forbidden"), route.rule
