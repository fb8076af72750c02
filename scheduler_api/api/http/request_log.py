"""Give every response its id, its security headers, and a line in the log without data of patients."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from random import getrandbits
from typing import TYPE_CHECKING, Any

from scheduler_api.metrics import count_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: The keys of a request's environment for its id, and for the policy of what its response may run.
REQUEST_ID, POLICY = "scheduler_api.request_id", "scheduler_api.policy"

#: How little a browser may do with any response. A page that needs more puts its `POLICY` into the environment.
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


class RequestLogMiddleware:
    """Gives every request an id, returns it, and logs and counts the request: around a WSGI application.

    The id is in the environment as `REQUEST_ID`.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        # It is no secret, so it may be guessable.
        request_id = environ[REQUEST_ID] = sent if _REQUEST_ID.fullmatch(sent) else f"{getrandbits(64):016x}"

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            if status.startswith("100"):
                # Its head is good; the answer comes when there is all of it.
                return start_response(status, headers, *failure)
            headers += [
                ("X-Request-ID", request_id),
                ("Content-Security-Policy", environ.get(POLICY, _NOTHING)),
                *_SAFETY,
            ]
            if environ["wsgi.url_scheme"] == "https":
                headers.append(_STAY_WITH_TLS)
            method, route, code = environ["REQUEST_METHOD"], _route(environ), int(status[:3])
            seconds = time.perf_counter() - began
            count_request(route, method, code, seconds)
            line = {"request_id": request_id, "method": method, "route": route, "status": code}
            log.info("answered", extra={"data": {**line, "ms": round(seconds * 1000, 2)}})
            return start_response(status, headers, *failure)

        return self._application(environ, start)


def _route(environ: WSGIEnvironment) -> str | None:
    """Return the rule instead of the address, since an address may hold an id or a search."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else str(rule.rule)
