"""The calendar of a site's bookings, as calendar apps read it: what it shows, what moves, whose it is, when it ends."""

from __future__ import annotations

from typing import Any

import icalendar
import pytest
from icalendar import Event
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.auth import tokens

from .test_auditing import noted

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
FEEDS = "/v1/sites/FUSCC/feeds"


def made(client: Client, site: str = "FUSCC", **options: Any) -> str:
    """The address of a new feed, without its host."""
    answer = client.post(f"/v1/sites/{site}/feeds", options)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    address: str = answer.json["address"]
    return address.removeprefix("http://localhost")


@pytest.fixture
def app(service: Service) -> Client:
    """A calendar app: it has no token."""
    return service.client("")


def text(app: Client, address: str) -> str:
    """Return what a feed says, without the ends of lines within a value."""
    answer = app.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return str(answer.text).replace("\r\n ", "")


def events(app: Client, address: str) -> dict[str, Event]:
    """The events of a feed, by summary."""
    found = icalendar.Calendar.from_ical(text(app, address)).events
    assert len({event["UID"] for event in found}) == len(found)
    return {str(event["SUMMARY"]): event for event in found}


def span(event: Event) -> tuple[str, str]:
    """When an event starts and ends: days, or instants with their offsets."""
    return event["DTSTART"].dt.isoformat(), event["DTEND"].dt.isoformat()


def marks(event: Event) -> tuple[int, str]:
    """Sequence and status of an event."""
    return int(event["SEQUENCE"]), str(event["STATUS"])


@pytest.fixture
def booked(nurse: Client, patient: Patient) -> Patient:
    """A patient with an appointment tomorrow, and another for a whole day."""
    other = nurse.enrol(subject_number="002", enrolled_on="2024-01-08")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30", place="MRI, building 2")
    other.record("visit_booked", visit="imaging-w6", booked_on="2024-02-22")
    return patient


@pytest.mark.usefixtures("booked")
def test_bookings_are_subject_numbers_and_times_and_nothing_else(nurse: Client, app: Client) -> None:
    address = made(nurse)
    shown = events(app, address)
    assert {name: span(event) for name, event in shown.items()} == {
        "Study visit: 001": ("2024-02-21T09:30:00+08:00", "2024-02-21T10:30:00+08:00"),
        "Study visit: 002": ("2024-02-22", "2024-02-23"),
    }
    assert shown["Study visit: 001"]["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert {(event["TRANSP"], marks(event)) for event in shown.values()} == {("OPAQUE", (0, "CONFIRMED"))}
    said = text(app, address)
    assert "X-WR-CALNAME:Bookings: FUSCC" in said
    assert [word for word in ("imaging", "tumour", "MRI", "surufatinib", "nct06110650", "p-") if word in said] == []


@pytest.mark.usefixtures("booked")
def test_what_is_examined_and_where_only_if_asked(nurse: Client, app: Client) -> None:
    shown = events(app, made(nurse, visit_names=True))
    assert shown.keys() == {"001: Week 6 tumour imaging", "002: Week 6 tumour imaging"}
    assert shown["001: Week 6 tumour imaging"]["LOCATION"] == "MRI, building 2"
    chinese = made(nurse, language="zh-CN")
    assert events(app, chinese).keys() == {"访视：001", "访视：002"}
    assert "X-WR-CALNAME:预约：FUSCC" in text(app, chinese)


def test_a_change_is_one_to_who_read_it_before(nurse: Client, app: Client, booked: Patient) -> None:
    address = made(nurse)
    before = events(app, address)["Study visit: 001"]
    booked.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="11:00")
    moved = events(app, address)["Study visit: 001"]
    assert (moved["UID"], marks(moved)) == (before["UID"], (1, "CONFIRMED"))
    assert span(moved)[0] == "2024-02-21T11:00:00+08:00"
    booked.record("visit_booked", visit="imaging-w6", booked_on=None)
    assert marks(events(app, address)["Study visit: 001"]) == (2, "CANCELLED")
    # Who never read it has nothing to cancel.
    assert events(app, made(nurse)).keys() == {"Study visit: 002"}


def test_nothing_changes_by_being_read(service: Service, nurse: Client, app: Client, booked: Patient) -> None:
    address = made(nurse)
    first = app.get(address)
    service.clock.set("2024-02-20T18:00:00+08:00")
    again = app.get(address, {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    booked.record("visit_booked", visit="imaging-w6", booked_on=None)
    assert app.get(address, {"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_what_was_done_stays_on_its_day_and_leaves_any_other(nurse: Client, app: Client, booked: Patient) -> None:
    booked.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20", time="09:00")
    address = made(nurse)
    assert "Study visit: 001" in events(app, address)
    booked.record("visit_done", series="imaging", done_on="2024-02-20", response="SD")
    assert marks(events(app, address)["Study visit: 001"]) == (0, "CONFIRMED")
    booked.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    booked.record("visit_booked", visit="imaging-w18", booked_on="2024-05-08")
    booked.record("progressed", progressed_on="2024-02-19", basis="clinical")
    to_cancel = icalendar.Calendar.from_ical(text(app, address)).events
    notes = {str(event["DTSTART"].dt): str(event.get("DESCRIPTION", "")) for event in to_cancel}
    assert notes["2024-03-27"] == notes["2024-05-08"] == "No longer required: this booking is to be cancelled"
    assert notes["2024-02-22"] == ""


def test_a_booking_stays_while_another_part_of_its_visit_is_to_come(
    nurse: Client, app: Client, booked: Patient
) -> None:
    """Booked for the MRI; it takes one of the day's slots still."""
    data = {"series": "imaging", "visit": "imaging-w6", "part": True}
    booked.record("visit_done", done_on="2024-02-19", response="SD", **data)
    assert marks(events(app, made(nurse))["Study visit: 001"]) == (0, "CONFIRMED")
    (day,) = nurse.get("/v1/sites/FUSCC/days", from_="2024-02-21", to="2024-02-21").json["days"]
    assert day["booked"] == 1


def test_past_bookings_leave_after_a_month(service: Service, nurse: Client, app: Client, booked: Patient) -> None:
    address = made(nurse)
    service.clock.set("2024-03-22T12:00:00+08:00")
    assert events(app, address).keys() == {"Study visit: 001", "Study visit: 002"}
    service.clock.set("2024-03-23T12:00:00+08:00")
    assert events(app, address).keys() == {"Study visit: 002"}


@pytest.mark.usefixtures("booked")
def test_a_feed_is_of_one_site_for_those_who_may_see_it(
    app: Client, coordinator: Client, monitor: Client, elsewhere: Client
) -> None:
    berlin = coordinator.enrol(subject_number="B-1", site="BERLIN", time_zone="Europe/Berlin")
    berlin.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
    # Its maker sees all sites.
    assert events(app, made(coordinator)).keys() == {"Study visit: 001", "Study visit: 002"}
    (event,) = events(app, made(elsewhere, "BERLIN")).values()
    assert (event["SUMMARY"], span(event)[0]) == ("Study visit: B-1", "2024-02-21T09:30:00+01:00")
    for refusal in (elsewhere.post(FEEDS, {}), elsewhere.get(FEEDS), elsewhere.send("DELETE", f"{FEEDS}/k-1")):
        refused(refusal, 404)
    refused(monitor.post(FEEDS, {}), 403)
    refused(coordinator.post("/v1/sites/NOWHERE/feeds", {}), 404)
    refused(coordinator.post(FEEDS, {"doses": True, "visit_names": "yes"}), 422, "/doses", "/visit_names")


def test_the_address_is_said_once_and_revoked_by_its_id(
    service: Service, nurse: Client, coordinator: Client, app: Client, booked: Patient
) -> None:
    mine, other = made(nurse), made(coordinator, visit_names=True)
    secret = mine.rpartition("/")[2].removesuffix(".ics")
    assert secret not in str(service.record())
    first, second = coordinator.get(FEEDS).json["items"]
    assert (first["made_by"], first["visit_names"]) == ({"role": "nurse", "name": "nurse"}, False)
    assert (second["made_by"]["name"], second["visit_names"]) == ("coordinator", True)
    assert "address" not in first
    assert nurse.send("DELETE", f"{FEEDS}/{first['feed_id']}").status_code == 204
    refused(app.get(mine), 404)
    assert events(app, other) != {}
    assert coordinator.get(FEEDS).json["items"] == [second]
    refused(nurse.send("DELETE", f"{FEEDS}/{first['feed_id']}"), 404)
    rows = [row for row in service.record()["audit"] if "feed" in row["action"]]
    assert sorted((row["action"], row["name"], row["site"]) for row in rows) == [
        ("site_feed_made", "coordinator", "FUSCC"),
        ("site_feed_made", "nurse", "FUSCC"),
        ("site_feed_revoked", "nurse", "FUSCC"),
    ]


@pytest.mark.usefixtures("booked")
def test_a_feed_ends_with_the_token_that_made_it(service: Service, coordinator: Client, app: Client) -> None:
    leaver = service.client(service.token("nurse", ["FUSCC"], "leaver"))
    address = made(leaver)
    assert len(events(app, address)) == 2
    (token_id,) = (row["token_id"] for row in tokens.list_all(service.store) if row["name"] == "leaver")
    tokens.revoke(service.store, token_id, service.clock())
    refused(app.get(address), 404)
    assert coordinator.get(FEEDS).json["items"] == []


@pytest.mark.usefixtures("booked")
def test_what_is_read_by_a_feed_is_noted_as_its_makers(service: Service, nurse: Client, app: Client) -> None:
    address = made(nurse)
    text(app, address)
    nurse.get(FEEDS)
    rows = noted(service, "read")
    assert [(row["name"], row["role"], row["route"], row["shown"]) for row in rows] == [
        ("nurse", "nurse", "GET /v1/feeds/bookings/<string:secret>.ics", 2)
    ]
    assert address.rpartition("/")[2].removesuffix(".ics") not in str(service.record())
