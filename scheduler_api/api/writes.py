"""What is written most, recorded before Flask is asked: a fact of a patient.

Whatever is refused was undone, and goes on to the application: it comes to the same refusal, and has the words for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

import orjson

from scheduler_api.records import facts, tokens
from scheduler_api.records.access import ROLES, Session
from scheduler_api.store.port import Busy, Store, Unavailable

from .conditions import tag_of
from .direct import Answer, bearer
from .fact_shapes import NewFactSchema
from .logs import ROUTE
from .parsing import document_of
from .problems import unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FACTS = re.compile(r"/v1/patients/([^/]+)/facts")
_ROUTE = "/v1/patients/<string:patient_id>/facts"
#: What asks for more than to record a fact: the application knows about these.
_MORE = ("HTTP_IF_MATCH", "HTTP_IDEMPOTENCY_KEY", "HTTP_TRANSFER_ENCODING")
_HEADERS = (("Cache-Control", "private, no-cache"), ("Vary", "Accept-Encoding"))
_read = NewFactSchema().load


class Writes:
    """Records what it can, around a WSGI application."""

    def __init__(
        self, application: WSGIApplication, store: Store, clock: Callable[[], datetime], max_body: int
    ) -> None:
        self._application, self._store, self._clock, self._max_body = application, store, clock, max_body

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = _FACTS.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if asked is None or not self._is_plain(environ):
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        try:
            answer = self._record(environ, asked[1], body)
        except (Busy, Unavailable) as error:
            # Not to be tried again here: it may have been recorded after all.
            return unavailable(error)(environ, start_response)
        except Exception:
            # What fails here was undone and fails there too, and there it is told to the client and to the log.
            answer = None
        if answer is None:
            environ["wsgi.input"] = BytesIO(body)
            return self._application(environ, start_response)
        return answer.send(start_response)

    def _is_plain(self, environ: WSGIEnvironment) -> bool:
        """Whether a request says nothing but a fact, with a staff token of ours."""
        length = environ.get("CONTENT_LENGTH", "")
        return (
            environ.get("CONTENT_TYPE") == "application/json"
            and not environ.get("QUERY_STRING")
            and length.isdecimal()
            and int(length) <= self._max_body
            and not any(name in environ for name in _MORE)
        )

    def _record(self, environ: WSGIEnvironment, patient_id: str, body: bytes) -> Answer | None:
        """Record a fact; None leaves it to the application."""
        token = bearer(environ)
        actor = tokens.authenticate(self._store, token) if token is not None else None
        if actor is None or actor.role not in ROLES:
            return None
        environ[ROUTE] = _ROUTE
        session = Session(self._store, actor, self._clock(), f"POST {_ROUTE}")
        recorded = facts.record(session, patient_id, _read(document_of(body)))
        document = orjson.dumps({"fact": recorded.fact, "consequences": recorded.consequences})
        tag = tag_of(environ, recorded.version, session.now.date())
        return Answer("201 CREATED", [*_HEADERS, ("ETag", tag)], document)
