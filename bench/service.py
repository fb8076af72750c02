"""A service to measure: a real database in a folder, the application as it is configured by default, and requests."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from werkzeug.test import EnvironBuilder

from scheduler_api import create_app
from scheduler_api.api import logs
from scheduler_api.config import Settings
from scheduler_api.engine.facts import Body
from scheduler_api.records import facts, patients, phones, protocols, sites, tokens
from scheduler_api.records.access import Actor, Session
from scheduler_api.store.connect import connect
from scheduler_api.store.port import Store

from .people import DOSES, TREATED_FROM, enrolled, treated

#: The instant of all measurements: five days before the last dose of the two-year patient, at noon in Shanghai.
NOW = datetime.combine(TREATED_FROM + timedelta(DOSES - 5), time(4), UTC)
#: How long ago a patient enrolled who is in the middle of treatment.
MID_TRIAL = timedelta(182)

Call = Callable[[], object]
Environment = dict[str, Any]


def trivial() -> Flask:
    """The least an endpoint of Flask can be: a small JSON document, no database."""
    app = Flask("trivial")

    @app.route("/")
    def endpoint() -> dict[str, str]:
        return {"status": "ok"}

    return app


class Service:
    """The service in this process at an instant, with sites and protocol, and one nurse of all sites."""

    def __init__(self, folder: Path, name: str = "bench", now: datetime = NOW) -> None:
        self._open(str(folder / f"{name}.db"), now)

    @classmethod
    def on(cls, database: str, now: datetime) -> Service:
        """The service on a database that may be there already."""
        service = cls.__new__(cls)
        service._open(database, now)
        return service

    def _open(self, database: str, now: datetime) -> None:
        self.database, self.now = database, now
        self.store: Store = connect(database)
        self.store.migrate()
        self.session = Session(self.store, Actor("bench", "admin", "bench", None), now)
        protocols.add_built_in(self.session)
        sites.add_built_in(self.session)
        self.token = tokens.create(self.store, "nurse", (), "bench", now)
        # Counted as always, and never too many: the clock stands still.
        often = {"rate_per_token": 10**9, "rate_per_address": 10**9}
        self.app = create_app(Settings(database=database, **often), lambda: now)

    def add_patient(self, subject_number: str, enrolled_on: date, bodies: Iterable[Body]) -> str:
        """Enrol a patient and record facts, the way the service does; the patient's id."""
        with self.store.transaction():
            patient, _ = patients.enrol(self.session, enrolled(subject_number, enrolled_on))
            patient_id: str = patient["patient_id"]
            for body in bodies:
                facts.record(self.session, patient_id, facts.NewFact(body))
        return patient_id

    def add_two_year_patient(self) -> str:
        """The two-year patient, five doses before the last."""
        began = TREATED_FROM - timedelta(2)
        return self.add_patient("001", began, treated(began, DOSES - 5))

    def add_mid_trial_patient(self) -> str:
        """A patient half a year into treatment, with a hold, a reduction, missed doses and late scans."""
        enrolled_on = self.now.date() - MID_TRIAL
        return self.add_patient("002", enrolled_on, treated(enrolled_on, MID_TRIAL.days - 2, eventful=True))

    def phone_of(self, patient_id: str) -> str:
        """The access token of a new phone of a patient's."""
        code = phones.make_code(self.session, patient_id)["code"]
        token: str = phones.activate(self.store, code, "bench", "127.0.0.1", self.now)["access_token"]
        return token

    def get(self, path: str, **headers: str) -> Environment:
        """The environment of a GET by the nurse."""
        return EnvironBuilder(path, headers=self._headers(headers)).get_environ()

    def post(self, path: str, document: Mapping[str, Any]) -> Environment:
        """The environment of a POST by the nurse."""
        body = orjson.dumps(document)
        headers = self._headers({})
        return EnvironBuilder(
            path, method="POST", headers=headers, data=body, content_type="application/json"
        ).get_environ()

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}


def call(app: Flask, environment: Environment, expected: str = "200 OK", body: bytes = b"") -> tuple[Any, bytes]:
    """One WSGI request as a server makes it; the headers of the answer and its body."""
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
        seen.append((status, headers))

    environment = environment.copy()
    if body:
        environment["wsgi.input"] = io.BytesIO(body)
    answer = app(environment, start_response)
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    (status, headers), *_ = seen
    if status != expected:
        raise RuntimeError(f"{environment['PATH_INFO']}: {status} instead of {expected}: {content[:300]!r}")
    return headers, content


@contextmanager
def logging_to_nowhere() -> Iterator[None]:
    """Logs written as always, to a file that keeps nothing."""
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        before, sys.stderr = sys.stderr, nowhere
        try:
            logs.configure(Settings().log_level)
        finally:
            sys.stderr = before
        yield
