"""The Flask application: blueprints, problems and logs around a store and a clock."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING

import orjson
from flask import Flask, Response, current_app, request
from flask.json.provider import JSONProvider
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from scheduler_api.api.http.accept import check_accept
from scheduler_api.api.http.gateway import GOOD, HEAD, REFUSED, UNCHECKED
from scheduler_api.api.http.operation import ANY_ROLE, Operation, operation_of
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.request_log import RequestLogMiddleware
from scheduler_api.api.http.requests import authenticate, authenticate_page, authenticate_phone, check_rate, now
from scheduler_api.api.routes.fhir import appointments, searching, studies, subjects
from scheduler_api.api.routes.operations import audit, metrics, service
from scheduler_api.api.routes.patients import (
    accountability,
    amendments,
    exports,
    facts,
    patients,
    previews,
    study,
    supply,
)
from scheduler_api.api.routes.phones import activation, feeds, me, sync
from scheduler_api.api.routes.reminders import destinations, messages, preferences
from scheduler_api.api.routes.sites import approvals, protocols, site_calendars, site_feeds, sites
from scheduler_api.api.routes.visits import bookings, visits, worklist
from scheduler_api.interop.fhir.elements import FHIR_JSON, FHIR_PATH
from scheduler_api.schemas.fields import OPENAPI
from scheduler_api.services import Services
from scheduler_api.use_cases.session import Forbidden

from .http import auditing, language, problems
from .openapi import INFO, contract

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: The methods whose views may read a body.
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")
#: Monitoring may request these without a limit.
WATCHED = ("/healthz", "/readyz", "/metrics")


_TOKEN = "A staff token; under `/v1/me` the access token of a phone"


class OrjsonProvider(JSONProvider):
    """orjson as Flask's JSON."""

    def dumps(self, obj: object, **kwargs: object) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: object) -> object:
        return orjson.loads(s)


class PrivateFlask(Flask):
    """Flask without its own log record of a failure, which has the address and the message: `problems` logs another."""

    def log_exception(self, exc_info: object) -> None:
        """Log nothing."""


#: One blueprint for each resource.
RESOURCES = (
    patients,
    facts,
    visits,
    bookings,
    worklist,
    study,
    exports,
    supply,
    accountability,
    previews,
    protocols,
    amendments,
    sites,
    site_calendars,
    site_feeds,
    approvals,
    activation,
    me,
    sync,
    feeds,
    audit,
    preferences,
    destinations,
    messages,
)
#: The same for readers of FHIR.
FHIR = (studies, subjects, appointments)
#: A response is compressed from so many bytes on. At level 3 gzip takes a third of the time of its default level 6, and
#: a page of 50 visits becomes a sixth larger.
COMPRESSED_FROM, GZIP_LEVEL = 1000, 3
COMPRESSED_TYPES = (
    *("application/json", FHIR_JSON),
    *("text/csv", "text/calendar", "text/html", "text/css", "text/javascript"),
)


def application(services: Services, max_body: int, trusted_proxies: int) -> Flask:
    """Build the Flask application around the parts of an instance.

    `max_body` is the largest body in bytes; behind so many `trusted_proxies` the client is the one they name. A request
    goes through, in this order: the request log, `_guard` (its rate, then its caller), the view and its decorators,
    the audit of what was read or refused, and compression.
    """
    app = PrivateFlask("scheduler_api", static_folder=None)
    app.json = OrjsonProvider(app)
    app.config.update(
        API_TITLE="Scheduler API",
        API_VERSION=version("scheduler-api"),
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": INFO,
            "security": [{"token": []}],
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": _TOKEN}}},
        },
        MAX_CONTENT_LENGTH=max_body,
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_MIMETYPES=COMPRESSED_TYPES,
        COMPRESS_MIN_SIZE=COMPRESSED_FROM,
        COMPRESS_LEVEL=GZIP_LEVEL,
        # Views answer 304 themselves, before anything is computed.
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
    )
    app.extensions["scheduler"] = services
    api = problems.ProblemApi(app)
    for field, (kind, form) in OPENAPI.items():
        api.register_field(field, kind, form)
    for resource in RESOURCES:
        api.register_blueprint(resource.blueprint, url_prefix="/v1")
    for resource in FHIR:
        api.register_blueprint(resource.blueprint, url_prefix=searching.ROOT)
    app.register_blueprint(service.blueprint)
    app.register_blueprint(metrics.blueprint)
    services.contract = contract(app, api)
    problems.register(app)
    app.before_request(_guard)
    language.register(app)
    # What is registered first comes last after a request.
    Compress(app)
    auditing.register(app)
    answering: WSGIApplication = app.wsgi_app
    if trusted_proxies:
        count = trusted_proxies
        answering = ProxyFix(answering, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = RequestLogMiddleware(answering)  # type: ignore[method-assign]
    return app


def _guard() -> Response | None:
    """Limit the rate of a request, then let only those call the view whom it declares, and who can read its answer.

    Of a request whose body has not been received yet there is the head alone: if that is good, it is answered with 100.

    Every path under /v1 and /fhir needs a token, also one that does not exist: a phone's under /v1/me, else a staff
    token. Only /v1/feeds needs none.
    Monitoring has no limit. Which methods an address has (OPTIONS), any role may know.
    """
    req = request._get_current_object()  # type: ignore[attr-defined]
    path, head = req.path, req.environ.get(HEAD)
    if REFUSED in req.environ:
        raise Problem(*req.environ[REFUSED])
    if path in WATCHED:
        return None
    instant = now()
    if head != GOOD:
        # A request whose head was looked at before has been counted.
        check_rate(req, instant)
    view = current_app.view_functions.get(req.endpoint)
    operation = operation_of(view) if view is not None else _of_no_view(path)
    if operation.caller == "staff":
        authenticate(req, instant, operation.roles if req.method != "OPTIONS" else ANY_ROLE)
    elif operation.caller == "page":
        authenticate_page(req, instant, operation.roles)
    elif operation.caller == "patient":
        authenticate_phone(req, instant)
    elif operation.caller is None:
        raise Forbidden("This call has no declared caller.")
    if operation.forms and req.method != "OPTIONS":
        check_accept(req.headers.get("Accept", ""), operation.forms)
    if "\0" in path:
        # No id has one, and not every database can even look for it.
        raise Problem(HTTPStatus.NOT_FOUND, "Not found.")
    is_to_go_on = head == UNCHECKED and view is not None and req.method in WITH_BODY
    return Response(status=HTTPStatus.CONTINUE) if is_to_go_on else None


def _of_no_view(path: str) -> Operation:
    """Return which token a path needs for which there is no view."""
    under_me = path == "/v1/me" or path.startswith("/v1/me/")
    # The address of a feed is its key: a calendar app that asks otherwise is told what it may ask.
    is_public = not path.startswith(("/v1", FHIR_PATH)) or path.startswith("/v1/feeds/")
    return Operation("patient" if under_me else "public" if is_public else "staff")
