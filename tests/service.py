"""The service as tests see it: a real database, a clock that tests set, clients for each role, and a real server."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest
from contract import Contract
from flask import Flask
from patience import PATIENCE
from ports import free_port
from prometheus_client.parser import text_string_to_metric_families
from refusal_codes import documented
from werkzeug.test import EnvironBuilder, TestResponse

from scheduler_api import create_app, services_of
from scheduler_api.config import Settings
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.auth import tokens
from scheduler_api.use_cases.session import Actor, Session
from scheduler_api.use_cases.sites import protocols, sites

#: Noon in Shanghai, seven weeks after the patients of the tests enrolled.
START = datetime(2024, 2, 20, 4, tzinfo=UTC)
ENROLMENT = {
    "subject_number": "001",
    "site": "FUSCC",
    "protocol": "nct06110650",
    "enrolled_on": "2024-01-03",
    "sex": "female",
    "time_zone": "Asia/Shanghai",
}
#: The data of the fact `registered` of that patient.
REGISTERED = {
    **{name: value for name, value in ENROLMENT.items() if name != "enrolled_on"},
    "protocol": {"id": "nct06110650", "version": 1},
}
#: Tests ask as often as they like.
UNLIMITED = {"SCHEDULER_RATE_PER_TOKEN": "0", "SCHEDULER_RATE_PER_ADDRESS": "0"}
#: The people of the tests: role, and sites (none: all).
STAFF: Mapping[str, tuple[str, list[str]]] = {
    "nurse": ("nurse", ["FUSCC"]),
    "coordinator": ("coordinator", []),
    "monitor": ("monitor", []),
    "admin": ("admin", []),
    "elsewhere": ("nurse", ["BERLIN"]),
}


class Clock:
    """The present instant. It goes on a millisecond at each look, and wherever a test sets it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        # Of two threads that look at once neither must set it back.
        with self._lock:
            self.now += timedelta(milliseconds=1)
            return self.now

    def set(self, instant: str) -> None:
        """Go to an instant, written with its offset."""
        self.now = datetime.fromisoformat(instant).astimezone(UTC)


def new_database(database: str) -> dict[str, str]:
    """Make a database with the built-in protocol and two sites; the tokens of the staff, by name."""
    store = connect(database)
    store.migrate()
    session = Session(store, Actor("setup", "admin", None, None), START)
    protocols.add_built_in(session)
    sites.add_built_in(session)
    berlin = {"site": "BERLIN", "name": "Charité", "country": "DE", "time_zone": "Europe/Berlin"}
    sites.add(session, {**berlin, "opening_days": ["monday"]})
    made = {name: tokens.create(store, role, of, name, START) for name, (role, of) in STAFF.items()}
    store.close()
    return made


def end(app: Flask) -> None:
    """End an application: what was read is noted, and no connection stays open.

    Otherwise it would go on trying for as long as the process lasts. Raises Unavailable if it can be told to nobody.
    """
    app.extensions["scheduler"].close()


#: Applications that nobody uses at the moment, by the settings that they are built with.
_UNUSED: dict[tuple[int, int], list[Flask]] = defaultdict(list)


class Service:
    """The application around a database, in this process, with settings that differ from the usual ones.

    To build an application takes longer than most tests. All that it knows of a database, of settings and of the time
    it has from its `Services`: one that has ended is used again, with new ones.
    """

    def __init__(self, database: str, tokens: Mapping[str, str], clock: Clock | None = None, **settings: Any) -> None:
        self.database, self.tokens = database, tokens
        self.clock = clock or Clock()
        usual = {"rate_per_token": 0, "rate_per_address": 0}
        self.settings = Settings(database=database, **{**usual, **settings})
        self._unused = _UNUSED[self.settings.max_body, self.settings.trusted_proxies]
        if self._unused:
            self.app = self._unused.pop()
            services = services_of(self.settings, self.clock)
            services.contract = self.app.extensions["scheduler"].contract
            self.app.extensions["scheduler"] = services
        else:
            self.app = create_app(self.settings, self.clock)
        self.store: Store = self.app.extensions["scheduler"].store

    @contextmanager
    def beside(self, **settings: Any) -> Iterator[Service]:
        """Yield another instance by the same clock around the same database, with other settings."""
        instance = Service(self.database, self.tokens, self.clock, **settings)
        yield instance
        instance.close()

    def close(self) -> None:
        """End it."""
        end(self.app)
        self._unused.append(self.app)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Another process has the database to itself inside: nobody writes, and we wait 50 ms until we say so."""
        self.store.close()
        holder = connect(self.database)
        with pytest.MonkeyPatch.context() as settings, holder.transaction():
            for engine in ("sqlite", "postgres"):
                settings.setattr(f"scheduler_api.store.database.{engine}.BUSY_TIMEOUT", 50)
            if self.database.startswith("postgresql://"):
                holder.write(f"LOCK TABLE {', '.join(holder.tables())} IN EXCLUSIVE MODE", {})
            yield
        holder.close()
        self.store.close()

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """What is done inside leaves no trace but in the audit, and when a token was used first."""
        before = self.record()
        yield
        after = self.record()
        for record in (before, after):
            del record["audit"]
            record["device_tokens"] = [{**row, "used_at": None} for row in record["device_tokens"]]
        assert after == before

    def client(self, name: str) -> Client:
        """A client of one of the staff, or with any other token."""
        return Client(self.app, self.tokens.get(name, name))

    def ask(self, method: str, path: str, token: str, **asked: Any) -> tuple[str, bool]:
        """The status of an answer, and whether Flask was asked for it."""
        headers = {"Authorization": f"Bearer {token}", **asked.pop("headers", {})}
        environ = EnvironBuilder(path, method=method, headers=headers, **asked).get_environ()
        answered: list[str] = []
        self.app(environ, lambda status, headers, *failure: answered.append(status))  # type: ignore[arg-type,return-value]
        return answered[0], "werkzeug.request" in environ

    def token(self, role: str, of: list[str], name: str | None = None) -> str:
        """A new token for a role and some sites (none: all)."""
        return tokens.create(self.store, role, of, name, self.clock())

    def session(self, name: str | None = None, role: str = "admin", of: tuple[str, ...] | None = None) -> Session:
        """A session of someone, to call the use cases without HTTP."""
        return Session(self.store, Actor("t-test", role, name, of), self.clock())

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        """What calls come to that are made at the same moment, each in a thread of its own."""
        start = threading.Barrier(len(calls))

        def run(call: Callable[[], Any]) -> Any:
            start.wait(timeout=PATIENCE)
            try:
                return call()
            finally:
                self.store.close()

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(run, calls))

    def record(self) -> dict[str, list[dict[str, Any]]]:
        """All that is recorded and derived: every row of every table."""
        tables = self.store.tables().items()
        return {name: self.store.rows(f"SELECT * FROM {name} ORDER BY {', '.join(key) or '1'}") for name, key in tables}


@cache
def contract_of(document: bytes) -> Contract:
    """The contract, read once."""
    return Contract(orjson.loads(document))


#: Gives the application around a database of its own, as often as it is called.
Anew = Callable[[], AbstractContextManager[Service]]


class Client:
    """Sends requests as one of the staff, and holds requests and answers to the contract."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self._client = app.test_client()
        self._document = orjson.dumps(app.extensions["scheduler"].contract)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | str | None = None,
        query: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Send a request; `body` as JSON, `data` as it is but declared as JSON."""
        sent = {**self._headers, **(headers or {})}
        if body is not None:
            data = json.dumps(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self._client.open(path, method=method, data=data, query_string=query, headers=sent, buffered=True)
        contract_of(self._document).check(method, path, answer.request.args, data, answer)
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> TestResponse:
        """GET; a query's `from` is written `from_`."""
        return self.send("GET", path, query={name.rstrip("_"): value for name, value in query.items()}, headers=headers)

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any) -> TestResponse:
        """POST."""
        return self.send("POST", path, body, query=query, headers=headers)

    def enrol(self, **data: Any) -> Patient:
        """Enrol a patient: the one of the rules' worked examples, unless said otherwise."""
        return self.register(**{**ENROLMENT, **data})

    def register(self, **data: Any) -> Patient:
        """Register that patient, and no more unless `enrolled_on` is said."""
        registered = {name: value for name, value in ENROLMENT.items() if name != "enrolled_on"}
        answer = self.post("/v1/patients", {**registered, **data})
        assert answer.status_code == 201, answer.text
        return Patient(self, answer.json["patient_id"])

    def approve(
        self,
        protocol: str = "nct06110650",
        version: int = 2,
        sites: Sequence[str] = ("FUSCC", "BERLIN"),
        approved_on: str = "2020-01-01",
    ) -> None:
        """Record that some sites have approved a version."""
        for site in sites:
            approval = {"protocol": protocol, "version": version, "approved_on": approved_on}
            answer = self.post(f"/v1/sites/{site}/approvals", approval)
            assert answer.status_code == 201, answer.text


@dataclass
class Patient:
    """A patient of the service, seen by one of the staff."""

    client: Client
    patient_id: str

    @property
    def path(self) -> str:
        """The patient's address."""
        return f"/v1/patients/{self.patient_id}"

    def send(self, kind: str, headers: Mapping[str, str] | None = None, dry_run: bool = False, **data: Any) -> Any:
        """Send a fact, whatever comes of it."""
        query = {"dry_run": "true"} if dry_run else {}
        return self.client.post(f"{self.path}/facts", {"kind": kind, **data}, headers, **query)

    def record(self, kind: str, **data: Any) -> dict[str, Any]:
        """Record a fact; what was answered."""
        answer = self.send(kind, **data)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def get(self, part: str = "", headers: Mapping[str, str] | None = None, **query: Any) -> TestResponse:
        """Ask for a part of what is known of the patient (`calendar`, `facts`, ...)."""
        return self.client.get(f"{self.path}/{part}".rstrip("/"), headers, **query)

    def read(self, part: str = "", **query: Any) -> Any:
        """A part of what is known of the patient."""
        answer = self.get(part, **query)
        assert answer.status_code == 200, answer.text
        return answer.json


class Server:
    """The service in processes of its own; use it as a context. `log` is where it writes its logs.

    Started again it has the same port. `worker`: whether one runs beside it, as is usual. `settings` are further ones.
    """

    def __init__(self, database: str, folder: Path, workers: int = 1, worker: bool = True, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.database = database
        self._options = ["--workers", str(workers), *([] if worker else ["--no-worker"])]
        self._settings = {f"SCHEDULER_{name.upper()}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        try:
            self.start()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGTERM)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [Path(sys.executable).with_name("scheduler-api"), "serve", "--port", str(self.port)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SCHEDULER_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._options],
                env={**environment, "SCHEDULER_DATABASE": self.database, **UNLIMITED, **self._settings},
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        await_ready(self.port, self._process)

    def stop(self, how: signal.Signals) -> None:
        """End its processes by a signal, and wait until all are gone, the worker beside them too."""
        if self._process is not None:
            os.killpg(self._process.pid, how)
            # Nothing is written there, but each of them holds it open.
            out, _ = self._process.communicate(timeout=PATIENCE)
            self._process = None
            assert out == b""


def await_ready(port: int, process: subprocess.Popen[Any]) -> None:
    """Wait until the service at a port is ready, or until the process that is to be it has ended."""
    until = time.monotonic() + PATIENCE
    while not _is_ready(port):
        assert process.poll() is None, "The service has ended."
        assert time.monotonic() < until, "The service is still not ready."
        time.sleep(0.01)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def metrics(client: Client) -> dict[tuple[str, ...], float]:
    """All samples of `/metrics`, by name and the values of their labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return samples_of(answer.text)


def samples_of(text: str) -> dict[tuple[str, ...], float]:
    """The samples in an answer of `/metrics`, by name and the values of their labels."""
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


@contextmanager
def counting(client: Client) -> Iterator[dict[tuple[str, ...], float]]:
    """By how much each sample of `/metrics` rose in the block: a process counts as long as it lives, for all tests."""
    before, risen = metrics(client), dict[tuple[str, ...], float]()
    yield risen
    risen.update({name: value - before.get(name, 0) for name, value in metrics(client).items()})


def text_of(answer: Any) -> str:
    """The text of an answer; of a zip that of all files in it."""
    if answer.headers.get("Content-Type") != "application/zip":
        return str(answer.text)
    with ZipFile(BytesIO(answer.get_data())) as files:
        return "".join(files.read(name).decode("utf-8", "replace") for name in files.namelist())


def refused(answer: Any, status: int, *pointers: str) -> dict[str, Any]:
    """Check that an answer is a problem that names these fields and no others; the problem."""
    text = answer.text
    assert answer.status_code == status, text
    assert answer.headers["X-Request-ID"]
    problem: dict[str, Any] = json.loads(text)
    if answer.headers["Content-Type"] == "application/fhir+json":
        return _refused_to_reader(problem, *pointers)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"].startswith("urn:scheduler-api:")
    assert problem["title"]
    assert problem["detail"]
    assert {"type", "title", "status", "detail"} <= problem.keys() <= {"type", "title", "status", "detail", "errors"}
    assert {error["pointer"] for error in problem.get("errors", [])} == set(pointers), problem
    for error in problem.get("errors", []):
        assert error.keys() == {"pointer", "detail", "code"}
        assert error["detail"]
        assert str(problem["status"]) in documented()[error["code"]], error
    assert not [word for word in ("Traceback", "sqlite", "psycopg", 'File "', "marshmallow") if word in text]
    return problem


def _refused_to_reader(outcome: dict[str, Any], *pointers: str) -> dict[str, Any]:
    """Check that a refusal says to a reader of FHIR what it says to others; the outcome."""
    assert outcome["resourceType"] == "OperationOutcome"
    for issue in outcome["issue"]:
        assert issue["severity"] == "error"
        assert issue["details"]["text"]
    places = [place for issue in outcome["issue"] for place in issue.get("location", ())]
    assert places == [f"http.{pointer.removeprefix('/')}" for pointer in pointers]
    return outcome
