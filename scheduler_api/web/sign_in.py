"""`/`, `/sign-in`, `/sign-out` and the choice of a language."""

from __future__ import annotations

from flask import Response, request, url_for

from scheduler_api.api.http.operation import any_query, public
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import SESSION_COOKIE, now, route, services, session, session_secret, store
from scheduler_api.i18n import LANGUAGES
from scheduler_api.use_cases.auth import web_sessions
from scheduler_api.use_cases.auth.oidc import OF_PROVIDER
from scheduler_api.use_cases.session import Unauthenticated

from .pages import LANGUAGE_COOKIE, blueprint, led_to, page, set_secret
from .resuming import way_on

_A_YEAR = 31_536_000


@blueprint.route("/")
@public
@any_query
def show_start() -> Response:
    """Say what this is, and lead to the sign-in"""
    secret = session_secret(request)
    is_signed_in = bool(secret) and web_sessions.authenticate(store(), secret, now()) is not None
    return page("start.html", is_signed_in=is_signed_in)


@blueprint.route("/sign-in")
@public
@any_query
def show_sign_in() -> Response:
    """Show the form of the sign-in"""
    return _form(request.args.get("next", ""))


@blueprint.route("/sign-in", methods=["POST"])
@public
def sign_in() -> Response:
    """Start a session for whoever has a staff token"""
    token, address = request.form.get("token", "").strip(), request.form.get("next", "")
    try:
        secret = web_sessions.start(store(), token, now(), route(request), session_secret(request))
    except Unauthenticated:
        return _form(address, 401, wrong=True)
    response = led_to(way_on(secret, page_asked(address)))
    set_secret(response, secret)
    return response


@blueprint.route("/sign-out", methods=["POST"])
@signed_in()
def sign_out() -> Response:
    """End the session"""
    web_sessions.end(session(), session_secret(request))
    # At the provider the person may still be signed in, and so would be whoever has the device next.
    elsewhere = services().code_flow is not None and session().actor.token_id.startswith(OF_PROVIDER)
    response = led_to(url_for("pages.show_signed_out" if elsewhere else "pages.show_start"))
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@blueprint.route("/language", methods=["POST"])
@public
def choose_language() -> Response:
    """Remember the language that somebody chose"""
    address = request.form.get("next", "")
    response = led_to(address if _is_ours(address) else url_for("pages.show_start"))
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_A_YEAR, httponly=True, samesite="Lax", path="/")
    return response


def _form(address: str, status: int = 200, wrong: bool = False) -> Response:
    return page(
        "sign_in.html",
        status,
        next=address,
        wrong=wrong,
        elsewhere=services().code_flow is not None,
        ended=web_sessions.has_ended(store(), session_secret(request), now()),
    )


def page_asked(address: str) -> str:
    """Return the page that was asked for before the sign-in; in place of an address that is none of ours, the list."""
    return address if _is_ours(address) else url_for("pages.show_today")


def _is_ours(address: str) -> bool:
    """Return whether an address is a page of ours, and leads nowhere else."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
