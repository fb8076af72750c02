"""Hold what all pages have in common: their words, their safety, and problems as pages."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import orjson
from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from markupsafe import Markup

from scheduler_api.api.http.language import language as preferred_language
from scheduler_api.api.http.operation import any_query, public
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.request_log import POLICY
from scheduler_api.api.http.requests import SESSION_COOKIE, session_secret
from scheduler_api.i18n import LANGUAGES, say
from scheduler_api.i18n.labels import LABELS, label
from scheduler_api.use_cases.session import ROLES, Actor

from . import words

#: The cookie with the language that somebody chose.
LANGUAGE_COOKIE = "scheduler_language"
#: A page runs our own files only, sends its forms only to us, and may be shown in no frame.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_STATIC = Path(__file__).parent / "static"
_A_YEAR = 31_536_000

Addresses = Callable[..., str]

blueprint = Blueprint("pages", "scheduler_api.web", template_folder="templates")


def language() -> str:
    """Return the language of this page: the one chosen, else that of `Accept-Language`."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else preferred_language()


def page(template: str, status: int = 200, spoken: str | None = None, **values: Any) -> Response:
    """Return a page made of a template, in a language (by default that of the request)."""
    request.environ[POLICY] = CONTENT_POLICY
    spoken = spoken or language()
    response = make_response(rendered(template, spoken, **values), status)
    response.headers.update(
        {"Cache-Control": "no-store", "Content-Language": spoken, "Vary": "Accept-Language, Cookie"}
    )
    if "new_secret" in g:
        set_secret(response, g.new_secret)
    return response


def rendered(template: str, spoken: str, **values: Any) -> str:
    """Return what a template makes in a language."""
    return render_template(
        template,
        _=partial(say, language=spoken),
        label=partial(label, language=spoken),
        language=spoken,
        languages=LANGUAGES,
        actor=_signed_in(),
        url_for=addresses(),
        **words.of(spoken),
        **values,
    )


def addresses() -> Addresses:
    """Return what gives the addresses of pages as `url_for` does, under the root of this request."""
    return partial(_address, request.script_root)


@lru_cache(maxsize=16384)
def _address(root: str, endpoint: str, **values: Any) -> str:
    """Return the address of a page under a `root`, as `url_for`: a list has the same hundreds each time it is shown."""
    return url_for(endpoint, **values)


def _signed_in() -> Actor | None:
    """Return who may see pages; None if nobody is signed in, or somebody without a role."""
    actor: Actor | None = g.session.actor if "session" in g else None
    return actor if actor is not None and actor.role in ROLES else None


def set_secret(response: Response, secret: str) -> None:
    """Give a browser the secret of its session, which scripts cannot read and other sites' forms do not send."""
    response.set_cookie(SESSION_COOKIE, secret, httponly=True, secure=request.is_secure, samesite="Lax", path="/")


def csrf_token() -> str:
    """Return what every form of this session has, and nobody else knows."""
    secret = session_secret(request)
    if not secret:
        # Who is not signed in has a secret that opens no session, so that the form of the sign-in is no exception.
        secret = g.new_secret = g.get("new_secret") or secrets.token_urlsafe(32)
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def led_to(address: str) -> Response:
    """Return an answer that leads to an address, and that nothing on the way keeps."""
    response: Any = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    return response


def go_to(endpoint: str, said: str | None = None, **values: Any) -> Response:
    """Lead to a page after a form was recorded, saying a label of the group `said` there."""
    return led_to(url_for(f"pages.{endpoint}", **values, said=said))


def here() -> str:
    """Return the address of the page of this request; of a form that of its patient, or of the list of the day."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    patient_id = (request.view_args or {}).get("patient_id")
    return url_for("pages.show_today") if patient_id is None else url_for("pages.show_patient", patient_id=patient_id)


def is_own_form() -> bool:
    """Return whether a form that was sent is from one of our pages of the session of its browser."""
    return hmac.compare_digest(request.form.get("csrf_token", "").encode(), csrf_token().encode())


@blueprint.before_request
def check_form() -> None:
    """End a form that is not from one of our pages of this session with 403."""
    if request.method == "POST" and not is_own_form():
        raise Problem(403, "This form is not from a page of this session. Open the page again.")


@blueprint.after_request
def as_page(response: Response) -> Response:
    """Show a problem as a page."""
    if response.mimetype != "application/problem+json":
        return response
    document = orjson.loads(response.get_data())
    shown = page("problem.html", response.status_code, problem=document)
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


@blueprint.after_app_request
def unknown_as_page(response: Response) -> Response:
    """Show as a page, too, that there is no such page, and that one of a form was asked for without it."""
    is_of_pages = request.routing_exception is not None and request.path.startswith("/ward/")
    return as_page(response) if is_of_pages else response


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]


def static(name: str) -> str:
    """Return the address of a file of the pages, which changes with its content."""
    return url_for("pages.show_static_file", name=name, v=_digest(name))


@blueprint.app_context_processor
def everywhere() -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "csrf": _csrf_field,
        "static": static,
        "here": here,
        "labels_field": LABELS["field"],
        "labels_said": LABELS["said"],
        "labels_warning": LABELS["warning"],
    }


def _csrf_field() -> Markup:
    if "csrf_field" not in g:
        g.csrf_field = Markup('<input type="hidden" name="csrf_token" value="{}">').format(csrf_token())
    field: Markup = g.csrf_field
    return field


@blueprint.route("/static/<string:name>")
@public
@any_query
def show_static_file(name: str) -> Response:
    """Return a file of the pages; its address changes with its content, so it may be kept for long."""
    response = file_of(_STATIC, name)
    response.headers["Cache-Control"] = f"public, max-age={_A_YEAR}, immutable"
    return response


def file_of(folder: Path, name: str, mimetype: str | None = None) -> Response:
    """Return a file of a folder. Raises NotFound."""
    response = send_from_directory(folder, name, mimetype=mimetype)
    file = response.response
    # What compresses an answer reads the file and puts its own bytes in its place, without closing it.
    response.call_on_close(getattr(file, "close", lambda: None))
    return response
