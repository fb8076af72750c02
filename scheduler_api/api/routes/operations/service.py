"""What the service says of itself: alive, ready, its contract, and a page to try it on."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import orjson
from flask import Blueprint, Response, request, send_from_directory

from scheduler_api.api.http.operation import public, says
from scheduler_api.api.http.problems import no_time
from scheduler_api.api.http.request_log import POLICY
from scheduler_api.api.http.requests import now, services, store
from scheduler_api.reminders.dispatch import last_tick
from scheduler_api.store.database.connect import without_passwords
from scheduler_api.store.database.port import Busy, Damaged, Unavailable
from scheduler_api.use_cases.clocks import TOLERANCE, ClockNotTrusted

log = logging.getLogger(__name__)
blueprint = Blueprint("service", __name__)
#: A worker looks for messages that are due four times a minute; this process has not seen any before it started.
WORKER_SEEN_WITHIN = timedelta(minutes=2)
_PAGE = Path(__file__).parents[2] / "static" / "swagger-ui"
#: The page runs its own files only, and talks to this service only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.route("/healthz")
@public
@says(200)
def check_health() -> Response:
    """Say that the process answers

    It asks nothing of the database.
    """
    return _json({"status": "ok"})


@blueprint.route("/readyz")
@public
@says(200, 503)
def check_readiness() -> Response:
    """Say whether requests can be served

    The database answers with tables of this version and can be written, the clock can be trusted, and a worker is
    running. Why not is in the log, and not in the answer, which anyone may read.
    """
    try:
        waiting = store().pending_migrations()
        if waiting:
            return _json({"status": "unavailable", "database": "needs `scheduler-api init`"}, 503)
        instant, seen = now(), last_tick(store())
    except ClockNotTrusted as error:
        no_time(error)
        return _json({"status": "unavailable", "database": "ok", "clock": "not trusted"}, 503)
    except (Busy, Unavailable) as error:
        services().is_damaged |= isinstance(error, Damaged)
        found = {"error": type(error).__name__, "message": without_passwords(str(error))}
        log.warning("database does not answer", extra={"data": found})
        return _json({"status": "unavailable", "database": "does not answer"}, 503)
    if services().is_damaged:
        return _json({"status": "unavailable", "database": "is damaged"}, 503)
    try:
        services().probe.check(instant)
    except Unavailable as error:
        found = {"error": type(error).__name__, "message": without_passwords(str(error))}
        log.warning("database cannot be written", extra={"data": found})
        return _json({"status": "unavailable", "database": "cannot be written"}, 503)
    started = services().started_at
    if seen is not None and seen - instant > TOLERANCE:
        return _json({"status": "unavailable", "database": "ok", "worker": "its clock was ahead"}, 503)
    if instant - max(seen or started, started) > WORKER_SEEN_WITHIN:
        return _json({"status": "unavailable", "database": "ok", "worker": "not running"}, 503)
    return _json({"status": "ok", "database": "ok"})


@blueprint.route("/openapi.json")
@public
def get_contract() -> Response:
    """Return the contract of this API."""
    return _json(services().contract)


@blueprint.route("/docs")
@public
def show_page() -> Response:
    """Return the page for trying the API; it works without a network."""
    return _static("index.html")


@blueprint.route("/docs/static/<path:name>")
@public
def show_page_file(name: str) -> Response:
    """Return a file of that page."""
    return _static(name)


def _static(name: str) -> Response:
    request.environ[POLICY] = _POLICY
    return send_from_directory(_PAGE, name)


def _json(document: object, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, content_type="application/json")
