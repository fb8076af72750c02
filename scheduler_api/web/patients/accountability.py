"""`/ward/patients/{id}/accountability`: the log of the drug that was given out and came back, on A4."""

from __future__ import annotations

from flask import Response

from scheduler_api.api.http.operation import any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.use_cases.patients import accountability, calendars, facts, patients
from scheduler_api.web.pages import blueprint, page
from scheduler_api.web.queries import asked
from scheduler_api.web.ward.printing import PrintQuery

from .changes import pieces_in
from .recording import COUNTS


@blueprint.route("/ward/patients/<string:patient_id>/accountability")
@signed_in()
@any_query
def print_accountability(patient_id: str) -> Response:
    """Show the drug that was given out and came back for paper, each with who recorded it, and the counts"""
    counted = [fact for fact in facts.history_documents(session(), patient_id) if fact["kind"] in COUNTS]
    return page(
        "print_accountability.html",
        spoken=asked(PrintQuery).get("language"),
        patient=patients.get(session(), patient_id),
        log=sorted((fact for fact in counted if fact["voided_by"] is None), key=lambda fact: str(fact["on"])),
        periods=accountability.accountability_documents(session(), patient_id),
        today=calendars.edition(session(), patient_id, calendars.View()).today,
        pieces=pieces_in,
    )
