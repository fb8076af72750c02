"""Check that the logs are complete: no row of a chain was edited, removed or moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from scheduler_api.engine.instants import stamp
from scheduler_api.store.audit import events, search
from scheduler_api.store.database.chain import AUDIT, FACT, link
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.operations import marks
from scheduler_api.store.patients import facts
from scheduler_api.use_cases.clocks import TOLERANCE
from scheduler_api.use_cases.session import Forbidden, Session, patient_row

from .checkpoints import Keys, breaks
from .contents import content_breaks

#: How many sentences a report has at most.
_MOST_SENTENCES = 200


@dataclass
class IntegrityReport:
    """How many patients, facts and events were checked, and what is wrong, a sentence each."""

    patients: int = 0
    facts: int = 0
    events: int = 0
    wrong: list[str] = field(default_factory=list)


def check(session: Session, patient_id: str | None, keys: Keys) -> IntegrityReport:
    """Check the chains of all logs and the checkpoints, of all patients or of one.

    It reads every row, which takes tens of microseconds each. Raises NotFound; Forbidden for a nurse, and for the whole
    log if the actor sees only some sites.
    """
    store, report = session.store, IntegrityReport()
    if patient_id is not None:
        patient_row(session, patient_id)
    elif session.sites is not None:
        raise Forbidden("Only who sees all sites checks the whole log; name a patient.")
    for each in [patient_id] if patient_id else facts.patients(store):
        rows = facts.rows_of_patient(store, each)
        report.patients, report.facts = report.patients + 1, report.facts + len(rows)
        report.wrong += fact_breaks(each, rows)
    for stream in [patient_id] if patient_id else events.streams(store):
        report.events += events.length(store, stream)
        report.wrong += event_breaks(store, stream)
    report.wrong += breaks(store, keys, stream=patient_id)
    if patient_id is None:
        report.wrong += content_breaks(store)
        report.wrong += ahead(store, session.now)
    del report.wrong[_MOST_SENTENCES:]
    return report


def ahead(store: Store, now: datetime) -> Iterator[str]:
    """Yield what was recorded, or noted as done, by a clock that was ahead of the present one (`now`), a sentence each.

    A fact of a later instant hides from who asks what was known until then; what was done at one is not done again.
    """
    limit = stamp(now + TOLERANCE)
    for row in search.after(store, limit):
        what, owner = ("fact", "patient") if row["log"] == "facts" else ("event", "stream")
        yield f"{owner} {row['stream']}: {what} number {row['seq']} is of {row['at']}, which is still to come"
    for row in marks.after(store, limit):
        yield f"mark {row['name']}: is of {row['at']}, which is still to come"


def fact_breaks(patient_id: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield where the chain of a patient's facts is broken, a sentence each."""
    broken = list(_breaks(f"patient {patient_id}", rows, FACT, lambda row: f"fact {row['fact_id']}", "fact"))
    yield from broken
    if not broken:
        for one, other in pairwise(rows):
            if other["recorded_at"] <= one["recorded_at"]:
                yield f"patient {patient_id}: fact {other['fact_id']} was recorded before the one it follows"


def event_breaks(store: Store, stream: str) -> Iterator[str]:
    """Yield where the chain of an audit stream is broken, a sentence each."""
    rows = events.of_stream(store, stream)
    return _breaks(f"stream {stream}", rows, AUDIT, lambda row: f"event {row['action']}", "event")


def _breaks(
    owner: str, rows: Iterable[Row], covered: Sequence[str], name: Callable[[Row], str], kind: str
) -> Iterator[str]:
    previous = ""
    for expected, row in enumerate(rows, 1):
        if row["seq"] != expected:
            yield f"{owner}: {kind} number {expected} is missing before {name(row).removeprefix('fact ')}"
            return
        if row["hash"] != link(previous, row, covered):
            yield f"{owner}: {name(row)} (number {row['seq']}) is not what was recorded"
            return
        previous = row["hash"]
