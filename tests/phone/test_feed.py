"""The calendar feed, as calendar apps read it: what is shown, what moves, what is cancelled, and what stays secret."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from icalendar import Event
from service import Client, Clock, Service, refused

from .phones import Phone

Reader = Callable[..., list[list[dict[str, Any]]]]
LOCAL = "http://localhost"


class Feed:
    """A feed that a phone made, by default with the names of visits, and a calendar app that reads its address."""

    def __init__(self, phone: Phone, **options: Any) -> None:
        made = phone.read("feed", **{"visit_names": "true", **options})
        self.address: str = made["address"]
        self.secret = self.address.rpartition("/")[2].removesuffix(".ics")
        self._client = phone.service.app.test_client()

    def get(self, **headers: str) -> Any:
        """Ask for it, with headers (`If_None_Match`)."""
        return self._client.get(self.address, headers={name.replace("_", "-"): headers[name] for name in headers})

    def read(self) -> bytes:
        """What it says."""
        answer = self.get()
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        return bytes(answer.data)

    def events(self) -> dict[str, Event]:
        """Its events by summary; each has a uid of its own."""
        events = icalendar.Calendar.from_ical(self.read()).events
        assert len({event["UID"] for event in events}) == len(events)
        found = {}
        for event in events:
            name = str(event["SUMMARY"])
            found[name if name not in found else f"{name} {event['DTSTART'].dt}"] = event
        return found


@pytest.fixture
def feed(phone: Phone) -> Feed:
    """The patient's feed, with the names of visits."""
    return Feed(phone)


def span(event: Event) -> tuple[str, str]:
    """When an event starts and ends: days, or instants with their offsets."""
    return event["DTSTART"].dt.isoformat(), event["DTEND"].dt.isoformat()


def marks(event: Event) -> tuple[int, str]:
    """Sequence and status of an event."""
    return int(event["SEQUENCE"]), str(event["STATUS"])


WINDOW, SCAN = "Window: Week 6 tumour imaging", "Appointment: Week 6 tumour imaging"


class TestShown:
    """Windows, appointments, the last day of contraception, and doses if they are wanted."""

    def test_windows_are_those_of_the_calendar(self, phone: Phone, feed: Feed) -> None:
        shown = {name: event for name, event in feed.events().items() if name.startswith("Window: ")}
        visits = phone.read("calendar", from_="2024-01-01", to="2025-03-25")["visits"]
        assert len(visits) > 9
        assert {name: span(event) for name, event in shown.items()} == {
            f"Window: {visit['label']}": (
                visit["opens_on"],
                str(date.fromisoformat(visit["closes_on"]) + timedelta(1)),
            )
            for visit in visits
        }
        for visit in visits:
            event = shown[f"Window: {visit['label']}"]
            assert f"Target day {visit['target_on']}" in event["DESCRIPTION"]
            assert (event["TRANSP"], marks(event)) == ("TRANSPARENT", (0, "CONFIRMED"))

    def test_an_appointment_has_its_time_and_place(self, phone: Phone, feed: Feed) -> None:
        booking = {"visit": "imaging-w6", "booked_on": "2024-02-21", "time": "09:30", "place": "Room 3; \\n, “影像科”"}
        phone.patient.record("visit_booked", **booking)
        event = feed.events()[SCAN]
        assert span(event) == ("2024-02-21T09:30:00+08:00", "2024-02-21T10:30:00+08:00")
        assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
        assert event["LOCATION"] == booking["place"]
        assert event["TRANSP"] == "OPAQUE"
        # The window stays beside it.
        assert span(feed.events()[WINDOW]) == ("2024-02-07", "2024-02-22")

    def test_an_appointment_stays_on_the_clock_of_the_site(self, phone: Phone, feed: Feed) -> None:
        """A patient who travels comes at the same instant, so that nothing of it has changed."""
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        before = feed.events()[SCAN]
        phone.patient.record("time_zone_changed", time_zone="Europe/Berlin")
        after = feed.events()[SCAN]
        assert (span(after), marks(after)) == (span(before), (0, "CONFIRMED"))
        assert after["DTSTART"].params["TZID"] == "Asia/Shanghai"

    def test_an_appointment_without_a_time_is_a_day(self, phone: Phone, feed: Feed) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
        assert span(feed.events()[SCAN]) == ("2024-02-21", "2024-02-22")

    def test_one_more_appointment_is_an_event_of_its_own(self, phone: Phone, feed: Feed) -> None:
        """Of a part of the visit, or of no visit; done or cancelled it is no longer to come."""
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        more = {"visit": "imaging-w6", "part": True, "booked_on": "2024-02-22", "time": "14:00", "place": "MRI"}
        mri = phone.patient.record("visit_booked", **more)["fact"]["fact_id"]
        phone.patient.record("visit_booked", visit="unscheduled", series="imaging", booked_on="2024-02-23")
        shown = feed.events()
        assert span(shown[SCAN]) == ("2024-02-21T09:30:00+08:00", "2024-02-21T10:30:00+08:00")
        assert span(shown[f"{SCAN}: further appointment"]) == ("2024-02-22T14:00:00+08:00", "2024-02-22T15:00:00+08:00")
        assert span(shown["Appointment: Unscheduled appointment (imaging)"]) == ("2024-02-23", "2024-02-24")
        assert not [name for name in shown if name.startswith("Window") and "ppointment" in name]
        phone.patient.record("visit_booked", visit=f"imaging-w6.{mri}", booked_on=None)
        assert marks(feed.events()[f"{SCAN}: further appointment"])[1] == "CANCELLED"
        assert marks(feed.events()[SCAN])[1] == "CONFIRMED"

    def test_a_booked_visit_that_is_no_longer_required_says_to_ask_the_site(self, phone: Phone, feed: Feed) -> None:
        """Until the site cancels it, the appointment stands in the patient's calendar."""
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27", time="09:30")
        phone.patient.record("progressed", progressed_on="2024-02-19", basis="clinical")
        event = feed.events()["Appointment: Week 12 tumour imaging"]
        assert marks(event) == (0, "CONFIRMED")
        assert event["DESCRIPTION"] == "This appointment may no longer be needed: please ask the site"
        assert "Window: Week 12 tumour imaging" not in feed.events()
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on=None)
        assert marks(feed.events()["Appointment: Week 12 tumour imaging"])[1] == "CANCELLED"

    def test_a_booking_after_its_visit_was_done_says_to_ask_the_site(self, phone: Phone, feed: Feed) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        phone.patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD")
        event = feed.events()[SCAN]
        assert marks(event) == (0, "CONFIRMED")
        assert event["DESCRIPTION"] == "This appointment may no longer be needed: please ask the site"
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on=None)
        assert marks(feed.events()[SCAN])[1] == "CANCELLED"

    def test_a_booking_stands_while_only_a_part_was_done(self, phone: Phone, feed: Feed) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        phone.patient.record("visit_done", series="imaging", done_on="2024-02-19", visit="imaging-w6", part=True)
        event = feed.events()[SCAN]
        assert (marks(event), event.get("DESCRIPTION")) == ((0, "CONFIRMED"), None)

    def test_the_last_day_of_contraception(self, phone: Phone, feed: Feed) -> None:
        assert "Last day of contraception" not in feed.events()
        phone.patient.record("treatment_ended", last_dose_on="2024-02-19", decided_on="2024-02-19", reason="other")
        assert span(feed.events()["Last day of contraception"]) == ("2024-08-19", "2024-08-20")
        assert span(feed.events()["Window: Month 1 contraception follow-up"]) == ("2024-03-12", "2024-03-27")

    def test_what_is_done_is_not_to_come(self, phone: Phone, feed: Feed) -> None:
        feed.read()
        phone.patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD")
        assert marks(feed.events()[WINDOW]) == (1, "CANCELLED")
        assert WINDOW not in Feed(revoked(phone)).events()

    def test_doses_only_if_wanted(self, phone: Phone, feed: Feed, clock: Clock) -> None:
        assert not [name for name in feed.events() if "dose" in name]
        doses = Feed(revoked(phone), doses="true").events()
        days = [event for name, event in doses.items() if name.startswith("Take today's dose")]
        assert len(days) == 31
        first = min(days, key=span)
        assert span(first) == ("2024-02-20T20:00:00+08:00", "2024-02-20T20:15:00+08:00")
        for event in days:
            (alarm,) = event.walk("VALARM")
            assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(0))

    def test_alarms_are_of_doses_alone(self, phone: Phone) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        events = Feed(phone, doses="true").events()
        assert {len(event.walk("VALARM")) for name, event in events.items() if "dose" not in name} == {0}

    def test_no_dose_is_shown_that_is_not_to_be_taken(self, phone: Phone) -> None:
        feed = Feed(phone, doses="true")
        feed.read()
        phone.record("2024-02-20")
        phone.patient.record("hold_started", from_on="2024-02-25", resumes_on="2024-02-28", reason="toxicity")
        doses = {
            event["DTSTART"].dt.date().isoformat(): event
            for name, event in feed.events().items()
            if name.startswith("Take")
        }
        cancelled = {day for day, event in doses.items() if marks(event)[1] == "CANCELLED"}
        assert cancelled == {"2024-02-20", "2024-02-25", "2024-02-26", "2024-02-27"}
        assert not [alarm for day in cancelled for alarm in doses[day].walk("VALARM")]

    def test_nobody_is_told_to_take_anything_before_the_start(self, service: Service, nurse: Client) -> None:
        phone = Phone(service, nurse.enrol())
        assert not [name for name in Feed(phone, doses="true").events() if name.startswith("Take")]

    def test_the_drug_only_if_wanted(self, phone: Phone) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        phone.patient.record("treatment_ended", last_dose_on="2024-02-20", decided_on="2024-02-20", reason="other")
        by_default = Feed(phone, visit_names="false").read()
        doses = Feed(revoked(phone), doses="true", visit_names="false").read()
        summaries = {str(event["SUMMARY"]) for event in icalendar.Calendar.from_ical(by_default).events}
        assert summaries == {"Study visit: possible days", "Study visit", "Last day of the agreed precautions"}
        # Without the ends of lines within a value, which may come anywhere in an id.
        for text in (given.decode().replace("\r\n ", "") for given in (by_default, doses)):
            for word in (
                "surufatinib",
                " mg",
                "imaging",
                "tumour",
                "ontraception",
                phone.patient.patient_id,
                "FUSCC",
                "nct06110650",
            ):
                assert word not in text
            # Not as numbers: an id may have these digits.
            assert re.search(r"\b(300|001)\b", text) is None
        named = Feed(revoked(phone), doses="true", drug_name="true").events()
        assert "Take today's dose: surufatinib 300 mg" in named

    def test_after_death_nothing_is_to_come(self, phone: Phone) -> None:
        feed = Feed(phone, doses="true")
        feed.read()
        phone.patient.record("study_ended", ended_on="2024-02-20", reason="death")
        assert {marks(event)[1] for event in feed.events().values()} == {"CANCELLED"}

    def test_in_chinese(self, phone: Phone) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        for options in ({"language": "zh-CN"}, {}):
            answer = revoked(phone).get(
                "feed", {"Accept-Language": "zh-Hans-CN"}, doses="true", visit_names="true", **options
            )
            address = answer.json["address"]
            text = phone.service.app.test_client().get(address).data
            calendar = icalendar.Calendar.from_ical(text)
            assert calendar["X-WR-CALNAME"] == "临床试验日程"
            summaries = {str(event["SUMMARY"]) for event in calendar.events}
            assert {"可检查日期：第 6 周肿瘤影像学检查", "预约：第 6 周肿瘤影像学检查", "请服用今日药物"} <= summaries
            assert not [word for word in summaries if any("a" <= letter <= "z" for letter in word)]


def revoked(phone: Phone) -> Phone:
    """The phone, its feed revoked if there was one."""
    assert phone.send("DELETE", "feed").status_code in (204, 404)
    return phone


class TestChanging:
    """A change is one to those who read the feed: same uid, higher sequence."""

    def test_nothing_changes_by_being_read(self, feed: Feed, clock: Clock) -> None:
        first = feed.read()
        clock.now += timedelta(hours=3)
        assert feed.read() == first

    def test_a_new_day_changes_nothing_that_was_shown(self, phone: Phone, clock: Clock) -> None:
        feed = Feed(phone, doses="true")
        before = {event["UID"]: event for event in feed.events().values()}
        clock.now += timedelta(days=1)
        after = {event["UID"]: event for event in feed.events().values()}
        assert len(set(after) & set(before)) > 30
        for uid in set(after) & set(before):
            assert after[uid].to_ical() == before[uid].to_ical()

    def test_a_moved_booking_replaces(self, phone: Phone, feed: Feed, clock: Clock) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        before = feed.events()[SCAN]
        clock.now += timedelta(hours=1)
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-22", time="14:00")
        after = feed.events()[SCAN]
        assert after["UID"] == before["UID"]
        assert (marks(before), marks(after)) == ((0, "CONFIRMED"), (1, "CONFIRMED"))
        assert after["LAST-MODIFIED"].dt > before["LAST-MODIFIED"].dt
        assert after["DTSTAMP"].dt >= before["DTSTAMP"].dt
        assert span(after) == ("2024-02-22T14:00:00+08:00", "2024-02-22T15:00:00+08:00")

    def test_a_cancelled_booking_stays_cancelled(self, phone: Phone, feed: Feed, clock: Clock) -> None:
        booking = {"visit": "imaging-w12", "booked_on": "2024-03-27", "time": "09:30"}
        name = SCAN.replace("6", "12")
        phone.patient.record("visit_booked", **booking)
        uid = feed.events()[name]["UID"]
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on=None)
        cancelled = feed.events()[name]
        assert (cancelled["UID"], marks(cancelled)) == (uid, (1, "CANCELLED"))
        clock.now += timedelta(days=30)
        again = feed.events()[name]
        assert again.to_ical() == cancelled.to_ical()
        # Booked once more, it is there again, with the same uid.
        phone.patient.record("visit_booked", **{**booking, "booked_on": "2024-04-02"})
        assert (feed.events()[name]["UID"], marks(feed.events()[name])) == (uid, (2, "CONFIRMED"))

    def test_what_is_over_leaves_after_a_month(self, phone: Phone, feed: Feed, clock: Clock) -> None:
        assert WINDOW in feed.events()
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-20")
        assert SCAN.replace("6", "12") in feed.events()
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on=None)
        clock.set("2024-03-19T12:00:00+08:00")
        assert WINDOW in feed.events()
        clock.set("2024-04-19T12:00:00+08:00")
        assert marks(feed.events()[SCAN.replace("6", "12")])[1] == "CANCELLED"
        assert WINDOW not in feed.events()
        clock.set("2024-04-20T12:00:00+08:00")
        assert SCAN.replace("6", "12") not in feed.events()

    def test_cancelled_windows(self, phone: Phone, feed: Feed) -> None:
        before = feed.events()
        fact = phone.patient.record("progressed", progressed_on="2024-02-20", basis="clinical")["fact"]
        after = feed.events()
        assert {name for name, event in after.items() if marks(event) == (1, "CANCELLED")} == set(before)
        assert {event["UID"] for event in after.values()} == {event["UID"] for event in before.values()}
        # It was somebody else's: all are back.
        phone.patient.record("voided", voids=fact["fact_id"], reason="other patient")
        assert {marks(event) for event in feed.events().values()} == {(2, "CONFIRMED")}

    def test_a_later_dose_moves_what_follows_from_it(self, phone: Phone, feed: Feed) -> None:
        phone.patient.record("treatment_ended", last_dose_on="2024-02-18", decided_on="2024-02-18", reason="other")
        before = feed.events()["Last day of contraception"]
        phone.record("2024-02-19")
        after = feed.events()["Last day of contraception"]
        assert (after["UID"], span(after)[0], marks(after)) == (before["UID"], "2024-08-19", (1, "CONFIRMED"))

    def test_another_time_zone_is_a_change_of_what_has_a_time(self, phone: Phone, clock: Clock) -> None:
        """The same reading of the clock is another instant: apps that know the event must learn of it."""
        feed = Feed(phone, doses="true")
        before = feed.events()
        clock.now += timedelta(hours=1)
        phone.patient.record("time_zone_changed", time_zone="Europe/Berlin")
        after = feed.events()
        for name, event in after.items():
            moved = name in before and span(event) != span(before[name])
            assert not moved or marks(event)[0] > marks(before[name])[0]
            assert not moved or event["LAST-MODIFIED"].dt > before[name]["LAST-MODIFIED"].dt
        assert marks(after[WINDOW]) == marks(before[WINDOW])

    def test_sequences_only_rise(self, phone: Phone, feed: Feed, clock: Clock) -> None:
        """Through a year of bookings, scans and an end, no event ever goes back."""
        seen: dict[str, int] = {}
        for week in range(50):
            clock.now += timedelta(days=7)
            phone = Phone(phone.service, phone.patient) if week % 10 == 0 else phone
            today = str(clock.now.date())
            if week % 3 == 0:
                ahead = str(clock.now.date() + timedelta(10 - week % 4))
                phone.patient.record("visit_booked", visit=f"imaging-w{6 * (2 + week // 6)}", booked_on=ahead)
            if week % 6 == 5:
                phone.patient.record("visit_done", series="imaging", done_on=today)
            if week == 40:
                phone.patient.record("treatment_ended", last_dose_on=today, decided_on=today, reason="other")
            for event in icalendar.Calendar.from_ical(feed.read()).events:
                sequence = int(event["SEQUENCE"])
                assert sequence >= seen.get(event["UID"], 0)
                seen[event["UID"]] = sequence

    def test_read_at_once_by_many_a_change_counts_once(self, service: Service, phone: Phone, feed: Feed) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        feed.read()
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-22", time="14:00")
        texts = service.at_once(*(feed.read for _ in range(6)))
        assert len(set(texts)) == 1
        assert marks(feed.events()[SCAN]) == (1, "CONFIRMED")

    def test_another_address_goes_on_with_the_sequences(self, phone: Phone, feed: Feed) -> None:
        """An app that reads both keeps the event with the higher sequence: the new address must not fall behind."""
        for day in ("2024-02-21", "2024-02-22", "2024-02-23"):
            phone.patient.record("visit_booked", visit="imaging-w6", booked_on=day, time="09:30")
            before = feed.events()[SCAN]
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-24", time="09:30")
        after = Feed(revoked(phone)).events()[SCAN]
        assert after["UID"] != before["UID"] or marks(after)[0] > marks(before)[0]


class TestForm:
    """RFC 5545, as strict readers want it."""

    def test_the_document(self, phone: Phone, feed: Feed) -> None:
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30", place="影" * 60)
        text = feed.read()
        lines = text.split(b"\r\n")
        assert (lines[0], lines[-2:]) == (b"BEGIN:VCALENDAR", [b"END:VCALENDAR", b""])
        assert b"\n" not in b"".join(lines)
        assert max(map(len, lines)) <= 75
        calendar = icalendar.Calendar.from_ical(text)
        assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
        assert calendar["PRODID"]
        assert timedelta(hours=1) <= calendar["REFRESH-INTERVAL"].dt <= timedelta(days=1)
        assert calendar["X-PUBLISHED-TTL"] == "PT6H"
        assert calendar["X-WR-TIMEZONE"] == "Asia/Shanghai"
        for event in calendar.events:
            assert event["DTSTAMP"].dt.tzinfo is not None
            assert not event.errors
            assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "LAST-MODIFIED", "STATUS"} <= set(
                event
            )

    @pytest.mark.parametrize("time_zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
    def test_every_zone_that_is_named_is_defined(self, phone: Phone, time_zone: str) -> None:
        phone.patient.record("time_zone_changed", time_zone=time_zone)
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        calendar = icalendar.Calendar.from_ical(Feed(phone, doses="true").read())
        # Doses are on the clock of the patient, appointments on that of the site.
        assert {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")} == {time_zone, "Asia/Shanghai"}
        assert calendar.get_missing_tzids() == set()

    def test_without_events_it_is_a_calendar_still(self, service: Service, nurse: Client) -> None:
        patient = nurse.enrol(fertility="not_fertile", basis="natural_menopause")
        patient.record("study_ended", ended_on="2024-02-10", reason="withdrawal")
        assert Feed(Phone(service, patient)).events() == {}

    @pytest.mark.parametrize(
        "time_zone",
        ["Asia/Shanghai", "Europe/Berlin", "America/Los_Angeles", "America/Santiago", "Asia/Kathmandu", "Africa/Cairo"],
    )
    def test_two_readers_see_the_same(
        self, phone: Phone, clock: Clock, read_by_ical_js: Reader, time_zone: str
    ) -> None:
        """icalendar and ical.js: same events, same days, same instants, through a change of the clocks."""
        clock.set("2024-03-05T12:00:00+08:00")
        phone.patient.record("time_zone_changed", time_zone=time_zone)
        feed = Feed(phone, doses="true", language="zh-CN")
        booking = {
            "visit": "imaging-w12",
            "booked_on": "2024-03-31",
            "time": "02:30",
            "place": "Room 3; a,b \\n 影像科",
        }
        phone.patient.record("visit_booked", **booking)
        feed.read()
        phone.patient.record("visit_booked", **{**booking, "visit": "imaging-w18", "booked_on": "2024-05-08"})
        first = feed.read()
        phone.patient.record("visit_booked", **{**booking, "booked_on": "2024-04-01"})
        phone.patient.record("visit_booked", visit="imaging-w18", booked_on=None)
        phone.patient.record("hold_started", from_on="2024-03-28", reason="toxicity")
        second = feed.read()
        for text, events in zip((first, second), read_by_ical_js(first, second), strict=True):
            assert sorted(events, key=by_uid) == sorted(seen_by_icalendar(text), key=by_uid)
        moved = [event for event in events if event["summary"] == "预约：第 12 周肿瘤影像学检查"]
        (event,) = moved
        assert (event["sequence"], event["status"], event["location"]) == (1, "CONFIRMED", booking["place"])
        (gone,) = [event for event in events if event["summary"] == "预约：第 18 周肿瘤影像学检查"]
        assert gone["status"] == "CANCELLED"

    def test_a_time_that_the_clocks_skip(self, service: Service, coordinator: Client, read_by_ical_js: Reader) -> None:
        phone = Phone(service, coordinator.enrol(site="BERLIN"))
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-31", time="02:30")
        feed = Feed(phone)
        event = feed.events()[SCAN.replace("6", "12")]
        assert span(event) == ("2024-03-31T03:00:00+02:00", "2024-03-31T04:00:00+02:00")
        (events,) = read_by_ical_js(feed.read())
        (seen,) = [event for event in events if event["summary"].startswith("Appointment")]
        assert (seen["starts"], seen["ends"]) == ("2024-03-31T01:00:00.000Z", "2024-03-31T02:00:00.000Z")

    def test_an_hour_that_ends_after_the_clocks_change(self, service: Service, coordinator: Client) -> None:
        """An appointment lasts an hour, also when the clocks change in it."""
        phone = Phone(service, coordinator.enrol(site="BERLIN"))
        phone.patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-31", time="01:30")
        event = Feed(phone).events()[SCAN.replace("6", "12")]
        assert event["DTEND"].dt.astimezone(UTC) - event["DTSTART"].dt.astimezone(UTC) == timedelta(hours=1)


def by_uid(event: dict[str, Any]) -> str:
    """What events are sorted by."""
    return str(event["uid"])


def seen_by_icalendar(text: bytes) -> list[dict[str, Any]]:
    """The events of a document as icalendar sees them, in the form in which ical.js is asked."""

    def moment(value: Any) -> str:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return str(value)

    return [
        {
            "uid": str(event["UID"]),
            "starts": moment(event["DTSTART"].dt),
            "ends": moment(event["DTEND"].dt),
            "summary": str(event["SUMMARY"]),
            "description": None if "DESCRIPTION" not in event else str(event["DESCRIPTION"]),
            "location": None if "LOCATION" not in event else str(event["LOCATION"]),
            "sequence": int(event["SEQUENCE"]),
            "status": str(event["STATUS"]),
            "alarms": len(event.walk("VALARM")),
        }
        for event in icalendar.Calendar.from_ical(text).events
    ]


class TestAddress:
    """The address is the key: seen once, revocable, and nothing else opens it."""

    def test_it_is_seen_once(self, service: Service, phone: Phone) -> None:
        made = phone.get("feed", language="zh-CN", doses="true")
        assert made.headers["Cache-Control"] == "no-store"
        assert made.json["address"].startswith(LOCAL)
        assert (made.json["language"], made.json["doses"], made.json["drug_name"]) == ("zh-CN", True, False)
        other = Phone(service, phone.patient, "Tablet")
        for again in (phone.read("feed"), other.read("feed", language="en", doses="false")):
            assert again == {**made.json, "address": None}

    def test_a_look_without_a_body_makes_none(self, phone: Phone) -> None:
        """HEAD must not make a feed whose address nobody ever sees."""
        phone.send("HEAD", "feed")
        assert phone.read("feed")["address"] is not None

    def test_made_at_once_it_is_one(self, service: Service, phone: Phone) -> None:
        answers = service.at_once(*(lambda: phone.read("feed") for _ in range(5)))
        assert len([answer for answer in answers if answer["address"]]) == 1

    def test_revoked_it_is_gone(self, phone: Phone, feed: Feed) -> None:
        feed.read()
        assert phone.send("DELETE", "feed").status_code == 204
        refused(feed.get(), 404)
        refused(phone.send("DELETE", "feed"), 404)
        new = Feed(phone)
        assert new.address != feed.address
        assert new.read()
        refused(feed.get(), 404)

    def test_staff_close_the_feed_of_a_lost_phone(self, service: Service, phone: Phone, feed: Feed) -> None:
        path = f"{phone.patient.path}/feed"
        refused(service.client("monitor").send("DELETE", path), 403)
        assert feed.get().status_code == 200
        for _ in range(2):
            assert phone.patient.client.send("DELETE", path).status_code == 204
            refused(feed.get(), 404)
        assert Feed(phone).get().status_code == 200

    def test_the_end_of_a_device_closes_it(self, service: Service, phone: Phone, feed: Feed) -> None:
        phone.patient.client.send("DELETE", f"{phone.patient.path}/devices/{phone.device_id}")
        refused(feed.get(), 404)
        assert Feed(Phone(service, phone.patient)).get().status_code == 200

    @pytest.mark.parametrize(("contact_after", "closed"), [("stop", True), ("continue", False)])
    def test_a_month_after_contact_has_stopped_it_is_closed(
        self, phone: Phone, feed: Feed, clock: Clock, contact_after: str, closed: bool
    ) -> None:
        feed.read()
        end = {"ended_on": "2024-02-20", "reason": "completed", "contact_after": contact_after}
        phone.patient.record("study_ended", **end)
        if closed:
            # Until then apps are told that nothing is to come.
            assert {marks(event)[1] for event in feed.events().values()} == {"CANCELLED"}
        clock.set("2024-03-20T12:00:00+08:00")
        assert feed.get().status_code == 200
        clock.set("2024-03-21T12:00:00+08:00")
        assert feed.get().status_code == (404 if closed else 200)

    def test_what_apps_add_to_the_address_is_ignored(self, feed: Feed) -> None:
        feed.address += "?nocache=1&t=2&t=3"
        assert feed.get().status_code == 200

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
    def test_other_methods_are_not_allowed(self, phone: Phone, feed: Feed, method: str) -> None:
        answer = phone.service.app.test_client().open(feed.address, method=method)
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]

    def test_nothing_else_opens_it(self, service: Service, phone: Phone, feed: Feed) -> None:
        client = service.app.test_client()
        for wrong in (
            feed.secret[:-1],
            f"{feed.secret}x",
            feed.secret.swapcase(),
            phone.patient.patient_id,
            "%00",
            "影",
        ):
            refused(client.get(f"/v1/feeds/{wrong}.ics"), 404)
        assert len(feed.secret) >= 32
        for path in (f"/v1/feeds/{feed.secret}", f"/v1/feeds/{feed.secret}.ics/", "/v1/feeds/.ics"):
            refused(client.get(path), 404)

    def test_it_shows_one_patient(self, service: Service, nurse: Client, feed: Feed) -> None:
        before = feed.read()
        other = nurse.enrol(subject_number="002")
        other.record("treatment_started", first_dose_on="2024-02-01")
        other.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", place="Elsewhere")
        assert feed.read() == before
        uids = {str(event["UID"]) for event in Feed(Phone(service, other)).events().values()}
        assert not uids & {str(event["UID"]) for event in feed.events().values()}

    def test_it_is_the_phone_s_no_more_when_the_phone_is_ended(self, phone: Phone) -> None:
        """A phone that was lost makes no feed."""
        phone.send("DELETE", f"devices/{phone.device_id}")
        refused(phone.get("feed"), 401)

    def test_a_304_until_something_changes(self, phone: Phone, feed: Feed, clock: Clock) -> None:
        tag = feed.get().headers["ETag"]
        known = feed.get(If_None_Match=tag)
        assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
        assert feed.get(If_None_Match=f"W/{tag}").status_code == 304
        packed = feed.get(Accept_Encoding="gzip")
        assert gzip.decompress(packed.data) == feed.read()
        assert feed.get(Accept_Encoding="gzip", If_None_Match=packed.headers["ETag"]).status_code == 304
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
        changed = feed.get(If_None_Match=tag)
        assert changed.status_code == 200
        clock.set("2024-02-21T00:00:00+08:00")
        assert feed.get(If_None_Match=changed.headers["ETag"]).status_code == 200

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ({"language": "fr"}, "/language"),
            ({"doses": "1"}, "/doses"),
            ({"drug_name": ""}, "/drug_name"),
            ({"name": "Wang"}, "/name"),
        ],
    )
    def test_what_a_feed_cannot_show(self, service: Service, phone: Phone, query: Any, pointer: str) -> None:
        with service.unchanged():
            refused(phone.get("feed", **query), 422, pointer)
