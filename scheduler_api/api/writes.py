"""What is written most, recorded before Flask is asked: a fact of a patient.

Whatever is refused was undone, and goes on to the application: it comes to the same refusal, and has the words for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import orjson

from scheduler_api.engine.facts import DoseRecorded
from scheduler_api.records import facts, tokens
from scheduler_api.records.access import ROLES, Actor, Session
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
_LENGTH = re.compile(r"[0-9]{1,12}")
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
        environ[ROUTE] = _ROUTE
        now = self._clock()
        try:
            # Before a byte of the body is waited for.
            actor = self._actor(environ)
            recorded = self._recorded(environ, asked[1], actor, now) if actor is not None else None
        except (Busy, Unavailable) as error:
            # Not to be tried again here: it may have been recorded after all.
            return unavailable(error)(environ, start_response)
        except Exception:
            # What fails here was undone and fails there too, and there it is told to the client and to the log.
            recorded = None
        if recorded is None:
            return self._application(environ, start_response)
        document = orjson.dumps({"fact": recorded.fact, "consequences": recorded.consequences})
        tag = tag_of(environ, recorded.version, now.astimezone(UTC).date())
        return Answer("201 CREATED", [*_HEADERS, ("ETag", tag)], document).send(start_response)

    def _is_plain(self, environ: WSGIEnvironment) -> bool:
        """Whether a request says nothing but a fact."""
        length = environ.get("CONTENT_LENGTH", "")
        return (
            environ.get("CONTENT_TYPE") == "application/json"
            and not environ.get("QUERY_STRING")
            and _LENGTH.fullmatch(length) is not None
            and int(length) <= self._max_body
            and not any(name in environ for name in _MORE)
        )

    def _actor(self, environ: WSGIEnvironment) -> Actor | None:
        """Who is asking with a staff token of ours; None leaves it to the application."""
        token = bearer(environ)
        actor = tokens.authenticate(self._store, token) if token is not None else None
        return actor if actor is not None and actor.role in ROLES else None

    def _recorded(
        self, environ: WSGIEnvironment, patient_id: str, actor: Actor, now: datetime
    ) -> facts.Recorded | None:
        """Record the fact of the body; None leaves it to the application."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        # If the application is asked after all, it reads it once more.
        environ["wsgi.input"] = BytesIO(body)
        new = _read(document_of(body))
        if "HTTP_ACCEPT_ENCODING" in environ and not isinstance(new.body, DoseRecorded):
            # What it moves may be much, and worth compressing.
            return None
        return facts.record(Session(self._store, actor, now, f"POST {_ROUTE}"), patient_id, new)
