"""How often anyone may ask: so many requests a minute by one token, and by one network address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from scheduler_api.records.phones import sender_of
from scheduler_api.records.rates import Rates

from .problems import Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: What watches the service asks as often as it likes.
_WATCHING = ("/healthz", "/readyz", "/metrics")
#: As how many requests of its address one counts that showed no valid token.
REFUSED_COUNTS_AS = 20


class Limited:
    """Answers 429 to who asks too often, around a WSGI application. A limit of 0 is none."""

    def __init__(
        self,
        application: WSGIApplication,
        rates: Rates,
        clock: Callable[[], datetime],
        per_token: int,
        per_address: int,
    ) -> None:
        self._application, self._rates, self._clock = application, rates, clock
        self._per_token, self._per_address = per_token, per_address

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] in _WATCHING:
            return self._application(environ, start_response)
        wait = self._wait(environ)
        if not wait:
            return self._application(environ, start_response)
        problem = Problem(429, f"More requests in a minute than one may send. Try again in {wait} seconds.")
        body = orjson.dumps(problem.document())
        headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
        start_response("429 TOO MANY REQUESTS", [*headers, ("Retry-After", str(wait))])
        return (b"" if environ["REQUEST_METHOD"] == "HEAD" else body,)

    def weigh(self, address: str) -> None:
        """Let a request count for more that showed no token we know: each is written down, so that few must do."""
        if self._per_address:
            self._rates.hit(_sender(address), self._per_address, int(self._clock().timestamp()), REFUSED_COUNTS_AS - 1)

    def _wait(self, environ: WSGIEnvironment) -> int:
        """After how many seconds it may be asked again; 0: it may be asked now.

        By address first: who makes tokens up is stopped there.
        """
        now, wait = int(self._clock().timestamp()), 0
        if self._per_address:
            wait = self._rates.hit(_sender(environ.get("REMOTE_ADDR") or ""), self._per_address, now)
        if not wait and self._per_token and (token := environ.get("HTTP_AUTHORIZATION")):
            wait = self._rates.hit(token, self._per_token, now)
        return wait


_sender = lru_cache(maxsize=10_000)(sender_of)
