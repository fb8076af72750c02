"""Apply another version of a protocol to many patients, each in a unit of work of its own.

A call takes a portion and says where the next begins, so that a site of thousands is a few calls of some seconds each,
and the caller sees the progress. A call can be repeated: patients that have the version already stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import ProtocolAmended
from scheduler_api.engine.model.versions import periods, version_on
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.session import NotFound, Session, Stale, patient_row, sites_to_search
from scheduler_api.use_cases.sites.protocols import versions_of

from .facts import NewFact, record
from .study import every_patient, patient_fields

OUTCOMES = ("applied", "already", "refused")


@dataclass(frozen=True)
class Amendment:
    """A version that is to apply from a day on, and why."""

    protocol: str
    version: int
    from_on: date
    reason: str | None


@dataclass(frozen=True)
class Portion:
    """The outcomes for some patients, by subject number; how many are left, and the key to go on after (None: none)."""

    items: list[dict[str, Any]]
    left: int
    after: tuple[str, str] | None

    @property
    def counts(self) -> dict[str, int]:
        """Return how many patients have each outcome."""
        counts = Counter(item["outcome"] for item in self.items)
        return {outcome: counts[outcome] for outcome in OUTCOMES}


def to_patients(session: Session, amendment: Amendment, patient_ids: Sequence[str], dry_run: bool) -> Portion:
    """Apply a version to some patients. Raises Forbidden, NotFound, or ValidationFailed for one of another protocol."""
    _check(session, amendment)
    rows = [patient_row(session, patient_id) for patient_id in patient_ids]
    errors = [
        FieldError(f"/patients/{number}", "Not a patient of this protocol.", "not_found")
        for number, row in enumerate(rows)
        if row["protocol"] != amendment.protocol
    ]
    if errors:
        raise ValidationFailed(errors)
    return Portion([*_applied(session, amendment, rows, dry_run)], 0, None)


def to_site(
    session: Session, amendment: Amendment, site: str, after: tuple[str, str] | None, limit: int, dry_run: bool
) -> Portion:
    """Apply a version to the next `limit` patients of a site. Raises Forbidden, NotFound."""
    _check(session, amendment)
    sites = sites_to_search(session, site)
    rows = [*islice(every_patient(session, site, amendment.protocol, after), limit)]
    last = (rows[-1]["subject_number"], rows[-1]["patient_id"]) if rows else None
    left = patients.count_after(session.store, sites, session.now, amendment.protocol, last) if last else 0
    return Portion([*_applied(session, amendment, rows, dry_run)], left, last if left else None)


def _check(session: Session, amendment: Amendment) -> None:
    if amendment.version not in versions_of(session.store, amendment.protocol):
        raise NotFound("No such version of a protocol.")


def _applied(session: Session, amendment: Amendment, rows: Sequence[Row], dry_run: bool) -> Iterator[dict[str, Any]]:
    new = NewFact(ProtocolAmended(amendment.version, amendment.from_on), None, amendment.reason)
    for row in rows:
        result: dict[str, Any] = {"outcome": "already", "fact_id": None, "problem": None}
        result |= {"consequences": [], "warnings": []}
        if not _applies(session, row, amendment):
            try:
                recorded = record(session, row["patient_id"], new, [row["version"]], dry_run)
            except ValidationFailed as error:
                result.update(outcome="refused", problem=_problem(error))
            except Stale:
                errors = [FieldError("", "The patient changed meanwhile. Apply it again.", "changed_meanwhile")]
                result.update(outcome="refused", problem=_problem(Conflict(errors)))
            else:
                result.update(outcome="applied", fact_id=recorded.fact["fact_id"])
                result.update(consequences=recorded.consequences, warnings=recorded.warnings)
        yield {**patient_fields(row, session.now), **result}


def _applies(session: Session, row: Row, amendment: Amendment) -> bool:
    """Return whether the version already applies to a patient on that day."""
    plan = periods(versions_of(session.store, row["protocol"]), of_row(session.store, row))
    return version_on(plan, amendment.from_on).version == amendment.version


def _problem(error: ValidationFailed) -> dict[str, Any]:
    return {"status": 409 if isinstance(error, Conflict) else 422, "errors": error.errors}
