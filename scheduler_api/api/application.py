"""The Flask application: blueprints, problems and logs around a store and a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, request
from flask.json.provider import JSONProvider
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from scheduler_api.records.audit import Readings
from scheduler_api.records.checkpoints import NO_KEYS, Keys
from scheduler_api.records.oidc import SignIn
from scheduler_api.records.rates import Rates
from scheduler_api.reminders.outside import Outside
from scheduler_api.store.port import Store

from . import (
    activation,
    amending,
    audit,
    auditing,
    destinations,
    facts,
    feeds,
    me,
    me_sync,
    messages,
    metrics,
    patients,
    previews,
    problems,
    protocols,
    service,
    settling,
    site_calendars,
    sites,
    study,
    supply,
    visits,
    wishes,
    worklist,
)
from .contract import DESCRIPTION, contract
from .fields import OPENAPI
from .limits import Limited
from .logs import RequestLogMiddleware
from .reads import COMPRESSED_FROM, Reads
from .requests import authenticate, authenticate_phone
from .writes import Writes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: What bears its own key.
OPEN = ("activation.activate", "activation.refresh", "feeds.read")


class OrjsonProvider(JSONProvider):
    """orjson as Flask's JSON."""

    def dumps(self, obj: object, **kwargs: object) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: object) -> object:
        return orjson.loads(s)


class SilentFlask(Flask):
    """Flask without its own line about a failure: that has the address and the message. Ours follows."""

    def log_exception(self, exc_info: object) -> None:
        pass

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing here is a coroutine: no need to find that out for every call."""
        return func


def application(
    store: Store,
    clock: Callable[[], datetime],
    outside: Outside,
    max_body: int,
    trusted_proxies: int = 0,
    keys: Keys = NO_KEYS,
    sign_in: SignIn | None = None,
    rate_per_token: int = 0,
    rate_per_address: int = 0,
) -> Flask:
    """The application around a store, a clock, and the way out of messages.

    `max_body` is the largest body in bytes; behind so many `trusted_proxies` the client is whom they name.
    `keys` are those that sign checkpoints; `sign_in` checks the tokens of staff who sign in elsewhere.
    In a minute come at most so many requests by one token and by one address (0: any number).
    """
    app = SilentFlask("scheduler_api", static_folder=None)
    app.json = OrjsonProvider(app)
    app.config.update(
        API_TITLE="Scheduler API",
        API_VERSION=version("scheduler-api"),
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "security": [{"token": []}],
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        },
        MAX_CONTENT_LENGTH=max_body,
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_MIMETYPES=[
            "application/json",
            "text/csv",
            "text/calendar",
            "text/html",
            "text/css",
            "text/javascript",
        ],
        COMPRESS_MIN_SIZE=COMPRESSED_FROM,
    )
    app.extensions["scheduler_store"], app.extensions["scheduler_clock"] = store, clock
    app.extensions["scheduler_sign_in"] = sign_in
    app.extensions["scheduler_started"] = clock()
    app.extensions["scheduler_outside"] = outside
    api = problems.ProblemApi(app)
    problems.register(app)
    app.extensions["scheduler_keys"], readings = keys, Readings(store)
    auditing.register(app, readings)
    for field, (kind, form) in OPENAPI.items():
        api.register_field(field, kind, form)
    for resource in (
        patients,
        facts,
        visits,
        settling,
        worklist,
        study,
        supply,
        previews,
        protocols,
        amending,
        sites,
        site_calendars,
        activation,
        me,
        me_sync,
        feeds,
        audit,
        wishes,
        destinations,
        messages,
    ):
        api.register_blueprint(resource.blueprint, url_prefix="/v1")
    app.register_blueprint(service.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.extensions["scheduler_contract"] = contract(app, api)
    Compress(app)
    app.before_request(_guard)
    writes = Writes(app.wsgi_app, store, clock, max_body)
    reads = Reads(writes, store, clock, readings)
    rates = app.extensions["scheduler_rates"] = Rates(store)
    limits = app.extensions["scheduler_limits"] = Limited(reads, rates, clock, rate_per_token, rate_per_address)
    answering: WSGIApplication = limits
    if trusted_proxies:
        count = trusted_proxies
        answering = ProxyFix(answering, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = RequestLogMiddleware(answering)  # type: ignore[method-assign]
    return app


def _guard() -> None:
    """Whatever is under /v1 needs a token, also what is not there: a phone's under /v1/me, else a staff's."""
    if request.endpoint in OPEN:
        return
    if request.path == "/v1/me" or request.path.startswith("/v1/me/"):
        authenticate_phone()
    elif request.path.startswith("/v1"):
        authenticate()
