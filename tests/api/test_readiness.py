"""Why the service is not ready is in its log, without a password; what nobody expected is an error there."""

from __future__ import annotations

import json
import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from service import START, Client, Clock, Service, end, refused

from scheduler_api import create_app, logs
from scheduler_api.config import Settings
from scheduler_api.store.database.connect import without_passwords


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
