"""A patient's phones: the code that activates one, and the end of a device or of the calendar feed."""

from __future__ import annotations

from io import BytesIO

import segno
from flask import Response, request, url_for
from markupsafe import Markup

from scheduler_api.api.http.operation import RECORDERS
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.use_cases.patients import patients
from scheduler_api.use_cases.phones import feeds, phones
from scheduler_api.use_cases.projections.stored_preferences import STOPPED
from scheduler_api.use_cases.reminders import reminders
from scheduler_api.web.pages import blueprint, go_to, page

_PATH = "/ward/patients/<string:patient_id>"


@blueprint.route(f"{_PATH}/code", methods=["POST"])
@signed_in(RECORDERS)
def make_code(patient_id: str) -> Response:
    """Make a one-time code for a patient's phone, and show it once"""
    made = phones.make_code(session(), patient_id)
    app = url_for("pages.show_app", _external=True)
    return page(
        "code.html",
        patient=patients.get(session(), patient_id),
        made=made,
        app=app,
        # What stands behind `#` is sent to no server, and so is in no log.
        picture=_picture(f"{app}#code={made['code']}"),
    )


@blueprint.route(f"{_PATH}/devices/<string:device_id>/end", methods=["POST"])
@signed_in(RECORDERS)
def end_device(patient_id: str, device_id: str) -> Response:
    """Sign a patient's device out"""
    phones.end_device(session(), patient_id, device_id)
    return go_to("show_patient", "device_ended", patient_id=patient_id)


@blueprint.route(f"{_PATH}/feed/end", methods=["POST"])
@signed_in(RECORDERS)
def end_feed(patient_id: str) -> Response:
    """Close a patient's calendar feed, whose address may have become known"""
    feeds.close(session(), patient_id)
    return go_to("show_patient", "feed_ended", patient_id=patient_id)


@blueprint.route(f"{_PATH}/messages", methods=["POST"])
@signed_in(RECORDERS)
def stop_messages(patient_id: str) -> Response:
    """Stop all messages to a patient, or let them go on"""
    stop = request.form.get("all") == "true"
    reminders.stop_messages(session(), patient_id, {**STOPPED, "all": stop})
    return go_to("show_patient", "messages_stopped" if stop else "messages_go_on", patient_id=patient_id)


def _picture(text: str) -> Markup:
    """Return a text as a picture that a phone reads."""
    picture = BytesIO()
    segno.make_qr(text, error="m").save(
        picture, kind="svg", scale=6, xmldecl=False, svgns=False, nl=False, omitsize=True
    )
    return Markup(picture.getvalue().decode())
