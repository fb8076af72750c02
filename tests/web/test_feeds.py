"""The calendar feeds of a site's bookings: made, shown once, read and closed on a page."""

from __future__ import annotations

import pytest
from service import Client, Patient, Service

from .reading import Page, Visitor, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")

FEEDS = "/v1/sites/FUSCC/feeds"


def made_by(visitor: Visitor, **filled: str) -> tuple[Page, str]:
    """The page that shows a new address, and the address."""
    page = Page(visitor.press(visitor.page("/ward/feeds"), "Make an address", **filled))
    return page, text_of(page.one("code"))


def test_an_address_is_shown_once_and_opens_the_bookings(patient: Patient, nurse: Client, visitor: Visitor) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30", place="Room 2")
    page, address = made_by(visitor)
    (feed,) = nurse.get(FEEDS).json["items"]
    assert (feed["language"], feed["visit_names"], feed["made_by"]["name"]) == ("en", False, "nurse")
    assert [link.attrib["href"] for link in page.all("a", class_="main")] == [address.replace("http:", "webcal:")]
    events = visitor.client.get(address)
    assert events.mimetype == "text/calendar"
    assert "DTSTART;TZID=Asia/Shanghai:20240221T093000" in events.text
    assert "Room 2" not in events.text
    later = visitor.page("/ward/feeds")
    assert len(later.all("li", data_feed=feed["feed_id"])) == 1
    assert address.rpartition("/")[2].removesuffix(".ics") not in later.source
    assert "Nurse nurse since 20 Feb 2024 12:00 only subject numbers and times" in later.text
    ended = visitor.after(visitor.press(later, "Close the calendar feed"))
    assert "The calendar feed is closed." in ended.text
    assert nurse.get(FEEDS).json["items"] == []
    assert visitor.client.get(address).status_code == 404


def test_a_calendar_says_what_is_examined_if_that_is_wanted(service: Service, patient: Patient, nurse: Client) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-22", place="Room 3")
    visitor = Visitor(service, "nurse", "zh-CN")
    page = visitor.press(visitor.page("/ward/feeds"), "生成地址", visit_names="true")
    feed = nurse.get(FEEDS).json["items"][-1]
    assert (feed["language"], feed["visit_names"]) == ("zh-CN", True)
    events = visitor.client.get(text_of(Page(page).one("code"))).text
    assert "第 6 周肿瘤影像学检查" in events
    assert "Room 3" in events


def test_whoever_sees_several_sites_chooses_one(service: Service) -> None:
    coordinator, client = Visitor(service, "coordinator"), service.client("coordinator")
    page = coordinator.page("/ward/feeds?site=BERLIN")
    coordinator.press(page, "Make an address")
    assert len(client.get("/v1/sites/BERLIN/feeds").json["items"]) == 1
    # A monitor sees that there is one, and can neither make nor close any.
    seen = Visitor(service, "monitor").page("/ward/feeds?site=BERLIN")
    assert "Coordinator coordinator since" in seen.text
    assert not {"Make an address", "Close the calendar feed"} & {text_of(button) for _, button in seen.buttons()}


def test_the_feeds_of_another_site_are_none(service: Service, nurse: Client) -> None:
    feed_id = nurse.post(FEEDS, {}).json["feed_id"]
    visitor = Visitor(service, "elsewhere")
    token = visitor.page("/ward/feeds").all("input", name="csrf_token")[0].attrib["value"]
    with service.unchanged():
        assert visitor.page("/ward/feeds?site=FUSCC", 404).status == 404
        for address in ("/ward/sites/FUSCC/feeds", f"/ward/sites/FUSCC/feeds/{feed_id}/end"):
            assert visitor.post(address, {"csrf_token": token}).status_code == 404
        assert visitor.post(f"/ward/sites/BERLIN/feeds/{feed_id}/end", {"csrf_token": token}).status_code == 404
