"""Give out all that is on record of the patients of a protocol, as it was known at an instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.facts import Fact, Voided
from scheduler_api.engine.model.fold import fold, superseded_by
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Versions
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.series import Visit
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import facts
from scheduler_api.store.sites import sites
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.projections.horizons import horizon
from scheduler_api.use_cases.session import NotFound, Session, readable_until, sites_to_search
from scheduler_api.use_cases.sites.protocols import versions_named, versions_of

from .patients import document
from .study import every_patient


@dataclass(frozen=True)
class ExportedPatient:
    """A patient as an export has them: all facts in the order they were received, and the schedule they make.

    `today` is the patient's day of the instant whose records count, `last` the last day through which visits are given.
    For a site that had the patient before, both lie before the patient left.
    """

    row: Row
    facts: tuple[Fact, ...]
    schedule: PatientSchedule
    today: date
    last: date

    @property
    def history(self) -> History:
        """Return the history: the active facts, folded."""
        return self.schedule.history

    @cached_property
    def superseded(self) -> Mapping[str, str]:
        """Return of each fact that was corrected or voided the fact that did so, by their ids."""
        return superseded_by(self.facts)

    @cached_property
    def active(self) -> tuple[Fact, ...]:
        """Return the facts that count: neither corrected nor voided, nor voiding another."""
        return tuple(
            fact for fact in self.facts if fact.fact_id not in self.superseded and not isinstance(fact.body, Voided)
        )

    @cached_property
    def visits(self) -> list[Visit]:
        """Return all visits that open, were done or are booked through `last`, soonest target first."""
        return self.schedule.visits(date.min + timedelta(1), self.last)

    def deviations(self) -> list[dict[str, Any]]:
        """Return all deviations through `last`, by day."""
        found = self.schedule.all_deviations(self.today)
        return [one for one in found if one["on"] <= self.last]

    def document(self) -> dict[str, Any]:
        """Return the patient as a list of patients does."""
        return document(self.row, self.history, self.today)


@dataclass(frozen=True)
class Export:
    """An export: the protocol, when it was made, the instant whose records count, and the patients, to be read once.

    `versions` are all versions of the protocol, `countries` those of all sites, by site.
    """

    protocol: str
    versions: Versions
    made_at: datetime
    as_of: datetime
    patients: Iterator[ExportedPatient]
    countries: Mapping[str, str]


def export(session: Session, protocol: str, site: str | None = None, known_at: datetime | None = None) -> Export:
    """Return an export of the actor's patients of a protocol, those of one site if it is named, by subject number.

    Who was not on record yet at `known_at` is left out; a site that had a patient before gets what lies before. Raises
    NotFound for an unknown protocol or another's site, ValidationFailed for an instant that lies ahead.
    """
    versions = versions_of(session.store, protocol)
    if not versions:
        raise NotFound("No such protocol.")
    if known_at is not None and known_at > session.now:
        raise ValidationFailed([FieldError("/known_at", "Later than now.", "after_today")])
    sites_to_search(session, site)
    as_of = known_at or session.now
    countries = {row["site"]: row["country"] for row in sites.every(session.store)}
    return Export(protocol, versions, session.now, as_of, _patients(session, protocol, site, as_of), countries)


def note_export(session: Session, of: Export, site: str | None, count: int) -> None:
    """Record in the audit that a command exported so many patients; what a request reads is recorded by itself."""
    with session.store.transaction():
        note(session, "exported", protocol=of.protocol, only_site=site, known_at=stamp(of.as_of), patients=count)


def _patients(session: Session, protocol: str, site: str | None, as_of: datetime) -> Iterator[ExportedPatient]:
    """Yield the patients of an export, one after the other, from one state of the database."""
    with session.store.snapshot():
        for row in every_patient(session, site, protocol, former=True):
            patient = _as_known(session, row, as_of)
            if patient is not None:
                yield patient


def _as_known(session: Session, row: Row, as_of: datetime) -> ExportedPatient | None:
    """Return a patient as known at an instant to the actor; None if nothing was on record yet."""
    until = readable_until(session, row)
    instant = as_of if until is None else min(as_of, until.instant - timedelta(microseconds=1))
    recorded = facts.of_patient(session.store, row["patient_id"], instant)
    if not recorded:
        return None
    history = fold(recorded)
    today, last = civil_date(as_of, history.time_zone), horizon(as_of)
    if until is not None:
        today, last = min(today, until.day), min(last, until.day)
    return ExportedPatient(
        row, tuple(recorded), PatientSchedule(versions_named(session.store, history), history), today, last
    )
