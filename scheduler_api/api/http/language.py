"""The language of a request, and of its response."""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from scheduler_api.i18n import LANGUAGES
from scheduler_api.interop.fhir.elements import FHIR_PATH

#: Who reads Chinese so does not read the simplified script of zh-CN: Hong Kong, Macau and Taiwan, or as it says.
_TRADITIONAL = frozenset({"hant", "hk", "mo", "tw"})
_BY_PRIMARY_TAG = {language.partition("-")[0]: language for language in LANGUAGES}


def register(app: Flask) -> None:
    """Let every response with words say in which language they are, and that they depend on what was asked for."""
    app.after_request(_declare)


def _declare(response: Response) -> Response:
    if response.status_code == HTTPStatus.NO_CONTENT or not request.path.startswith(("/v1", FHIR_PATH)):
        return response
    headers = response.headers
    if "Content-Language" not in headers:
        headers["Content-Language"] = language()
    vary = headers.get("Vary")
    if vary is None or "Accept-Language" not in vary:
        headers["Vary"] = f"{vary}, Accept-Language" if vary else "Accept-Language"
    return response


def language() -> str:
    """Return the language of this request's response."""
    return preferred(request.environ.get("HTTP_ACCEPT_LANGUAGE", ""))


@lru_cache(maxsize=256)
def preferred(header: str) -> str:
    """Return the preferred language of an `Accept-Language` header among those the service speaks; else English."""
    for tag, quality in parse_accept_header(header, LanguageAccept):
        primary, *subtags = re.split("[-_]", tag.lower())
        spoken = _BY_PRIMARY_TAG.get(primary)
        if spoken is not None and quality > 0 and _TRADITIONAL.isdisjoint(subtags):
            return spoken
    return LANGUAGES[0]
