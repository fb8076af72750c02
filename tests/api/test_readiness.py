"""Why the service is not ready is in its log, without a password; what nobody expected is an error there."""

from __future__ import annotations

import json
import logging
import resource
import socket
from pathlib import Path
from typing import Any

import pytest
from databases import Databases, Raw
from patience import PATIENCE
from service import START, Client, Clock, Service, end, refused

from scheduler_api import create_app, logs
from scheduler_api.config import Settings
from scheduler_api.store.database.connect import without_passwords
from scheduler_api.use_cases.operations import probing


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks waits until a try to write has ended, on the slowest machine too."""
    monkeypatch.setattr(probing, "WAIT", PATIENCE)


def asked(database: str, caplog: pytest.LogCaptureFixture) -> tuple[Any, list[dict[str, Any]]]:
    """What `/readyz` of a service on a database answers, and what is logged meanwhile but the request itself."""
    app = create_app(Settings(database=database), Clock(START))
    with caplog.at_level(logging.DEBUG, "scheduler_api"):
        answer = Client(app, None).get("/readyz")
    end(app)
    lines = [json.loads(logs.JsonFormatter().format(record)) for record in caplog.records]
    return answer, [line for line in lines if line["event"] != "answered"]


@pytest.mark.parametrize(
    ("place", "says"), [("text.db", "file is not a database"), ("not/there.db", "unable to open database file")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str, says: str) -> None:
    (tmp_path / "text.db").write_text("This is no database, though it is long enough to be taken for one. " * 20)
    answer, lines = asked(str(tmp_path / place), caplog)
    assert (answer.status_code, answer.json["database"]) == (503, "does not answer")
    (line,) = lines
    assert (line["level"], line["event"], line["error"]) == ("WARNING", "database does not answer", "Unavailable")
    assert says in line["message"]


def test_a_server_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as nobody:
        # Bound and not listening: whoever connects is refused, and nobody else can take the port.
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        answer, lines = asked(f"postgresql://scheduler:s3cret@127.0.0.1:{port}/trial?sslmode=disable", caplog)
    assert answer.status_code == 503
    (line,) = lines
    assert (line["level"], line["error"]) == ("WARNING", "Unavailable")
    assert f"port {port} failed" in line["message"]
    assert "s3cret" not in caplog.text + json.dumps(line) + answer.text


@pytest.mark.parametrize("address", ["me:s3cret%zz@host/trial", "me:s3 cret@host/trial", "me:s3cret@[::1/trial"])
def test_an_address_that_cannot_be_read_is_not_shown_though_the_driver_shows_it(
    caplog: pytest.LogCaptureFixture, address: str
) -> None:
    """Nobody expects that: commands refuse such an address before they serve."""
    answer, lines = asked(f"postgresql://{address}", caplog)
    refused(answer, 500)
    (line,) = lines
    assert (line["level"], line["event"], line["error"]) == ("ERROR", "failed", "ProgrammingError")
    assert "s3" not in json.dumps(line) + answer.text


def test_what_nobody_expects_is_an_error(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody wrote into the database when a worker was at work: 001-SECRET o'clock."""
    with service.store.transaction():
        service.store.write("DELETE FROM marks", {})
        service.store.write("INSERT INTO marks (name, at) VALUES ('tick', '001-SECRET')", {})
    with caplog.at_level(logging.DEBUG, "scheduler_api"):
        answer = Client(service.app, None).get("/readyz")
    refused(answer, 500)
    lines = [json.loads(logs.JsonFormatter().format(record)) for record in caplog.records]
    (line,) = [line for line in lines if line["level"] != "INFO"]
    assert (line["level"], line["event"], line["error"]) == ("ERROR", "failed", "ValueError")
    assert any("dispatch.py" in place for place in line["at"])
    assert "SECRET" not in json.dumps(lines) + answer.text


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ('in "postgresql://me:s3cret@db.example/trial"', 'in "postgresql://…@db.example/trial"'),
        ("postgresql://me:s3@cret@db/trial refused", "postgresql://…@db/trial refused"),
        ("postgresql://me:s3 cret@db/trial refused\nfor good", "postgresql://…@db/trial refused\nfor good"),
        ("postgresql://db/trial?password=s3cret&sslmode=require", "postgresql://db/trial?password=…&sslmode=require"),
        ("host=db password=s3cret user=me", "host=db password=… user=me"),
        ("host=db PASSWORD='s3 cret' user=me", "host=db PASSWORD=… user=me"),
        ('password authentication failed for user "me"', 'password authentication failed for user "me"'),
        ('connection to server at "db" (10.0.0.1), port 5432', 'connection to server at "db" (10.0.0.1), port 5432'),
    ],
)
def test_what_a_driver_says_is_logged_without_passwords(said: str, logged: str) -> None:
    assert without_passwords(said) == logged


@pytest.mark.only("sqlite")
def test_a_database_that_is_damaged_is_said_to_be_until_it_is_restored(
    service: Service, databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    client = service.client("nurse")
    assert client.get("/readyz").status_code == 200
    page = service.store.row("SELECT rootpage FROM sqlite_master WHERE name = 'sites'")
    assert page is not None
    with databases.raw(service.database) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    service.store.close()
    with Path(service.database).open("r+b") as file:
        file.seek((page["rootpage"] - 1) * 4096)
        file.write(b"\xff" * 100)
    with caplog.at_level(logging.ERROR, "scheduler_api"):
        for _ in range(3):
            refused(client.get("/v1/sites"), 503)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, "is damaged")
    # Its cause is in the log once, however often it is met in a minute.
    said = [record for record in caplog.records if record.message == "database does not answer"]
    assert len(said) == 1
    assert said[0].data["error"] == "Damaged"  # type: ignore[attr-defined]
    assert "malformed" in said[0].data["message"]  # type: ignore[attr-defined]


@pytest.mark.only("sqlite")
def test_a_disk_that_is_full_is_not_ready(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "GOOD_FOR", 0)
    client = service.client("nurse")
    assert client.get("/readyz").status_code == 200
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow beyond a byte: the same as a disk without room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        answer = client.get("/readyz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (answer.status_code, answer.json["database"]) == (503, "cannot be written")
    assert client.get("/healthz").status_code == 200


def test_a_database_that_another_writes_is_ready(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """As while `rebuild` runs: reads are answered, and nothing is wrong."""
    monkeypatch.setattr(probing, "WAIT", 0.01)
    with service.held():
        assert service.client("nurse").get("/readyz").status_code == 200


@pytest.mark.only("postgresql")
def test_a_database_that_may_only_be_read_is_not_ready(service: Service, raw: Raw) -> None:
    (name,) = raw.execute("SELECT current_database() AS name")
    raw.execute(f"ALTER DATABASE {name['name']} SET default_transaction_read_only = on")
    try:
        app = create_app(service.settings, service.clock)
        answer = Client(app, None).get("/readyz")
        end(app)
    finally:
        raw.execute(f"ALTER DATABASE {name['name']} RESET default_transaction_read_only")
    assert (answer.status_code, answer.json["database"]) == (503, "cannot be written")
