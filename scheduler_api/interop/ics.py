"""Write the feed of a patient, or of a site, as iCalendar (RFC 5545), for any calendar app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar

from scheduler_api.engine.instants import local_instant
from scheduler_api.i18n import say
from scheduler_api.use_cases.calendar_events import Event

from . import time_zones

#: How often an app should look again, and how long an appointment is taken to last.
REFRESH, APPOINTMENT = timedelta(hours=6), timedelta(hours=1)
#: The kinds of events at which somebody is expected.
BOOKED = ("appointment", "booking")


def calendar(events: Iterable[Event], name: str, language: str, time_zone: str) -> bytes:
    """Return a feed's events as an iCalendar document of that name, in a language and a time zone."""
    document = icalendar.Calendar()
    document.add("prodid", "-//scheduler-api//feed//EN")
    document.add("version", "2.0")
    document.add("method", "PUBLISH")
    document.add("x-wr-calname", name)
    document.add("x-wr-timezone", time_zone)
    document.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    document.add("x-published-ttl", "PT6H")
    all_events = list(events)
    timed = [event for event in all_events if event.at is not None]
    zones = {}
    for zone_name in sorted({event.zone or time_zone for event in timed}):
        # Over all years of the feed, so that a zone is written alike whatever is in it.
        first, last = min(one.first for one in timed), max(one.last for one in timed)
        zones[zone_name] = time_zones.component(zone_name, first, last)
    for zone in zones.values():
        if zone is not None:
            document.add_component(zone)
    for event in all_events:
        document.add_component(_event(event, language, time_zone, zones))
    return document.to_ical()


def _event(
    event: Event, language: str, time_zone: str, zones: Mapping[str, icalendar.Timezone | None]
) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", event.uid)
    entry.add("dtstamp", event.modified_at)
    entry.add("last-modified", event.modified_at)
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    # Windows and reminders leave the day free for other things.
    entry.add("transp", "OPAQUE" if event.kind in BOOKED else "TRANSPARENT")
    entry.add("summary", _summary(event, language))
    if event.at is None:
        entry.add("dtstart", event.first)
        entry.add("dtend", event.last + timedelta(1))
    else:
        zone = event.zone or time_zone
        starts_at = _local(event, zone)
        lasts = APPOINTMENT if event.kind in BOOKED else timedelta(minutes=15)
        ends_at = (starts_at.astimezone(UTC) + lasts).astimezone(ZoneInfo(zone))
        if zones[zone] is None or _comes_twice(starts_at) or _comes_twice(ends_at):
            starts_at, ends_at = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
        entry.add("dtstart", starts_at)
        entry.add("dtend", ends_at)
    if event.kind == "window":
        days = {"day": event.facts["target_on"], "first": event.first, "last": event.last}
        entry.add("description", say("Target day {day}. Open from {first} through {last}.", language, **days))
    if event.facts.get("ask"):
        entry.add("description", say("This appointment may no longer be needed: please ask the site", language))
    if event.facts.get("to_cancel"):
        entry.add("description", say("No longer required: this booking is to be cancelled", language))
    if event.facts.get("place"):
        entry.add("location", event.facts["place"])
    if event.kind == "dose" and not event.cancelled:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _summary(event, language))
        alarm.add("trigger", timedelta(0))
        entry.add_component(alarm)
    return entry


def _local(event: Event, time_zone: str) -> datetime:
    at = time.fromisoformat(event.at or "00:00")
    return local_instant(event.first, at, time_zone).astimezone(ZoneInfo(time_zone))


def _comes_twice(local: datetime) -> bool:
    """Return whether clocks show a time twice that night: of such apps read either."""
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


def _summary(event: Event, language: str) -> str:
    match event.kind:
        case "window":
            label = event.facts["label"]
            return (
                say("Window: {label}", language, label=label) if label else say("Study visit: possible days", language)
            )
        case "appointment":
            label = event.facts["label"]
            return say("Appointment: {label}", language, label=label) if label else say("Study visit", language)
        case "booking":
            subject, label = event.facts["subject"], event.facts["label"]
            if label:
                return say("{subject}: {label}", language, subject=subject, label=label)
            return say("Study visit: {subject}", language, subject=subject)
        case "contraception":
            named = "Last day of contraception"
            return say(named if event.facts["named"] else "Last day of the agreed precautions", language)
    if event.facts.get("drug"):
        drug, amount = event.facts["drug"], event.facts["amount"]
        if amount is None:
            return say("Take today's dose: {drug}", language, drug=drug)
        return say("Take today's dose: {drug} {amount}", language, drug=drug, amount=amount)
    return say("Take today's dose", language)
