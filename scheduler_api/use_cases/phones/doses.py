"""Record days that patients enter on their phones: seven days back, and the site's record of a day takes precedence."""

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
class RecordOutcome:
    """The outcome of something that a phone sent, and the fact that it made, if any."""

    outcome: Outcome
    fact_id: str | None


def record_day(
    session: Session, patient_id: str, body: DoseRecorded, recorded_at: datetime | None = None
) -> RecordOutcome:
    """Record a day as taken or missed, as the patient entered it at `recorded_at` (the phone's instant; None: now).

    A repetition changes nothing. If the site recorded the day otherwise, the patient's record stays in the history, but
    the site's is the active one. Raises ValidationFailed for a day that is too far back or ahead.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        today = _present_day(session, patient_id, body.dose_on, recorded_at)
        day = _day_on_record(session, patient_id, body.dose_on)
        latest = day.active[-1] if day.active else None
        planned = _planned_amount(session, patient_id, body.dose_on)
        content = _content(body, planned)
        if latest is not None and _content(latest, planned) == content:
            return RecordOutcome("already_recorded", latest.fact_id)
        if latest is None or latest.role == "patient":
            return RecordOutcome("recorded", append(session, patient_id, NewFact(body), today=today).fact.fact_id)
        # The site's record stays active; the patient's own is kept in the history, once.
        agreed = _content(latest, planned)[:2] == content[:2]
        own = day.own.fact_id if day.own is not None and _content(day.own, planned) == content else None
        if own is None and not (agreed and content[2:] == (None, None)):
            own = append(session, patient_id, NewFact(body), today=today).fact.fact_id
            append(session, patient_id, NewFact(Voided(own), correction=SITE_STANDS))
        return RecordOutcome("already_recorded", latest.fact_id) if agreed else RecordOutcome("site_record_stands", own)


def take_back_day(session: Session, patient_id: str, day: date, recorded_at: datetime | None = None) -> RecordOutcome:
    """Void a patient's own records of a day; if none is active, nothing changes.

    Raises Conflict when there is a record of that day by the site, ValidationFailed for a day too far back or ahead.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        _present_day(session, patient_id, day, recorded_at)
        active = _day_on_record(session, patient_id, day).active
        if any(fact.role != "patient" for fact in active):
            raise Conflict([FieldError("/dose_on", "The site recorded this day; ask the site to correct it.")])
        voided = None
        for fact in reversed(active):
            new = NewFact(Voided(fact.fact_id), correction=TAKEN_BACK)
            voided = append(session, patient_id, new).fact.fact_id
        return RecordOutcome("recorded" if voided else "already_recorded", voided)


def change_time_zone(session: Session, patient_id: str, time_zone: str) -> RecordOutcome:
    """Record that the patient lives in another time zone now; a repetition changes nothing. Raises ValidationFailed."""
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        if of_row(session.store, patient_row(session, patient_id)).time_zone == time_zone:
            return RecordOutcome("already_recorded", None)
        return RecordOutcome("recorded", append(session, patient_id, NewFact(TimeZoneChanged(time_zone))).fact.fact_id)


@dataclass(frozen=True)
class _Day:
    """The records of a day: the active ones, in order, and the patient's last own one that was not taken back."""

    active: list[Fact]
    own: Fact | None


def _day_on_record(session: Session, patient_id: str, day: date) -> _Day:
    all_facts = facts.of_day(session.store, patient_id, day)
    by_id, superseded = {fact.fact_id: fact for fact in all_facts}, superseded_by(all_facts)
    records = [fact for fact in all_facts if isinstance(fact.body, DoseRecorded) and fact.body.dose_on == day]
    active = [fact for fact in records if fact.fact_id not in superseded]
    own = None
    for fact in records:
        if fact.role == "patient":
            void = by_id.get(superseded.get(fact.fact_id, ""))
            own = fact if void is None or void.correction == SITE_STANDS else None
    return _Day(active, own)


def _content(record: Fact | DoseRecorded, planned: float) -> tuple[str, float | None, datetime | None, str | None]:
    """Return the content of a day's record; the planned amount is the same whether it is stated or not."""
    body = record.body if isinstance(record, Fact) else record
    assert isinstance(body, DoseRecorded)
    amount = None if body.status == "missed" else planned if body.amount is None else body.amount
    return body.status, amount, body.taken_at, body.note


def _planned_amount(session: Session, patient_id: str, day: date) -> float:
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    return planned_amount(periods(versions_of(session.store, row["protocol"]), history), history, day)


def _present_day(session: Session, patient_id: str, day: date, recorded_at: datetime | None) -> date:
    """Return the present day for a record of a day. Raises ValidationFailed if the day is too far back or ahead.

    A day counts from the instant at which the phone recorded it, in the zone on record or in that of the phone: a
    traveller's phone may be a day ahead or behind.
    """
    zone = patient_row(session, patient_id)["time_zone"]
    today = civil_date(session.now, zone)
    here = there = today
    if recorded_at is not None:
        # If the phone's clock is fast, it counts as recorded now, in the phone's zone.
        recorded_at = min(recorded_at, session.now.astimezone(recorded_at.tzinfo))
        if session.now - recorded_at > LATEST_ARRIVAL:
            raise ValidationFailed([FieldError("/recorded_at", "More than 30 days ago; tell the site.")])
        here, there = civil_date(recorded_at, zone), min(recorded_at.date(), civil_date(recorded_at, FIRST_ZONE))
    if day < min(here, there) - timedelta(DAYS_BACK):
        raise ValidationFailed(
            [FieldError("/dose_on", f"More than {DAYS_BACK} days before it was recorded; tell the site.")]
        )
    if day > max(here, there):
        raise ValidationFailed([FieldError("/dose_on", f"After {max(here, there)}, the day on which it was recorded.")])
    return max(today, there)
