"""`/ward/patients/{id}/visits/{visit}`: one visit, its booking and its result."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.api.routes.visits.bookings import BookingSchema, VisitResultSchema
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import VisitBooked
from scheduler_api.schemas.errors import errors_of
from scheduler_api.schemas.fields import Strict
from scheduler_api.use_cases.patients import patients
from scheduler_api.use_cases.session import Stale, patient_row
from scheduler_api.use_cases.visits import bookings
from scheduler_api.web.pages import blueprint, go_to, language, page
from scheduler_api.web.ward.lists import may_record

from .changes import changed, visits_in
from .choices import labels_of, options_of
from .recording import codes, digest_of, versions_in

#: Carries out what a form says, if the patient is at one of some versions (None: at any), or only shows what follows.
Call = Callable[[dict[str, Any], Collection[int] | None, bool], bookings.BookingOutcome]

_PATH = "/ward/patients/<string:patient_id>/visits/<string:visit>"


@blueprint.route(_PATH)
@signed_in()
@any_query
def show_visit(patient_id: str, visit: str) -> Response:
    """Show a visit, why it is planned for then, and the forms of its booking and its result"""
    return _visit(patient_id, visit)


@blueprint.route(f"{_PATH}/booking", methods=["POST"])
@signed_in(RECORDERS)
@any_query
def book_visit(patient_id: str, visit: str) -> Response:
    """Book a visit, move its booking or cancel it; with `dry_run` only show what would follow"""

    def call(given: dict[str, Any], versions: Collection[int] | None, dry_run: bool) -> bookings.BookingOutcome:
        return bookings.book(session(), patient_id, VisitBooked(visit, **given), versions, dry_run)

    if request.form.get("cancel"):
        return _carried_out("booking", {"booked_on": None}, call, patient_id, visit, "cancelled")
    return _filled_in("booking", BookingSchema, call, patient_id, visit, "booked")


@blueprint.route(f"{_PATH}/result", methods=["POST"])
@signed_in(RECORDERS)
@any_query
def record_result(patient_id: str, visit: str) -> Response:
    """Record that a visit took place; with `dry_run` only show what would follow"""

    def call(given: dict[str, Any], versions: Collection[int] | None, dry_run: bool) -> bookings.BookingOutcome:
        # The form shows the response on record: left empty, it is to be removed.
        done_on, response, reason = given["done_on"], given.get("response"), given["reason"]
        return bookings.record_result(session(), patient_id, visit, done_on, response, reason, versions, dry_run)

    return _filled_in("result", VisitResultSchema, call, patient_id, visit, "recorded")


def _filled_in(what: str, schema: type[Strict], call: Call, patient_id: str, visit: str, said: str) -> Response:
    """Return what came of a form: its page with what is wrong or would follow, or the way to the next page."""
    names = schema().fields
    given = {name: text for name, one in request.form.items() if name in names and (text := one.strip())}
    try:
        document = schema().load(given)
    except ValidationError as error:
        return _visit(patient_id, visit, 422, what, errors=[*errors_of(error.normalized_messages())])
    return _carried_out(what, document, call, patient_id, visit, said)


def _carried_out(what: str, given: dict[str, Any], call: Call, patient_id: str, visit: str, said: str) -> Response:
    # A day that is booked by one touch has nothing to look at first; a form is recorded as it was looked at.
    is_form, digest = "seen" in request.form, digest_of(given)
    only_shown = request.args.get("dry_run") == "true" or (is_form and request.form["seen"] != digest)
    try:
        outcome = call(given, versions_in(request.form) if is_form else None, only_shown)
    except Stale:
        return _visit(patient_id, visit, 412, what, stale=True)
    except ValidationFailed as refused:
        return _visit(patient_id, visit, 409 if isinstance(refused, Conflict) else 422, what, errors=[*refused.errors])
    if only_shown:
        return _visit(patient_id, visit, 200, what, outcome.document, seen=digest)
    said, warned = said if outcome.document["fact"] else "unchanged", codes(outcome.document["warnings"])
    if request.form.get("back") == "today":
        return go_to("show_today", said, warned=warned)
    return go_to("show_visit", said, patient_id=patient_id, visit=visit, warned=warned)


def _visit(
    patient_id: str,
    visit: str,
    status: int = 200,
    what: str | None = None,
    outcome: dict[str, Any] | None = None,
    errors: list[FieldError] | None = None,
    seen: str = "",
    stale: bool = False,
) -> Response:
    """Return the page of a visit. `what` is the form that was sent: with its `outcome`, or what is wrong with it."""
    document, _ = bookings.get(session(), patient_id, visit)
    row, consequences = patient_row(session(), patient_id), outcome["consequences"] if outcome else []
    labels = labels_of(session(), row, visits_in(consequences))
    return page(
        "visit.html",
        status,
        patient=patients.get(session(), patient_id),
        visit=document,
        responses=options_of(session(), row)["response"] if document["series"] else [],
        may_record=may_record(),
        what=what,
        given=request.form if what else MultiDict[str, str](),
        outcome=outcome,
        changes=changed(consequences, labels, language()),
        errors=errors or [],
        seen=seen,
        stale=stale,
    )
