"""Record in the audit who was refused, and what health data staff read."""

from __future__ import annotations

from flask import Flask, Response, g, request

from scheduler_api.store.database.port import Busy, Unavailable
from scheduler_api.use_cases.audit import events
from scheduler_api.use_cases.clocks import ClockNotTrusted
from scheduler_api.use_cases.phones.phones import sender_of
from scheduler_api.use_cases.session import NotFound, OutOfScope, Session

from .problems import Problem, no_time, unavailable
from .requests import READS, now, route, services, store

#: The blueprints without health data.
_WITHOUT_HEALTH_DATA = (
    "sites",
    "site calendars",
    "site feeds",
    "protocols",
    "approvals",
    "destinations",
    "fhir studies",
)


def register(app: Flask) -> None:
    """Record refusals, durably and before the response; and what staff read, together within a second."""
    app.register_error_handler(NotFound, _not_found)
    app.after_request(_record)


def _not_found(error: NotFound) -> Response:
    if isinstance(error, OutOfScope):
        g.out_of_scope = error
    return Problem(404, str(error)).response()


def _record(response: Response) -> Response:
    status, here = response.status_code, g._get_current_object()
    try:
        if status in (401, 403) or "out_of_scope" in here:
            _record_refusal(status)
        elif status in (200, 304) and _reads_health_data(here.get("session")):
            _record_reading(here.session, status)
    except (Busy, Unavailable) as error:
        # What cannot be recorded is not answered.
        return unavailable(error)
    except ClockNotTrusted as error:
        return no_time(error)
    return response


def _record_refusal(status: int) -> None:
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
    """Return whether staff read patients' data by this request. A dry run is a read too, since it records nothing."""
    if asking is None or asking.actor.patient_id is not None or request.blueprint in _WITHOUT_HEALTH_DATA:
        return False
    return request.method in READS or request.args.get("dry_run") == "true"


def _record_reading(asking: Session, status: int) -> None:
    patient_id = (request.view_args or {}).get("patient_id")
    query = request.query_string.decode("ascii", "replace")
    reading = events.Reading(asking.actor, asking.route or "", patient_id, query, status)
    services().readings.add(reading, asking.now, g.get("item_count"))
