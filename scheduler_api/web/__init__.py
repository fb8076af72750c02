"""Pages for people: the ward for staff, and the app for patients."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages to the application."""
    # Each of these adds its views to the blueprint.
    from . import acknowledging, cohort, devices, patient, patient_app, printing, recording, scans, sign_in, visit, ward  # noqa: F401  # noqa: F401
    from .pages import blueprint

    app.register_blueprint(blueprint)
