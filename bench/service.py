"""A service to measure: a database in a file, the whole WSGI application, and requests as real clients send them."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from flask import Flask
from flask.json.provider import JSONProvider
from werkzeug.test import EnvironBuilder

from . import product
from .people import NOW, Facts

TRIVIAL = 'a trivial Flask endpoint that answers `{"status": "ok"}`'
#: What nearly every client sends: only programs written by hand take no compressed answers.
USUAL = {"Accept": "*/*", "Accept-Encoding": "gzip", "Accept-Language": "en-GB, en;q=0.9", "User-Agent": "bench"}


@contextmanager
def workplace() -> Iterator[Path]:
    """Hold a folder for databases while it is needed; what services log meanwhile is kept nowhere."""
    product.log_to_nowhere()
    with TemporaryDirectory() as folder:
        yield Path(folder)
        # A service notes who read what within a second, in a thread of its own: then it writes there no more.
        time.sleep(2)


@dataclass(frozen=True)
class Request:
    """A request to an application, as a WSGI server hands it over; `expected` is the status of its answer."""

    app: Flask
    environment: dict[str, Any]
    body: bytes = b""
    expected: int = 200

    def __call__(self) -> tuple[dict[str, str], bytes]:
        """Send it; return the headers of the answer and its body. Raises RuntimeError for another status."""
        seen: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            seen[:] = (status, headers)

        # What is asked leaves traces in it.
        environment = {**self.environment, "wsgi.input": io.BytesIO(self.body)}
        answer = self.app(environment, start_response)
        content = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        status, headers = seen
        if int(status[:3]) != self.expected:
            where = environment["PATH_INFO"]
            raise RuntimeError(f"{where}: {status} instead of {self.expected}: {plain(dict(headers), content)!r}")
        return dict(headers), content

    def json(self) -> Any:
        """Send it; return the document that is answered."""
        return orjson.loads(plain(*self()))


def plain(headers: Mapping[str, str], content: bytes) -> bytes:
    """Return a body as it was before it was compressed."""
    return gzip.decompress(content) if headers.get("Content-Encoding") == "gzip" else content


def trivial_app() -> Flask:
    """Return the least an endpoint of Flask can be: a small document by orjson, no database, no hooks."""
    app = Flask("trivial")
    app.json = _Orjson(app)

    @app.route("/")
    def endpoint() -> dict[str, str]:
        return {"status": "ok"}

    return app


class _Orjson(JSONProvider):
    def dumps(self, obj: object, **kwargs: object) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: object) -> object:
        return orjson.loads(s)


def trivial() -> Request:
    """Return a request to a trivial endpoint, by the same client."""
    return Request(trivial_app(), EnvironBuilder("/", headers=USUAL).get_environ())


class Service:
    """The service in this process, at an instant, on a database that is made if there is none."""

    def __init__(self, database: str | Path, now: datetime = NOW, client: Mapping[str, str] = USUAL) -> None:
        """Open it. `client` are the headers of every request, beside its token."""
        self.database, self.now, self._client = str(database), now, client
        self.app = product.new_app(self.database, now)
        self.store = product.store_of(self.app)
        product.prepare(self.store, self.database)
        self.token = product.new_token(self.store, now)

    def enrol(self, people: Mapping[str, Facts]) -> None:
        """Record patients, by id, with all their facts; once for each database."""
        product.write_log(self.store, people, self.now)

    def phones(self, patient_ids: Iterable[str]) -> list[str]:
        """Return the access tokens of new phones of patients."""
        with self.store.transaction():
            return [product.add_phone(self.store, patient_id, self.now) for patient_id in patient_ids]

    def get(self, path: str, token: str | None = None, etag: str | None = None) -> Request:
        """Return a GET with a token, by default of staff; with an ETag, one whose answer is that nothing changed."""
        headers = {"If-None-Match": etag} if etag else {}
        environment = EnvironBuilder(path, headers=self._headers(token, headers)).get_environ()
        return Request(self.app, environment, expected=304 if etag else 200)

    def page(self, path: str) -> Request:
        """Return a GET of a page, by staff who are signed in."""
        headers = {**self._client, "Cookie": product.sign_in(self.store, self.token, self.now)}
        return Request(self.app, EnvironBuilder(path, headers=headers).get_environ())

    def send(
        self, method: str, path: str, document: Any, expected: int, token: str | None = None, **headers: str
    ) -> Request:
        """Return a request with a document, by default of staff."""
        body = orjson.dumps(document)
        builder = EnvironBuilder(
            path, method=method, headers=self._headers(token, headers), data=body, content_type="application/json"
        )
        return Request(self.app, builder.get_environ(), body, expected)

    def fact(self, patient_id: str, kind: str, expected: int = 201, **data: Any) -> Request:
        """Return a request that records a fact."""
        return self.send("POST", f"/v1/patients/{patient_id}/facts", {"kind": kind, **data}, expected)

    def _headers(self, token: str | None, more: Mapping[str, str]) -> dict[str, str]:
        return {**self._client, "Authorization": f"Bearer {token or self.token}", **more}
