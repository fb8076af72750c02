"""`/app/`: the patient's app, as files; what it shows it asks the API for, with the phone's own tokens."""

from __future__ import annotations

from pathlib import Path

from flask import Response, request

from scheduler_api.api.http.operation import any_query, public
from scheduler_api.api.http.request_log import POLICY

from .pages import CONTENT_POLICY, blueprint, file_of

_FILES = Path(__file__).parent / "static" / "app"
_TYPES = {".webmanifest": "application/manifest+json"}


@blueprint.route("/app/")
@public
@any_query
def show_app() -> Response:
    """Return the page of the app; the code of a link to it stands behind `#`, and so does not reach the service."""
    return _file("index.html")


@blueprint.route("/app/<string:name>")
@public
@any_query
def show_app_file(name: str) -> Response:
    """Return a file of the app."""
    return _file(name)


def _file(name: str) -> Response:
    """Return a file that the phone keeps, and asks for anew whenever there is a network."""
    request.environ[POLICY] = CONTENT_POLICY
    response = file_of(_FILES, name, _TYPES.get(Path(name).suffix))
    response.headers["Cache-Control"] = "no-cache"
    return response
