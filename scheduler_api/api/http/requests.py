"""Give views the store, the clock and the session of who is asking, and make their JSON answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import orjson
from flask import Request, Response, current_app, g

from scheduler_api.i18n import ENGLISH, worded
from scheduler_api.services import Services
from scheduler_api.store.database.port import Row, Store
from scheduler_api.use_cases.auth import tokens
from scheduler_api.use_cases.phones import phones
from scheduler_api.use_cases.session import ROLES, Actor, Forbidden, Session

from .operation import ANY_ROLE, Roles
from .problems import Problem

#: The methods that change nothing.
READS = ("GET", "HEAD")


def services() -> Services:
    """Return what the application is made of."""
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
    """Return the phone that is asking, under /v1/me."""
    return cast(phones.Phone, g.phone)


def route(asked: Request) -> str:
    """Return the call: its method and the rule of its address, which unlike the address holds no ids."""
    return asked.method if asked.url_rule is None else f"{asked.method} {asked.url_rule.rule}"


def bearer_token(asked: Request) -> str:
    """Return the token of a request; empty if there is none."""
    scheme, _, token = asked.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.isascii() else ""


def unauthenticated(token: str) -> Problem:
    """Return the problem of a request whose token is missing or not valid."""
    detail = "The token is not valid." if token else "The request has no `Authorization: Bearer` token."
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def check_rate(asked: Request, instant: datetime) -> None:
    """End the request with 429 if more came in this minute by its token, or from its address, than may."""
    address, authorization = asked.remote_addr or "", asked.environ.get("HTTP_AUTHORIZATION")
    wait = services().limits.wait(address, authorization, int(instant.timestamp()))
    if wait:
        detail = f"More requests in a minute than one may send. Try again in {wait} seconds."
        raise Problem(429, detail, headers={"Retry-After": str(wait)})


def authenticate(asked: Request, instant: datetime, roles: Roles) -> None:
    """Find out who of the staff is asking.

    Ends the request with 401 if nobody the service knows, with 403 if someone of another role than `roles`. For a
    request that reads one patient, the patient's row is read with the token.
    """
    token = bearer_token(asked)
    actor, patient = _staff(asked, token, instant) if token else (None, None)
    if actor is None:
        raise unauthenticated(token)
    g.session = Session(store(), actor, instant, route(asked), patient)
    if actor.role not in roles.names:
        raise Forbidden(roles.refusal if actor.role in ROLES else ANY_ROLE.refusal)


def _staff(asked: Request, token: str, instant: datetime) -> tuple[Actor | None, Row | None]:
    """Return whom a token stands for, and the row of the patient asked about, if one is and it was read.

    A token of the service has no dots, one of the provider has two.
    """
    sign_in = services().sign_in
    if sign_in is not None and token.count(".") == 2:
        return sign_in.actor(token, instant), None
    patient_id = (asked.view_args or {}).get("patient_id") if asked.method in READS else None
    if patient_id is None:
        return tokens.authenticate(store(), token), None
    return tokens.authenticate_for_patient(store(), token, patient_id)


def authenticate_phone(asked: Request, instant: datetime) -> None:
    """Find out whose phone is asking. Ends the request with 401 if it is none that the service knows."""
    token, database = bearer_token(asked), store()
    known = phones.authenticate(database, token, instant) if token else None
    if known is None:
        raise unauthenticated(token)
    patient = known.patient if asked.method in READS else None
    here = g._get_current_object()
    here.phone, here.session = known, Session(database, known.actor, instant, route(asked), patient)


def answer(
    document: Any, status: int = 200, headers: Mapping[str, str] | None = None, language: str = ENGLISH
) -> Response:
    """Return a JSON response; dates and instants are written as they are, reasons in words of a language."""
    headers = {"Cache-Control": "private, no-cache", **(headers or {})}
    return Response(orjson.dumps(document, worded(language)), status, headers, content_type="application/json")
