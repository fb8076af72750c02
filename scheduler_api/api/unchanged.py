"""What a client has already: a GET that would be answered 304 is answered before the application is asked.

Only the plain case, which is nearly every one: a staff token, one patient, one ETag of ours. Whatever differs in any
way goes on to the application, which comes to the same answer by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from scheduler_api.engine.dates import civil_date
from scheduler_api.records import tokens
from scheduler_api.store.port import Busy, Store, Unavailable

from .conditions import plain_tag, tag_of
from .logs import ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATIENT = re.compile(r"/v1/patients/([^/]+)(/calendar|/adherence|/deviations|/facts)?")
_HEADERS = (("Cache-Control", "private, no-cache"), ("Vary", "Accept, Accept-Encoding"))


class Unchanged:
    """Answers 304 where it can, around a WSGI application."""

    def __init__(self, application: WSGIApplication, store: Store, clock: Callable[[], datetime]) -> None:
        self._application, self._store, self._clock = application, store, clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        tag = self._known_tag(environ) if "HTTP_IF_NONE_MATCH" in environ else None
        if tag is None:
            return self._application(environ, start_response)
        start_response("304 NOT MODIFIED", [("ETag", tag), *_HEADERS])
        return ()

    def _known_tag(self, environ: WSGIEnvironment) -> str | None:
        """The tag that the client sent, if it is that of the answer it would get."""
        asked = _PATIENT.fullmatch(environ["PATH_INFO"])
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if asked is None or scheme != "Bearer" or not token.isascii() or environ["REQUEST_METHOD"] != "GET":
            return None
        try:
            head = tokens.head_of_patient(self._store, token, asked[1])
        except (Busy, Unavailable):
            return None
        if head is None:
            return None
        sent: str = environ["HTTP_IF_NONE_MATCH"].strip()
        if plain_tag(sent) != tag_of(environ, head["version"], civil_date(self._clock(), head["time_zone"])):
            return None
        environ[ROUTE] = f"/v1/patients/<string:patient_id>{asked[2] or ''}"
        return sent.removeprefix("W/")
