"""Note in the audit who was refused, and what health data staff looked at."""

from __future__ import annotations

from flask import Flask, Response, g, request

from scheduler_api.store.database.port import Busy, Unavailable
from scheduler_api.use_cases.audit import events
from scheduler_api.use_cases.phones.phones import sender_of
from scheduler_api.use_cases.session import NotFound, OutOfScope, Session

from .problems import Problem, unavailable
from .requests import READS, now, route, services, store

#: What staff read that is no health data.
_OF_NOBODY = ("sites", "site_calendars", "protocols", "destinations")


def register(app: Flask) -> None:
    """Note refusals, durably and before they are answered; and what staff read, together within a second."""
    app.register_error_handler(NotFound, _not_found)
    app.after_request(_noted)


def _not_found(error: NotFound) -> Response:
    if isinstance(error, OutOfScope):
        g.out_of_scope = error
    return Problem(404, str(error)).response()


def _noted(response: Response) -> Response:
    status, here = response.status_code, g._get_current_object()
    try:
        if status in (401, 403) or "out_of_scope" in here:
            _note_refusal(status)
        elif status in (200, 304) and _reads_health_data(here.get("session")):
            _note_reading(here.session, status)
    except (Busy, Unavailable) as error:
        # What cannot be noted is not answered.
        return unavailable(error)
    return response


def _note_refusal(status: int) -> None:
    hidden = g.get("out_of_scope")
    patient_id, site = (request.view_args or {}).get("patient_id"), None
    if isinstance(hidden, OutOfScope):
        patient_id, site = hidden.patient_id or patient_id, hidden.site
    asking, address = g.get("session"), None
    if asking is None:
        sender = sender_of(request.remote_addr or "")
        asking, address = Session(store(), events.unknown(sender), now(), route(request)), sender[:16]
        services().limits.penalise(request.remote_addr or "", int(services().clock().timestamp()))
    events.refused(asking, status, patient_id, site, address=address)


def _reads_health_data(asking: Session | None) -> bool:
    """Return whether the request is a question of staff about patients.

    A dry run is one too, since it records nothing.
    """
    if asking is None or asking.actor.patient_id is not None or request.blueprint in _OF_NOBODY:
        return False
    return request.method in READS or request.args.get("dry_run") == "true"


def _note_reading(asking: Session, status: int) -> None:
    patient_id = (request.view_args or {}).get("patient_id")
    query = request.query_string.decode("ascii", "replace")
    reading = events.Reading(asking.actor, asking.route or "", patient_id, query, status)
    services().readings.add(reading, asking.now, g.get("shown"))
