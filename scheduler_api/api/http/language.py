"""The language of a request."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from scheduler_api.i18n import LANGUAGES

_BY_PRIMARY_TAG = {language.partition("-")[0]: language for language in LANGUAGES}


def language() -> str:
    """Return the language of this request's response."""
    return preferred(request.environ.get("HTTP_ACCEPT_LANGUAGE", ""))


@lru_cache(maxsize=256)
def preferred(header: str) -> str:
    """Return the preferred language of an `Accept-Language` header among those the service speaks; else English."""
    for tag, quality in parse_accept_header(header, LanguageAccept):
        spoken = _BY_PRIMARY_TAG.get(re.split("[-_]", tag)[0].lower())
        if spoken is not None and quality > 0:
            return spoken
    return LANGUAGES[0]
