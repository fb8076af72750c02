"""The least one can do: dates by dateutil.rrule, a row for each in one SQLite table, an index for the question."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from dateutil.rrule import WEEKLY, rrule

from . import plan
from .plan import Answer, Patient, size_of, timed

_TABLES = """
    CREATE TABLE visits (
        subject_number TEXT NOT NULL,
        visit TEXT NOT NULL,
        site INTEGER NOT NULL,
        target_on TEXT NOT NULL,
        opens_on TEXT NOT NULL,
        closes_on TEXT NOT NULL,
        done_on TEXT,
        PRIMARY KEY (subject_number, visit)
    );
    CREATE INDEX visits_by_site ON visits (site, closes_on, subject_number) WHERE done_on IS NULL;
"""
_QUESTION = """
    SELECT * FROM visits WHERE site = :site AND done_on IS NULL AND closes_on >= :today
    ORDER BY closes_on, subject_number LIMIT :limit
"""


def answer(folder: Path, asked: Sequence[Patient]) -> Answer:
    """Make the schedules, then ask for a site's upcoming visits."""
    path = folder / "rrule.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.executescript(";".join((*plan.PRAGMAS, _TABLES)))
    before = size_of(path)
    made = [timed(partial(_add, database, patient)) for patient in asked]
    after = size_of(path)
    question = {"site": 0, "today": plan.TODAY.isoformat(), "limit": plan.PAGE}
    found = [timed(lambda: [dict(row) for row in database.execute(_QUESTION, question)]) for _ in range(plan.QUERIES)]
    database.close()
    return Answer(
        patients=[cost for cost, _ in made],
        bytes=(after - before) / len(asked),
        queries=[cost for cost, _ in found],
        visits=[visits for _, visits in made],
        page=[row["target_on"] for row in found[0][1]],
        versions={"python-dateutil": version("python-dateutil")},
    )


def _add(database: sqlite3.Connection, patient: Patient) -> list[str]:
    first = datetime.combine(patient.enrolled_on, time()) + timedelta(weeks=plan.WEEKS_BETWEEN)
    targets = [at.date() for at in rrule(WEEKLY, dtstart=first, interval=plan.WEEKS_BETWEEN, count=plan.VISITS)]
    rows = [
        (
            patient.subject_number,
            f"imaging-w{number * plan.WEEKS_BETWEEN}",
            patient.site,
            target.isoformat(),
            (target - plan.WINDOW).isoformat(),
            (target + plan.WINDOW).isoformat(),
        )
        for number, target in enumerate(targets, 1)
    ]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?, NULL)", rows)
    database.execute("COMMIT")
    return [target.isoformat() for target in targets]
