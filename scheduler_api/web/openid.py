"""`/sign-in/openid`: sign in with the account at an OpenID Connect provider."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from flask import Response, g, request, url_for

from scheduler_api.api.http.operation import any_query, public
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import now, route, services, session_secret, store
from scheduler_api.use_cases.auth import web_sessions
from scheduler_api.use_cases.auth.code_flow import CodeFlow, SignInFailed
from scheduler_api.use_cases.auth.oidc import ProviderUnavailable
from scheduler_api.use_cases.session import ROLES, Session

from .pages import blueprint, led_to, page, set_secret
from .resuming import way_on
from .sign_in import page_asked

#: The cookie of a sign-in that has begun: its secret, whether it only renews a session, and the page asked for.
_COOKIE = "scheduler_sign_in"
#: The length of a secret, and for how many seconds the person may take.
_SECRET, _TEN_MINUTES = 43, 600
_RENEWS, _BEGINS = "r", "b"


@blueprint.route("/sign-in/openid")
@public
@any_query
def begin_sign_in() -> Response:
    """Lead to the provider; with `silent` only to renew the session, which asks nobody for anything"""
    secret, flow, asked = secrets.token_urlsafe(32), _flow(), request.args.get("next", "")[:1000]
    silent = "silent" in request.args
    if silent:
        web_sessions.try_to_renew(store(), session_secret(request))
    try:
        address = flow.address(secret, _back(), now(), silent)
    except ProviderUnavailable:
        return _led(asked) if silent else _failed("unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    response = led_to(address)
    response.set_cookie(
        _COOKIE,
        secret + (_RENEWS if silent else _BEGINS) + asked,
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
    """Start a session for whoever comes back from the provider, or renew it"""
    kept, before = request.cookies.get(_COOKIE, ""), session_secret(request)
    secret, renews, asked = kept[:_SECRET], kept[_SECRET:][:1] == _RENEWS, kept[_SECRET + 1 :]
    try:
        if not secret:
            raise SignInFailed("another_browser")
        actor, until = _flow().actor(secret, _back(), request.args, now())
    except ProviderUnavailable:
        return _led(asked) if renews else _failed("unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    except SignInFailed as failed:
        # The session goes on to its end, and then the page that was asked for leads to the sign-in.
        return _led(asked) if renews else _failed(failed.code)
    signed_in = Session(store(), actor, now(), route(request))
    if actor.role not in ROLES:
        # It is noted who was refused. A session from when the same person had a role ends, too.
        g.session = signed_in
        web_sessions.end_of(signed_in, before)
        return _failed("no_role", HTTPStatus.FORBIDDEN)
    if renews:
        return _led(way_on(before, asked) if web_sessions.renew(signed_in, before, until) else asked)
    secret = web_sessions.start_elsewhere(signed_in, until, before)
    response = _led(way_on(secret, asked))
    set_secret(response, secret)
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


def _led(asked: str) -> Response:
    """Lead from the answer of the provider to the page that was asked for."""
    response = led_to(page_asked(asked))
    response.delete_cookie(_COOKIE, path="/sign-in")
    return response


def _failed(code: str, status: int = HTTPStatus.UNAUTHORIZED) -> Response:
    """Return the page that says why nobody is signed in."""
    response = page("sign_in_failed.html", status, code=code)
    response.delete_cookie(_COOKIE, path="/sign-in")
    return response
