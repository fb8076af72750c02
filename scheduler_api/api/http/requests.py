"""Give views the store, the clock and the session of a request, and make their JSON responses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import orjson
from flask import Request, Response, current_app, g

from scheduler_api.i18n import worded
from scheduler_api.services import Services
from scheduler_api.store.database.port import Row, Store
from scheduler_api.use_cases.auth import tokens, web_sessions
from scheduler_api.use_cases.phones import phones
from scheduler_api.use_cases.session import ROLES, Actor, Forbidden, Session

from .gateway import HEAD, UNCHECKED
from .language import language
from .operation import ANY_ROLE, Roles
from .problems import Problem

#: The methods that change nothing.
READS = ("GET", "HEAD")
#: The cookie with the secret of a session on the pages.
SESSION_COOKIE = "scheduler_session"


def services() -> Services:
    """Return the parts of the application."""
    return cast(Services, current_app.extensions["scheduler"])


def store() -> Store:
    """Return the store of the application."""
    return services().store


def now() -> datetime:
    """Return the present instant, by the application's clock."""
    return services().now()


def session() -> Session:
    """Return the session of this request."""
    return cast(Session, g.session)


def phone() -> phones.Phone:
    """Return the phone that makes the request, under /v1/me."""
    return cast(phones.Phone, g.phone)


def route(req: Request) -> str:
    """Return the call: its method and the rule of its address, which unlike the address holds no ids."""
    return req.method if req.url_rule is None else f"{req.method} {req.url_rule.rule}"


def bearer_token(req: Request) -> str:
    """Return the token of a request; empty if there is none."""
    scheme, _, token = req.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.isascii() else ""


def session_secret(req: Request) -> str:
    """Return the secret of the session on the pages that a request has; empty if it has none."""
    secret = req.cookies.get(SESSION_COOKIE, "")
    return secret if secret.isascii() else ""


def unauthenticated(token: str) -> Problem:
    """Return the problem of a request whose token is missing or not valid."""
    detail = "The token is not valid." if token else "The request has no `Authorization: Bearer` token."
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def check_rate(req: Request, instant: datetime) -> None:
    """End the request with 429 if its token, session or address made more requests in this minute than allowed."""
    sender = bearer_token(req) or session_secret(req)
    wait = services().limits.wait(req.remote_addr or "", sender, int(instant.timestamp()))
    if wait:
        detail = f"Too many requests in one minute. Try again in {wait} seconds."
        raise Problem(429, detail, headers={"Retry-After": str(wait)})


def authenticate(req: Request, instant: datetime, roles: Roles) -> None:
    """Authenticate a member of staff, and set the session of the request.

    Ends the request with 401 without a valid token, with 403 for another role than `roles`. For a request that reads
    one patient, the patient's row is read with the token.
    """
    token = bearer_token(req)
    actor, patient = _staff(req, token, instant) if token else (None, None)
    if actor is None:
        raise unauthenticated(token)
    g.session = Session(store(), actor, instant, route(req), patient)
    _check_role(actor, roles)


def authenticate_page(req: Request, instant: datetime, roles: Roles) -> None:
    """Authenticate a member of staff who is signed in to the pages, and set the session of the request.

    It sets, too, whether that is to be renewed. Ends the request with 401 if nobody is signed in, with 403 for another
    role than `roles`.
    """
    secret = session_secret(req)
    found = web_sessions.authenticate(store(), secret, instant) if secret else None
    if found is None:
        # A form that somebody sends whose session has just ended is received, to be kept.
        is_to_receive = req.method == "POST" and req.environ.get(HEAD) == UNCHECKED
        if is_to_receive and web_sessions.has_ended(store(), secret, instant):
            return
        raise Problem(401, "Nobody is signed in.")
    g.session, g.is_to_renew = Session(store(), found.actor, instant, route(req)), found.is_to_renew
    _check_role(found.actor, roles)


def _check_role(actor: Actor, roles: Roles) -> None:
    if actor.role not in roles.names:
        raise Forbidden(roles.refusal if actor.role in ROLES else ANY_ROLE.refusal)


def _staff(req: Request, token: str, instant: datetime) -> tuple[Actor | None, Row | None]:
    """Return the actor that a token names, and the row of the patient in the address, if it was read.

    A token of the service has no dots, one of the provider has two.
    """
    sign_in = services().sign_in
    if sign_in is not None and token.count(".") == 2:
        return sign_in.actor(token, instant), None
    patient_id = (req.view_args or {}).get("patient_id") if req.method in READS else None
    if patient_id is None:
        return tokens.authenticate(store(), token), None
    return tokens.authenticate_for_patient(store(), token, patient_id)


def authenticate_phone(req: Request, instant: datetime) -> None:
    """Authenticate a patient's phone, and set the request's session. Ends it with 401 without a valid token."""
    token, database = bearer_token(req), store()
    caller = phones.authenticate(database, token, instant) if token else None
    if caller is None:
        raise unauthenticated(token)
    patient = caller.patient if req.method in READS else None
    here = g._get_current_object()
    here.phone, here.session = caller, Session(database, caller.actor, instant, route(req), patient)


def answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response; dates and instants are written as they are, reasons in the language of the request."""
    headers = {"Cache-Control": "private, no-cache", **(headers or {})}
    return Response(orjson.dumps(document, worded(language())), status, headers, content_type="application/json")
