"""`/ward/patients/{id}/record`: a form for each kind of fact, and what follows from it before it is recorded.

The kind is sent in the form and is no part of the address: addresses are logged on their way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, request
from werkzeug.datastructures import MultiDict

from scheduler_api.api.http.operation import COORDINATORS, RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import session
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.schemas.facts import FACTS
from scheduler_api.use_cases.patients import facts, patients
from scheduler_api.use_cases.patients.facts import Recorded
from scheduler_api.use_cases.session import Stale, patient_row
from scheduler_api.web.pages import blueprint, go_to, language, page

from .changes import changed, visits_in
from .choices import amounts_of, labels_of, options_of, strengths_of
from .forms import form_of, new_fact
from .history import fields_of_fact

#: What is recorded most, as buttons.
OFTEN = ("hold_started", "hold_ended", "dose_changed", "dose_recorded", "progressed", "treatment_ended")
#: Ends of the study that have a button of their own: the reason, and what is known of the fact.
ENDS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("withdrawal", {"reason": "withdrawal"}),
    ("stop", {"contact_after": "stop"}),
    ("lost_to_follow_up", {"reason": "lost_to_follow_up"}),
    ("death", {"reason": "death"}),
)
#: What is counted of the drug, where the protocol says in which strengths it comes.
COUNTS = ("drug_dispensed", "drug_returned", "drug_lost")
SELDOM = (
    "enrolled",
    "treatment_started",
    "visit_done",
    "visit_booked",
    "new_therapy_started",
    "study_ended",
    "pregnancy_reported",
    "pregnancy_closed",
    "fertility_changed",
    "regimen_ended",
    "milestone_reached",
    "arm_assigned",
    "cohort_changed",
    "site_transferred",
    "protocol_amended",
    "time_zone_changed",
)
#: The kinds that have a form; a registration is corrected by programs only.
WITH_FORM = frozenset(FACTS) - {"registered"}
#: Those of them that only a coordinator or an admin records.
_OF_COORDINATORS = frozenset({"site_transferred"})


@blueprint.route("/ward/patients/<string:patient_id>/record")
@signed_in(RECORDERS)
def choose_fact(patient_id: str) -> Response:
    """Show what can be recorded about a patient"""
    patient = patients.get(session(), patient_id)
    counts = COUNTS if strengths_of(session(), patient_row(session(), patient_id)) else ()
    has_form = with_form()
    seldom = [kind for kind in SELDOM if kind in has_form]
    return page("choose_fact.html", patient=patient, often=OFTEN, ends=ENDS, counts=counts, seldom=seldom)


def with_form() -> frozenset[str]:
    """Return the kinds of facts for which whoever is signed in has a form."""
    return WITH_FORM if session().actor.role in COORDINATORS.names else WITH_FORM - _OF_COORDINATORS


@blueprint.route("/ward/patients/<string:patient_id>/record", methods=["POST"])
@signed_in(RECORDERS)
@any_query
def record(patient_id: str) -> Response:
    """Show the form of a kind of fact, or what would follow from what was filled in; record it once that was seen"""
    given, dry_run = request.form, request.args.get("dry_run") == "true"
    kind = given.get("kind", "")
    if kind not in with_form():
        raise Problem(422, "There is no form for this kind of fact.")
    if "filled" not in given:
        return _form(patient_id, kind, given)
    zone = patient_row(session(), patient_id)["time_zone"]
    try:
        new = new_fact(kind, given, zone, _on_record(patient_id, kind, given.get("replaces")))
        # What was seen is what is recorded: a form that was changed since is shown again with what follows now.
        only_shown = dry_run or given.get("seen") != digest_of(new)
        recorded = facts.record(session(), patient_id, new, versions_in(given), only_shown)
    except Stale:
        return _form(patient_id, kind, given, 412, stale=True)
    except ValidationFailed as refused:
        status = 409 if isinstance(refused, Conflict) else 422
        return _form(patient_id, kind, given, status, refused)
    if only_shown:
        return _form(patient_id, kind, given, recorded=recorded, seen=digest_of(new))
    return go_to("show_patient", "recorded", patient_id=patient_id, warned=codes(recorded.warnings))


def _on_record(patient_id: str, kind: str, corrected: str | None) -> set[str]:
    """Return the fields that the fact has which is corrected; none if nothing is, or if it is no fact of this kind."""
    history = facts.history_documents(session(), patient_id) if corrected else []
    found = (fields_of_fact(fact) for fact in history if (fact["fact_id"], fact["kind"]) == (corrected, kind))
    return next(found, set())


def codes(warnings: list[dict[str, Any]]) -> str | None:
    """Return the codes of warnings, to be told on the next page."""
    return ",".join(dict.fromkeys(warning["code"] for warning in warnings)) or None


def _form(
    patient_id: str,
    kind: str,
    given: MultiDict[str, str],
    status: int = 200,
    refused: ValidationFailed | None = None,
    recorded: Recorded | None = None,
    seen: str = "",
    stale: bool = False,
) -> Response:
    row = patient_row(session(), patient_id)
    errors = refused.errors if refused is not None else ()
    fields = form_of(kind, given, options_of(session(), row), errors)
    shown = {error for field in fields for error in field.errors}
    consequences = recorded.consequences if recorded is not None else []
    labels = labels_of(session(), row, [*visits_in(consequences), *given.getlist("visit")])
    return page(
        "record.html",
        status,
        patient=patients.get(session(), patient_id),
        kind=kind,
        fields=fields,
        labels=labels,
        amounts=amounts_of(session(), row) if "amount" in FACTS[kind].fields else [],
        hidden={name: given[name] for name in ("replaces", "voids") if given.get(name)},
        refusals=errors,
        errors=[error for error in errors if error not in shown],
        stale=stale,
        recorded=recorded,
        changes=changed(consequences, labels, language()),
        seen=seen,
    )


def versions_in(given: MultiDict[str, str]) -> frozenset[int]:
    """Return the version of the patient that a form was made for. Raises ValidationFailed."""
    version = given.get("if_version", "")
    if not (version.isascii() and version.isdecimal() and len(version) <= 12):
        raise ValidationFailed([FieldError("/if_version", "The form is not complete.", "malformed")])
    return frozenset((int(version),))


def digest_of(filled: object) -> str:
    """Return by what a form is known again, to see whether it was changed since it was looked at."""
    return hashlib.sha256(repr(filled).encode()).hexdigest()[:16]
