"""Compute deviations, adherence and the counts of a study across the patients of sites.

Each patient is computed on request, a page or a portion at a time: nothing of it is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from scheduler_api.engine.dates import EARLIEST
from scheduler_api.engine.doses.adherence import DoseSums
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.protocol import IMAGING
from scheduler_api.engine.treatment.status import PATIENT_STATUSES, patient_status
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import patients
from scheduler_api.store.sites.at_sites import site_of
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.projections.horizons import horizon
from scheduler_api.use_cases.session import NotFound, Session, known_to, sites_to_search
from scheduler_api.use_cases.sites.protocols import versions_named, versions_of

from .calendars import View, deviations_of

#: How many patients are read at once.
_PORTION = 50
_COUNTED_AS = {"enrolled": "not_started"}


def every_patient(
    session: Session,
    site: str | None,
    protocol: str | None = None,
    after: tuple[str, str] | None = None,
    former: bool = False,
) -> Iterator[Row]:
    """Yield the rows of the actor's patients by subject number, after the one given. Raises NotFound.

    `former` includes those whom another site has since.
    """
    sites = sites_to_search(session, site)
    while True:
        rows = patients.whole(session.store, sites, session.now, protocol, after, _PORTION, former)
        yield from rows
        if len(rows) < _PORTION:
            return
        after = rows[-1]["subject_number"], rows[-1]["patient_id"]


def deviations(
    session: Session,
    site: str | None = None,
    first: date | None = None,
    last: date | None = None,
    kinds: Collection[str] | None = None,
    after: tuple[str, ...] | None = None,
    limit: int = 50,
) -> Page[tuple[str, ...]]:
    """Return the deviations of the actor's patients, by subject number and day.

    Those of a `site` are of the days on which it had the patient; of others it reads what lies before. Raises NotFound,
    ValidationFailed.
    """
    if first is not None and last is not None and last < first:
        raise ValidationFailed([FieldError("/to", "The range is reversed: `to` is before `from`.", "range_reversed")])
    items: list[dict[str, Any]] = []
    for row in every_patient(session, site, after=(after[0], "") if after else None, former=True):
        for deviation in deviations_of(session, row, _view(session, first, last)):
            item = {**patient_fields(row, session.now), **deviation}
            if site is not None and item["site"] != site:
                continue
            if (kinds is None or item["kind"] in kinds) and (after is None or deviation_key(item) > after):
                items.append(item)
        if len(items) > limit:
            break
    return Page(items[:limit], deviation_key(items[limit - 1]) if len(items) > limit else None)


def _view(session: Session, first: date | None, last: date | None) -> View:
    """Return a view; an open-ended range reaches as far as a day can lie, so that it is never reversed."""
    if first is None and last is None:
        return View()
    return View(first or EARLIEST, last or horizon(session.now))


def deviation_key(item: dict[str, Any]) -> tuple[str, ...]:
    """Return the key of a deviation in the list."""
    return item["subject_number"], item["patient_id"], str(item["on"]), item["kind"], item["visit"] or ""


def adherence(
    session: Session, site: str | None = None, after: tuple[str, ...] | None = None, limit: int = 50
) -> Page[tuple[str, ...]]:
    """Return adherence and dose intensity through today of the actor's patients, by subject number. Raises NotFound."""
    start = (after[0], after[1]) if after else None
    items = []
    for row in every_patient(session, site, after=start):
        schedule, today = schedule_of(session, row)
        items.append({**patient_fields(row, session.now), "today": today, **schedule.adherence(today)})
        if len(items) > limit:
            break
    last = items[limit - 1] if len(items) > limit else None
    return Page(items[:limit], (last["subject_number"], last["patient_id"]) if last else None)


def patient_fields(row: Row, now: datetime) -> dict[str, str]:
    """Return the fields by which an item of a list names its patient."""
    return {"patient_id": row["patient_id"], "subject_number": row["subject_number"], "site": site_of(row, now)}


def schedule_of(session: Session, row: Row) -> tuple[PatientSchedule, date]:
    """Return a patient's schedule as far as the actor may read it, and the day on which it is seen."""
    history, today = known_to(session, row)
    return PatientSchedule(versions_named(session.store, history), history), today


@dataclass
class _Sums:
    """Holds sums over patients."""

    registered: int = 0
    enrolled: int = 0
    screen_failures: int = 0
    on_hold: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    scans: Counter[str] = field(default_factory=Counter)
    doses: DoseSums = field(default_factory=DoseSums)
    deviations: Counter[str] = field(default_factory=Counter)

    def add(self, schedule: PatientSchedule, today: date) -> None:
        """Count a patient as seen on a day, at the site that has the patient then."""
        history = schedule.history
        status = patient_status(history, today)
        self.registered += 1
        self.enrolled += history.is_enrolled
        self.screen_failures += history.failed_screening
        self.statuses[status] += 1
        self.on_hold += status == "on_treatment" and history.is_held(today)
        self.doses = self.doses.plus(schedule.dose_sums(today))

    def add_past(self, schedule: PatientSchedule, today: date, site: str) -> None:
        """Count what happened at a site to a patient who is or was there: deviations, and imaging done or not done."""
        history = schedule.history
        first = history.first_on or today
        found = (one for one in schedule.deviations(today, first, today) if one["site"] == site)
        self.deviations.update(one["kind"] for one in found)
        for visit in schedule.visits(date.min, today, (IMAGING,)):
            # One more appointment is no visit: what was done on it is a part of one, or unscheduled.
            if visit.appointment is not None or visit.site(history, today) != site:
                continue
            visit_status = visit.status(today)
            if visit_status == "done":
                off = visit.days_off or 0
                self.scans["early" if off < 0 else "late" if off > 0 else "on_time"] += 1
            elif visit_status in ("overdue", "missed"):
                self.scans["missed"] += 1

    def add_sums(self, other: _Sums) -> None:
        """Add the sums of other patients."""
        self.registered += other.registered
        self.enrolled += other.enrolled
        self.screen_failures += other.screen_failures
        self.on_hold += other.on_hold
        self.doses = self.doses.plus(other.doses)
        for own, more in (
            (self.statuses, other.statuses),
            (self.scans, other.scans),
            (self.deviations, other.deviations),
        ):
            own.update(more)

    def document(self) -> dict[str, Any]:
        """Return the counts as clients see them."""
        return {
            "registered": self.registered,
            "screen_failures": self.screen_failures,
            "enrolled": self.enrolled,
            # `enrolled` counts all who ever enrolled, so those whose status is `enrolled` have another name here.
            "statuses": {_COUNTED_AS.get(name, name): self.statuses[name] for name in PATIENT_STATUSES},
            "on_hold": self.on_hold,
            "scans": {name: self.scans[name] for name in ("on_time", "early", "late", "missed")},
            "doses": self.doses.document(),
            "deviations": dict(sorted(self.deviations.items())),
        }


class Counts:
    """A study's counts at the actor's sites, or at one of them, to which patients are added one after the other."""

    def __init__(self, session: Session, protocol: str, site: str | None) -> None:
        """Count none. Raises NotFound for an unknown protocol."""
        self._session, self._protocol, self._site = session, protocol, site
        self._versions = versions_of(session.store, protocol)
        if not self._versions:
            raise NotFound("No such protocol.")
        self._sites = dict[str, _Sums]()

    def is_of(self, site: str) -> bool:
        """Return whether a site is one of those at which is counted."""
        return self._session.actor.sees(site) and self._site in (None, site)

    def add(self, row: Row, schedule: PatientSchedule, today: date) -> None:
        """Count a patient where the patient is now, with all doses; deviations and imaging at the site of their day."""
        now_at = site_of(row, self._session.now)
        for name in filter(self.is_of, {now_at, *(stay.site for stay in schedule.history.stays)}):
            sums = self._sites.setdefault(name, _Sums())
            if name == now_at:
                sums.add(schedule, today)
            sums.add_past(schedule, today, name)

    def document(self) -> dict[str, Any]:
        """Return the counts in total, and for each site that has or had patients."""
        total = _Sums()
        for sums in self._sites.values():
            total.add_sums(sums)
        return {
            "protocol": self._protocol,
            "planned": self._versions[max(self._versions)].participants,
            **total.document(),
            "sites": [{"site": name, **sums.document()} for name, sums in sorted(self._sites.items())],
        }


def summary(session: Session, protocol: str, site: str | None = None) -> dict[str, Any]:
    """Return a study's counts at the actor's sites today. Raises NotFound."""
    counts = Counts(session, protocol, site)
    for row in every_patient(session, site, protocol, former=True):
        counts.add(row, *schedule_of(session, row))
    return counts.document()
