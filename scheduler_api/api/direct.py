"""What answers before Flask is asked have in common.

Finding a view, its hooks and its decorators cost more than such an answer does. Only the plain case is answered so,
which is nearly every one; whatever differs goes on to the application, which comes to the same answer by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Answer(NamedTuple):
    """An answer: its status line, its headers, and its body of JSON (None: not modified)."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes | None

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Give the answer to a WSGI server."""
        if self.body is None:
            start_response(self.status, self.headers)
            return []
        whole = [("Content-Type", "application/json"), ("Content-Length", str(len(self.body))), *self.headers]
        start_response(self.status, whole)
        # A list: servers give one away at once, and go through anything else.
        return [self.body]


def bearer(environ: WSGIEnvironment) -> str | None:
    """The token of a request; None if it is not written as nearly all are."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token if scheme == "Bearer" and token.isascii() else None
