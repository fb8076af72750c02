"""Days that patients record on their phones: seven days back, and the site's record of a day stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from scheduler_api.engine.checks import FIRST_ZONE
from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.facts import DoseRecorded, Fact, TimeZoneChanged, Voided
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.versions import periods
from scheduler_api.engine.treatment.doses import planned_amount
from scheduler_api.store.patients import facts
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.patients.facts import NewFact, append
from scheduler_api.use_cases.session import Session, lock_patient, patient_row
from scheduler_api.use_cases.sites.protocols import versions_of

#: How many days back a patient may record, and how late what the phone recorded may arrive.
DAYS_BACK = 7
LATEST_ARRIVAL = timedelta(days=30)

#: Why a patient's record of a day is voided.
SITE_STANDS = "The site's record of this day stands."
TAKEN_BACK = "Taken back by the patient."

Outcome = Literal["recorded", "already_recorded", "site_record_stands"]


@dataclass(frozen=True)
class Kept:
    """What came of something that a phone sent, and the fact it made, if it made one."""

    outcome: Outcome
    fact_id: str | None


def record_day(session: Session, patient_id: str, body: DoseRecorded, said_at: datetime | None = None) -> Kept:
    """Record a day as taken or missed, as the patient said at `said_at` (an instant of the phone's; None: now).

    The same again changes nothing. Where the site recorded the day otherwise, the patient's record is kept in the
    history and the site's stands. Raises ValidationFailed for a day that is too far back or ahead.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        today = _day_said(session, patient_id, body.dose_on, said_at)
        day = _day_on_record(session, patient_id, body.dose_on)
        latest = day.active[-1] if day.active else None
        planned = _planned_amount(session, patient_id, body.dose_on)
        said = _said(body, planned)
        if latest is not None and _said(latest, planned) == said:
            return Kept("already_recorded", latest.fact_id)
        if latest is None or latest.role == "patient":
            return Kept("recorded", append(session, patient_id, NewFact(body), today=today).fact.fact_id)
        # The site's record stands; the patient's own words are kept beside it, once.
        agreed = _said(latest, planned)[:2] == said[:2]
        own = day.said.fact_id if day.said is not None and _said(day.said, planned) == said else None
        if own is None and not (agreed and said[2:] == (None, None)):
            own = append(session, patient_id, NewFact(body), today=today).fact.fact_id
            append(session, patient_id, NewFact(Voided(own), correction=SITE_STANDS))
        return Kept("already_recorded", latest.fact_id) if agreed else Kept("site_record_stands", own)


def take_back_day(session: Session, patient_id: str, day: date, said_at: datetime | None = None) -> Kept:
    """Void a patient's own records of a day; if none is active, nothing changes.

    Raises Conflict when the site's record of that day stands, ValidationFailed for a day too far back or ahead.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        _day_said(session, patient_id, day, said_at)
        active = _day_on_record(session, patient_id, day).active
        if any(fact.role != "patient" for fact in active):
            raise Conflict([FieldError("/dose_on", "The site recorded this day; ask the site to correct it.")])
        voided = None
        for fact in reversed(active):
            new = NewFact(Voided(fact.fact_id), correction=TAKEN_BACK)
            voided = append(session, patient_id, new).fact.fact_id
        return Kept("recorded" if voided else "already_recorded", voided)


def change_time_zone(session: Session, patient_id: str, time_zone: str) -> Kept:
    """Note that the patient lives by another time zone now; the same again changes nothing. Raises ValidationFailed."""
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        if of_row(session.store, patient_row(session, patient_id)).time_zone == time_zone:
            return Kept("already_recorded", None)
        return Kept("recorded", append(session, patient_id, NewFact(TimeZoneChanged(time_zone))).fact.fact_id)


@dataclass(frozen=True)
class _Day:
    """What is on record of a day: what stands, in order, and what the patient said last and did not take back."""

    active: list[Fact]
    said: Fact | None


def _day_on_record(session: Session, patient_id: str, day: date) -> _Day:
    known = facts.of_day(session.store, patient_id, day)
    by_id, superseded = {fact.fact_id: fact for fact in known}, superseded_by(known)
    records = [fact for fact in known if isinstance(fact.body, DoseRecorded) and fact.body.dose_on == day]
    active = [fact for fact in records if fact.fact_id not in superseded]
    said = None
    for fact in records:
        if fact.role == "patient":
            void = by_id.get(superseded.get(fact.fact_id, ""))
            said = fact if void is None or void.correction == SITE_STANDS else None
    return _Day(active, said)


def _said(record: Fact | DoseRecorded, planned: float) -> tuple[str, float | None, datetime | None, str | None]:
    """Return what a record says of its day: the planned amount is the same whether it is stated or not."""
    body = record.body if isinstance(record, Fact) else record
    assert isinstance(body, DoseRecorded)
    amount = None if body.status == "missed" else planned if body.amount is None else body.amount
    return body.status, amount, body.taken_at, body.note


def _planned_amount(session: Session, patient_id: str, day: date) -> float:
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    return planned_amount(periods(versions_of(session.store, row["protocol"]), history), history, day)


def _day_said(session: Session, patient_id: str, day: date, said_at: datetime | None) -> date:
    """Return the present day, as far as this record may reach. Raises ValidationFailed.

    A day counts from the instant at which the phone recorded it, in the zone on record or in that of the phone: a
    traveller's phone may be a day ahead or behind.
    """
    zone = patient_row(session, patient_id)["time_zone"]
    today = civil_date(session.now, zone)
    here = there = today
    if said_at is not None:
        # A phone whose clock is fast recorded it now, and where it is.
        said_at = min(said_at, session.now.astimezone(said_at.tzinfo))
        if session.now - said_at > LATEST_ARRIVAL:
            raise ValidationFailed([FieldError("/recorded_at", "More than 30 days ago; tell the site.")])
        here, there = civil_date(said_at, zone), min(said_at.date(), civil_date(said_at, FIRST_ZONE))
    if day < min(here, there) - timedelta(DAYS_BACK):
        raise ValidationFailed(
            [FieldError("/dose_on", f"More than {DAYS_BACK} days before it was recorded; tell the site.")]
        )
    if day > max(here, there):
        raise ValidationFailed([FieldError("/dose_on", f"After {max(here, there)}, the day on which it was recorded.")])
    return max(today, there)
