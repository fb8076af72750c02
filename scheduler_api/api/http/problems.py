"""Make problems (RFC 9457): every refusal is one document that names every bad field and reveals nothing internal."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, current_app, request
from flask_smorest import Api
from werkzeug.exceptions import HTTPException, InternalServerError

from scheduler_api.engine.errors import CODES, CONFIRMED, Conflict, FieldError, NeedsConfirmation, ValidationFailed
from scheduler_api.i18n.refusals import refusal
from scheduler_api.interop.fhir.elements import FHIR_JSON, FHIR_PATH
from scheduler_api.interop.fhir.exchange import operation_outcome
from scheduler_api.logs import Seldom
from scheduler_api.metrics import CLOCK_REFUSALS
from scheduler_api.schemas.fields import Choice, Strict, fields
from scheduler_api.store.database.connect import without_passwords
from scheduler_api.store.database.port import Busy, Damaged, Unavailable
from scheduler_api.use_cases.auth.oidc import ProviderUnavailable
from scheduler_api.use_cases.clocks import ClockNotTrusted
from scheduler_api.use_cases.operations.idempotency import KeyReused
from scheduler_api.use_cases.session import Forbidden, Stale, TooMany, Unauthenticated

from .language import language
from .request_log import REQUEST_ID

log = logging.getLogger(__name__)
_seldom = Seldom(log)

#: Every problem type, by status: its name (after `urn:scheduler-api:`) and title. docs/api.md explains each.
TYPES: Mapping[int, tuple[str, str]] = {
    400: ("bad-request", "The request could not be read"),
    401: ("unauthenticated", "No valid token"),
    403: ("forbidden", "Not for this role"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Not a method of this address"),
    406: ("not-acceptable", "Not in a form that was asked for"),
    408: ("too-slow", "The request took too long to arrive"),
    409: ("contradiction", "Conflict with the record"),
    412: ("stale", "The patient changed meanwhile"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "Not in a form that is understood"),
    422: ("impossible", "Invalid content"),
    429: ("too-many", "Too many requests"),
    500: ("internal", "The service failed"),
    503: ("unavailable", "Try again in a moment"),
}


class FieldErrorSchema(Strict):
    """One bad field."""

    pointer = fields.String(
        required=True, metadata={"description": "JSON pointer into the body, or `/` and the name of a query parameter"}
    )
    detail = fields.String(required=True)
    code = Choice(*CODES, required=True, metadata={"description": "Why, for programs: it stays when the words change"})


class ProblemSchema(Strict):
    """What went wrong (RFC 9457). Nothing was recorded."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema), metadata={"description": "Every bad field"})
    code = Choice("needs_confirmation", metadata={"description": "It is recorded if `confirm` is sent as `confirmed`"})
    confirm = fields.List(Choice(*CONFIRMED), metadata={"description": "What the sender has to confirm"})


def shown_errors(errors: Iterable[FieldError]) -> list[dict[str, str]]:
    """Return bad fields as data, in the language of the request."""
    return [{**error.document(), "detail": refusal(error.detail, language())} for error in errors]


class Problem(Exception):
    """Ends a request with a problem. Without a `detail` of its own it says those of its `errors`."""

    def __init__(
        self,
        status: int,
        detail: str | None,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        confirm: Sequence[str] = (),
    ) -> None:
        self.confirm = confirm
        self.status, self.detail, self.errors, self.headers = status, detail, tuple(errors), headers or {}
        super().__init__(detail)

    def document(self) -> dict[str, Any]:
        """Return the problem as data, in the language of the request."""
        name, title = TYPES.get(self.status, ("about:blank", HTTPStatus(self.status).phrase))
        errors = shown_errors(self.errors)
        document: dict[str, Any] = {
            "type": name if ":" in name else f"urn:scheduler-api:{name}",
            "title": refusal(title, language()),
            "status": self.status,
            "detail": " ".join(dict.fromkeys(error["detail"] for error in errors))
            if self.detail is None
            else refusal(self.detail, language()),
        }
        if errors:
            document["errors"] = errors
        if self.confirm:
            document |= {"code": "needs_confirmation", "confirm": list(self.confirm)}
        return document

    def response(self) -> Response:
        """Return the problem as a response, to readers of FHIR in their form."""
        document, form = self.document(), "application/problem+json"
        if request.path.startswith(FHIR_PATH):
            document, form = operation_outcome(document), FHIR_JSON
        response = Response(orjson.dumps(document), self.status, content_type=form)
        response.headers.update(self.headers)
        return response


class ProblemApi(Api):
    """flask-smorest's Api with problems for errors; its own handler would drop `Allow` and `WWW-Authenticate`."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Turn an error that Flask itself raises into a problem, keeping its headers."""
        if isinstance(error, InternalServerError) and error.original_exception is not None:
            return _internal(error.original_exception)
        status = error.code or 500
        headers = {
            name: value
            for name, value in error.get_headers()
            if name in ("Allow", "Retry-After", "WWW-Authenticate", "Location")
        }
        if 300 <= status < 400:
            return error.get_response()  # type: ignore[return-value]
        return Problem(status, error.description or TYPES.get(status, ("", ""))[1], headers=headers).response()


def register(app: Flask) -> None:
    """Turn the errors of the use cases into problems."""
    app.register_error_handler(Problem, Problem.response)
    for kind, status in ((Conflict, 409), (ValidationFailed, 422)):
        app.register_error_handler(kind, _of_errors(status))
    app.register_error_handler(NeedsConfirmation, _needs_confirmation)
    app.register_error_handler(Forbidden, lambda error: Problem(403, str(error)).response())
    app.register_error_handler(Stale, lambda error: Problem(412, str(error)).response())
    app.register_error_handler(Unauthenticated, lambda error: _unauthenticated(error))
    app.register_error_handler(TooMany, lambda error: _too_many(error))
    app.register_error_handler(KeyReused, lambda error: _key_reused())
    app.register_error_handler(Busy, unavailable)
    app.register_error_handler(Unavailable, unavailable)
    app.register_error_handler(ClockNotTrusted, no_time)
    app.register_error_handler(ProviderUnavailable, lambda error: _no_provider())


def _of_errors(status: int) -> Any:
    def handle(error: ValidationFailed) -> Response:
        return Problem(status, None, error.errors).response()

    return handle


def _needs_confirmation(error: NeedsConfirmation) -> Response:
    return Problem(422, None, error.errors, confirm=error.confirm).response()


def _key_reused() -> Response:
    field_error = FieldError("/Idempotency-Key", "This key came before with another request.", "id_reused")
    return Problem(422, None, [field_error]).response()


def _unauthenticated(error: Unauthenticated) -> Response:
    return Problem(401, str(error), headers={"WWW-Authenticate": "Bearer"}).response()


def _too_many(error: TooMany) -> Response:
    return Problem(429, str(error), headers={"Retry-After": str(error.retry_after)}).response()


def unavailable(error: Busy | Unavailable) -> Response:
    """Return the response for a database that is busy or does not answer."""
    busy = isinstance(error, Busy)
    if isinstance(error, Damaged):
        current_app.extensions["scheduler"].is_damaged = True
    event = "database is busy" if busy else "database does not answer"
    _seldom.error(event, type(error).__name__, message=without_passwords(str(error)))
    detail, seconds = (
        ("The database is busy; nothing was recorded.", 1) if busy else ("The database does not answer.", 30)
    )
    return Problem(503, detail, headers={"Retry-After": str(seconds)}).response()


def no_time(error: ClockNotTrusted) -> Response:
    """Return the response while the machine's clock cannot be trusted; the log says why."""
    CLOCK_REFUSALS.inc()
    _seldom.error("clock not trusted", type(error).__name__, message=str(error))
    detail = "The clock of the service cannot be trusted at the moment; nothing was recorded."
    return Problem(503, detail, headers={"Retry-After": "60"}).response()


def _no_provider() -> Response:
    _seldom.error("identity provider does not answer", ProviderUnavailable.__name__)
    detail = "The identity provider does not answer, so this token cannot be checked."
    return Problem(503, detail, headers={"Retry-After": "10"}).response()


def _internal(error: BaseException) -> Response:
    """Log the place and kind of a failure, but not its message, which may hold data of a patient."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    request_id = request.environ.get(REQUEST_ID)
    log.error("failed", extra={"data": {"request_id": request_id, "error": type(error).__name__, "at": frames[-8:]}})
    return Problem(500, f"Nothing was recorded. The log has more under the request {request_id}.").response()
