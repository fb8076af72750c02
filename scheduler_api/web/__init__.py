"""Pages for people: the ward for staff, and the app for patients."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages to the application."""
    # Each of these adds its views to the blueprint.
    from . import acknowledging, devices, patient, patient_app, printing, recording, scans, sign_in, visit, ward  # noqa
    from .pages import blueprint

    app.register_blueprint(blueprint)
