"""What every answer gets: its id, headers of safety, and a line in the log that says nothing of a patient."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from random import getrandbits
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from scheduler_api.records.served import Served

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Where the environment of a request has its id, and what its answer may run.
REQUEST_ID, POLICY = "scheduler_api.request_id", "scheduler_api.policy"

#: How little a browser may do with any answer. A page that needs more puts its `POLICY` into the environment.
_SAFETY = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_STAY_WITH_TLS = ("Strict-Transport-Security", "max-age=31536000")

log = logging.getLogger("scheduler_api.requests")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def line_of(created: float, level: str, logger: str, event: str, data: Mapping[str, Any]) -> str:
    """One line of JSON, without its end."""
    at = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")
    return orjson.dumps({"at": at, "level": level, "logger": logger, "event": event, **data}).decode()


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return line_of(record.created, record.levelname, record.name, record.getMessage(), getattr(record, "data", {}))


class _Answered:
    """The line of each request, the most frequent by far: written straight to where `configure` sends our logs.

    The way through `logging` costs more than what it carries; it is taken where whoever embeds us listens there.
    """

    def __init__(self) -> None:
        self.stream: TextIO | None = None

    def __call__(self, data: Mapping[str, Any]) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        if self.stream is None:
            log.info("answered", extra={"data": data})
        else:
            self.stream.write(line_of(time.time(), "INFO", log.name, "answered", data) + "\n")
            self.stream.flush()


_answered = _Answered()


def configure(level: str) -> None:
    """Send our logs, from a level on, to standard error as JSON."""
    # What no line of ours says need not be found out: thread, process, task and place in the code.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    ours = logging.getLogger("scheduler_api")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(level)
    _answered.stream = handler.stream


class RequestLogMiddleware:
    """Gives every request an id, answers with it, logs and counts how it went: around a WSGI application.

    The id is in the environment as `REQUEST_ID`.
    """

    def __init__(self, application: WSGIApplication, served: Served) -> None:
        self._application, self._served = application, served

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        # It is no secret: that nobody can guess it is not needed.
        request_id = environ[REQUEST_ID] = sent if _REQUEST_ID.fullmatch(sent) else f"{getrandbits(64):016x}"

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            headers += [
                ("X-Request-ID", request_id),
                ("Content-Security-Policy", environ.get(POLICY, _NOTHING)),
                *_SAFETY,
            ]
            if environ["wsgi.url_scheme"] == "https":
                headers.append(_STAY_WITH_TLS)
            method, route, code = environ["REQUEST_METHOD"], _route(environ), int(status[:3])
            seconds = time.perf_counter() - began
            self._served.add(route, method, code, seconds)
            _answered(
                {
                    "request_id": request_id,
                    "method": method,
                    "route": route,
                    "status": code,
                    "ms": round(seconds * 1000, 2),
                }
            )
            return start_response(status, headers, *failure)

        return self._application(environ, start)


def _route(environ: WSGIEnvironment) -> str | None:
    """The rule, not the address: an address may hold an id or a search."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else str(rule.rule)
