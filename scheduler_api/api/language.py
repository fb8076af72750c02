"""The language of a request."""

from __future__ import annotations

import re

from flask import request

from scheduler_api.words import LANGUAGES

_BY_PRIMARY_TAG = {language.partition("-")[0]: language for language in LANGUAGES}


def language() -> str:
    """The first language of the request's `Accept-Language`, by preference, that we speak; else English."""
    for tag, quality in request.accept_languages:
        spoken = _BY_PRIMARY_TAG.get(re.split("[-_]", tag)[0].lower())
        if spoken is not None and quality > 0:
            return spoken
    return LANGUAGES[0]
