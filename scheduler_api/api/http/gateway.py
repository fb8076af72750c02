"""Let a thread answer only whole requests: the gateway between an ASGI server and the application.

A thread that waited for the rest of a body would be lost to all others for as long as a client likes. So the body is
received here, by an event loop that any number of clients may keep waiting: within a deadline, not beyond the largest
size, and only once the application has found the head of the request good. `/healthz` is answered by the loop, and what
else watches the service by a thread of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

#: How long a client may take to send the body of a request, in seconds.
DEADLINE = 30.0
#: How many bodies a process receives at once.
MOST_BODIES = 2000
#: How much of a response is made before it is sent, in bytes: a longer one takes a thread for each such part.
PART = 262_144
#: The key of a request's environment for its Refusal, if it was never whole.
REFUSED = "scheduler_api.refused"
#: The key for whether there is its head alone, to be answered 100 if it is good, or all of it, with a good head.
HEAD, UNCHECKED, GOOD = "scheduler_api.head", "unchecked", "good"
_ALIVE = "/healthz"

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = list[tuple[str, str]]


class Refusal(NamedTuple):
    """Why a request is refused before the application reads it."""

    status: int
    detail: str


class Part(NamedTuple):
    """A part of a response, and what makes the rest (None: it is whole)."""

    content: bytes
    rest: Iterator[bytes] | None


class Answer(NamedTuple):
    """Holds what the application answers; `threads` make the parts of its content after the first, in its `context`."""

    status: int
    headers: Headers
    part: Part
    threads: ThreadPoolExecutor | None
    context: Context


class Incomplete(Exception):
    """The client ended the connection before the body was complete."""


class Gateway:
    """An ASGI application around a WSGI application."""

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        max_body: int,
        watched: Collection[str] = (),
        deadline: float | None = None,
    ) -> None:
        """Answer by so many threads. The paths `watched` by monitoring wait for no other request.

        `deadline` is how long a body may take, in seconds (None: `DEADLINE`).
        """
        self._application, self._max_body = application, max_body
        self._deadline = DEADLINE if deadline is None else deadline
        self._watched = frozenset(watched)
        self._answering = ThreadPoolExecutor(threads, "answering")
        self._watching = ThreadPoolExecutor(1, "watching")
        self._receiving = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        environ = environ_of(scope)
        if self._has_body(environ):
            answer = await self._answer({**environ, HEAD: UNCHECKED})
            if answer.status != HTTPStatus.CONTINUE:
                await self._send(answer, send)
                return
            await self._receive(environ, receive)
        await self._send(await self._answer(environ), send)

    def _has_body(self, environ: WSGIEnvironment) -> bool:
        """Return whether there is a body to be received; of one that is too large nothing is, as its head shows."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            return True
        length = environ.get("CONTENT_LENGTH", "")
        return length.isdecimal() and 0 < int(length) <= self._max_body

    async def _receive(self, environ: WSGIEnvironment, receive: Receive) -> None:
        """Put the body of a request into its environment, or why the request is refused."""
        if self._receiving >= MOST_BODIES:
            environ[REFUSED] = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests are being received.")
            return
        self._receiving += 1
        try:
            async with asyncio.timeout(self._deadline):
                body = await self._body(receive)
            if len(body) < int(environ.get("CONTENT_LENGTH") or 0):
                raise Incomplete
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ[HEAD] = GOOD
        except TimeoutError:
            detail = f"The body took longer than {self._deadline:g} seconds to arrive."
            environ[REFUSED] = Refusal(HTTPStatus.REQUEST_TIMEOUT, detail)
        except Incomplete:
            environ[REFUSED] = Refusal(HTTPStatus.BAD_REQUEST, "The body ended before it was complete.")
        finally:
            self._receiving -= 1

    async def _body(self, receive: Receive) -> bytes:
        """Receive a body, or as much as shows that it is too large. Raises Incomplete."""
        parts, size, more = [], 0, True
        while more and size <= self._max_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Incomplete
            part, more = message.get("body", b""), message.get("more_body", False)
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    async def _answer(self, environ: WSGIEnvironment) -> Answer:
        """Let the application answer, in a thread unless it answers at once."""
        path = environ["PATH_INFO"]
        threads = self._watching if path in self._watched else self._answering
        # Flask keeps what belongs to a request there, whichever thread goes on with it.
        context = copy_context()
        if path == _ALIVE:
            return context.run(self._begin, environ, None, context)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, context.run, self._begin, environ, threads, context)

    async def _send(self, answer: Answer, send: Send) -> None:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        part, loop = answer.part, asyncio.get_running_loop()
        while part.rest is not None:
            await send({"type": "http.response.body", "body": part.content, "more_body": True})
            # Nobody who reads slowly holds a thread.
            part = await loop.run_in_executor(answer.threads, answer.context.run, _part, part.rest)
        await send({"type": "http.response.body", "body": part.content})

    def _begin(self, environ: WSGIEnvironment, threads: ThreadPoolExecutor | None, context: Context) -> Answer:
        """Call the application; return its answer, with the first part of its content."""
        said: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, failure: Any = None) -> Callable[[bytes], object]:
            said[:] = [(status, headers)]
            return lambda content: None

        response = self._application(environ, start)
        part = _part(_closing(response))
        ((status, headers),) = said
        return Answer(int(status[:3]), headers, part, threads, context)


def _closing(response: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a response has, and close it."""
    try:
        yield from response
    finally:
        close = getattr(response, "close", None)
        if close is not None:
            close()


def _part(chunks: Iterator[bytes]) -> Part:
    taken, size = [], 0
    for chunk in chunks:
        taken.append(chunk)
        size += len(chunk)
        if size >= PART:
            return Part(b"".join(taken), chunks)
    return Part(b"".join(taken), None)


def environ_of(scope: Mapping[str, Any]) -> WSGIEnvironment:
    """Return the environment of a request without its body (PEP 3333).

    Headers with an underscore in their name are left out: they would be taken for those with a dash, by which a proxy
    tells who the client is.
    """
    (host, port), client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ
