"""Compose messages when they are sent, from what is on record then, in the language of their reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from scheduler_api.engine.reminders.about import slot_about, visit_about
from scheduler_api.engine.treatment.dose_ids import slot_of
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.series import IN_VAIN
from scheduler_api.i18n import word
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.patients import patients, reasons
from scheduler_api.store.reminders import destinations
from scheduler_api.store.visits import visits
from scheduler_api.use_cases.projections import schedules, stored_preferences
from scheduler_api.use_cases.reminders.delivery import Attempt
from scheduler_api.use_cases.session import Actor, Session
from scheduler_api.use_cases.visits import worklist

from . import texts
from .channels import Message
from .texts import MessageText


class Recipients(NamedTuple):
    """Holds what messages need to know of patients, by patient: their rows, and the tokens of their apps."""

    rows: Mapping[str, Row]
    tokens: Mapping[str, list[str]]


def recipients_of(store: Store, attempts: Iterable[Attempt]) -> Recipients:
    """Read at once what the messages of some attempts need to know of patients."""
    patient_ids = {attempt.patient_id for attempt in attempts if attempt.patient_id is not None}
    if not patient_ids:
        return Recipients({}, {})
    return Recipients(patients.recipients(store, patient_ids), destinations.relay_tokens(store, patient_ids))


def compose(store: Store, attempt: Attempt, recipients: Recipients, now: datetime) -> Message:
    """Compose the message of an attempt, with no more than its reader needs.

    A message to a patient's own phone does not name the patient.
    """
    row = None if attempt.patient_id is None else recipients.rows.get(attempt.patient_id)
    payload: dict[str, Any] = {"id": attempt.message_id, "kind": attempt.kind, "about": attempt.about}
    if attempt.audience == "site":
        language, text = attempt.language, _to_site(store, attempt, row, now)
        payload |= {"site": attempt.site, "subject_number": row["subject_number"] if row else None}
    else:
        assert row is not None
        preferences = stored_preferences.patients_document(row["preferences"])
        language = preferences["language"]
        text = _to_patient(store, attempt, row, language, preferences["show_drug"])
        if attempt.channel != "web_push":
            payload |= {"site": attempt.site, "patient_id": attempt.patient_id}
            payload["tokens"] = recipients.tokens.get(row["patient_id"], [])
    payload |= {"title": text.title, "body": text.body, "language": language}
    expires_at = datetime.fromisoformat(attempt.expires_at)
    return Message(attempt.message_id, attempt.kind, text.title, text.body, expires_at, payload)


def _details(schedule: PatientSchedule, day: date, slot: int) -> list[texts.Dose]:
    """Return what is to be taken at one time of a day."""
    rows = schedule.treatment_plan.rows(day, day, day)
    return [
        texts.Dose(row["drug"], row["amount"], row["unit"], row["pieces"])
        for row in rows
        if row["amount"] is not None and slot_of(row["dose_id"]) == slot and row["status"] != "taken"
    ]


def _to_patient(store: Store, attempt: Attempt, row: Row, language: str, with_details: bool) -> MessageText:
    kind, (day, _, name) = attempt.kind, attempt.about.partition(" ")
    if kind.startswith("dose_"):
        if not with_details:
            return texts.dose(kind, language, day, [])
        stored = patients.get(store, row["patient_id"])
        assert stored is not None
        doses = _details(schedules.of_row(store, stored), date.fromisoformat(day), slot_about(name))
        return texts.dose(kind, language, day, doses)
    if kind.startswith("contraception_"):
        return texts.contraception(kind, language, day, with_details)
    name, is_off = visit_about(name)
    visit = visits.of_patient(store, row["patient_id"]).get(name)
    label = word(reasons.of_text(visit["label"]), language) if with_details and visit is not None else None
    if is_off:
        return texts.called_off(language, label, day, None if visit is None else visit["booked_on"])
    if visit is None:
        return texts.visit(kind, language, texts.Window(None, day, day))
    # Booked with a site that no longer has the patient on that day, it may be in vain as well.
    ask = visit["booking"] == IN_VAIN or visit["booked_site"] not in (None, visit["day_site"])
    booking = visit["booked_on"], visit["booked_time"], visit["booked_time_zone"]
    return texts.visit(kind, language, texts.Window(label, visit["closes_on"], *booking, ask))


def _to_site(store: Store, attempt: Attempt, row: Row | None, now: datetime) -> MessageText:
    if row is None:
        return texts.digest(attempt.language, [*_work(store, attempt, now)])
    name = attempt.about.partition(" ")[2]
    visit = visits.of_patient(store, row["patient_id"]).get(name) if name else None
    label = name if visit is None else word(reasons.of_text(visit["label"]), attempt.language)
    return texts.to_site(attempt.kind, attempt.language, row["subject_number"], label)


def _work(store: Store, attempt: Attempt, now: datetime) -> Iterator[str]:
    """Yield what the site has to do today, a line each: the subject number and the reason, without names and links."""
    after = None
    session = Session(store, Actor("delivery", "nurse", None, (attempt.site,)), now)
    while True:
        page = worklist.find(session, attempt.site, after=after, limit=200)
        for entry in page.items:
            yield f"{entry['subject_number']}: {word(entry['because'], attempt.language)}"
        after = page.after
        if after is None:
            return
