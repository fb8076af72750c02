"""Give pages for paper, and pictures, outside of a request, for the commands that make files of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, g, url_for

from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.i18n import ENGLISH
from scheduler_api.use_cases.session import Session
from scheduler_api.web.pictures import drawing
from scheduler_api.web.ward.schedule import pictures

from . import register

_STYLES = "paper.css"


def on_paper(
    session: Session, view: str, of: Mapping[str, str], query: Mapping[str, Any]
) -> tuple[str, dict[str, bytes]]:
    """Return a page of `ward.printing` as a session sees it, by the name of its view, and the files that it names.

    `of` is what its address names, `query` what it is asked with. Raises NotFound, and Problem for what it refuses.
    """
    app = _app()
    with app.test_request_context(query_string={name: str(one) for name, one in query.items() if one is not None}):
        g.session = session
        shown: Any = app.view_functions[f"pages.{view}"](**of)
        page: str = shown.get_data(as_text=True)
        styles = url_for("pages.show_static_file", name=_STYLES)
    return page, {styles: (Path(__file__).parent / "static" / _STYLES).read_bytes()}


def drawings(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Yield the pictures of a protocol's schedule in English: the name of each, and its SVG."""
    with _app().test_request_context():
        for drawn in pictures(protocol):
            yield drawn["name"], drawing("schedule", ENGLISH, drawn=drawn)


def _app() -> Flask:
    app = Flask(__name__)
    register(app)
    return app
