"""What is read most, answered before Flask is asked: a phone's today, a patient's calendar, upcoming scans, no change.

Whatever goes wrong in any way goes on to the application, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from scheduler_api.engine.dates import civil_date
from scheduler_api.records import calendars, phones, tokens
from scheduler_api.records.access import Session
from scheduler_api.records.audit import Reading, Readings
from scheduler_api.records.today import today_of
from scheduler_api.records.visits import find as find_visits
from scheduler_api.store.port import Store

from . import visits
from .conditions import phone_headers, plain_tag, tag_of
from .direct import Answer, bearer
from .language import preferred
from .logs import ROUTE
from .pages import encoded, link_to_next, wants_csv

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATIENT = re.compile(r"/v1/patients/([^/]+)(/calendar|/adherence|/deviations|/facts)?")
_HEADERS = (("Cache-Control", "private, no-cache"), ("Vary", "Accept, Accept-Encoding"))
_TODAY, _VISITS = "/v1/me/today", "/v1/visits"
#: From so many bytes on an answer is compressed for who likes that.
COMPRESSED_FROM = 1000


class Reads:
    """Answers what it can, around a WSGI application."""

    def __init__(
        self,
        application: WSGIApplication,
        store: Store,
        clock: Callable[[], datetime],
        readings: Readings,
    ) -> None:
        self._application, self._store, self._clock, self._readings = application, store, clock, readings
        self._answerers = {_TODAY: self._today, _VISITS: self._visits}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            answerer = self._answerers.get(environ["PATH_INFO"], self._answer)
            answer = answerer(environ)
        except Exception:
            # What fails here fails there too, and there it is told to the client and to the log.
            answer = None
        if answer is None:
            return self._application(environ, start_response)
        return answer.send(start_response)

    def _today(self, environ: WSGIEnvironment) -> Answer | None:
        """The one screen of a phone; None leaves it to the application."""
        token = bearer(environ)
        plain = environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING")
        if not plain or token is None:
            return None
        now = self._clock().astimezone(UTC)
        spoken = preferred(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        environ[ROUTE] = _TODAY
        if sent := environ.get("HTTP_IF_NONE_MATCH", "").strip():
            asking = phones.authenticate(self._store, token, now)
            headers = phone_headers(environ, asking, now, spoken) if asking else None
            if headers is None or plain_tag(sent) != headers["ETag"]:
                return None
            headers["ETag"] = sent.removeprefix("W/")
            return Answer("304 NOT MODIFIED", [*headers.items()], None)
        opened = phones.open_patient(self._store, token, now)
        if opened is None:
            return None
        asking, reckoning = opened
        body = orjson.dumps(today_of(self._store, reckoning, asking.wishes, now, spoken))
        if len(body) >= COMPRESSED_FROM:
            return None
        return Answer("200 OK", [*phone_headers(environ, asking, now, spoken).items()], body)

    def _visits(self, environ: WSGIEnvironment) -> Answer | None:
        """A page of visits as JSON, with a staff token; None leaves it to the application."""
        token = bearer(environ)
        query = environ.get("QUERY_STRING", "")
        plain = environ["REQUEST_METHOD"] == "GET" and "HTTP_ACCEPT_ENCODING" not in environ and not wants_csv(environ)
        if not plain or not query or token is None:
            return None
        question, site, asked = visits.asked_in(query)
        actor = tokens.authenticate(self._store, token)
        if actor is None:
            return None
        session = Session(self._store, actor, self._clock())
        found = find_visits(session, question, site)
        headers, cursor = [*_HEADERS], encoded(visits.cursor_of(question, found))
        if cursor is not None:
            headers.append(("Link", link_to_next(_VISITS, asked, cursor)))
        environ[ROUTE] = _VISITS
        self._readings.add(Reading(actor, f"GET {_VISITS}", None, query, 200), session.now, len(found.visits))
        body = orjson.dumps({"items": [shown.json for shown in found.visits], "next_cursor": cursor})
        return Answer("200 OK", headers, body)

    def _answer(self, environ: WSGIEnvironment) -> Answer | None:
        """The answer to a GET of a patient's data with a staff token; None leaves it to the application."""
        asked = _PATIENT.fullmatch(environ["PATH_INFO"])
        if asked is None or environ["REQUEST_METHOD"] != "GET":
            return None
        sent = environ.get("HTTP_IF_NONE_MATCH", "").strip()
        whole = asked[2] == "/calendar" and _is_plain(environ)
        token = bearer(environ)
        if not (sent or whole) or token is None:
            return None
        opened = tokens.open_patient(self._store, token, asked[1])
        if opened is None:
            return None
        actor, row = opened
        session = Session(self._store, actor, self._clock())
        tag = tag_of(environ, row["version"], civil_date(session.now, row["time_zone"]))
        answer = None
        if plain_tag(sent) == tag:
            answer = Answer("304 NOT MODIFIED", [("ETag", sent.removeprefix("W/")), *_HEADERS], None)
        elif whole and not sent:
            document = calendars.calendar_of(session, row, calendars.View())
            answer = Answer("200 OK", [("ETag", tag), *_HEADERS], orjson.dumps(document))
        if answer is not None:
            route = environ[ROUTE] = f"/v1/patients/<string:patient_id>{asked[2] or ''}"
            status, query = int(answer.status[:3]), environ.get("QUERY_STRING", "")
            self._readings.add(Reading(actor, f"GET {route}", asked[1], query, status), session.now)
        return answer


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Whether a question says nothing but its address: no query, and no wish for another form or a compressed one."""
    return not environ.get("QUERY_STRING") and "HTTP_ACCEPT_ENCODING" not in environ
