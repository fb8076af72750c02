"""A real server with one process and with two: requests a second, and who keeps the cores busy meanwhile."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

import orjson

from ..server import CONNECTIONS, WRK, free_port, run_wrk, serving
from .asking import some_patients
from .filling import Filled

SECONDS = 5
PHONES = 1_000
#: More than are answered: of no fact is said twice.
MOST_PER_SECOND = 8_000
_REPLAY = Path(__file__).parent / "replay.lua"
_TICKS = os.sysconf("SC_CLK_TCK")


class Served(NamedTuple):
    """Requests a second, and how many cores the service, the database's own processes and the client kept busy."""

    per_second: float
    service: float
    database: float
    client: float


def served(folder: Path, at: Filled) -> dict[tuple[str, int], Served]:
    """By what is asked and the number of processes."""
    todays, facts = _todays(at), _facts(at)
    found = {}
    for processes in (1, 2):
        port, environment = free_port(), _environment(at)
        command = ["-m", "scheduler_api.cli", "serve", "--no-worker"]
        command += ["--port", str(port), "--workers", str(processes)]
        with serving(command, port, environment) as server:
            for what, lines in (("`today`", todays), ("facts", facts)):
                # The first second does not count: each process opens its connections.
                _asked(folder, lines, port, 1, server)
                found[what, processes] = _asked(folder, lines, port, SECONDS, server)
    return found


def _environment(at: Filled) -> dict[str, str]:
    """All of it comes from one address, which may not ask so often."""
    limits = {"SCHEDULER_RATE_PER_TOKEN": "0", "SCHEDULER_RATE_PER_ADDRESS": "0"}
    return {**os.environ, "SCHEDULER_DATABASE": at.service.database, **limits}


def _todays(at: Filled) -> Iterator[str]:
    phones = at.service.phones(some_patients(at.service.store, PHONES, 5))
    while True:
        yield from (f"GET\t/v1/me/today\t{phone}\t" for phone in phones)


def _facts(at: Filled) -> Iterator[str]:
    """A dose of each of some patients, of one day after another; none twice."""
    service, today = at.service, at.service.now.date()
    longest = 300
    chosen = some_patients(service.store, PHONES, 6, (today - timedelta(longest)).isoformat())
    for ago, patient_id in product(range(4, longest), chosen):
        dose = {"kind": "dose_recorded", "dose_on": (today - timedelta(ago)).isoformat(), "status": "taken"}
        yield f"POST\t/v1/patients/{patient_id}/facts\t{service.token}\t{orjson.dumps(dose).decode()}"


def _asked(folder: Path, lines: Iterator[str], port: int, seconds: int, server: int) -> Served:
    """Ask what the next lines say for so long."""
    asked = folder / "asked"
    asked.write_text("\n".join(islice(lines, MOST_PER_SECOND * seconds)) + "\n", encoding="utf-8")
    command = [WRK, "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
    command += ["--script", str(_REPLAY), f"http://127.0.0.1:{port}", "--", str(asked)]
    before, began = _spent(server), time.perf_counter()
    per_second = run_wrk(command)
    took = time.perf_counter() - began
    busy = [(late - early) / took for early, late in zip(before, _spent(server), strict=True)]
    return Served(per_second, *busy)


def _spent(server: int) -> tuple[float, float, float]:
    """Seconds on the processor so far: of the service, of our PostgreSQL, and of the clients that have ended."""
    service = sum(_processor(process) for process in _descendants(server))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return service, processor_of_database(), used.ru_utime + used.ru_stime


def processor_of_database() -> float:
    """Seconds on the processor so far of our PostgreSQL's own processes that still run."""
    return sum(_processor(process) for process in _descendants(os.getpid()) if _is_postgres(process))


def _descendants(process: int) -> Iterator[int]:
    yield process
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        yield from _descendants(int(child))


def _is_postgres(process: int) -> bool:
    return Path(f"/proc/{process}/comm").read_text().strip() == "postgres"


def _processor(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
