"""Who makes a request, and what they may see and do: every read of a patient passes through here."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import facts, patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.sites.at_sites import last_of, site_of

ROLES = ("nurse", "coordinator", "monitor", "admin")


class NotFound(Exception):
    """There is no such resource, or not for this actor."""


class OutOfScope(NotFound):
    """It exists, but not for this actor: reported as NotFound, and recorded in the audit as refused."""

    def __init__(self, detail: str, patient_id: str | None = None, site: str | None = None) -> None:
        self.patient_id, self.site = patient_id, site
        super().__init__(detail)


class Unauthenticated(Exception):
    """The secret that was presented is not valid."""


class TooMany(Exception):
    """There were too many wrong tries; the next is allowed after so many seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many failed attempts. Try again in {retry_after} seconds.")


class Forbidden(Exception):
    """The actor's role may not do this."""


class Stale(Exception):
    """The patient has changed since the version that the caller has seen."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"The patient is at version {version} now.")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request: a role, a name, and the sites whose patients they may see (None: all sites).

    A patient's phone has the role `patient`, no sites, and one patient.
    """

    token_id: str
    role: str
    name: str | None
    sites: tuple[str, ...] | None
    patient_id: str | None = None

    def sees(self, site: str) -> bool:
        """Return whether this actor may see the patients of a site."""
        return self.sites is None or site in self.sites

    def sees_patient(self, patient_id: str, site: str) -> bool:
        """Return whether this actor may see a patient of a site."""
        return self.sees(site) if self.patient_id is None else patient_id == self.patient_id


#: Whoever gives commands in the terminal: an account of the machine, which may do everything.
TERMINAL = Actor(f"cli-{os.getuid()}", "admin", "cli", None)


@dataclass(frozen=True, slots=True)
class Session:
    """One request: the store, the actor, and the instant (with offset) at which the request counts.

    `route` names the call in the audit: its method and the rule of its address, without ids. `patient` is a patient's
    row that was read with the token: only for requests that read, since a write reads under its lock.
    """

    store: Store
    actor: Actor
    now: datetime
    route: str | None = None
    patient: Row | None = None

    def __post_init__(self) -> None:
        # Instants are in UTC, so that their texts sort as they do.
        object.__setattr__(self, "now", self.now.astimezone(UTC))

    @property
    def sites(self) -> Sequence[str] | None:
        """Return the sites to search; None: all."""
        return self.actor.sites


def sites_to_search(session: Session, site: str | None) -> Sequence[str] | None:
    """Return the sites that a list covers: all of the actor's, or the one given. Raises NotFound for another's site."""
    if site is None:
        return session.sites
    if not session.actor.sees(site):
        raise OutOfScope("No such site.", site=site)
    return [site]


def patient_row(session: Session, patient_id: str, former: bool = False) -> Row:
    """Return a patient's row, if one of the actor's sites has the patient; with `former`, also if one had.

    What a former site reads is only what `known_to` gives. Raises NotFound; Forbidden for a former site otherwise.
    """
    row = session.patient
    if row is None or row["patient_id"] != patient_id:
        row = patients.get(session.store, patient_id)
    if row is None:
        raise NotFound("No such patient.")
    if readable_until(session, row) is not None and not former:
        raise Forbidden("Another site has the patient now; what lies before can be read.")
    return row


class Until(NamedTuple):
    """Says how far a site reads of a patient whom another has now: what was recorded before an instant, on a day."""

    instant: datetime
    day: date


def readable_until(session: Session, row: Row) -> Until | None:
    """Return how far the actor reads of a patient.

    None: one of the actor's sites has the patient, and reads everything. Raises NotFound if none has or had.
    """
    site = site_of(row, session.now)
    if session.actor.sees_patient(row["patient_id"], site):
        return None
    own = session.actor.sites if session.actor.patient_id is None else None
    last = None if own is None else last_of(session.store, row["patient_id"], own, session.now)
    if last is None:
        raise OutOfScope("No such patient.", row["patient_id"], site)
    return Until(datetime.fromisoformat(last["until_at"]), date.fromisoformat(last["through_on"]))


def known_to(session: Session, row: Row) -> tuple[History, date]:
    """Return the history of a patient as far as the actor may read it, and the day on which it is seen.

    Raises NotFound as `readable_until`.
    """
    until = readable_until(session, row)
    if until is None:
        history = of_row(session.store, row)
        return history, civil_date(session.now, history.time_zone)
    before = [fact for fact in facts.of_patient(session.store, row["patient_id"]) if fact.recorded_at < until.instant]
    return fold(before), until.day


#: The lock that everyone who writes about a patient shares.
_ALL = "patients"


def lock_patient(store: Store, patient_id: str) -> None:
    """Lock a patient against other writers until the unit of work ends; call it before anything is read."""
    share_patients(store)
    store.lock(_name_of(patient_id))


def share_patients(store: Store) -> None:
    """Hold the lock that all writers about patients share, until the unit of work ends."""
    store.lock(_ALL, shared=True)


def lock_free_patients(store: Store, patient_ids: Collection[str]) -> Collection[str]:
    """Lock those of some patients about whom nobody writes at the moment, and return their ids.

    It does not wait, so that what is due about others goes on. Call it after `share_patients`.
    """
    names = {_name_of(patient_id): patient_id for patient_id in patient_ids}
    return {names[name] for name in store.lock_free(names)}


def lock_patients(store: Store) -> None:
    """Lock all patients against other writers until the unit of work ends."""
    store.lock(_ALL)


def _name_of(patient_id: str) -> str:
    return f"patient {patient_id}"
