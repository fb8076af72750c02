"""Pages for people: the ward for staff, and the app for patients."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

#: The modules with views.
_VIEWS = (
    *("sign_in", "openid", "resuming", "ward.lists", "ward.scans", "patients.patient", "patients.visit"),
    *("patients.recording", "ward.acknowledging", "patients.devices", "ward.cohort", "ward.protocol"),
    *("patients.registering", "ward.printing", "ward.feeds", "patients.accountability", "patient_app"),
)


def register(app: Flask) -> None:
    """Add the pages to the application."""
    from .pages import blueprint

    for name in _VIEWS:
        # It adds its views to the blueprint.
        import_module(f".{name}", __name__)
    # Lines that are only for the template are not sent.
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    app.register_blueprint(blueprint)
