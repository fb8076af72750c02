"""The feed of a patient in every time zone: each instant as it is, by all readers, from rules that Outlook reads.

Some six hundred names stand for fewer kinds of clocks. Each kind is read through two years, each name on two days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import icalendar

from scheduler_api.engine.dates import is_time_zone
from scheduler_api.interop import ics, time_zones
from scheduler_api.use_cases.calendar_events import Event

ZONES = sorted(zone for zone in available_timezones() if is_time_zone(zone))
FIRST, LAST = date(2025, 11, 20), date(2027, 11, 20)
READ_AT = datetime(2025, 11, 20, tzinfo=UTC)
HOURS = ("00:30", "02:30", "12:00", "23:30")
#: Reads some calendars.
Reader = Callable[..., list[list[dict[str, Any]]]]


def clocks(zone: str) -> tuple[Any, ...]:
    """Return what the clocks of a zone show from a year before the feed to its end: zones with the same are alike."""
    shown = ZoneInfo(zone)
    first = datetime(FIRST.year - 1, 1, 1, tzinfo=UTC)
    midnights = [first + timedelta(number) for number in range((LAST - first.date()).days + 2)]
    offsets = [at.astimezone(shown).utcoffset() for at in midnights]
    changing = [at for at, old, new in zip(midnights, offsets, offsets[1:], strict=False) if old != new]
    minutes = [at + timedelta(minutes=number) for at in changing for number in range(0, 24 * 60, 15)]
    return offsets[0], *((at, at.astimezone(shown).utcoffset()) for at in minutes)


def events(zone: str, days: list[date]) -> list[Event]:
    """Appointments of two hours' kinds on some days in a zone."""
    return [
        Event(f"{day}-{at}", "appointment", day, day, at, zone, {"label": None}, 0, READ_AT, False)
        for day in days
        for at in HOURS
    ]


def days_of(zone: str) -> list[date]:
    """The first of each month and the days about each change of the clocks."""
    days = {date(year, month, 1) for year in (2026, 2027) for month in range(1, 11)}
    for year in (2025, 2026, 2027):
        for change in time_zones.changes(zone, year):
            days |= {change.onset.date() + timedelta(number) for number in (-1, 0, 1)}
    return sorted(day for day in days if FIRST <= day <= LAST)


def instant(day: date, at: str, zone: str) -> datetime:
    """The instant of a time of day; of one that the clocks skip, the first after the gap."""
    local = datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone))
    found = local.astimezone(UTC)
    while found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < local.replace(tzinfo=None):
        found += timedelta(minutes=1)
    back = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    while back > local.replace(tzinfo=None):
        earlier = (found - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if earlier < local.replace(tzinfo=None):
            break
        found, back = found - timedelta(minutes=1), earlier
    return found


def documents(days: Mapping[str, list[date]]) -> dict[str, bytes]:
    """Return the feed of each zone, with appointments on some days."""
    return {zone: ics.calendar(events(zone, of_zone), "Trial", "en", zone) for zone, of_zone in days.items()}


def calendars(documents: Mapping[str, bytes]) -> dict[str, icalendar.Calendar]:
    """Return the same feeds, as icalendar reads them."""
    return {zone: icalendar.Calendar.from_ical(text) for zone, text in documents.items()}


def wrongly_read(days: Mapping[str, list[date]], read_by_ical_js: Reader) -> list[tuple[str, str, str, str, str]]:
    """Return the appointments on some days of each zone that a reader takes for another instant."""
    wrong, written = [], documents(days)
    for (zone, calendar), seen in zip(calendars(written).items(), read_by_ical_js(*written.values()), strict=True):
        expected = {f"{day}-{at}": instant(day, at, zone) for day in days[zone] for at in HOURS}
        by_icalendar = {str(event["UID"]): event["DTSTART"].dt.astimezone(UTC) for event in calendar.events}
        by_ical_js = {event["uid"]: datetime.fromisoformat(event["starts"]) for event in seen}
        wrong += [
            (zone, uid, str(expected[uid]), str(by_icalendar[uid]), str(by_ical_js[uid]))
            for uid in expected
            if not expected[uid] == by_icalendar[uid] == by_ical_js[uid]
        ]
    return wrong


def test_every_instant_is_equal_for_two_readers(read_by_ical_js: Reader) -> None:
    one_of_each = {clocks(zone): zone for zone in ZONES}.values()
    assert wrongly_read({zone: days_of(zone) for zone in one_of_each}, read_by_ical_js) == []


def test_both_know_a_zone_by_each_of_its_names(read_by_ical_js: Reader) -> None:
    assert wrongly_read({zone: [FIRST, LAST] for zone in ZONES}, read_by_ical_js) == []


def test_a_zone_is_written_as_rules_that_outlook_reads_or_not_at_all() -> None:
    """RFC 5545, section 3.6.5; Outlook reads one STANDARD and one DAYLIGHT, each with a rule of the n-th weekday."""
    in_utc = []
    # The rules are those of the whole feed, which has its first event on one day and its last on another.
    for zone, calendar in calendars(documents({zone: [FIRST, LAST] for zone in ZONES})).items():
        written = calendar.walk("VTIMEZONE")
        named = {str(event["DTSTART"].params.get("TZID", "")) for event in calendar.events}
        if not written:
            assert all(event["DTSTART"].to_ical().endswith(b"Z") for event in calendar.events), zone
            in_utc.append(zone)
            continue
        (one,) = written
        # What clocks show twice is in UTC, too: some readers take the first, some the second.
        assert str(one["TZID"]) == zone
        assert named <= {zone, ""}
        names = [part.name for part in one.subcomponents]
        assert names in (["STANDARD"], ["DAYLIGHT", "STANDARD"], ["STANDARD", "DAYLIGHT"]), zone
        for part in one.subcomponents:
            assert set(part) <= {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE"}
            assert {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"} <= set(part)
            # In local time, which is that of the old offset.
            assert part["DTSTART"].dt.tzinfo is None
            assert part["DTSTART"].dt.date() < FIRST
            if len(names) == 2:
                rule = part["RRULE"]
                assert rule["FREQ"] == ["YEARLY"]
                assert set(rule) == {"FREQ", "BYMONTH", "BYDAY"}
                onset = part["DTSTART"].dt
                before = (onset - part["TZOFFSETFROM"].td).replace(tzinfo=UTC)
                assert (before - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).utcoffset() == part["TZOFFSETFROM"].td
                assert before.astimezone(ZoneInfo(zone)).utcoffset() == part["TZOFFSETTO"].td
            else:
                assert "RRULE" not in part
                assert part["TZOFFSETFROM"].td == part["TZOFFSETTO"].td
    # Morocco goes by the moon, Egypt, Lebanon and others by days that no such rule has.
    assert {"Africa/Casablanca", "Africa/El_Aaiun"} <= set(in_utc)
    assert len(in_utc) < 20
    assert not {"Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Sydney"} & set(in_utc)
