"""What every request has: a store, a clock, a session of who is asking; and the JSON answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from flask import Response, current_app, g, request

from scheduler_api.records import phones, tokens
from scheduler_api.records.access import ROLES, Actor, Forbidden, Session
from scheduler_api.records.oidc import SignIn
from scheduler_api.store.port import Store

from .problems import Problem


def store() -> Store:
    """The store of the application."""
    return cast(Store, current_app.extensions["scheduler_store"])


def now() -> datetime:
    """The present instant, by the application's clock."""
    return cast(datetime, current_app.extensions["scheduler_clock"]()).astimezone(UTC)


def session() -> Session:
    """The session of this request."""
    return cast(Session, g.session)


def phone() -> phones.Phone:
    """The phone that is asking, under /v1/me."""
    return cast(phones.Phone, g.phone)


def route() -> str:
    """The call: its method, and the rule of its address, which unlike the address has no ids."""
    return f"{request.method} {request.url_rule or ''}".rstrip()


def bearer_token() -> str:
    """The token of the request; empty if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.isascii() else ""


def unauthenticated(token: str) -> Problem:
    """The problem of a request whose token is missing or not valid."""
    detail = "The token is not valid." if token else "The request has no `Authorization: Bearer` token."
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def authenticate() -> None:
    """Find out who is asking. Ends the request with 401 if nobody we know, with 403 if someone without a role."""
    token, instant = bearer_token(), now()
    actor = _staff(token, instant) if token else None
    if actor is None:
        raise unauthenticated(token)
    g.session = Session(store(), actor, instant, route())
    if actor.role not in ROLES:
        raise Forbidden("Whoever this is has no role here.")


def _staff(token: str, instant: datetime) -> Actor | None:
    """Who a token stands for: one of ours, which has no dots, or one of the provider's, which has two."""
    sign_in: SignIn | None = current_app.extensions["scheduler_sign_in"]
    if sign_in is not None and token.count(".") == 2:
        return sign_in.actor(token, instant)
    return tokens.authenticate(store(), token)


def authenticate_phone() -> None:
    """Find out whose phone is asking. Ends the request with 401 if it is none that we know."""
    token = bearer_token()
    known = phones.authenticate(store(), token, now()) if token else None
    if known is None:
        raise unauthenticated(token)
    g.phone, g.session = known, Session(store(), known.actor, now(), route())


def answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; dates and instants are written as they are in the document."""
    response = Response(orjson.dumps(document), status, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    if headers:
        response.headers.update(headers)
    return response
