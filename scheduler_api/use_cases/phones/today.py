"""Compose what a patient's phone shows: today, and the calendar without what only the site may tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import end_of, with_offset
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.reminders.first_reminder import FirstReminder, planned_slots
from scheduler_api.engine.reminders.kinds import STOPPABLE
from scheduler_api.engine.reminders.plan import is_off
from scheduler_api.engine.treatment.dose_ids import slot_of
from scheduler_api.engine.views.calendar import PatientSchedule, calendar_of, today_view
from scheduler_api.engine.views.notices import Notice, notices
from scheduler_api.store.database.port import Row
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.patients.calendars import View
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.projections.planning import sent_about, sent_messages
from scheduler_api.use_cases.projections.stored_preferences import patients, sites
from scheduler_api.use_cases.session import Session, patient_row
from scheduler_api.use_cases.sites.protocols import versions_named
from scheduler_api.use_cases.sites.sites import contact_of

from .phones import Phone

#: The fields of a visit on today's screen.
VISIT_FIELDS = (
    *("visit", "label", "target_on", "opens_on", "closes_on", "status"),
    *("booked_on", "booked_time", "booked_at", "booked_time_zone", "booked_place", "appointment", "because"),
)


def today_document(session: Session, caller: Phone) -> dict[str, Any]:
    """Return today's screen: doses, those to catch up on, visits (open, next or booked), contraception, whom to call.

    `notices` are what the patient needs to know besides.

    `changes_at` is the instant at which it changes by itself: the patient's next midnight. Raises NotFound.
    """
    row = {**caller.patient, **patient_row(session, caller.patient_id)}
    schedule = schedules.of_row(session.store, row)
    history = schedule.history
    today = civil_date(session.now, history.time_zone)
    document = today_view(schedule, today)
    reminders = _Reminders(session, row, schedule, today, document["doses"])
    told = [*notices(schedule, today, document["doses"]), *_stopped(row, history, today, document["doses"])]
    document["notices"] = [notice._asdict() for notice in told]
    for dose in document["doses"]:
        is_asked = dose["status"] == "due" and dose["amount"] is not None and not schedule.awaits_site(today)
        dose["remind_at"] = reminders.at(today, dose) if is_asked else None
        dose["snoozed_until"] = _local(row["put_off_until"], history.time_zone) if is_asked else None
    document["site_contact"] = contact_of(row["contact_name"], row["contact_phone"])
    document["visits"] = [
        {**{name: visit[name] for name in VISIT_FIELDS}, "because": _untold(visit["because"])}
        for visit in document["visits"]
    ]
    document["changes_at"] = end_of(today, history.time_zone)
    return document


def _stopped(row: Row, history: History, today: date, doses: Iterable[dict[str, Any]]) -> Iterator[Notice]:
    """Yield that the patient is sent no messages any more, or no dose reminders while there are doses to take."""
    stopped = patients(row["preferences"]).stopped
    if history.died_on is not None:
        return
    if stopped.issuperset(STOPPABLE) or history.is_left_alone(today):
        yield Notice("messages_stopped", None, Reason("messages_stopped"))
    elif "dose_due" in stopped and any(dose["status"] == "due" for dose in doses):
        yield Notice("dose_reminders_stopped", None, Reason("dose_reminders_stopped"))


class _Reminders:
    """Says when the reminders of a patient's doses come or came, for the phone's screens."""

    def __init__(
        self, session: Session, row: Row, schedule: PatientSchedule, today: date, doses: Iterable[dict[str, Any]]
    ) -> None:
        self._preferences, self._schedule = patients(row["preferences"]), schedule
        self._times = self._preferences.times_of(schedule.treatment_plan.slots)
        self._site = sites(row["site_time_zone"], row["site_preferences"])
        self._planned = planned_slots(schedule.treatment_plan, doses)
        # What was sent tells nothing that the plan does not, unless the patient has moved or chosen another time.
        moved = self._preferences.time_set_at is not None or schedule.history.time_zone_said_at is not None
        self._sent = sent_messages(sent_about(session.store, row["patient_id"], today)) if moved else {}

    def at(self, day: date, dose: Mapping[str, Any]) -> datetime | None:
        """Return when the reminder of the dose of a row comes or came; None if none comes."""
        history = self._schedule.history
        # Who is to call the site first is reminded by no notification of the phone's own either.
        if not self._schedule.treatment_plan.is_reminded(dose) or history.awaits_site(day):
            return None
        slot = slot_of(dose["dose_id"])
        is_stopped = "dose_due" in self._preferences.stopped
        if is_stopped or is_off("dose_due", day, self._schedule, self._site):
            return None
        return FirstReminder(
            day, slot, self._planned[day], self._times, history, self._preferences, self._sent
        ).remind_at()


def _local(instant: str | None, time_zone: str) -> datetime | None:
    """Return a stored instant with the offset of a time zone."""
    return None if instant is None else with_offset(datetime.fromisoformat(instant), time_zone)


def calendar_document(session: Session, caller: Phone, view: View) -> dict[str, Any]:
    """Return the patient's calendar, without sites and what only they may tell: responses and progression.

    Raises as its view.
    """
    row = {**caller.patient, **patient_row(session, caller.patient_id)}
    history = of_row(session.store, row)
    today = civil_date(session.now, history.time_zone)
    first, last = view.range(today)
    schedule = PatientSchedule(versions_named(session.store, history), history)
    document = calendar_of(schedule, today, first, last)
    reminders = _Reminders(session, row, schedule, today, document["doses"])
    for dose in document["doses"]:
        dose["remind_at"] = reminders.at(dose["dose_on"], dose)
    for visit in document["visits"]:
        visit["response"] = visit["site"] = None
        visit["because"] = _untold(visit["because"])
    if (ended := document["treatment"]["ended"]) is not None:
        ended["reason"] = None
    for done in document["unscheduled"]:
        done["response"] = None
    for deviation in document["deviations"]:
        deviation["site"] = None
    return {"patient_id": caller.patient_id, **document}


def _untold(because: Reason) -> Reason:
    """Return a visit's reason without what only the site may tell: a response, progression, why it is not required."""
    if because.rule == "not_required":
        return Reason("not_required_untold", base=_untold(because.inputs["base"]))
    if because.rule in ("responded", "progressed"):
        return Reason("assessed", day=because.inputs["day"])
    told = {name: _untold(value) if isinstance(value, Reason) else value for name, value in because.inputs.items()}
    return Reason(because.rule, **told)
