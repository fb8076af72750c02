"""Calendar feeds of patients: secret addresses, and their events."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.reminders.preferences import NotificationPreferences
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.engine.treatment.dose_ids import slot_of
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.series import IN_VAIN
from scheduler_api.i18n import word
from scheduler_api.store.database.port import Store
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.phones import feeds
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.auth.tokens import digest
from scheduler_api.use_cases.calendar_events import PAST, Event, content_of, followed, uid_of
from scheduler_api.use_cases.projections.stored_preferences import patients
from scheduler_api.use_cases.session import Actor, NotFound, Session, lock_patient, patient_row
from scheduler_api.use_cases.sites.protocols import versions_of

#: How many days ahead a feed has events; reminders of doses not so far.
AHEAD, DOSES_AHEAD = 400, 30


@dataclass(frozen=True)
class Options:
    """The options of a feed: its language, whether it reminds of doses, and whether it names the drug and visits."""

    language: str = "en"
    doses: bool = False
    drug_name: bool = False
    visit_names: bool = False


@dataclass(frozen=True)
class Feed:
    """A feed that a secret opens: its name, its patient and options, and what shows whether the patient has changed."""

    name: str
    patient_id: str
    options: Options
    version: int
    time_zone: str
    preferences: NotificationPreferences


def make(session: Session, patient_id: str, options: Options) -> dict[str, Any]:
    """Return the patient's feed. Its secret is given only when it is made, since it is not kept. Raises NotFound."""
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        patient_row(session, patient_id)
        row = feeds.of_patient(session.store, patient_id)
        if row is not None:
            return {"secret": None, "made_at": row["made_at"], **asdict(Options(**orjson.loads(row["options"])))}
        secret, made_at = secrets.token_urlsafe(24), stamp(session.now)
        row = {"hash": digest(secret), "patient_id": patient_id, "options": _text(options), "made_at": made_at}
        feeds.insert(session.store, row)
        note(session, "feed_made", patient_id, options=asdict(options))
        return {"secret": secret, "made_at": made_at, **asdict(options)}


def revoke(session: Session, patient_id: str) -> None:
    """Make the address of the patient's feed useless. Raises NotFound."""
    with session.store.transaction():
        patient_row(session, patient_id)
        if not feeds.revoke(session.store, patient_id, stamp(session.now)):
            raise NotFound("The patient has no feed.")
        note(session, "feed_revoked", patient_id)


def close(session: Session, patient_id: str) -> None:
    """Close the patient's feed, if there is one, for staff: the phone may be lost. Raises NotFound, Forbidden."""
    with session.store.transaction():
        patient_row(session, patient_id)
        if feeds.revoke(session.store, patient_id, stamp(session.now)):
            note(session, "feed_revoked", patient_id)


def opened_by(store: Store, secret: str, now: datetime) -> Feed:
    """Return the feed that a secret opens. Raises NotFound.

    Of a patient who left and is not to be contacted it stays open for some days, to cancel what was to come.
    """
    row = feeds.by_hash(store, digest(secret))
    if row is None or of_row(store, row).is_left_alone(civil_date(now, row["time_zone"]) - PAST):
        raise NotFound("No such feed.")
    options = Options(**orjson.loads(row["options"]))
    preferences = patients(row["preferences"])
    return Feed(digest(secret), row["patient_id"], options, row["version"], row["time_zone"], preferences)


def events(store: Store, feed: Feed, now: datetime) -> list[Event]:
    """Return the feed's present events, cancelled ones included.

    A change since an event was last read raises its sequence.
    """
    session = Session(store, Actor("feed", "patient", None, (), feed.patient_id), now)
    with store.transaction():
        store.lock(f"feed {feed.name}")
        patient = patient_row(session, feed.patient_id)
        history = of_row(store, patient)
        versions = versions_of(store, patient["protocol"])
        current = _current(PatientSchedule(versions, history), feed, now)
        return followed(store, feed.name, current, civil_date(now, feed.time_zone), now)


def _current(schedule: PatientSchedule, feed: Feed, now: datetime) -> dict[str, str]:
    """Return the present events, by uid, each as text."""
    history = schedule.history
    today = civil_date(now, feed.time_zone)
    if history.is_left_alone(today):
        return {}
    # While a pregnancy is open, only what is booked goes to the patient (rules, section 6).
    silent = history.pregnancy_on(today) is not None
    current_events: dict[str, str] = {}

    def add(
        subject: str,
        kind: str,
        first: date,
        last: date,
        at: str | None = None,
        zone: str | None = feed.time_zone,
        **facts: Any,
    ) -> None:
        if last < today - PAST:
            return
        current_events[uid_of(feed.name, subject, kind)] = content_of(kind, first, last, at, zone, facts)

    for visit in schedule.visits((history.first_on or today) - timedelta(400), today + timedelta(AHEAD)):
        is_to_do = visit.status(today) in ("upcoming", "open", "overdue")
        # By default nobody who sees the calendar learns what is examined.
        label = word(visit.label, feed.options.language) if feed.options.visit_names else None
        if is_to_do and visit.appointment is None and not silent:
            add(visit.visit, "window", visit.opens_on, visit.closes_on, label=label, target_on=visit.target_on)
        # Nobody who has left is asked to come: the appointment is cancelled there.
        has_left = history.off_study_on is not None and history.off_study_on <= today
        is_booked = visit.booking is not None and not has_left
        if is_booked and visit.booked_on is not None and visit.booked_on >= today:
            booked, place, zone = visit.booked_on, visit.booked_place, visit.booked_time_zone
            # The site may not have cancelled it yet.
            ask = {"ask": True} if visit.booking == IN_VAIN or visit.is_booked_elsewhere(history) else {}
            add(visit.visit, "appointment", booked, booked, visit.booked_time, zone, label=label, place=place, **ask)
    contraception = schedule.contraception(today)
    through = contraception["through_on"]
    # While there may be a later dose that is not on record, nothing says when it is over: neither a message nor this.
    if through is not None and through >= today and not contraception["provisional"] and not silent:
        add("through", "contraception", through, through, named=feed.options.visit_names)
    if feed.options.doses:
        times = feed.preferences.times_of(schedule.treatment_plan.slots)
        is_only = len(schedule.treatment_plan.doses) == 1
        for row in schedule.treatment_plan.rows(today, today, today + timedelta(DOSES_AHEAD)):
            if schedule.treatment_plan.is_reminded(row) and not history.awaits_site(row["dose_on"]):
                named, day, slot = feed.options.drug_name, row["dose_on"], slot_of(row["dose_id"])
                drug = word(row["drug"], feed.options.language) if named else None
                amount = with_unit(row["amount"], row["unit"]) if named else None
                uid = f"{day}" if is_only else row["dose_id"]
                add(uid, "dose", day, day, f"{times[slot - 1]:%H:%M}", drug=drug, amount=amount)
    return current_events


def _text(options: Options) -> str:
    return orjson.dumps(asdict(options)).decode()
