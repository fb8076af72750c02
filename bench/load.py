"""Fill a database with synthetic patients at speed, to measure with: `python -m bench.load PATIENTS`.

Some are recorded as the service records; all others are their likeness. What is derived of a patient is the same text
for its likeness but for the ids, so that it is derived once for each kind; only the chain of facts is made anew for
everyone. Nobody here is, or is taken from, a real person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson

from scheduler_api.cli.opening import session as session_of_settings
from scheduler_api.cli.terminal import progress as progress_bar
from scheduler_api.engine.model.facts import Body, DoseRecorded, Enrolled, Registered, TreatmentStarted, VisitDone
from scheduler_api.store.database.chain import FACT, link
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sqlite import SqliteStore
from scheduler_api.store.patients import patients as patient_rows
from scheduler_api.store.reminders.planned_messages import beginning, part_of, row_of
from scheduler_api.use_cases.patients import facts, patients
from scheduler_api.use_cases.projections.horizons import EVERY, through_of
from scheduler_api.use_cases.projections.projections import write_projections
from scheduler_api.use_cases.projections.schedules import of_row
from scheduler_api.use_cases.projections.stored import sites_of, stored_rows
from scheduler_api.use_cases.session import TERMINAL, Session, lock_patients
from scheduler_api.use_cases.sites import protocols, sites

#: How many kinds of patients there are, and how many sites: each kind is of one site.
KINDS, SITES = 240, 120
#: How many patients are written in one unit of work.
PORTION = 500
#: The longest ago a patient enrolled, in days.
LONGEST = 700
_PLAN, _ZONE = "nct06110650", "Asia/Shanghai"

Rows = dict[str, list[dict[str, Any]]]


def load(store: Store, count: int, now: datetime, progress: Callable[[int], None] = lambda patients: None) -> None:
    """Add so many synthetic patients, with the sites they need, to a database.

    `progress` hears of each portion twice: when its facts are there, and when its messages are. Raises Conflict if
    the database has synthetic patients already.
    """
    session = Session(store, TERMINAL, now)
    _add_places(session)
    # One as the service records it: it is found out whether there are some, and the time zone is noted.
    _record(session, "SYN-0000000", 0)
    kinds, numbers = _kinds(now, count), range(1, count)
    _bring(store, (kinds[number % KINDS].likeness(number) for number in numbers), progress)
    # In the order in which they lie, which is not that of patients: what is written all over a large table is written
    # many times.
    by_key = sorted(numbers, key=lambda number: beginning(_id(number, 0), ""))
    _bring(store, (kinds[number % KINDS].messages(number) for number in by_key), progress)


def _bring(store: Store, of_patients: Iterator[Rows], progress: Callable[[int], None]) -> None:
    while portion := list(islice(of_patients, PORTION)):
        with store.transaction():
            lock_patients(store)
            for table in sorted({table for rows in portion for table in rows if rows[table]}):
                store.bulk_insert(table, [row for rows in portion for row in rows.get(table, [])])
        progress(len(portion))


def _kinds(now: datetime, count: int) -> list[_Kind]:
    """The patterns of so many patients."""
    with TemporaryDirectory() as folder:
        pattern = SqliteStore(Path(folder) / "kinds.db")
        pattern.migrate()
        session = Session(pattern, TERMINAL, now)
        _add_places(session)
        of_patients = [table for table in pattern.tables() if table != "audit" and _is_of_patients(pattern, table)]
        with pattern.transaction():
            kinds = [
                _Kind(pattern, of_patients, _record(session, f"SYN-K{n:05}", n), now) for n in range(min(KINDS, count))
            ]
        pattern.close()
    return kinds


def _is_of_patients(store: Store, table: str) -> bool:
    row = store.row(f"SELECT COUNT(*) AS n FROM pragma_table_info('{table}') WHERE name = 'patient_id'")
    return row is not None and row["n"] == 1


def _add_places(session: Session) -> None:
    protocols.add_built_in(session)
    for number in range(SITES):
        site = {**sites.FUSCC, "site": f"SYN-{number:03}", "name": f"Synthetic site {number}"}
        if not sites.exists(session.store, f"SYN-{number:03}"):
            sites.add(session, site)


def _record(session: Session, subject_number: str, kind: int) -> str:
    """Record a patient of a kind the way the service does; the patient's id."""
    enrolled_on = session.now.date() - timedelta(3 + kind * LONGEST // KINDS)
    first = enrolled_on + timedelta(2)
    site = f"SYN-{kind % SITES:03}"
    registered = Registered(subject_number, site, _PLAN, 1, "female", "fertile", None, _ZONE)
    bodies: list[Body] = [TreatmentStarted(first)]
    scan = enrolled_on + timedelta(weeks=6)
    while scan < session.now.date():
        bodies.append(VisitDone("imaging", scan, None, "SD"))
        scan += timedelta(weeks=6)
    bodies += [DoseRecorded(max(first, session.now.date() - timedelta(ago)), "taken") for ago in (3, 2)]
    with session.store.transaction():
        patient = patients.register(session, registered, Enrolled(enrolled_on, first))
        for body in bodies:
            facts.record(session, patient["patient_id"], facts.NewFact(body))
    return str(patient["patient_id"])


class _Kind:
    """A patient that was recorded, as a pattern for others."""

    def __init__(self, store: Store, tables: list[str], patient_id: str, now: datetime) -> None:
        self._texts: list[str] = []
        self._messages: list[list[Row]] = []
        for part in range(EVERY):
            # As it is stored of a patient whose period began on another day.
            _extend(store, patient_id, through_of(part, now), now)
            rows = {
                table: store.rows(f"SELECT * FROM {table} WHERE patient_id = :of", {"of": patient_id})
                for table in tables
            }
            rows["facts"].sort(key=lambda row: row["seq"])
            self._messages.append(rows.pop("reminders"))
            self._texts.append(orjson.dumps({table: found for table, found in rows.items() if found}).decode())
        self._ids = [patient_id, rows["patients"][0]["subject_number"], *(row["fact_id"] for row in rows["facts"])]

    def likeness(self, number: int) -> Rows:
        """The rows of another patient to whom the same happened, by table."""
        text = self._texts[part_of(_id(number, 0), EVERY)]
        for place, known in enumerate(self._ids):
            text = text.replace(known, _id(number, place))
        rows: Rows = orjson.loads(text)
        previous = ""
        for fact in rows["facts"]:
            previous = fact["hash"] = link(previous, fact, FACT)
        rows["patients"][0]["head"] = previous
        return rows

    def messages(self, number: int) -> Rows:
        """The rows of what is planned for that patient."""
        patient_id = _id(number, 0)
        planned = [_message(patient_id, row) for row in self._messages[part_of(patient_id, EVERY)]]
        times = [{name: row[name] for name in ("message_id", "next_at")} for row in planned]
        return {"reminders": planned, "reminder_times": times}


def _extend(store: Store, patient_id: str, through: date, now: datetime) -> None:
    """Store a patient's visits through a day, and messages as far, in a unit of work."""
    row, stored = patient_rows.get(store, patient_id), stored_rows(store, [patient_id], now)[patient_id]
    assert row is not None
    schedule = of_row(store, row)
    sites = sites_of(store, [schedule.history])
    write_projections(store, patient_id, schedule, None, sites, stored, through, now)
    patient_rows.set_visits_through(store, patient_id, through)


def _id(number: int, place: int) -> str:
    if place == 0:
        return f"p-5e{number:014x}"
    return f"SYN-{number:07}" if place == 1 else f"f-5e{number:010x}{place:04x}"


def _message(patient_id: str, row: Row) -> dict[str, Any]:
    said = (row["site"], row["kind"], row["about"], row["next_at"], row["expires_at"])
    return {**row_of(patient_id, *said, row["audience"] == "site")}


@click.command()
@click.argument("patients", type=click.IntRange(1, 100_000_000))
def main(patients: int) -> None:
    """Fill the database of the settings with so many synthetic PATIENTS. Not for one with patients of a trial.

    What is derived of them is as the service derives it: `verify` finds all well.
    """
    with session_of_settings() as session, progress_bar() as bar:
        task = bar.add_task("Loading", total=2 * patients)
        load(session.store, patients, session.now, lambda more: bar.advance(task, more))
    click.echo(f"{patients} synthetic patients loaded.")


if __name__ == "__main__":
    main()
