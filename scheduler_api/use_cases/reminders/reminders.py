"""Read and change how patients and sites want to be reminded, put reminders off, and preview messages."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.instants import end_of, stamp
from scheduler_api.engine.reminders.about import about_dose
from scheduler_api.engine.reminders.kinds import DOSE_KINDS, SAFE_TO_SWITCH_OFF
from scheduler_api.engine.reminders.plan import Message
from scheduler_api.engine.reminders.preferences import contradictions, second_at, site_contradictions
from scheduler_api.engine.treatment.dose_ids import slot_of
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients import patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.store.reminders import notification_preferences as stored
from scheduler_api.store.reminders import outbox
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.projections import maintenance, schedules, stored_preferences
from scheduler_api.use_cases.projections.planning import due_messages, plan_patient, plan_site, sent_about
from scheduler_api.use_cases.projections.stored import messages_of, sites_of
from scheduler_api.use_cases.session import Session, lock_patient, patient_row
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.protocols import versions_of


def patient_preferences(session: Session, patient_id: str) -> dict[str, Any]:
    """Return how a patient wants to be reminded. Raises NotFound."""
    row = patient_row(session, patient_id)
    return _shown(row["preferences"], _slots(session, row))


def _slots(session: Session, row: Row) -> int:
    """Return how many times a day a patient takes doses."""
    return schedules.of_row(session.store, row).treatment_plan.slots


def _shown(text: str | None, slots: int) -> dict[str, Any]:
    """Return a patient's preferences as the patient sees them: the time of each reminder, and of each second one."""
    preferences = stored_preferences.patients(text)
    times = preferences.times_of(slots)
    again = [second_at(preferences, slot, times) for slot in range(1, len(times) + 1)]
    return {
        **stored_preferences.patients_document(text),
        "times": [f"{at:%H:%M}" for at in times],
        "again_at": [at and f"{at:%H:%M}" for at in again],
    }


def change_patients(session: Session, patient_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Change some of a patient's preferences, and plan messages by them from now on.

    Raises NotFound, ValidationFailed.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        row = patient_row(session, patient_id)
        before, slots = row["preferences"], _slots(session, row)
        preferences = {**stored_preferences.patients_document(before), **changes}
        text = stored_preferences.patients_text(preferences, before, stamp(session.now))
        errors = [*_unsafe(preferences["off"]), *contradictions(stored_preferences.patients(text), slots)]
        if errors:
            raise ValidationFailed(errors)
        if before != text:
            stored.put_patients(session.store, patient_id, text, stamp(session.now))
            maintenance.extend_horizon(session.store, patient_id, session.now)
            old, new = stored_preferences.patients_document(before), stored_preferences.patients_document(text)
            note(session, "reminders_changed", patient_id, old=old, new=new)
    return _shown(text, slots)


def stopped_messages(session: Session, patient_id: str) -> dict[str, Any]:
    """Return which messages to a patient the site stopped. Raises NotFound."""
    return stored_preferences.stopped_document(patient_row(session, patient_id)["preferences"])


def stop_messages(session: Session, patient_id: str, stopped: dict[str, Any]) -> dict[str, Any]:
    """Stop all messages to a patient, or some kinds, or let them go on. Raises NotFound, Forbidden."""
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        before = patient_row(session, patient_id)["preferences"]
        old = stored_preferences.stopped_document(before)
        if old != stopped:
            text = stored_preferences.stopped_text(stopped, before)
            stored.put_patients(session.store, patient_id, text, stamp(session.now))
            maintenance.extend_horizon(session.store, patient_id, session.now)
            note(session, "messages_stopped", patient_id, old=old, new=stopped)
    return stopped


def _unsafe(off: list[str]) -> Iterator[FieldError]:
    for index, kind in enumerate(off):
        if kind not in SAFE_TO_SWITCH_OFF:
            yield FieldError(
                f"/off/{index}",
                f"A patient may switch off {', '.join(SAFE_TO_SWITCH_OFF)}; ask the site.",
                "not_to_switch_off",
            )


def put_off(session: Session, patient_id: str, minutes: int) -> dict[str, Any]:
    """Put off today's dose reminder by some minutes; it replaces those still to come today.

    Raises NotFound; Conflict if no reminder has been sent, it was put off before, or the dose is no longer due;
    ValidationFailed if that is past midnight.
    """
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        row = patient_row(session, patient_id)
        history = of_row(session.store, row)
        today = civil_date(session.now, history.time_zone)
        until = session.now + timedelta(minutes=minutes)
        if until >= end_of(today, history.time_zone):
            raise ValidationFailed(
                [
                    FieldError(
                        "/minutes",
                        "That is past midnight, when the day's dose is no longer due.",
                        "past_midnight",
                    )
                ]
            )
        schedule = PatientSchedule(versions_of(session.store, row["protocol"]), history)
        rows = schedule.treatment_plan.rows(today, today, today)
        due = {slot_of(dose["dose_id"]) for dose in rows if dose["status"] == "due"}
        if not due:
            raise Conflict([FieldError("/minutes", "No dose is due today, or it is recorded.", "not_due")])
        latest = _latest_reminder(sent_about(session.store, patient_id, today), today, due)
        if latest is None:
            raise Conflict([FieldError("/minutes", "No reminder of today's dose has been sent yet.", "not_sent")])
        if not outbox.put_off(session.store, latest["message_id"], stamp(until)):
            raise Conflict([FieldError("/minutes", "This reminder was put off once already.", "put_off_before")])
        _plan(session, row, schedule)
    return {"kind": latest["kind"], "dose_on": today, "put_off_until": until}


def _plan(session: Session, row: Row, schedule: PatientSchedule) -> None:
    """Plan a patient's messages anew, because of what happened to one that was sent."""
    store, patient_id, through = session.store, row["patient_id"], date.fromisoformat(row["visits_through"])
    messages, sites = messages_of(store, [patient_id], session.now)[patient_id], sites_of(store, [schedule.history])
    plan_patient(store, patient_id, schedule, row["preferences"], sites, messages, through, session.now)


def _latest_reminder(out: list[Row], today: date, due: Collection[int]) -> Row | None:
    """Return the latest reminder of today's doses that are due which can be put off: not one put off before."""
    about = {about_dose(today, slot) for slot in due}
    sent = [row for row in out if row["kind"] in DOSE_KINDS[:2] and row["about"] in about]
    return max(sent, key=lambda row: row["written_at"], default=None)


def site_preferences(session: Session, site: str) -> dict[str, Any]:
    """Return which messages a site wants, and when. Raises NotFound."""
    sites.get(session, site)
    row = stored.of_site(session.store, site)
    return stored_preferences.sites_document(row["preferences"] if row else None)


def change_sites(session: Session, site: str, preferences: dict[str, Any]) -> dict[str, Any]:
    """Store a site's preferences, and plan messages by them for all its patients. Raises NotFound, ValidationFailed."""
    time_zone = sites.get(session, site)["time_zone"]
    text = orjson.dumps(preferences).decode()
    errors = list(site_contradictions(stored_preferences.sites(time_zone, text)))
    if errors:
        raise ValidationFailed(errors)
    with session.store.transaction():
        old = site_preferences(session, site)
        stored.put_sites(session.store, site, text, stamp(session.now))
        plan_site(session.store, site, session.now)
        for patient_id in sorted(patients.of_site(session.store, site)):
            maintenance.extend_horizon(session.store, patient_id, session.now)
        note(session, "reminders_changed", site=site, old=old, new=stored_preferences.sites_document(text))
    return stored_preferences.sites_document(text)


@dataclass(frozen=True)
class PreviewedMessage:
    """A message that would be sent, when in the patient's local time, and its state."""

    message: Message
    at: datetime
    state: str


def preview(session: Session, patient_id: str, days: int) -> list[PreviewedMessage]:
    """Return what would be sent about a patient today and on the following days, if nothing is recorded meanwhile.

    It is in order of time. `state` is `planned`, `skipped` for a message that quiet hours hold back until it expires,
    or the status of a message that was sent. Raises NotFound.
    """
    row = patient_row(session, patient_id)
    history = of_row(session.store, row)
    today = civil_date(session.now, history.time_zone)
    schedule = PatientSchedule(versions_of(session.store, row["protocol"]), history)
    out = sent_about(session.store, patient_id, today)
    status = {(one["kind"], one["about"]): one["status"] for one in out}
    messages = []
    wanted, last = sites_of(session.store, [history]), today + timedelta(days - 1)
    for message in due_messages(wanted, schedule, row["preferences"], out, today, last):
        if message.expires_at > session.now:
            state = status.get((message.kind, message.about), "planned" if message.makes_sense else "skipped")
            at = message.next_at.astimezone(ZoneInfo(history.time_zone))
            messages.append(PreviewedMessage(message, at, state))
    return sorted(messages, key=lambda one: (one.at, one.message.kind))
