"""`/sign-in/openid`: sign in with the account at an OpenID Connect provider."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any

from flask import Response, g, redirect, request, url_for

from scheduler_api.api.http.operation import any_query, public
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import now, route, services, store
from scheduler_api.use_cases.auth import web_sessions
from scheduler_api.use_cases.auth.code_flow import CodeFlow, SignInFailed
from scheduler_api.use_cases.auth.oidc import ProviderUnavailable
from scheduler_api.use_cases.session import ROLES, Session

from .pages import blueprint, page, set_secret
from .sign_in import is_ours

#: The cookie of a sign-in that has begun: its secret, and then the page that was asked for.
_COOKIE = "scheduler_sign_in"
#: The length of a secret, and for how many seconds the person may take.
_SECRET, _TEN_MINUTES = 43, 600


@blueprint.route("/sign-in/openid")
@public
@any_query
def begin_sign_in() -> Response:
    """Lead to the provider"""
    secret, flow = secrets.token_urlsafe(32), _flow()
    try:
        address = flow.address(secret, _back(), now())
    except ProviderUnavailable:
        return _failed("unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    response: Any = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        _COOKIE,
        secret + request.args.get("next", "")[:1000],
        max_age=_TEN_MINUTES,
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
        path="/sign-in",
    )
    return response


@blueprint.route("/sign-in/openid/answer")
@public
@any_query
def finish_sign_in() -> Response:
    """Start a session for whoever comes back from the provider"""
    kept = request.cookies.get(_COOKIE, "")
    secret, asked = kept[:_SECRET], kept[_SECRET:]
    try:
        if not secret:
            raise SignInFailed("another_browser")
        actor, until = _flow().actor(secret, _back(), request.args, now())
    except ProviderUnavailable:
        return _failed("unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    except SignInFailed as failed:
        return _failed(failed.code)
    signed_in = Session(store(), actor, now(), route(request))
    if actor.role not in ROLES:
        # It is noted who was refused.
        g.session = signed_in
        return _failed("no_role", HTTPStatus.FORBIDDEN)
    response: Any = redirect(asked if is_ours(asked) else url_for("pages.show_today"), 303)
    response.headers["Cache-Control"] = "no-store"
    set_secret(response, web_sessions.start_elsewhere(signed_in, until))
    response.delete_cookie(_COOKIE, path="/sign-in")
    return response


@blueprint.route("/signed-out")
@public
@any_query
def show_signed_out() -> Response:
    """Say that the session at the provider goes on, and lead to where it ends"""
    try:
        address = _flow().leaving(url_for("pages.show_start", _external=True), now())
    except ProviderUnavailable:
        address = None
    return page("signed_out.html", address=address)


def _flow() -> CodeFlow:
    flow = services().code_flow
    if flow is None:
        raise Problem(404, "Nobody signs in elsewhere.")
    return flow


def _back() -> str:
    """Return the address to which the provider leads back."""
    return url_for("pages.finish_sign_in", _external=True)


def _failed(code: str, status: int = HTTPStatus.UNAUTHORIZED) -> Response:
    """Return the page that says why nobody is signed in."""
    response = page("sign_in_failed.html", status, code=code)
    response.delete_cookie(_COOKIE, path="/sign-in")
    return response
