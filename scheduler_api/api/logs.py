"""Structured logs: a line of JSON for each request, with its id, and nothing about a patient or a token."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from datetime import UTC, datetime

import orjson
from flask import Flask, Response, g, request

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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    ours = logging.getLogger("scheduler_api")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(level)


def register(app: Flask) -> None:
    """Give every request an id, answer with it, and log how it went."""

    @app.before_request
    def begin() -> None:
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        if log.isEnabledFor(logging.INFO):
            # The rule, not the address: an address may hold an id or a search.
            log.info(
                "answered",
                extra={
                    "data": {
                        "request_id": g.request_id,
                        "method": request.method,
                        "route": request.url_rule.rule if request.url_rule else None,
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - g.began) * 1000, 2),
                    }
                },
            )
        return response
