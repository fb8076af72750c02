"""What every request goes through: who is asking, what is asked, conditions and repetitions."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

import orjson
from flask import Response, current_app, g, request
from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.faults import Fault
from scheduler_api.records import answers, tokens
from scheduler_api.records.access import Session, patient_head
from scheduler_api.store.port import Store

from .fields import Strict, Text, fields, validate
from .problems import Problem

View = TypeVar("View", bound=Callable[..., Response])
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_MACHINE = re.compile(r"^[=+\-@\t\r]")


class Parser(FlaskParser):
    """Reads bodies and queries: unknown and repeated names are refused, and every bad field is named."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": RAISE, "query": RAISE}  # noqa: RUF012

    def load_json(self, req: Any, schema: Any) -> Any:
        """The body, which must be JSON and say so."""
        if req.mimetype != "application/json":
            raise Problem(415, "The body is not declared as application/json.", headers={"Accept": "application/json"})
        try:
            return orjson.loads(req.get_data())
        except orjson.JSONDecodeError:
            raise Problem(400, "The body is not JSON.") from None

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """The query."""
        faults = [Fault(f"/{name}", "Given more than once.") for name, values in req.args.lists() if len(values) > 1]
        if faults:
            raise Problem(422, "A parameter is given more than once.", faults)
        return super().load_querystring(req, schema)

    def handle_error(self, error: Any, req: Any, schema: Any, **kwargs: Any) -> Any:
        """Every bad field, as a problem."""
        (messages,) = error.messages.values()
        faults = list(faults_of(messages))
        raise Problem(422, f"{len(faults)} bad field{'s' if len(faults) > 1 else ''}.", faults)


class ResourceBlueprint(Blueprint):
    """A blueprint that reads requests by our parser."""

    ARGUMENTS_PARSER = Parser()


def faults_of(messages: Any, pointer: str = "") -> Iterator[Fault]:
    """The faults in marshmallow's messages."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            token = str(name).replace("~", "~0").replace("/", "~1")
            yield from faults_of(inner, pointer if name == "_schema" else f"{pointer}/{token}")
    elif isinstance(messages, list):
        for message in messages:
            yield from faults_of(message, pointer)
    else:
        yield Fault(pointer, _WORDS.get(str(messages), str(messages)))


_WORDS = {
    "Missing data for required field.": "Missing.",
    "Field may not be null.": "Missing.",
    "Invalid input type.": "Not an object.",
}


def store() -> Store:
    """The store of the application."""
    return cast(Store, current_app.extensions["scheduler_store"])


def now() -> datetime:
    """The present instant, by the application's clock."""
    return cast(datetime, current_app.extensions["scheduler_clock"]())


def session() -> Session:
    """The session of this request."""
    return cast(Session, g.session)


def authenticate() -> None:
    """Find out who is asking. Ends the request with 401 if nobody we know."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    actor = tokens.authenticate(store(), token.strip()) if scheme.lower() == "bearer" and token.isascii() else None
    if actor is None:
        detail = "The token is not valid." if token else "The request has no `Authorization: Bearer` token."
        raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
    g.session = Session(store(), actor, now())


def answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; dates and instants are written as they are in the document."""
    response = Response(orjson.dumps(document), status, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    if headers:
        response.headers.update(headers)
    return response


def patient_tag(version: int, today: object) -> str:
    """The ETag of an answer about a patient: it changes with the patient, with the day and with the question."""
    question = hashlib.blake2b(request.full_path.encode(), digest_size=6).hexdigest()
    return f'"{version}.{today}.{question}"'


def conditional(view: View) -> View:
    """For a GET of one patient's data: an ETag, and 304 for the price of one small read if nothing changed."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        head = patient_head(session(), kwargs["patient_id"])
        tag = patient_tag(head["version"], civil_date(session().now, head["time_zone"]))
        sent = request.headers.get("If-None-Match")
        if sent and (sent.strip() == "*" or tag in _tags(sent)):
            return Response(status=304, headers={"ETag": tag, "Cache-Control": "private, no-cache"})
        response = view(*args, **kwargs)
        response.headers["ETag"] = tag
        return response

    return cast(View, wrapper)


def expected_version() -> int | None:
    """The version that `If-Match` names; None if the write is unconditional. Ends the request if it names none."""
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return None
    versions = {tag.strip('"').partition(".")[0] for tag in _tags(sent)}
    if len(versions) == 1 and (version := versions.pop()).isdecimal() and len(version) < 12:
        return int(version)
    raise Problem(412, "If-Match names no version of this patient; use an ETag of the patient.")


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def idempotent(view: View) -> View:
    """For a POST: with an Idempotency-Key it is carried out once, and answered alike however often it is sent."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        if not _KEY.fullmatch(key):
            fault = Fault("/Idempotency-Key", "Not 1 to 200 visible ASCII characters.")
            raise Problem(422, fault.detail, [fault])
        asked = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
        digest = hashlib.sha256(asked).hexdigest()
        with store().transaction():
            given = answers.given(session(), key, digest)
            if given is not None:
                headers = {**given.headers, "Idempotency-Replayed": "true"}
                return Response(given.body, given.status, headers)
            response = view(*args, **kwargs)
            headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            answers.keep(session(), key, digest, answers.Answer(response.status_code, headers, response.get_data()))
        return response

    return cast(View, wrapper)


_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")


class PageQuery(Strict):
    """A list is read in pages."""

    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata={"description": "How many items at most"}
    )
    cursor = Text(1000, metadata={"description": "`next_cursor` of the page before"})


def cursor_key(cursor: str | None, parts: int) -> Any:
    """The key a cursor stands for: where to go on. Ends the request if it is none of ours."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise Problem(422, "The cursor is not valid.", [Fault("/cursor", "Not a cursor of this list.")])
    return tuple(key)


def page(items: Sequence[Mapping[str, Any]], after: Sequence[str] | None) -> Response:
    """One page of a list: JSON with the cursor of the next and a Link to it, or CSV for who asks for that."""
    cursor = base64.urlsafe_b64encode(orjson.dumps(list(after))).decode() if after else None
    headers = {}
    if cursor is not None:
        query = urlencode({**request.args.to_dict(), "cursor": cursor})
        headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    if request.accept_mimetypes.best_match(("application/json", "text/csv")) == "text/csv":
        return _csv(items, headers)
    return answer({"items": items, "next_cursor": cursor}, headers=headers)


def _csv(items: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> Response:
    text = io.StringIO()
    if items:
        writer = csv.writer(text)
        writer.writerow(items[0])
        writer.writerows([_cell(value) for value in item.values()] for item in items)
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers.update(headers)
    return response


def _cell(value: Any) -> str:
    if isinstance(value, Mapping | list):
        value = orjson.dumps(value).decode()
    text = "" if value is None else str(value)
    # A spreadsheet would run a text that begins like a formula.
    return f"'{text}" if isinstance(value, str) and _MACHINE.match(text) else text
