"""Find the form in which a client wants an answer, by its `Accept` header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from flask import request
from werkzeug.http import parse_accept_header, parse_options_header

from scheduler_api.interop.workbooks import XLSX

from .problems import Problem

JSON, CSV = "application/json", "text/csv"
#: The forms in which a list comes as a table.
TABLES = (CSV, XLSX)


@lru_cache(maxsize=1024)
def preferred(header: str, forms: tuple[str, ...]) -> str | None:
    """Return the form that an `Accept` header prefers of those there are; None if it accepts none of them.

    Of two that it likes alike the one that it names more exactly comes first, then the first of `forms`. A header that
    is empty, or names no form at all, accepts any.
    """
    entries = [*_entries(header)]
    if not entries:
        return forms[0]
    fitting = [(_quality(form, entries), -number, form) for number, form in enumerate(forms)]
    (quality, _), _, best = max(fitting)
    return best if quality > 0 else None


def check_accept(header: str, forms: tuple[str, ...]) -> None:
    """End the request with 406 if its `Accept` header accepts none of the forms in which there is an answer."""
    if header and preferred(header, forms) is None:
        raise Problem(406, f"The answer is only to be had as {' or '.join(forms)}.", headers={"Vary": "Accept"})


def form_of_list() -> str | None:
    """Return the form in which the request prefers a list."""
    return preferred(request.headers.get("Accept", ""), (JSON, *TABLES))


def wants_mark() -> bool:
    """Return whether CSV is to begin with a byte order mark, by which spreadsheets know that it is UTF-8.

    It is, unless `bom=false` is asked for.
    """
    header = request.headers.get("Accept", "")
    return not any(form == CSV and options.get("bom") == "false" for form, _, options in _entries(header))


def _entries(header: str) -> Iterator[tuple[str, float, dict[str, str]]]:
    """Yield what a header names: form, quality, and the other parameters."""
    for entry, quality in parse_accept_header(header):
        form, options = parse_options_header(entry)
        form = "*/*" if form == "*" else form.lower()
        if "/" in form:
            yield form, quality, options


def _quality(form: str, entries: Sequence[tuple[str, float, dict[str, str]]]) -> tuple[float, int]:
    """Return how much a form is wanted, by the entry that names it most exactly, and how exactly that is."""
    names = ("*/*", f"{form.partition('/')[0]}/*", form)
    found = [(names.index(name), quality) for name, quality, _ in entries if name in names]
    exactness, quality = max(found, default=(0, 0.0))
    return quality, exactness
