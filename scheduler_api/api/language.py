"""The language of a request."""

from __future__ import annotations

from flask import request

from scheduler_api.words import LANGUAGES


def language() -> str:
    """The language that suits the request's `Accept-Language` best; English if none does."""
    if not request.accept_languages:
        return LANGUAGES[0]
    chinese = any(tag.lower().startswith("zh") for tag, _ in request.accept_languages)
    choices = (*LANGUAGES, "zh") if chinese else LANGUAGES
    best = request.accept_languages.best_match(choices, LANGUAGES[0])
    return "zh-CN" if best == "zh" else str(best)
