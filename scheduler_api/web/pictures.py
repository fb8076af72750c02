"""Give pictures of the pages by themselves, as files: SVG with their style in them, or PNG."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response

from scheduler_api.api.http.problems import Problem
from scheduler_api.interop.png import FAMILIES, NoFont, png_of

from .pages import language, rendered

_SHEET = Path(__file__).parent / "static" / "pages.css"
_RULES = re.compile(r"^\.(?:scans|swimmers|heat|steps)\b.*", re.MULTILINE)


def picture(name: str, form: str, file: str, **values: Any) -> Response:
    """Return the picture `name` of `picture.html` as a file: `form` is svg or png, `file` its name without that.

    Ends the request with 404 for another form, with 406 if the fonts of the machine lack a character of a PNG.
    """
    if form not in ("svg", "png"):
        raise Problem(404, "There is no such picture.")
    spoken = language()
    svg = drawing(name, spoken, **values)
    try:
        content = svg.encode() if form == "svg" else png_of(svg)
    except NoFont as missing:
        raise Problem(406, f"This machine has no font for {missing}; the picture is there as SVG.") from None
    response = Response(content, mimetype="image/svg+xml" if form == "svg" else "image/png")
    response.headers["Content-Disposition"] = f'attachment; filename="{file}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = spoken
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


def drawing(name: str, spoken: str, **values: Any) -> str:
    """Return the picture `name` of `picture.html` in a language, as the text of an SVG."""
    return rendered("picture.html", spoken, picture=name, style=_style(), **values).strip()


@cache
def _style() -> str:
    """Return what `pages.css` says of pictures, with the colours of light pages in place of their names."""
    sheet = _SHEET.read_text(encoding="utf-8")
    colours = dict(re.findall(r"(--[\w-]+): ([^;]+);", sheet[: sheet.index("@media")]))
    rules = re.sub(r"var\((--[\w-]+)\)", lambda found: colours[found[1]], "\n".join(_RULES.findall(sheet)))
    return f"{rules}\ntext {{ font-family: {FAMILIES}, sans-serif }}"
