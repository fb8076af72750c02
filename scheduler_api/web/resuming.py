"""`/ward/form`, and what else lets somebody go on whose session is due or has ended: nothing filled in is lost.

A page that is opened halfway through what the provider granted, or later, is reached by way of the provider, which
renews the session without a word. Once a session has ended the sign-in leads back to the page, or if a form was sent to
that form. It is shown again with what would follow; nothing is recorded before somebody has looked at it.
"""

from __future__ import annotations

from flask import Response, g, request, url_for

from scheduler_api.api.http.operation import RECORDERS
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import now, services, session_secret, store
from scheduler_api.use_cases.auth import kept_forms, web_sessions

from .pages import blueprint, here, is_own_form, led_to, page

#: The views that with `dry_run` only show what would follow from a form.
_SHOW_FIRST = ("record", "register", "book_visit", "record_result", "acknowledge")
#: How long a form may be that is kept, in bytes: longer than any of ours that somebody fills in.
_LONGEST = 50_000


@blueprint.before_request
def renew_session() -> Response | None:
    """Lead to the provider and back if the session is to be renewed; not for what a page fetches by itself."""
    return _renewing() if g.get("is_to_renew") and _is_opened() and services().code_flow else None


@blueprint.after_request
def lead_to_sign_in(response: Response) -> Response:
    """Lead whoever is not signed in to the sign-in, and keep what was filled in."""
    if response.status_code != 401 or response.mimetype != "application/problem+json":
        return response
    secret = session_secret(request)
    if _is_to_keep():
        fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
        kept_forms.keep(store(), secret, now(), kept_forms.Form(request.path, fields))
    if _is_opened() and services().code_flow and web_sessions.may_renew(store(), secret, now()):
        return _renewing()
    address = url_for("pages.show_sign_in", next=here())
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": address})
    return led_to(address)


@blueprint.route("/ward/form")
@signed_in(RECORDERS)
def show_kept_form() -> Response:
    """Offer to go on with what was filled in when the session had ended"""
    form = kept_forms.get(store(), session_secret(request))
    return led_to(url_for("pages.show_today")) if form is None else page("kept_form.html", form=form)


def way_on(secret: str, asked: str) -> str:
    """Return where the session of a secret goes on: at the form that was kept, else at the page asked for."""
    return url_for("pages.show_kept_form") if kept_forms.get(store(), secret) else asked


def _is_to_keep() -> bool:
    """Return whether the request sends one of our forms that somebody may have filled in."""
    shows_first = request.method == "POST" and request.endpoint in {f"pages.{name}" for name in _SHOW_FIRST}
    return shows_first and (request.content_length or 0) <= _LONGEST and is_own_form()


def _is_opened() -> bool:
    """Return whether somebody opens a page, which a browser says; a list that renews itself is no use of a session."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == "document"


def _renewing() -> Response:
    """Return a page that leads to the provider by itself: a form may not, however often it is led on in between."""
    # What was asked for is read only when the browser is back.
    g.pop("session", None)
    return page("renewing.html", address=url_for("pages.begin_sign_in", silent="1", next=here()))
