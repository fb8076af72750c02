"""Messages planned as rows, in the transaction of whatever changes them: the worker only takes those that are due.

A few days are planned ahead, and the daily maintenance goes on from there. What was sent is not planned again; what
waits to be delivered and is no longer called for is withdrawn, so that a late delivery cannot tell a patient to take a
dose on a day that was held meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.reminders.first_reminder import SentMessage, SentMessages
from scheduler_api.engine.reminders.kinds import DIGEST, DOSE_TO_CHECK, TO_SITES
from scheduler_api.engine.reminders.plan import Message, Planner, digest
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.writes import Writer
from scheduler_api.store.operations import marks
from scheduler_api.store.reminders import notification_preferences as preference_rows
from scheduler_api.store.reminders import outbox, planned_messages

from . import stored_preferences
from .horizons import AHEAD, EVERY, period_of, planned_through
from .stored import REMEMBERED, Messages, Sites, sites_of

#: The mark of when a worker last looked for messages that are due.
TICK = "tick"
#: For how long a message that asks the site to check a dose is still sent.
CHECK_WITHIN = timedelta(7)


def plan_patient(
    writer: Writer,
    patient_id: str,
    schedule: PatientSchedule,
    preferences: str | None,
    sites: Sites,
    messages: Messages,
    through: date,
    now: datetime,
) -> None:
    """Make the planned messages of a patient those that the calendar calls for now, through the patient's period.

    `preferences` are the patient's, as stored; visits are stored `through` a day; `messages` are what there is now.
    """
    moment = stamp(now)
    rows = _called_for(patient_id, schedule, preferences, sites, messages.sent, planned_through(through), now)
    # What asks the site to check a dose was called for by a record, and waits to be sent whatever the calendar says.
    to_check = {message_id: row for message_id, row in messages.planned.items() if row["kind"] == DOSE_TO_CHECK}
    rows |= {message_id: row for message_id, row in to_check.items() if row["expires_at"] > moment}
    _write(writer, messages, rows, moment)


def to_come(store: Store, row: Row, schedule: PatientSchedule, last: date, now: datetime) -> dict[str, Row]:
    """Return the rows of the messages that a calendar calls for from now through a day and that are not out, by id.

    `row` is the patient's. The day may lie beyond those whose messages are stored, which differ from one patient to
    another.
    """
    patient_id, sites = row["patient_id"], sites_of(store, [schedule.history])
    out = sent_about(store, patient_id, civil_date(now, schedule.history.time_zone))
    rows = _called_for(patient_id, schedule, row["preferences"], sites, out, last, now)
    gone = {one["message_id"] for one in out if one["status"] not in ("waiting", "withdrawn")}
    return {message_id: message for message_id, message in rows.items() if message_id not in gone}


def _called_for(
    patient_id: str,
    schedule: PatientSchedule,
    preferences: str | None,
    sites: Sites,
    out: Iterable[Row],
    last: date,
    now: datetime,
) -> dict[str, Row]:
    """Return the rows of the messages that a calendar calls for through a day and that have not expired, by id."""
    moment, today = stamp(now), civil_date(now, schedule.history.time_zone)
    rows = _rows_of_patient(patient_id, schedule, due_messages(sites, schedule, preferences, out, today, last))
    return {message_id: row for message_id, row in rows.items() if row["expires_at"] > moment}


def plan_dose_to_check(store: Store, patient_id: str, schedule: PatientSchedule, now: datetime) -> None:
    """Plan a message to the patient's site, at once, that a dose was recorded which could hurt (rules, section 8).

    There is one for all that the service received at the instant `now`: a record, or everything of a sync.
    """
    expires_at = stamp(now + CHECK_WITHIN)
    site = schedule.history.site_on(civil_date(now, schedule.history.time_zone))
    row = planned_messages.row_of(patient_id, site, DOSE_TO_CHECK, stamp(now), stamp(now), expires_at, True)
    if outbox.get(store, row["message_id"]) is None:
        planned_messages.put(store, [row])


def is_planned_for(day: date, schedule: PatientSchedule, through: date, now: datetime) -> bool:
    """Return whether messages about the dose of a day are among those that are planned."""
    return civil_date(now, schedule.history.time_zone) <= day <= planned_through(through)


def due_messages(
    sites: Sites, schedule: PatientSchedule, preferences: str | None, out: Iterable[Row], first: date, last: date
) -> list[Message]:
    """Return the messages that a patient's calendar calls for in some days, also those held back until too late.

    Each is as the site wants it that has the patient on the day that the message is about.
    """
    sent = sent_messages(out)
    messages: list[Message] = []
    for name in dict.fromkeys(stay.site for stay in schedule.history.stays):
        planner = Planner(schedule, stored_preferences.patients(preferences), sites[name], sent)
        messages += [one for one in planner.messages(first, last) if schedule.history.site_on(one.day) == name]
    return messages


def _rows_of_patient(patient_id: str, schedule: PatientSchedule, messages: Iterable[Message]) -> dict[str, Row]:
    """Return the rows of messages about a patient, by id; each belongs to the site of the day that it is about."""
    rows: dict[str, Row] = {}
    for message in messages:
        rows |= rows_of(patient_id, schedule.history.site_on(message.day), [message])
    return rows


def rows_of(patient_id: str | None, site: str, messages: Iterable[Message]) -> dict[str, Row]:
    """Return the rows of messages that can be sent in time, by id."""
    rows: dict[str, Row] = {}
    for message in messages:
        if message.makes_sense:
            times = stamp(message.next_at), stamp(message.expires_at)
            row = planned_messages.row_of(
                patient_id, site, message.kind, message.about, *times, message.kind in TO_SITES
            )
            rows[row["message_id"]] = row
    return rows


def wrongly_planned(
    store: Store, row: Row, schedule: PatientSchedule, now: datetime | None
) -> Iterator[tuple[str, str]]:
    """Yield kind and subject of each message that is planned and should not be, or should be and is not.

    `row` is the patient's; the plan was last made in the patient's period that began `on` a date (UTC), or when the
    last fact was recorded. Messages that were sent, or had expired when they were planned or looked for, are rightly
    not planned: all that expired on the first day of the period, before the first that is planned, or by `now` (None:
    nobody says what time it is).
    """
    patient_id, through = row["patient_id"], date.fromisoformat(row["visits_through"])
    on = period_of(through)
    first = on - timedelta(1)
    out, sites = sent_about(store, patient_id, first), sites_of(store, [schedule.history])
    messages = due_messages(sites, schedule, row["preferences"], out, first, planned_through(through))
    expected = _rows_of_patient(patient_id, schedule, messages)
    planned = planned_messages.of_patient(store, patient_id)
    sent = {message["message_id"] for message in out}
    present = "" if now is None else stamp(now)
    looked_at = max(str(on + timedelta(1)), row["recorded_at"], marks.marked(store, TICK) or "", present)
    # Where nobody says what time it is and nothing is planned, the period may be over.
    over = str(on + timedelta(EVERY)) if now is None else ""
    to_come = (one["expires_at"] for one in planned.values() if one["expires_at"] > looked_at)
    first_to_expire = min(to_come, default=over)
    for message_id in sorted({*expected, *planned}):
        should, is_planned = expected.get(message_id), planned.get(message_id)
        either = is_planned or should
        assert either is not None
        gone = either["expires_at"] <= looked_at or (is_planned is None and message_id in sent)
        gone |= either["expires_at"] < first_to_expire
        gone |= is_planned is None and should is not None and _held_to_the_end(store, should)
        # A message that was late at night is held back by the worker.
        held = (
            is_planned
            and should
            and is_planned["next_at"] > should["next_at"]
            and is_planned == {**should, "next_at": is_planned["next_at"]}
        )
        if not (is_planned == should or gone or held or either["kind"] == DOSE_TO_CHECK):
            yield either["kind"], either["about"]


def _held_to_the_end(store: Store, row: Row) -> bool:
    """Return whether the last tick found that a message is late, and that quiet hours hold it until it expires."""
    ticked = marks.marked(store, TICK)
    if ticked is None or row["next_at"] > ticked:
        return False
    return stamp(held_until(store, row, datetime.fromisoformat(ticked))) >= str(row["expires_at"])


def held_until(store: Store, row: Row, now: datetime) -> datetime:
    """Return until when quiet hours hold back a planned message that is late; `now` if they do not.

    A message that is on time was planned outside them. One that the patient put off comes when the patient wanted it,
    and one that asks the site to check a dose at once.
    """
    if row["kind"] in ("dose_later", DOSE_TO_CHECK):
        return now
    if row["audience"] == "site":
        site = preference_rows.of_site(store, row["site"])
        assert site is not None
        quiet, zone = stored_preferences.sites(site["time_zone"], site["preferences"]).quiet, site["time_zone"]
    else:
        patient = preference_rows.of_patient(store, row["patient_id"])
        assert patient is not None
        quiet, zone = stored_preferences.patients(patient["preferences"]).quiet, patient["time_zone"]
    return quiet.held_until(now, zone) if quiet else now


def plan_site(store: Store, site: str, now: datetime) -> None:
    """Make the planned digests of a site those of the next days."""
    store.lock(f"digests of {site}")
    moment = stamp(now)
    rows = digest_rows(store, site, now.date() - timedelta(1), now.date() + AHEAD)
    rows = {message_id: row for message_id, row in rows.items() if row["expires_at"] > moment}
    out = [row for message_id in rows if (row := outbox.get(store, message_id)) is not None]
    _write(store, Messages(out, planned_messages.of_site(store, site)), rows, moment)


def digest_rows(store: Store, site: str, first: date, last: date) -> dict[str, Row]:
    """Return the rows of a site's digests on some days."""
    row = preference_rows.of_site(store, site)
    assert row is not None
    preferences = stored_preferences.sites(row["time_zone"], row["preferences"])
    if DIGEST in preferences.off:
        return {}
    return rows_of(None, site, (digest(preferences, first + timedelta(n)) for n in range((last - first).days + 1)))


def sent_about(store: Store, patient_id: str, today: date) -> list[Row]:
    """Return the messages sent about a patient that may matter to the plan of a day and later ones."""
    return outbox.of_patients(store, [patient_id], (today - REMEMBERED).isoformat())


def sent_messages(out: Iterable[Row]) -> SentMessages:
    """Return messages of the outbox as the plan reads them."""
    return {(row["kind"], row["about"]): _sent_message(row) for row in out}


def _sent_message(row: Row) -> SentMessage:
    until = row["put_off_until"]
    return SentMessage(datetime.fromisoformat(row["written_at"]), datetime.fromisoformat(until) if until else None)


def _write(writer: Writer, messages: Messages, rows: Mapping[str, Row], moment: str) -> None:
    """Write the planned rows; withdraw waiting messages no longer called for, and restore those that are again."""
    out = messages.sent
    sent = {row["message_id"] for row in out}
    unsent = {message_id: row for message_id, row in rows.items() if message_id not in sent}
    planned_messages.replace(writer, messages.planned, unsent, moment)
    withdrawn = [
        row["message_id"]
        for row in out
        if row["status"] == "waiting"
        and row["kind"] != DOSE_TO_CHECK
        and row["expires_at"] > moment
        and row["message_id"] not in rows
    ]
    if withdrawn:
        outbox.withdraw(writer, withdrawn, moment)
    again = [row["message_id"] for row in out if row["status"] == "withdrawn" and row["message_id"] in rows]
    if again:
        outbox.restore(writer, again)
