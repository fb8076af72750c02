"""The headers of responses as the contract describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scheduler_api.i18n import LANGUAGES

_TEXT = {"type": "string"}
#: By name: what it says, and its form.
HEADERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Accept": ("The form in which a body is understood", _TEXT),
    "Allow": ("The methods that the address has", _TEXT),
    "Content-Disposition": ("That a file comes, and how to name it", _TEXT),
    "Content-Language": ("The language of the words in the answer", {"type": "string", "enum": [*LANGUAGES]}),
    "ETag": (
        "The state that the answer follows from: for `If-None-Match` of a GET, and `If-Match` of a write",
        {"type": "string", "pattern": '^(W/)?"[^"]+"$'},
    ),
    "Idempotency-Replayed": (
        "The key came before with this request: this is the first answer again",
        {"type": "string", "enum": ["true"]},
    ),
    "Link": (
        "The address of the next page, with `rel=next`; left out on the last",
        {"type": "string", "pattern": "^<.+>"},
    ),
    "Location": ("The address of what was made", _TEXT),
    "Retry-After": ("After so many seconds the request may be repeated", {"type": "integer", "minimum": 0}),
    "Vary": ("The headers of the request that the answer depends on", _TEXT),
    "WWW-Authenticate": ("How to authenticate", _TEXT),
    "X-Request-ID": (
        "The id of the request: the one it came with, or a new one. It is in the log",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
    ),
}
#: Those of a problem, by its status, besides those of every answer.
OF_PROBLEMS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    415: ("Accept",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
#: Those that an answer always has, where it may have them.
ALWAYS = ("Accept", "Allow", "Content-Language", "Location", "Retry-After", "Vary", "WWW-Authenticate", "X-Request-ID")
OF_EVERY_ANSWER = ("X-Request-ID",)
OF_WORDS = ("Content-Language", "Vary")


def components() -> dict[str, Any]:
    """Return every header, to be referred to by its name."""
    return {
        name: {
            "description": what,
            **({"required": True} if name in ALWAYS else {}),
            "schema": {**schema},
        }
        for name, (what, schema) in HEADERS.items()
    }


def of_answer(status: str, request_headers: list[str], sends: list[str], is_page: bool) -> Iterator[str]:
    """Yield the names of the headers that an answer of a view may have.

    `request_headers` are those that the view heeds, `sends` those that it declares to send; `is_page`: it is a part
    of a list.
    """
    yield from OF_EVERY_ANSWER
    if status == "304":
        yield "Vary"
    elif status != "204":
        yield from OF_WORDS
    if "If-None-Match" in request_headers or "If-Match" in request_headers:
        yield "ETag"
    if status == "304":
        return
    if "Idempotency-Key" in request_headers:
        yield "Idempotency-Replayed"
    if is_page:
        yield "Link"
        # As a workbook.
        yield "Content-Disposition"
    yield from sends


def referred(names: Iterable[str]) -> dict[str, Any]:
    """Return references to headers, in the order of their names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(set(names))}
