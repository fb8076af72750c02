"""Handle conditions and repetitions: ETag and 304, If-Match and 412, Idempotency-Key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.instants import end_of
from scheduler_api.use_cases.operations import idempotency
from scheduler_api.use_cases.phones.phones import Phone
from scheduler_api.use_cases.session import patient_row

from .accept import TABLES, form_of_list, wants_mark
from .language import language
from .operation import heeds
from .problems import Problem
from .requests import session, store

View = TypeVar("View", bound=Callable[..., Response])
#: The end of the ETag of a compressed response.
_ENCODING = re.compile(r':(?:zstd|br|gzip|deflate)"$')
#: Our ETags: the patient's version, then what else the response depends on.
_TAG = re.compile(r'"(\d{1,12})\.[^"]+"', re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
#: The headers of a response that are repeated with it.
_STORED_HEADERS = ("Content-Type", "Content-Language", "Location", "ETag", "Cache-Control")


def patient_tag(version: int, today: object, form: str = "") -> str:
    """Return the ETag of a response about a patient.

    It changes with the patient, the day, the request and the format; `form` is what else the response depends on.
    """
    query = request.query_string.decode("latin-1")
    listed = form_of_list()
    table = f"{listed} {wants_mark()}" if listed in TABLES else ""
    identity = f"{request.environ['PATH_INFO']}?{query} {form}{table}"
    return f'"{version}.{today}.{hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()}"'


_SURROUNDINGS = ("preferences", "put_off_until", "contact_name", "contact_phone", "site_preferences")


def phone_headers(caller: Phone, now: datetime, spoken: str) -> dict[str, str]:
    """Return the headers of a response to a phone, in a language. The tag is of all that a response may follow from."""
    patient = caller.patient
    day = civil_date(now, patient["time_zone"])
    surroundings = [patient[name] for name in _SURROUNDINGS]
    left = int((end_of(day, patient["time_zone"]) - now).total_seconds())
    return {
        # The address is the same for all patients, the response is not.
        "ETag": patient_tag(patient["version"], day, f"{caller.patient_id} {spoken} {surroundings}"),
        # Valid until midnight without a network, but requested anew with one: a hold must reach the patient at once.
        "Cache-Control": f"private, no-cache, max-age={left}",
    }


def conditional(view: View) -> View:
    """Give a GET of one patient's data an ETag, and return 304 before anything is computed if nothing changed."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        row = patient_row(session(), kwargs["patient_id"], former=True)
        tag = patient_tag(row["version"], civil_date(session().now, row["time_zone"]), language())
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        return unless_not_modified(headers, lambda: view(*args, **kwargs))

    return heeds("If-None-Match")(cast(View, wrapper))


def unless_not_modified(headers: Mapping[str, str], view: Callable[[], Response]) -> Response:
    """Return a view's response with these headers, or 304 with them if the client has the response with that ETag."""
    sent = request.environ.get("HTTP_IF_NONE_MATCH", "")
    # Only a response to this very request has this tag; `*` matches any, so the view is run first.
    for tag in sent.split(",") if sent else ():
        if bare_tag(tag) == headers["ETag"]:
            return Response(status=304, headers={**headers, "ETag": tag.strip().removeprefix("W/")})
    response = view()
    if sent.strip() == "*":
        return Response(status=304, headers=headers)
    response.headers.update(headers)
    return response


def if_match(view: View) -> View:
    """Refuse a write about a patient with 412 if the patient changed since the version that `If-Match` names.

    The view gets those versions as `if_versions`.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        return view(*args, if_versions=_expected_versions(), **kwargs)

    return heeds("If-Match")(cast(View, wrapper))


def _expected_versions() -> frozenset[int] | None:
    """Return the versions that `If-Match` names; None if the write is unconditional. Tags are compared strongly."""
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return None
    return frozenset(int(tag[1]) for one in sent.split(",") if (tag := _TAG.fullmatch(one.strip())))


def bare_tag(tag: str) -> str:
    """Return a tag as the service made it, without what compression or a cache added."""
    return _ENCODING.sub('"', tag.strip().removeprefix("W/"))


def idempotent(view: View) -> View:
    """Carry out a POST with an Idempotency-Key once, and return its response to every repetition."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        if not _KEY.fullmatch(key):
            field_error = FieldError("/Idempotency-Key", "Not 1 to 200 visible ASCII characters.", "malformed")
            raise Problem(422, field_error.detail, [field_error])
        content = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
        digest = hashlib.sha256(content).hexdigest()
        with store().transaction():
            idempotency.lock(session(), key)
            stored = idempotency.find(session(), key, digest)
            if stored is not None:
                headers = {**stored.headers, "Idempotency-Replayed": "true"}
                return Response(stored.body, stored.status, headers)
            response = view(*args, **kwargs)
            response.headers["Content-Language"] = language()
            headers = {name: response.headers[name] for name in _STORED_HEADERS if name in response.headers}
            idempotency.keep(
                session(), key, digest, idempotency.StoredResponse(response.status_code, headers, response.get_data())
            )
        return response

    return heeds("Idempotency-Key")(cast(View, wrapper))
