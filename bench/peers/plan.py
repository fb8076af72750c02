"""What every peer is asked to do, and what it answers. Standard library alone: clinicedc's environment has no more."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")

#: Every peer commits each patient durably, in the same way.
PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
TIME_ZONE = "Asia/Shanghai"
WEEKS_BETWEEN = 6
#: As many scans as this service keeps rows for at enrolment: those that open within 400 days.
VISITS = 9
WINDOW = timedelta(7)
SITES = 4
PAGE = 50
#: The day of the question. Patients enrolled evenly over half a year up to it, so some windows have closed.
TODAY = date(2025, 12, 30)
ENROLMENT_DAYS = 182
QUERIES = 200


@dataclass(frozen=True)
class Patient:
    """Who is enrolled, at which of the sites (counted from 0), and when."""

    subject_number: str
    site: int
    enrolled_on: date


@dataclass(frozen=True)
class Cost:
    """How long something took, in seconds: by the clock, and of it on the processor."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Answer:
    """What a peer came to: the costs of each patient and each query, bytes for a patient, and what to compare.

    `visits` are the target dates of each patient, `page` those of the first page of the first site.
    """

    patients: list[Cost]
    bytes: float
    queries: list[Cost]
    visits: list[list[str]]
    page: list[str]
    versions: dict[str, str]

    def document(self) -> dict[str, Any]:
        """As it is written to a file."""
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Answer:
        """As it was written to a file."""
        costs = {name: [Cost(**cost) for cost in document[name]] for name in ("patients", "queries")}
        return cls(**{**document, **costs})


def patients(count: int) -> list[Patient]:
    """So many patients, in order of enrolment."""
    return [
        Patient(f"{number:06}", number % SITES, TODAY - timedelta(ENROLMENT_DAYS - number * ENROLMENT_DAYS // count))
        for number in range(count)
    ]


def timed(call: Callable[[], Result]) -> tuple[Cost, Result]:
    """What a call costs, and what it returns."""
    clock, processor = time.perf_counter(), time.process_time()
    result = call()
    return Cost(time.perf_counter() - clock, time.process_time() - processor), result


def size_of(database: Path) -> int:
    """The bytes of an SQLite database, when everything is in its one file."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database.stat().st_size
