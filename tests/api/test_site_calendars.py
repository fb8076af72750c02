"""Site calendars: which days are suggested, by hand, and what each day says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.sites.public_holidays import working_week, year_of
from scheduler_api.use_cases.sites.site_calendars import WEEKDAYS, SiteCalendar, open_days

MONDAY_TO_FRIDAY = frozenset(range(5))


def calendar(**said: Any) -> SiteCalendar:
    """A site in Shanghai, open from Monday to Friday, unless said otherwise."""
    usual = {"country": "CN", "region": None, "weekly": MONDAY_TO_FRIDAY, "closed_days": {}, "open_days": {}}
    return SiteCalendar(**{**usual, "slots_per_day": None, **said})


def days(*of: str) -> dict[date, None]:
    """Days that a site says something of, without saying why."""
    return dict.fromkeys(map(date.fromisoformat, of))


# Chinese New Year 2024: closed 10 to 17 February; Sundays 4 and 18 February were worked instead. National Day 2024:
# closed 1 to 7 October; Sunday 29 September and Saturday 12 October were worked. So the government's notice.
@pytest.mark.parametrize(
    ("site", "window", "target", "today", "nearest"),
    [
        (calendar(), "2024-02-07/2024-02-21", "2024-02-14", "2024-02-01", "02-18 02-09 02-19 02-08 02-20 02-07 02-21"),
        (calendar(), "2024-02-07/2024-02-21", "2024-02-14", "2024-02-09", "02-18 02-09 02-19 02-20 02-21"),
        (calendar(), "2024-02-07/2024-02-21", "2024-02-14", "2024-02-19", "02-19 02-20 02-21"),
        (calendar(), "2024-02-07/2024-02-21", "2024-02-14", "2024-02-22", ""),
        (calendar(), "2024-02-01/2024-02-06", "2024-02-03", "2024-01-01", "02-02 02-04 02-01 02-05 02-06"),
        (calendar(), "2024-09-25/2024-10-09", "2024-10-02", "2024-09-01", "09-30 09-29 09-27 09-26 10-08 09-25 10-09"),
        (calendar(), "2024-10-06/2024-10-13", "2024-10-12", "2024-10-01", "10-12 10-11 10-10 10-09 10-08"),
        (
            calendar(closed_days=days("2024-02-18", "2024-02-09"), open_days=days("2024-02-14", "2024-02-17")),
            "2024-02-07/2024-02-21",
            "2024-02-14",
            "2024-02-01",
            "02-14 02-17 02-19 02-08 02-20 02-07 02-21",
        ),
        # Who is open on some weekdays only does not follow the moved days, but keeps the holidays.
        (calendar(weekly=frozenset({3})), "2024-02-01/2024-02-22", "2024-02-14", "2024-01-01", "02-08 02-22 02-01"),
        # Who works every day of the week is closed on holidays all the same; a Sunday beside them is none.
        (
            calendar(weekly=frozenset(range(7))),
            "2024-10-06/2024-10-09",
            "2024-10-07",
            "2024-10-01",
            "10-06 10-08 10-09",
        ),
        # Women's Day is a holiday in Berlin and not in the rest of Germany.
        (calendar(country="DE"), "2024-03-07/2024-03-11", "2024-03-08", "2024-03-01", "03-08 03-07 03-11"),
        (calendar(country="DE", region="BE"), "2024-03-07/2024-03-11", "2024-03-08", "2024-03-01", "03-07 03-11"),
        # Of the holidays of Kosovo nobody knows.
        (calendar(country="XK"), "2024-12-23/2024-12-29", "2024-12-25", "2024-12-01", "12-25 12-24 12-26 12-23 12-27"),
    ],
)
def test_the_nearest_working_days_come_first(
    site: SiteCalendar, window: str, target: str, today: str, nearest: str
) -> None:
    opens_on, closes_on = window.split("/")
    found = open_days(site, opens_on, closes_on, target, today)
    assert found == tuple(f"2024-{day}" for day in nearest.split())


def test_a_working_day_moved_into_the_year_before_is_known() -> None:
    """For the New Year of 2007 the last Saturday and Sunday of 2006 were worked."""
    assert {date(2006, 12, 30), date(2006, 12, 31)} <= year_of("CN", None, 2006).moved
    assert calendar().day(date(2006, 12, 31)).open
    assert working_week("IL") == {0, 1, 2, 3, 6}


some_days = st.dates(date(2023, 12, 20), date(2024, 12, 31))


@given(
    opens_on=some_days,
    length=st.integers(0, 40),
    offset=st.integers(-3, 43),
    ahead=st.integers(-60, 60),
    weekly=st.frozensets(st.integers(0, 6), min_size=1),
    closed=st.frozensets(some_days, max_size=60),
    opened=st.frozensets(some_days, max_size=60),
    country=st.sampled_from(["CN", "DE", "US", "XK"]),
)
def test_a_suggestion_is_an_open_day_of_the_window_and_none_is_left_out(
    opens_on: date,
    length: int,
    offset: int,
    ahead: int,
    weekly: frozenset[int],
    closed: Iterable[date],
    opened: Iterable[date],
    country: str,
) -> None:
    site = calendar(country=country, weekly=weekly, closed_days=dict.fromkeys(closed), open_days=dict.fromkeys(opened))
    closes_on, target, today = opens_on + timedelta(length), opens_on + timedelta(offset), opens_on + timedelta(ahead)
    found = [*map(date.fromisoformat, open_days(site, str(opens_on), str(closes_on), str(target), str(today)))]
    distances = [(abs(day - target), day) for day in found]
    assert distances == sorted(distances)
    for number in range(-1, length + 2):
        day = opens_on + timedelta(number)
        wanted = opens_on <= day <= closes_on and day >= today and site.day(day).open
        assert found.count(day) == wanted
        if day in site.closed_days:
            assert not site.day(day).open
        elif day in site.open_days:
            assert site.day(day).open


FULL = {
    "opening_days": ["monday", "friday"],
    "region": None,
    "closed_days": [{"on": "2024-02-26", "because": "scanner serviced"}],
    "open_days": [{"on": "2024-02-24", "because": None}],
    "slots_per_day": 2,
}


def test_a_calendar_is_kept_as_it_was_said(service: Service, coordinator: Client, monitor: Client) -> None:
    before = coordinator.get("/v1/sites/FUSCC/calendar").json
    assert before == {
        "site": "FUSCC",
        "country": "CN",
        "holidays_known": True,
        "region": None,
        "opening_days": [*WEEKDAYS[:5]],
        "closed_days": [],
        "open_days": [],
        "slots_per_day": None,
    }
    after = coordinator.send("PUT", "/v1/sites/FUSCC/calendar", FULL)
    assert after.json == {**before, **FULL} == monitor.get("/v1/sites/FUSCC/calendar").json
    assert coordinator.get("/v1/sites/FUSCC").json["opening_days"] == ["monday", "friday"]
    again = coordinator.send("PUT", "/v1/sites/FUSCC/calendar", {"opening_days": [*WEEKDAYS[:5]]})
    assert again.json == before
    noted = [row for row in service.record()["audit"] if row["action"] == "site_calendar_changed"]
    assert [row["site"] for row in noted] == ["FUSCC", "FUSCC"]
    assert json.loads(noted[0]["detail"]) == {"old": before, "new": after.json}


def test_who_may_say_when_a_site_is_open(
    service: Service, nurse: Client, monitor: Client, elsewhere: Client, admin: Client
) -> None:
    with service.unchanged():
        for client in (nurse, monitor, elsewhere):
            refused(client.send("PUT", "/v1/sites/FUSCC/calendar", FULL), 403)
        refused(elsewhere.get("/v1/sites/FUSCC/calendar"), 404)
        refused(elsewhere.get("/v1/sites/FUSCC/days"), 404)
        refused(admin.send("PUT", "/v1/sites/NOWHERE/calendar", FULL), 404)
        refused(admin.get("/v1/sites/NOWHERE/days"), 404)
    assert nurse.get("/v1/sites/FUSCC/calendar").status_code == 200
    assert admin.send("PUT", "/v1/sites/FUSCC/calendar", FULL).status_code == 200


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"opening_days": []}, ["/opening_days"]),
        ({"region": "SH"}, ["/region"]),
        ({"slots_per_day": -1, "closed_days": [{"on": "2024-02-30"}]}, ["/slots_per_day", "/closed_days/0/on"]),
        ({"closed_days": [{"on": "2024-02-03"}, {"on": "2024-02-03"}]}, ["/closed_days/1/on"]),
        ({"closed_days": [{"on": "2024-02-03"}], "open_days": [{"on": "2024-02-03"}]}, ["/open_days/0/on"]),
        ({"closed_days": [{"on": "2024-02-03", "why": "?"}]}, ["/closed_days/0/why"]),
    ],
)
def test_what_makes_no_calendar_is_refused(
    service: Service, coordinator: Client, said: dict[str, Any], pointers: list[str]
) -> None:
    with service.unchanged():
        refused(coordinator.send("PUT", "/v1/sites/FUSCC/calendar", {**FULL, **said}), 422, *pointers)


def test_each_day_says_why_and_what_is_left(coordinator: Client, nurse: Client) -> None:
    coordinator.send("PUT", "/v1/sites/FUSCC/calendar", {**FULL, "opening_days": [*WEEKDAYS[:5]], "slots_per_day": 1})
    for number, booked_on in enumerate(("2024-02-21", "2024-02-21", "2024-02-26")):
        coordinator.enrol(subject_number=f"00{number}").record("visit_booked", visit="imaging-w6", booked_on=booked_on)
    answer = nurse.get("/v1/sites/FUSCC/days", from_="2024-02-16", to="2024-02-26").json
    assert (answer["site"], answer["from"], answer["to"]) == ("FUSCC", "2024-02-16", "2024-02-26")
    assert [
        (day["on"][5:], day["open"], day["because"], day["booked"], day["slots_left"]) for day in answer["days"]
    ] == [
        ("02-16", False, "public holiday: Day off (substituted from 02/18/2024)", 0, None),
        ("02-17", False, "closed on Saturdays", 0, None),
        ("02-18", True, "working day moved to a weekend", 0, 1),
        ("02-19", True, "open on Mondays", 0, 1),
        ("02-20", True, "open on Tuesdays", 0, 1),
        ("02-21", True, "open on Wednesdays", 2, 0),
        ("02-22", True, "open on Thursdays", 0, 1),
        ("02-23", True, "open on Fridays", 0, 1),
        ("02-24", True, "open on this day", 0, 1),
        ("02-25", False, "closed on Sundays", 0, None),
        ("02-26", False, "closed: scanner serviced", 1, None),
    ]
    usual = nurse.get("/v1/sites/FUSCC/days").json
    assert (usual["from"], usual["to"], len(usual["days"])) == ("2024-02-20", "2024-04-01", 42)
    refused(nurse.get("/v1/sites/FUSCC/days", from_="2024-02-20", to="2024-02-19"), 422, "/to")
    refused(nurse.get("/v1/sites/FUSCC/days", from_="2024-02-20", to="2025-03-26"), 422, "/to")


def test_a_day_is_suggested_until_its_last_slot_is_booked(coordinator: Client) -> None:
    """imaging-w12 of all: target 2024-03-27, a Wednesday."""
    coordinator.send("PUT", "/v1/sites/FUSCC/calendar", {"opening_days": [*WEEKDAYS[:5]], "slots_per_day": 2})
    patients = [coordinator.enrol(subject_number=f"00{number}") for number in range(3)]

    def suggested(patient: Patient) -> list[str]:
        rows = coordinator.get("/v1/visits", patient=patient.patient_id).json["items"]
        (row,) = [row for row in rows if row["visit"] == "imaging-w12"]
        return [day[5:] for day in row["suggested_days"]]

    free = ["03-27", "03-26", "03-28", "03-25", "03-29"]
    full = ["03-26", "03-28", "03-25", "03-29", "03-22"]
    assert [suggested(patient) for patient in patients] == [free, free, free]
    patients[0].record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    assert [suggested(patient) for patient in patients] == [free, free, free]
    patients[1].record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    # Whoever has a slot may keep it.
    assert [suggested(patient) for patient in patients] == [free, free, full]
    patients[0].record("visit_booked", visit="imaging-w12", booked_on=None)
    assert [suggested(patient) for patient in patients] == [free, free, free]
    for patient in patients[:2]:
        patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-26")
    assert suggested(patients[2]) == ["03-27", "03-28", "03-25", "03-29", "03-22"], "another day is full now"
