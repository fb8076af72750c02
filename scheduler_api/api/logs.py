"""Structured logs: a line of JSON for each request, with its id, and nothing about a patient or a token."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Where the environment of a request has its id, and its route if Flask did not see it.
REQUEST_ID, ROUTE = "scheduler_api.request_id", "scheduler_api.route"

log = logging.getLogger("scheduler_api.requests")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "data", {}),
        }
        return orjson.dumps(line).decode()


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


class Logged:
    """Gives every request an id, answers with it, and logs how it went: around a WSGI application.

    The id is in the environment as `REQUEST_ID`. A part that answers before Flask does puts the route there as `ROUTE`.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = environ[REQUEST_ID] = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            headers += [("X-Request-ID", request_id), ("X-Content-Type-Options", "nosniff")]
            if log.isEnabledFor(logging.INFO):
                data = {
                    "request_id": request_id,
                    "method": environ["REQUEST_METHOD"],
                    "route": _route(environ),
                    "status": int(status[:3]),
                    "ms": round((time.perf_counter() - began) * 1000, 2),
                }
                log.info("answered", extra={"data": data})
            return start_response(status, headers, *failure)

        return self._application(environ, start)


def _route(environ: WSGIEnvironment) -> str | None:
    """The rule, not the address: an address may hold an id or a search."""
    if ROUTE in environ:
        return str(environ[ROUTE])
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else str(rule.rule)
