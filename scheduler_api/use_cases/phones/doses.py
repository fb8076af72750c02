"""What patients say of their doses on their phones: every word is kept, and each is told what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.dose_log import DoseLog, log_name
from scheduler_api.engine.model.facts import DoseRecorded, DoseTakenBack, Fact, Sent, TimeZoneChanged
from scheduler_api.engine.phone_clocks import TOLERANCE, Spoken, clock_off, spoken
from scheduler_api.engine.recording.days import FIRST_ZONE
from scheduler_api.engine.treatment.dose_ids import DoseId
from scheduler_api.engine.views.warnings import warnings
from scheduler_api.store.patients import facts
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.patients.facts import NewFact, append
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.session import Session, lock_patient, patient_row

#: How many days back a patient may record; and how long after it was said a word counts without the site.
DAYS_BACK = 7
LATEST_ARRIVAL = timedelta(days=30)

Outcome = Literal["recorded", "already_recorded", "superseded", "site_record_stands", "to_confirm"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class RecordOutcome:
    """Says what came of something that a phone sent, which fact says it, and which dose it is about, if about one."""

    outcome: Outcome
    fact_id: str
    dose_id: str | None = None


@dataclass(frozen=True)
class Said:
    """Says when a phone said and sent something by its clock, when it counts as said, and what the clock is ahead."""

    phone_said_at: datetime
    phone_sent_at: datetime
    said_at: datetime
    off: timedelta

    @property
    def clock_wrong(self) -> bool:
        """Return whether the phone's clock was wrong when it was said, or when it was sent."""
        return bool(self.off) or self.phone_said_at - self.said_at > TOLERANCE

    def corrected(self, instant: datetime) -> datetime:
        """Return another instant of the phone's clock, corrected like the one at which it was said."""
        return instant + (self.said_at - self.phone_said_at)


def said(session: Session, patient_id: str, by_phone: Sequence[datetime], sent_at: datetime) -> list[Said]:
    """Return when things were said that a phone sends together, by its clock as it said and sent them."""
    off = clock_off(sent_at, session.now)
    known = []
    if off:
        earlier = facts.said_by(session.store, patient_id, session.actor.token_id or "")
        known = [Spoken(fact.sent.phone_said_at, fact.said_at) for fact in earlier if fact.sent is not None]
    found = spoken(by_phone, off, session.now, known)
    return [Said(one.by_phone, sent_at, one.said_at, off) for one in found]


def record_dose(
    session: Session, patient_id: str, named: DoseId, body: DoseRecorded | DoseTakenBack, when: Said
) -> RecordOutcome:
    """Keep what a patient said of the dose `named`, or that it was taken back.

    The same content said at the same instant is one word, however often it comes. Raises ValidationFailed for a dose
    that the protocol does not have, or a day that is too far back or ahead; where the phone's clock was wrong, a word
    of such a day is kept for the site to confirm.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        schedule = schedules.of_row(session.store, patient_row(session, patient_id))
        history, plan = schedule.history, schedule.treatment_plan.named(named)
        if plan is None:
            ids = ", ".join(one.dose_id(named.day) for one in schedule.treatment_plan.doses_of(named.day))
            detail = f"No such dose; that day has {ids}." if ids else "No such dose; the site gives all doses."
            raise ValidationFailed([FieldError("/dose_id", detail, "not_found")])
        full_name = plan.dose_id(named.day)
        regimen, slot = plan.regimen.named(plan.slot)
        body = replace(body, regimen=regimen, slot=slot)
        known = facts.of_day(session.store, patient_id, named.day)
        if (same := next((fact for fact in known if _is_same(fact, body, when)), None)) is not None:
            return RecordOutcome("already_recorded", same.fact_id, full_name)
        zone, enrolled_on, off_on = history.time_zone, history.enrolled_on, history.off_study_on
        if enrolled_on is None:
            raise ValidationFailed([FieldError("/dose_id", "The patient is not enrolled.", "not_enrolled")])
        errors = _day_errors(session.now, zone, body.dose_on, when, enrolled_on)
        # Nobody had a phone of ours before enrolment.
        if errors and not when.clock_wrong and when.said_at.date() >= enrolled_on - timedelta(1):
            raise ValidationFailed(errors)
        after_end = off_on is not None and body.dose_on > off_on
        to_confirm = bool(errors) or after_end or session.now - when.said_at > LATEST_ARRIVAL
        sent = Sent(when.said_at, when.phone_said_at, when.phone_sent_at, to_confirm=to_confirm)
        if isinstance(body, DoseRecorded) and body.taken_at is not None and when.clock_wrong:
            sent = replace(sent, phone_taken_at=body.taken_at)
            body = replace(body, taken_at=_possible(when.corrected(body.taken_at), session.now))
        today = max(civil_date(session.now, zone), _local_day(session.now, when))
        appended = append(session, patient_id, NewFact(body, sent=sent), today=today)
        outcome = _outcome(appended.after.history.log(log_name(regimen, slot)), body.dose_on, appended.fact)
        return RecordOutcome(outcome, appended.fact.fact_id, full_name)


def dose_warnings(
    session: Session, patient_id: str, named: DoseId, body: DoseRecorded, when: Said
) -> list[dict[str, Any]]:
    """Return what speaks against what a patient said of a dose, also where the site's record of it stands."""
    body = replace(body, regimen=named.regimen, slot=named.slot)
    return warnings(schedules.of_row(session.store, patient_row(session, patient_id)), body, when.said_at)


def change_time_zone(session: Session, patient_id: str, time_zone: str, when: Said) -> RecordOutcome:
    """Note that the patient lives by another time zone; the one said last counts. Raises ValidationFailed."""
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        sent = Sent(when.said_at, when.phone_said_at, when.phone_sent_at)
        fact = append(session, patient_id, NewFact(TimeZoneChanged(time_zone), sent=sent)).fact
        latest = of_row(session.store, patient_row(session, patient_id)).time_zone_said_at
        return RecordOutcome("recorded" if latest == when.said_at else "superseded", fact.fact_id)


def _is_same(fact: Fact, body: DoseRecorded | DoseTakenBack, when: Said) -> bool:
    """Return whether a fact is the word of a phone that says the same, said at the same instant of its clock."""
    sent, known = fact.sent, fact.body
    if sent is None or sent.phone_said_at != when.phone_said_at:
        return False
    if isinstance(known, DoseRecorded) and sent.phone_taken_at is not None:
        known = replace(known, taken_at=sent.phone_taken_at)
    return known == body


def _outcome(log: DoseLog, day: date, fact: Fact) -> Outcome:
    """Return what became of a word that was kept."""
    words, late = log.words_of(day), dict(log.unconfirmed()).get(day)
    if words.staff is not None:
        return "site_record_stands"
    if fact.to_confirm:
        return "to_confirm" if late is not None and late.word.fact_id == fact.fact_id else "superseded"
    return "recorded" if words.patient is not None and words.patient.fact_id == fact.fact_id else "superseded"


def _day_errors(now: datetime, zone: str, day: date, when: Said, enrolled_on: date) -> list[FieldError]:
    """Return why a day cannot be recorded: before enrolment, too long before it was said, or after the day of receipt.

    Days count in the zone on record or in that of the phone: a traveller's phone may be a day ahead or behind.
    """
    here, there = civil_date(when.said_at, zone), _local_day(when.said_at, when)
    latest = max(civil_date(now, zone), _local_day(now, when))
    if day < enrolled_on:
        return [FieldError("/dose_id", f"Before enrolment {enrolled_on}.", "before_enrolment")]
    if day < min(here, there) - timedelta(DAYS_BACK):
        detail = f"More than {DAYS_BACK} days before it was recorded; tell the site."
        return [FieldError("/dose_id", detail, "too_long_ago")]
    if day > latest:
        return [FieldError("/dose_id", f"After {latest}, the day on which it was received.", "after_today")]
    return []


def _local_day(instant: datetime, when: Said) -> date:
    """Return the day of an instant where the phone is, by its own word; no place is further ahead than the first."""
    return min(instant.astimezone(when.phone_said_at.tzinfo).date(), civil_date(instant, FIRST_ZONE))


def _possible(taken_at: datetime, now: datetime) -> datetime | None:
    """Return when a dose was taken by a wrong clock, corrected; None if that tells nothing."""
    return taken_at if now - LATEST_ARRIVAL <= taken_at <= now else None
