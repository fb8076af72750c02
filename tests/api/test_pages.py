"""What the service says of itself: alive, ready, its contract, and a page that works with no other host."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from patience import PATIENCE
from service import START, Client, Clock, Server, Service, end, refused

from scheduler_api import create_app
from scheduler_api.config import Settings
from scheduler_api.reminders.dispatch import tick

FILES = ["docs.js", "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture
def anyone(service: Service) -> Client:
    """Somebody without a token."""
    return Client(service.app, None)


def test_alive_and_ready(anyone: Client) -> None:
    assert anyone.get("/healthz").json == {"status": "ok"}
    assert anyone.get("/readyz").json == {"status": "ok", "database": "ok"}


def test_not_ready_when_no_worker_has_looked_for_two_minutes(service: Service, anyone: Client) -> None:
    service.clock.now += timedelta(seconds=119)
    assert anyone.get("/readyz").status_code == 200
    service.clock.now += timedelta(seconds=2)
    answer = anyone.get("/readyz")
    assert (answer.status_code, answer.json["worker"]) == (503, "not running")
    tick(service.store, service.clock())
    assert anyone.get("/readyz").status_code == 200
    service.clock.now += timedelta(seconds=121)
    assert anyone.get("/readyz").status_code == 503


@pytest.mark.parametrize("place", ["empty.db", "not/there/at/all.db", "directory", "text.db"])
def test_not_ready_before_the_tables_are_there(tmp_path: Path, place: str) -> None:
    """The process answers, and says in every way that it cannot serve; it makes no database by itself."""
    (tmp_path / "directory").mkdir()
    (tmp_path / "text.db").write_text("This is no database, though it is long enough to be taken for one. " * 20)
    app = create_app(Settings(database=str(tmp_path / place)), Clock(START))
    client = Client(app, "sch_any")
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (503, "unavailable")
    refused(client.get("/v1/patients"), 503)
    refused(client.post("/v1/patients", {}), 503)
    end(app)
    assert not (tmp_path / "not").exists()


def test_the_page_brings_all_its_files_and_policy(anyone: Client) -> None:
    page = anyone.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sorted(linked) == sorted([*(f"docs/static/{name}" for name in FILES), "openapi.json"])
    for address in ["docs", *linked]:
        answer = anyone.get(f"/{address}")
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if address != "openapi.json":
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
    types = {name: anyone.get(f"/docs/static/{name}").mimetype for name in FILES}
    assert types["docs.js"] == types["swagger-ui-bundle.js"] == "text/javascript"
    assert types["swagger-ui.css"] == "text/css"


@pytest.mark.parametrize(
    "name", ["", "..", "../service.py", "../../../config.py", "%2e%2e/%2e%2e/service.py", "/etc/passwd", "nothing.js"]
)
def test_the_page_has_no_other_files(anyone: Client, name: str) -> None:
    answer = anyone.get(f"/docs/static/{name}")
    assert answer.status_code in (308, 404)
    assert "import" not in answer.text


def test_the_page_with_a_slash_at_its_end_is_not_half_a_page(anyone: Client) -> None:
    """Its links would point elsewhere from there."""
    assert anyone.get("/docs/").status_code in (301, 308, 404)


def browse(address: str, profile: Path) -> tuple[str, str]:
    """What a browser makes of a page: the document after its scripts ran, and what it complained about."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser is not None, f"This test needs a browser: {', '.join(BROWSERS)}."
    quiet = "--disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *quiet.split()]
    command += [f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=20000"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, "\n".join(complaints)


@pytest.mark.one_engine
def test_a_browser_shows_the_contract_and_asks_no_other_host(server: Server, tmp_path: Path) -> None:
    document, complaints = browse(f"{server.url}/docs", tmp_path)
    assert complaints == ""
    contract = requests.get(f"{server.url}/openapi.json", timeout=PATIENCE).json()
    for path, operations in contract["paths"].items():
        assert path in document.replace("\u200b", "")
        for method in operations.keys() - {"parameters"}:
            assert operations[method]["summary"] in document
    assert "Failed to load" not in document
