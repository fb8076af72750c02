"""How patients and sites want to be reminded, putting a reminder off, and what would be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.instants import end_of, stamp
from scheduler_api.engine.reminders.kinds import DOSE_KINDS, SAFE_TO_SWITCH_OFF
from scheduler_api.engine.reminders.plan import Message
from scheduler_api.engine.reminders.preferences import contradictions, site_contradictions
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.reminders import notification_preferences as kept
from scheduler_api.store.reminders import outbox
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.projections import maintenance, stored_preferences
from scheduler_api.use_cases.projections.planning import due_messages, plan_patient, plan_site, sent_about
from scheduler_api.use_cases.session import Session, lock_patient, patient_row
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.protocols import versions_of


def patient_preferences(session: Session, patient_id: str) -> dict[str, Any]:
    """Return how a patient wants to be reminded. Raises NotFound."""
    return stored_preferences.patients_document(patient_row(session, patient_id)["preferences"])


def change_patients(session: Session, patient_id: str, said: dict[str, Any]) -> dict[str, Any]:
    """Keep how a patient wants to be reminded, and plan by it from now on. Raises NotFound, ValidationFailed."""
    text = orjson.dumps(said).decode()
    errors = [*_unsafe(said["off"]), *contradictions(stored_preferences.patients(text))]
    if errors:
        raise ValidationFailed(errors)
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        before = patient_row(session, patient_id)["preferences"]
        if before != text:
            kept.put_patients(session.store, patient_id, text)
            maintenance.extend_horizon(session.store, patient_id, session.now)
            old, new = stored_preferences.patients_document(before), stored_preferences.patients_document(text)
            note(session, "reminders_changed", patient_id, old=old, new=new)
    return stored_preferences.patients_document(text)


def _unsafe(off: list[str]) -> Iterator[FieldError]:
    for index, kind in enumerate(off):
        if kind not in SAFE_TO_SWITCH_OFF:
            yield FieldError(
                f"/off/{index}", f"A patient may switch off {', '.join(SAFE_TO_SWITCH_OFF)}; ask the site."
            )


def put_off(session: Session, patient_id: str, minutes: int) -> dict[str, Any]:
    """Remind of today's dose once more in so many minutes, instead of what was still to come.

    Raises NotFound; Conflict when no reminder has come, it was put off before, or the dose is no longer due;
    ValidationFailed past midnight.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        row = patient_row(session, patient_id)
        history = of_row(session.store, row)
        today = civil_date(session.now, history.time_zone)
        until = session.now + timedelta(minutes=minutes)
        if until >= end_of(today, history.time_zone):
            raise ValidationFailed(
                [FieldError("/minutes", "That is past midnight, when the day's dose is no longer due.")]
            )
        schedule = PatientSchedule(versions_of(session.store, row["protocol"]), history)
        if [dose["status"] for dose in schedule.treatment_plan.rows(today, today, today)] != [
            "due"
        ] or not history.begun:
            raise Conflict([FieldError("/minutes", "No dose is due today, or it is recorded.")])
        latest = _latest_reminder(sent_about(session.store, patient_id, today), today)
        if latest is None:
            raise Conflict([FieldError("/minutes", "No reminder of today's dose has been sent yet.")])
        if not outbox.put_off(session.store, latest["message_id"], stamp(until)):
            raise Conflict([FieldError("/minutes", "This reminder was put off once already.")])
        plan_patient(session.store, patient_id, schedule, row["preferences"], session.now)
    return {"kind": latest["kind"], "dose_on": today, "put_off_until": until}


def _latest_reminder(out: list[Row], today: date) -> Row | None:
    """Return the latest reminder of today's dose that can be postponed: not one that already was."""
    came = [row for row in out if row["kind"] in DOSE_KINDS[:2] and row["about"] == today.isoformat()]
    return max(came, key=lambda row: row["written_at"], default=None)


def site_preferences(session: Session, site: str) -> dict[str, Any]:
    """Return what a site wants to be told, and when. Raises NotFound."""
    sites.get(session, site)
    row = kept.of_site(session.store, site)
    return stored_preferences.sites_document(row["preferences"] if row else None)


def change_sites(session: Session, site: str, said: dict[str, Any]) -> dict[str, Any]:
    """Keep what a site wants to hear of, and plan by it for all its patients.

    Raises NotFound, ValidationFailed.
    """
    found = sites.get(session, site)
    text = orjson.dumps(said).decode()
    errors = list(site_contradictions(stored_preferences.sites(found["time_zone"], text)))
    if errors:
        raise ValidationFailed(errors)
    with session.store.transaction():
        old = site_preferences(session, site)
        kept.put_sites(session.store, site, text)
        plan_site(session.store, site, session.now)
        for patient_id in sorted(patients.of_site(session.store, site)):
            maintenance.extend_horizon(session.store, patient_id, session.now)
        note(session, "reminders_changed", site=site, old=old, new=stored_preferences.sites_document(text))
    return stored_preferences.sites_document(text)


@dataclass(frozen=True)
class Foreseen:
    """A message that would be sent, in a patient's local time, and how it stands with it."""

    message: Message
    at: datetime
    state: str


def preview(session: Session, patient_id: str, days: int) -> list[Foreseen]:
    """Return what would be sent about a patient today and on the following days, if nothing is recorded meanwhile.

    In order of time. `state` is `planned`, `skipped` for what quiet hours hold back until it makes no sense, or what
    came of what has gone out. Raises NotFound.
    """
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    today = civil_date(session.now, history.time_zone)
    schedule = PatientSchedule(versions_of(session.store, row["protocol"]), history)
    out = sent_about(session.store, patient_id, today)
    status = {(one["kind"], one["about"]): one["status"] for one in out}
    found = []
    for message in due_messages(session.store, schedule, row["preferences"], out, today, today + timedelta(days - 1)):
        if message.expires_at > session.now:
            state = status.get((message.kind, message.about), "planned" if message.makes_sense else "skipped")
            at = message.next_at.astimezone(end_of(today, history.time_zone).tzinfo)
            found.append(Foreseen(message, at, state))
    return sorted(found, key=lambda one: (one.at, one.message.kind))
