"""Requests per second of a real server, only where `wrk` is installed.

A server hides much of what a request costs, and the client shares its cores; most ratios are measured in process.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .measure import Figure
from .people import half_a_year
from .product import Settings
from .service import USUAL, Service

SECONDS = 2
ROUNDS = 5
CONNECTIONS = 8
WRK = "wrk"


def figures(folder: Path) -> list[Figure]:
    """Measure a phone's today against a trivial endpoint of Flask under the same server, half a year into treatment."""
    if shutil.which(WRK) is None:
        return []
    now, patient_id = datetime.now(UTC), "p-1000000000000000"
    service = Service(folder / "server.db", now)
    service.enrol({patient_id: half_a_year(now.date())})
    (phone,) = service.phones([patient_id])
    settings, ports = Settings(), (free_port(), free_port())
    ours = ["-m", "scheduler_api.cli", "serve", "--port", str(ports[0])]
    least = ["-m", "granian", "--interface", "wsgi", "--factory", "--no-ws", "--log-level", "error"]
    least += ["--port", str(ports[1]), "--workers", str(settings.workers)]
    least += ["--blocking-threads", str(settings.threads), "bench.service:trivial_app"]
    # All of it comes from one address, which may not ask so often.
    limits = {"SCHEDULER_RATE_PER_TOKEN": "0", "SCHEDULER_RATE_PER_ADDRESS": "0"}
    environment = {**os.environ, "SCHEDULER_DATABASE": service.database, **limits}
    asked = (
        (ports[0], "/v1/me/today", {**USUAL, "Authorization": f"Bearer {phone}"}),
        (ports[1], "/", USUAL),
    )
    with serving(ours, ports[0], environment), serving(least, ports[1], environment):
        # In turn, as within a process. The first round does not count: each process opens its connections.
        rounds = [[_per_second(*one) for one in asked] for _ in range(ROUNDS + 1)][1:]
    todays, trivial = (statistics.median(found) for found in zip(*rounds, strict=True))
    share = statistics.median(trivial / today for today, trivial in rounds)
    where = f"Granian, {settings.workers} processes, {CONNECTIONS} connections of `wrk` on the same cores"
    return [
        Figure("Todays a second", "`GET /v1/me/today`, half a year into treatment", where, todays, unit="/s"),
        Figure("Trivial answers a second", "the trivial Flask endpoint", where, trivial, unit="/s"),
        Figure("… for each today", "trivial answers a second over todays a second", where, share),
    ]


@contextmanager
def serving(command: list[str], port: int, environment: Mapping[str, str]) -> Iterator[int]:
    """A server while it is needed, by the id of its process; its logs are written, and kept by nobody."""
    server = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, server)
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("The server did not start.")


def _per_second(port: int, path: str, headers: Mapping[str, str]) -> float:
    command = [WRK, "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    command.append(f"http://127.0.0.1:{port}{path}")
    return run_wrk(command)


def run_wrk(command: list[str]) -> float:
    """Requests a second, as `wrk` counts them. Raises RuntimeError if some were refused."""
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said:
        raise RuntimeError(f"wrk says: {said}")
    return float(found[1])


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
