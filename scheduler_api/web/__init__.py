"""Pages for people: the ward for staff, and the app for patients."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages to the application."""
    from . import acknowledging, devices, patient, recording, scans, sign_in, visit, ward
    from .pages import blueprint

    for module in (sign_in, ward, scans, acknowledging, patient, recording, visit, devices):
        module.add_to(blueprint)
    app.register_blueprint(blueprint)
