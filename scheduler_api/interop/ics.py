"""Write a patient's feed as iCalendar (RFC 5545), for any calendar app."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar

from scheduler_api.engine.instants import local_instant
from scheduler_api.i18n import say
from scheduler_api.use_cases.phones.feeds import Event, Options

#: How often an app should look again, and how long an appointment is taken to last.
REFRESH, APPOINTMENT = timedelta(hours=6), timedelta(hours=1)
#: The document has clock changes from so long before the first to so long after the last event.
A_YEAR = timedelta(366)


def calendar(events: Iterable[Event], options: Options, time_zone: str) -> bytes:
    """Return the feed's events as an iCalendar document, in the patient's time zone and the feed's language."""
    document = icalendar.Calendar()
    document.add("prodid", "-//scheduler-api//patient feed//EN")
    document.add("version", "2.0")
    document.add("method", "PUBLISH")
    document.add("x-wr-calname", say("Trial calendar", options.language))
    document.add("x-wr-timezone", time_zone)
    document.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    document.add("x-published-ttl", "PT6H")
    all_events = list(events)
    for event in all_events:
        document.add_component(_event(event, options, time_zone))
    if all_events:
        first, last = min(event.first for event in all_events), max(event.last for event in all_events)
        document.add_missing_timezones(first - A_YEAR, last + A_YEAR)
    return document.to_ical()


def _event(event: Event, options: Options, time_zone: str) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", event.uid)
    entry.add("dtstamp", event.modified_at)
    entry.add("last-modified", event.modified_at)
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    # Windows and reminders leave the day free for other things.
    entry.add("transp", "OPAQUE" if event.kind == "appointment" else "TRANSPARENT")
    entry.add("summary", _summary(event, options))
    if event.at is None:
        entry.add("dtstart", event.first)
        entry.add("dtend", event.last + timedelta(1))
    else:
        starts_at = _local(event, event.zone or time_zone)
        entry.add("dtstart", starts_at)
        entry.add("dtend", starts_at + (APPOINTMENT if event.kind == "appointment" else timedelta(minutes=15)))
    if event.kind == "window":
        days = {"day": event.facts["target_on"], "first": event.first, "last": event.last}
        entry.add("description", say("Target day {day}. Open from {first} through {last}.", options.language, **days))
    if event.facts.get("ask"):
        entry.add("description", say("This appointment may no longer be needed: please ask the site", options.language))
    if event.facts.get("place"):
        entry.add("location", event.facts["place"])
    if event.kind == "dose" and not event.cancelled:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _summary(event, options))
        alarm.add("trigger", timedelta(0))
        entry.add_component(alarm)
    return entry


def _local(event: Event, time_zone: str) -> datetime:
    at = time.fromisoformat(event.at or "00:00")
    return local_instant(event.first, at, time_zone).astimezone(ZoneInfo(time_zone))


def _summary(event: Event, options: Options) -> str:
    language = options.language
    match event.kind:
        case "window":
            return say("Window: {label}", language, label=event.facts["label"])
        case "appointment":
            return say("Appointment: {label}", language, label=event.facts["label"])
        case "contraception":
            return say("Last day of contraception", language)
    if event.facts.get("drug"):
        return say("Take today's dose: {drug} {mg} mg", language, drug=event.facts["drug"], mg=f"{event.facts['mg']:g}")
    return say("Take today's dose", language)
